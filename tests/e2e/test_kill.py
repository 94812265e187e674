"""`kill -9` of anything at any moment: nothing is lost and nothing is doubled."""

import sqlite3
from collections import Counter
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from aiops.backtest import Replay, Result, run
from aiops.domain.incidents import Decision
from aiops.domain.notifications import DeliveryState
from aiops.domain.ticks import History
from aiops.incident.export import export_all
from tests.e2e.stack import (
    Installation,
    eventually,
    installed,
    playing,
    processes_of,
    wait_until_fitted,
    wait_until_told,
)
from workers import knowledge
from workers.demo.verdict import judge
from workers.embedded import EmbeddedRedis

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("demo")]

SHARD = "shop.prod.0"
RATE = 60.0
"""Shop seconds per second: slower than the demo, so that more kills meet a busy moment."""


def undisturbed(one: Installation, until: datetime) -> Result:
    """Return what the pure pipeline makes of the very ticks that were stored."""
    parts, story = one.parts(), one.stage.story
    history, begun = parts.history, parts.extents.fitted_at(SHARD)
    assert begun is not None
    past = history.history(SHARD, story.history_from - timedelta(days=1), begun)
    live = history.history(SHARD, begun + timedelta(seconds=1), until)
    assert len(live.times) == (until - begun) // timedelta(minutes=1), "a tick is missing"
    replay = Replay(
        shard=history.shard(SHARD),
        chunks=lambda: iter([live]),
        changes=story.events,
        baseline=History(times=past.times, values=past.values),
    )
    return run(replay, knowledge.standing(one.stage.settings))


def stored_facts(one: Installation, until: datetime) -> list[tuple[str, datetime, str]]:
    """Return every fact about a symptom that the database holds."""
    path = one.stage.settings.database_url.removeprefix("sqlite:///")
    with sqlite3.connect(f"file:{path}?mode=ro", uri=True) as connection:
        rows = connection.execute("SELECT symptom_id, at, kind FROM symptom_facts").fetchall()
    found = [(symptom, datetime.fromisoformat(f"{at}+00:00"), kind) for symptom, at, kind in rows]
    return sorted(fact for fact in found if fact[1] <= until)


def assert_nothing_lost_or_doubled(one: Installation) -> None:
    """Hold the database against an undisturbed run, and the receivers against the database."""
    state, _ = one.parts().incidents.load("prod")
    assert state.at is not None
    expected = undisturbed(one, state.at)
    facts = sorted((fact.symptom.id, fact.at, fact.kind) for fact in expected.facts)
    assert stored_facts(one, state.at) == facts
    assert_same_incidents(one, expected)
    assert_told_once(one)


def assert_same_incidents(one: Installation, expected: Result) -> None:
    def of(found: list[dict[str, object]]) -> list[tuple[object, ...]]:
        names = ("id", "started_at", "resolved_at", "severity", "decision", "services", "symptoms")
        return [tuple(incident[name] for name in names) for incident in found]

    stored = one.parts().incidents.recent(1000)
    assert of(export_all(stored)) == of(export_all(expected.incidents))


def assert_told_once(one: Installation) -> None:
    parts, stage = one.parts(), one.stage
    counts = parts.outbox.counts()
    assert counts[DeliveryState.PENDING] == counts[DeliveryState.SENDING] == 0
    assert counts[DeliveryState.DEAD] == 0, parts.outbox.records([DeliveryState.DEAD])
    paged = [i.dedup_key for i in parts.incidents.recent(1000) if i.decision is Decision.PAGE]
    assert Counter(page.dedup_key for page in stage.pagerduty.incidents) == Counter(paged)
    assert [
        event.action for event in stage.pagerduty.without_effect if event.action != "resolve"
    ] == []
    messages = Counter(
        f"{payload['incident']}.{payload['episode']}"
        for message in stage.slack.messages
        if message.thread_ts is None
        for payload in [(message.content.metadata or {})["event_payload"]]
    )
    assert messages == Counter(paged)
    verdict = judge(stage.story.expected, stage.pagerduty, stage.slack)
    assert verdict.passed, verdict.problems


