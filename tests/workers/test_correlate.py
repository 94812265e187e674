"""Symptoms → incidents and notifications."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

import numpy as np
import pytest

from aiops.domain.environment import EnvTick, Knowledge
from aiops.domain.errors import StoreError
from aiops.domain.incidents import Incident, IncidentState
from aiops.domain.notifications import DeliveryAction
from aiops.domain.policies import Mode, PagingPolicy, Policies
from aiops.domain.symptoms import FactKind, SymptomFact
from aiops.domain.ticks import Tick
from aiops.domain.words import Verb
from tests.builders import checkout_errors, ended, minute, shop, story, symptom
from tests.workers.installation import HandClock, Installation
from tests.workers.tables import source as table_source
from workers.hearing import say

FIRST, SECOND = "shop.prod.0", "other.prod.0"
STORY = story()
IN_PATH = Policies(paging=PagingPolicy(mode=Mode.IN_PATH))


@pytest.fixture
def prod(parts: Installation) -> Installation:
    """An environment of one shard, worked through to 10:02, that may page."""
    parts._known = shop(policies=IN_PATH)
    add_shard(parts, FIRST)
    close(parts, FIRST, 2)
    parts.correlate.run("prod")
    parts.tasks.tasks.clear()
    return parts


def add_shard(parts: Installation, shard: str, env: str = "prod") -> None:
    source = shard.partition(".")[0]
    parts.history.add_series(shard, env, source, 60, [checkout_errors()])
    parts.fed[source] = table_source()


def close(parts: Installation, shard: str, until: float) -> None:
    """Let detection have worked a shard through to a minute, at that minute."""
    progress = parts.history.load_state(shard)
    tick = Tick(at=minute(until), values=np.zeros(1, dtype=np.float32))
    parts.history.append_ticks(shard, [tick])
    parts.history.advance_cursor(
        shard, progress.cursor, minute(until), b"", profile_version=progress.profile_version
    )
    parts.hand.at = minute(until) + timedelta(seconds=3)


def opened(at: float = 4) -> list[SymptomFact]:
    return [SymptomFact(kind=FactKind.OPENED, at=minute(at), symptom=one) for one in STORY]


def over(at: float) -> list[SymptomFact]:
    return [
        SymptomFact(kind=FactKind.ENDED, at=minute(at), symptom=ended(one, at)) for one in STORY
    ]


def find(parts: Installation, facts: Sequence[SymptomFact]) -> None:
    parts.symptoms.append_facts(facts)


def only(parts: Installation) -> Incident:
    (incident,) = parts.incidents.recent()
    return incident


def test_symptoms_become_one_incident_and_its_pages_are_enqueued(prod: Installation) -> None:
    find(prod, opened())
    close(prod, FIRST, 4)
    prod.correlate.run("prod")
    assert only(prod).id == "INC-1001"
    assert len(only(prod).symptoms) == len(STORY)
    rows = prod.outbox.of_incident("INC-1001")
    assert {row.notification.sink for row in rows} == {"pagerduty", "slack"}
    assert list(prod.tasks.tasks) == [("deliver.send", (row.id,)) for row in rows]
    assert not prod.symptoms.uncorrelated("prod", minute(100))


def test_doing_it_again_changes_nothing(prod: Installation) -> None:
    find(prod, opened())
    close(prod, FIRST, 4)
    prod.correlate.run("prod")
    before = prod.incidents.load("prod")
    prod.tasks.tasks.clear()
    prod.correlate.run("prod")
    assert prod.incidents.load("prod") == before
    assert not prod.tasks.tasks


def test_a_tick_is_worked_when_every_shard_has_closed_it(prod: Installation) -> None:
    add_shard(prod, SECOND)
    close(prod, SECOND, 3)
    find(prod, opened())
    close(prod, FIRST, 4)
    prod.correlate.run("prod")
    assert not prod.incidents.recent()
    assert prod.incidents.load("prod")[0].at == minute(3)
    assert len(prod.symptoms.uncorrelated("prod", minute(100))) == len(STORY)
    close(prod, SECOND, 4)
    prod.correlate.run("prod")
    assert only(prod).detected_at == minute(4)


def test_a_shard_that_was_never_fed_holds_nobody_up(prod: Installation) -> None:
    add_shard(prod, SECOND)
    find(prod, opened())
    close(prod, FIRST, 4)
    prod.correlate.run("prod")
    assert only(prod)


def test_environments_are_worked_apart(prod: Installation) -> None:
    add_shard(prod, "shop.staging.0", "staging")
    elsewhere = symptom(replace(checkout_errors(), key=replace(STORY[0].series.key, env="staging")))
    find(prod, [*opened(), SymptomFact(kind=FactKind.OPENED, at=minute(4), symptom=elsewhere)])
    close(prod, FIRST, 4)
    prod.correlate.run("prod")
    assert [incident.env for incident in prod.incidents.recent()] == ["prod"]
    assert len(prod.symptoms.uncorrelated("staging", minute(100))) == 1


def test_a_person_who_is_faster_is_not_overruled(prod: Installation) -> None:
    find(prod, opened())
    close(prod, FIRST, 4)
    prod.correlate.run("prod")
    known, taken = prod.knowledge(), False

    def interrupting() -> Knowledge:
        nonlocal taken
        if not taken:
            taken = True
            acknowledge(prod)
        return known

    prod.correlate._knowledge = interrupting
    find(prod, over(8))
    close(prod, FIRST, 8)
    prod.tasks.tasks.clear()
    prod.correlate.run("prod")
    assert prod.incidents.load("prod")[0].at == minute(4), "nothing was written over the person"
    assert ("correlate.env", ("prod",)) in prod.tasks.tasks
    prod.drain(without=["deliver.send"])
    assert only(prod).state is IncidentState.ACKNOWLEDGED
    assert only(prod).quiet_since is not None
    assert prod.incidents.load("prod")[0].at == minute(8)


def acknowledge(parts: Installation) -> None:
    say(parts, "INC-1001", Verb.ACKNOWLEDGE, by="ann")


def test_only_one_worker_works_an_environment(prod: Installation) -> None:
    find(prod, opened())
    close(prod, FIRST, 4)
    held = prod.lease.acquire("correlate:prod", 5)
    prod.correlate.run("prod")
    assert not prod.incidents.recent()
    assert held is not None
    prod.lease.release("correlate:prod", held)
    prod.correlate.sweep()
    prod.drain(without=["deliver.send"])
    assert only(prod)


def test_ticks_that_close_meanwhile_are_looked_at_after_it(
    prod: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    close(prod, FIRST, 3)
    find(prod, opened())
    commit = prod.incidents.commit

    def slow(*args: Any, **more: Any) -> tuple[int, ...]:
        done = commit(*args, **more)
        close(prod, FIRST, 4)
        return done

    monkeypatch.setattr(prod.incidents, "commit", slow)
    prod.correlate.run("prod")
    assert list(prod.tasks.tasks) == [("correlate.env", ("prod",))]


def test_facts_of_a_tick_that_is_over_get_one_of_their_own(prod: Installation) -> None:
    close(prod, FIRST, 5)
    prod.correlate.run("prod")
    find(prod, opened(4))
    prod.correlate.sweep()
    assert list(prod.tasks.tasks) == [("correlate.env", ("prod",))]
    prod.correlate.run("prod")
    assert minute(5) < only(prod).detected_at < minute(5) + timedelta(seconds=1)
    assert only(prod).started_at == minute(3)
    assert prod.outbox.of_incident("INC-1001")
    close(prod, FIRST, 6)
    prod.correlate.run("prod")
    assert prod.incidents.load("prod")[0].at == minute(6)
    prod.tasks.tasks.clear()
    prod.correlate.sweep()
    assert not prod.tasks.tasks


def test_a_task_that_takes_long_stores_what_it_has_and_leaves_the_rest(
    prod: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    find(prod, opened(3))
    for at in range(3, 9):
        close(prod, FIRST, at)
    wall = HandClock(prod.hand.at)
    monkeypatch.setattr(prod.correlate, "_real_clock", wall)
    tick = prod.correlate._tick

    def slow(*args: Any, **more: Any) -> EnvTick:
        wall.move(1.5)
        return tick(*args, **more)

    monkeypatch.setattr(prod.correlate, "_tick", slow)
    prod.correlate.run("prod")
    assert prod.incidents.load("prod")[0].at == minute(4)
    assert ("correlate.env", ("prod",)) in prod.tasks.tasks
    prod.drain()
    assert prod.incidents.load("prod")[0].at == minute(8)


def test_what_cannot_be_stored_is_worked_again_and_told_once(
    prod: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    find(prod, opened())
    close(prod, FIRST, 4)

    def full(*_args: Any, **_more: Any) -> tuple[int, ...]:
        raise StoreError("the disk is full")

    with monkeypatch.context() as patch:
        patch.setattr(prod.incidents, "commit", full)
        with pytest.raises(StoreError):
            prod.correlate.run("prod")
    assert not prod.tasks.tasks
    prod.correlate.run("prod")
    prod.drain()
    assert prod.told["pagerduty"].actions() == [DeliveryAction.TRIGGER]


def test_the_sweep_asks_for_environments_that_are_late_and_no_others(prod: Installation) -> None:
    prod.correlate.sweep()
    assert not prod.tasks.tasks
    close(prod, FIRST, 3)
    prod.correlate.sweep()
    prod.correlate.sweep()
    assert list(prod.tasks.tasks) == [("correlate.env", ("prod",))]


def test_an_environment_without_ticks_is_left_alone(parts: Installation) -> None:
    add_shard(parts, FIRST)
    parts.correlate.run("prod")
    parts.correlate.sweep()
    assert parts.incidents.load("prod")[1] == 0
    assert not parts.tasks.tasks


def test_quiet_hours_are_worked_in_one_stride(prod: Installation) -> None:
    close(prod, FIRST, 60 * 24)
    prod.correlate.run("prod")
    state, version = prod.incidents.load("prod")
    assert state.at == minute(60 * 24)
    assert version == 2


def test_memory_hears_of_an_incident_that_has_ended(prod: Installation) -> None:
    find(prod, [*opened(), *over(8)])
    close(prod, FIRST, 4)
    prod.correlate.run("prod")
    prod.tasks.tasks.clear()
    close(prod, FIRST, 30)
    prod.correlate.run("prod")
    assert ("learn.remember", ("INC-1001",)) in prod.tasks.tasks
    prod.drain()
    assert [past.incident_id for past in prod.memory.recall()] == ["INC-1001"]


def test_everything_that_was_told_hears_of_the_end(prod: Installation) -> None:
    find(prod, [*opened(), *over(8)])
    for until in (4, 30):
        close(prod, FIRST, until)
        prod.correlate.run("prod")
        prod.drain()
    for sink in prod.told.values():
        assert sink.actions()[0] is DeliveryAction.TRIGGER
        assert sink.actions()[-1] is DeliveryAction.RESOLVE
        assert sink.actions().count(DeliveryAction.TRIGGER) == 1
