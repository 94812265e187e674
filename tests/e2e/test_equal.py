"""The same closed ticks give the same incidents, however they are worked."""

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from redis import Redis

from aiops.backtest import Result
from aiops.demo.shop import Story
from aiops.domain.incidents import Incident
from aiops.domain.notifications import DeliveryAction, DeliveryState, Notification
from aiops.impact.flow import FlowState
from aiops.incident.export import export_all
from tests.e2e import relapse
from tests.e2e.replays import backtested, caught_up, end_of, exported, settings_of, work_now, worked
from tests.workers.installation import Installation
from workers.console import flows_now
from workers.stages.poll import floor_tick

Exported = list[dict[str, Any]]
STORY = Story()
FIRST, SECOND = "INC-1001", "INC-1002"


@pytest.fixture(autouse=True)
def _empty_redis(redis_url: str) -> None:
    with Redis.from_url(redis_url) as client:
        client.flushall()


@pytest.fixture(scope="module")
def reference(tmp_path_factory: pytest.TempPathFactory, redis_url: str) -> Result:
    directory = tmp_path_factory.mktemp("reference")
    return backtested(STORY, settings_of(STORY, directory, redis_url))


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory, redis_url: str) -> Installation:
    directory = tmp_path_factory.mktemp("live")
    return worked(STORY, settings_of(STORY, directory, redis_url))


def without_paging(incidents: Exported) -> Exported:
    return [{**one, "paged_at": None} for one in incidents]


def keys(notifications: Sequence[Notification]) -> list[Notification]:
    return sorted(notifications, key=lambda one: (one.incident_id, one.sink, one.revision))


def sent(parts: Installation, sink: str, incident: str) -> list[DeliveryAction]:
    told = parts.told[sink].sent
    return [note.action for note, _ in told if note.incident_id == incident]


def test_the_backtest_finds_the_storys_two_problems(reference: Result) -> None:
    assert [incident.id for incident in reference.incidents] == [FIRST, SECOND]
    assert all(incident.resolved_at is not None for incident in reference.incidents)
    assert all(incident.levels.budgets for incident in reference.incidents)


def test_tick_by_tick_the_workers_find_what_the_backtest_finds(
    reference: Result, live: Installation
) -> None:
    assert exported(live) == export_all(reference.incidents)


def test_even_the_incidents_themselves_are_the_same(reference: Result, live: Installation) -> None:
    by_id: dict[str, Incident] = {one.id: one for one in live.incidents.recent(1000)}
    for incident in reference.incidents:
        assert by_id[incident.id] == incident


def test_the_workers_tell_whom_the_backtest_would_tell(
    reference: Result, live: Installation
) -> None:
    records = [record for name in (FIRST, SECOND) for record in live.outbox.of_incident(name)]
    assert keys([record.notification for record in records]) == keys(reference.notifications)
    states = {record.state for record in records}
    assert states <= {DeliveryState.DELIVERED, DeliveryState.SUPERSEDED}
    for sink in ("pagerduty", "slack"):
        for incident in (FIRST, SECOND):
            actions = sent(live, sink, incident)
            assert actions[0] is DeliveryAction.TRIGGER
            assert actions[-1] is DeliveryAction.RESOLVE
            assert set(actions[1:-1]) <= {DeliveryAction.UPDATE}


def test_the_first_screen_sees_the_storys_money_move(live: Installation) -> None:
    until = live.incidents.reached("prod")
    assert until is not None
    hand, live.hand.at = live.hand.at, until
    told = flows_now(live)
    live.hand.at = hand
    assert told[0].kpi == "revenue per minute"
    assert told[0].read_until == until
    assert told[0].state in (FlowState.AS_USUAL, FlowState.ABOVE)
    assert told[0].usual == pytest.approx(told[0].now, rel=0.2)


def test_polls_that_come_late_and_unevenly_change_nothing(
    reference: Result, tmp_path: Path, redis_url: str
) -> None:
    parts = worked(STORY, settings_of(STORY, tmp_path, redis_url), strides=(3, 1, 8, 2))
    assert exported(parts) == export_all(reference.incidents)


def test_small_batches_change_nothing(
    reference: Result, tmp_path: Path, redis_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("workers.stages.detect.BATCH_TICKS", 7)
    monkeypatch.setattr("workers.stages.correlate.BATCH_TICKS", 5)
    parts = caught_up(STORY, settings_of(STORY, tmp_path, redis_url), end_of(STORY))
    assert without_paging(exported(parts)) == without_paging(export_all(reference.incidents))


def test_what_was_over_before_we_caught_up_is_recorded_and_told_to_nobody(
    reference: Result, tmp_path: Path, redis_url: str
) -> None:
    parts = caught_up(STORY, settings_of(STORY, tmp_path, redis_url), end_of(STORY))
    found = exported(parts)
    assert without_paging(found) == without_paging(export_all(reference.incidents))
    assert [incident["paged_at"] for incident in found] == [None, None]
    assert not parts.outbox.of_incident(FIRST)
    assert not parts.told["pagerduty"].sent


def test_what_is_still_alive_pages_once_at_the_end_of_catching_up(
    reference: Result, tmp_path: Path, redis_url: str
) -> None:
    back = STORY.expected[1].started_at + timedelta(minutes=7)
    parts = caught_up(STORY, settings_of(STORY, tmp_path, redis_url), back)
    while parts.hand.at < end_of(STORY):
        parts.hand.move(180)
        work_now(parts)
    found = exported(parts)
    assert without_paging(found) == without_paging(export_all(reference.incidents))
    over, alive = found
    assert over["paged_at"] is None
    assert alive["paged_at"] == floor_tick(back, 60).isoformat()
    assert sent(parts, "pagerduty", SECOND).count(DeliveryAction.TRIGGER) == 1
    assert not sent(parts, "pagerduty", FIRST)


def test_what_an_incident_taught_is_known_to_the_next_one_however_it_is_worked(
    tmp_path: Path, redis_url: str
) -> None:
    reference = export_all(relapse.backtested())
    again = reference[1]["causes"][0]
    assert "the last time this pattern was seen it was payment-service" in again["evidence"]
    for name, stride in (("live", 2), ("late", 8)):
        parts = relapse.worked(tmp_path / name, redis_url, stride)
        assert exported(parts) == reference
    with Redis.from_url(redis_url) as client:
        client.flushall()
    parts = relapse.worked(tmp_path / "at once", redis_url, relapse.MINUTES)
    assert without_paging(exported(parts)) == without_paging(reference)


def test_working_it_all_again_changes_nothing(live: Installation) -> None:
    before = exported(live), dict(live.outbox.counts())
    for shard in live.extents.shard_ids():
        live.tasks.enqueue("detect.advance", shard)
    live.tasks.enqueue("correlate.env", "prod")
    live.tasks.enqueue("learn.remember", FIRST)
    live.tasks.enqueue("deliver.sweep")
    for record in live.outbox.of_incident(FIRST):
        live.tasks.enqueue("deliver.send", record.id)
    work_now(live)
    assert (exported(live), dict(live.outbox.counts())) == before


def test_the_order_of_hashing_changes_nothing(
    reference: Result, tmp_path: Path, redis_url: str
) -> None:
    root = Path(__file__).parents[2]
    done = subprocess.run(
        [sys.executable, "-m", "tests.e2e.replays", str(tmp_path), redis_url],
        env={**os.environ, "PYTHONHASHSEED": "1"},
        cwd=root,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    expected = json.loads(json.dumps(export_all(reference.incidents)))
    assert found["backtest"] == expected
    assert without_paging(found["caught up"]) == without_paging(expected)