def test_nothing_is_lost_or_doubled_when_anything_is_killed(tmp_path: Path) -> None:
    with installed(tmp_path) as one:
        one.start()
        eventually(lambda: "fetching" in one.said(), 30, "the back-fill has begun")
        one.kill_everything()
        one.start()
        wait_until_fitted(one)
        with playing(one, RATE):
            _kill_one_after_another(one)
            wait_until_told(one, 120)
        assert one.stop() == 0
        assert processes_of(tmp_path) == {}
        assert one.kills >= 25
        assert_nothing_lost_or_doubled(one)


def _kill_one_after_another(one: Installation) -> None:
    one.wait_until(3)
    one.kill("redis")
    _kill_the_sender_while_sinks_take_it(one)
    one.kill("fast", part="pool")
    one.kill("deliver", part="pool")
    one.wait_until(12)
    one.kill("beat")
    one.kill("web")
    one.kill("fast", part="main")
    one.wait_until(18)
    one.kill_everything()
    one.start()
    one.wait_until(35)
    for command in (("worker", "fast"), ("worker", "deliver"), ("worker", "slow"), ("beat",)):
        one.start_second(*command)
    one.wait_until(41)
    one.kill("redis")
    one.kill("fast")
    one.kill("deliver")
    one.kill("slow")
    one.wait_until(47)
    one.end_seconds()
    one.wait_until(50)
    one.kill("redis")
    one.kill("fast", part="pool")


def _kill_the_sender_while_sinks_take_it(one: Installation) -> None:
    """The worst moment: both sinks have acted, and the answer is still on its way."""
    one.fault("pagerduty", {"kind": "hang", "path": "/v2/enqueue", "seconds": 4})
    one.fault("slack", {"kind": "hang", "path": "/api/chat.postMessage", "seconds": 4})
    stage = one.stage
    eventually(
        lambda: bool(stage.pagerduty.incidents and stage.slack.messages), 60, "sinks were told"
    )
    one.kill("deliver")


def test_nothing_is_lost_or_doubled_when_sinks_disk_and_network_fail(tmp_path: Path) -> None:
    with installed(tmp_path) as one:
        one.start()
        wait_until_fitted(one)
        with playing(one, 100):
            _fail_one_after_another(one)
            wait_until_told(one, 240)  # on a busy machine all seven in a row: PagerDuty rests 35 s
        assert one.stop() == 0
        assert_nothing_lost_or_doubled(one)
    assert "sink pagerduty: PagerDuty answered 500" in one.log("deliver")
    assert "history.db: disk I/O error" in one.log("fast")


def test_a_redis_that_is_away_is_said_and_waited_for(tmp_path: Path, short_directory: Path) -> None:
    directory = short_directory / "late"
    late = EmbeddedRedis(directory, say=lambda _line: None)
    with installed(tmp_path, REDIS_URL=late.url) as one:
        one.start()
        eventually(lambda: "Redis does not answer" in one.said(), 30, "it is said")
        assert "trying again every 2 s" in one.said()
        with late:
            eventually(lambda: "fetching" in one.said(), 30, "it goes on")
            assert one.stop() == 0
        assert processes_of(tmp_path) == {}


def _fail_one_after_another(one: Installation) -> None:
    event, post, update = "/v2/enqueue", "/api/chat.postMessage", "/api/chat.update"
    one.fault("pagerduty", {"kind": "status", "status": 500, "path": event, "times": 3})
    one.fault("slack", {"kind": "cut_after", "path": post})
    one.fault("slack", {"kind": "status", "status": 503, "path": post, "times": 2})
    one.wait_until(16)
    one.fault("pagerduty", {"kind": "cut_after", "path": event, "times": 2})
    one.fault("pagerduty", {"kind": "garbage", "path": event})
    one.fault("slack", {"kind": "cut_after", "path": update, "times": 2})
    one.fault("slack", {"kind": "status", "status": 429, "path": update})
    one.wait_until(38)
    one.fill_disk(full=True)
    one.wait_until(43)
    one.fill_disk(full=False)
    one.fault("pagerduty", {"kind": "cut_before", "path": event})
