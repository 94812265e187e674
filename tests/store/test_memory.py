from dataclasses import replace

import pytest
from sqlalchemy import Engine

from aiops.domain.outcomes import Outcome, PastIncident
from aiops.domain.symptoms import Origin
from aiops.store.memory import MemoryStore
from tests.builders import minute


@pytest.fixture
def store(aiops: Engine) -> MemoryStore:
    return MemoryStore(aiops)


def past(number: int, at: float) -> PastIncident:
    return PastIncident(
        incident_id=f"INC-{number}",
        ended_at=minute(at),
        signature=("checkout|errors|up",),
        cause_service="payment-service",
    )


def outcome(at: float, fixed_by: str, *, by: str = "", real: bool = True) -> Outcome:
    return Outcome(incident_id="INC-1", at=minute(at), fixed_by=fixed_by, judged_by=by, real=real)


def test_memory_is_newest_last_and_limited(store: MemoryStore) -> None:
    for number, at in ((1, 5), (3, 9), (2, 7)):
        store.remember(past(number, at), origin=Origin.LIVE)
    assert store.recall() == (past(1, 5), past(2, 7), past(3, 9))
    assert store.recall(limit=2) == (past(2, 7), past(3, 9))


def test_a_later_ending_replaces_the_earlier_one(store: MemoryStore) -> None:
    for at in (5, 8, 8):
        store.remember(past(1, at), origin=Origin.LIVE)
    assert store.recall() == (past(1, 8),)


def test_a_person_outranks_the_record_and_the_newest_judgement_counts(store: MemoryStore) -> None:
    store.remember(past(1, 5), origin=Origin.LIVE)
    judged = [
        outcome(6, "rolled back", by="ann"),
        outcome(7, "flag off", by="bob"),
        outcome(9, "went by itself"),
    ]
    for one in (*judged, judged[0]):
        store.judge(one, origin=Origin.LIVE)
    assert store.recall() == (replace(past(1, 5), fixed_by="flag off"),)
    assert store.outcomes("INC-1") == tuple(judged)


def test_what_a_person_said_was_no_incident_is_remembered_as_that(store: MemoryStore) -> None:
    store.remember(past(1, 5), origin=Origin.LIVE)
    store.judge(outcome(6, "", by="ann", real=False), origin=Origin.LIVE)
    assert store.recall() == (replace(past(1, 5), real=False),)


def test_a_cause_that_a_person_named_is_what_it_was(store: MemoryStore) -> None:
    store.remember(past(1, 5), origin=Origin.LIVE)
    said = replace(outcome(6, "", by="ann"), cause_service="payments-db")
    store.judge(said, origin=Origin.LIVE)
    (one,) = store.recall()
    assert (one.cause_service, one.cause_named) == ("payments-db", True)


def test_only_what_was_judged_since_is_asked_for(store: MemoryStore) -> None:
    for number in (1, 2):
        store.remember(past(number, number), origin=Origin.LIVE)
    store.judge(outcome(6, "by itself"), origin=Origin.LIVE)
    first, _ = store.judged()
    assert store.recall(since=first) == ()
    store.judge(replace(outcome(7, "x"), incident_id="INC-2"), origin=Origin.LIVE)
    assert [one.incident_id for one in store.recall(since=first)] == ["INC-2"]
    store.judge(outcome(8, "", by="ann", real=False), origin=Origin.LIVE)
    assert [one.real for one in store.recall(since=first)] == [False, True]
    assert store.judged() == (first + 2, 3)


def test_drills_and_demos_teach_nothing(store: MemoryStore, aiops: Engine) -> None:
    store.remember(past(1, 5), origin=Origin.LIVE)
    store.remember(past(2, 6), origin=Origin.DEMO)
    store.judge(outcome(6, "a drill", by="ann"), origin=Origin.DRILL)
    assert store.recall() == (past(1, 5),)
    assert MemoryStore(aiops, origins=(Origin.DEMO,)).recall() == (past(2, 6),)


def test_what_people_said_is_told_apart_from_what_the_record_says(store: MemoryStore) -> None:
    said, read = outcome(6, "", by="ann", real=False), outcome(5, "rolled back")
    for one in (said, read):
        store.judge(one, origin=Origin.LIVE)
    store.judge(outcome(7, "", by="bob"), origin=Origin.DRILL)
    assert store.words_of_people() == (said,)
