"""Case events in the store: each once, whatever the order; read by case and by time."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine

from aiops.domain.cases import CaseEvent
from aiops.domain.symptoms import Origin
from aiops.store import cases as module
from aiops.store.cases import CaseStore
from tests.builders import minute

ORDERED = CaseEvent(log="orders", case_id="1", name="ordered", at=minute(0), actor="customer")
EVENTS = [
    replace(ORDERED, case_id=str(case), name=f"step {step}", at=minute(10 * step + case))
    for case in range(7)
    for step in range(3)
]


def test_an_event_comes_back_as_it_was(history: Engine) -> None:
    store = CaseStore(history)
    whole = replace(
        ORDERED,
        at=minute(0) + timedelta(microseconds=123456),
        channel="web",
        location="EU",
        amount=Decimal("19.90"),
        reason_code="R7",
    )
    assert store.add([whole, ORDERED]) == 2
    assert store.of_case("orders", "1") == (ORDERED, whole)


def test_the_same_event_twice_is_one(history: Engine) -> None:
    store = CaseStore(history)
    assert store.add([ORDERED, ORDERED]) == 1
    assert store.add([ORDERED, replace(ORDERED, log="other")]) == 1
    assert [(one.log, one.events, one.cases) for one in store.logs()] == [
        ("orders", 1, 1),
        ("other", 1, 1),
    ]


@settings(max_examples=8, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(order=st.permutations(EVENTS), again=st.lists(st.sampled_from(EVENTS)), log=st.uuids())
def test_any_order_and_repeats_come_to_the_same_log(
    history: Engine, order: list[CaseEvent], again: list[CaseEvent], log: object
) -> None:
    store = CaseStore(history)
    told = [replace(one, log=str(log)) for one in (*order, *again)]
    for at in range(0, len(told), 5):
        store.add(told[at : at + 5])
    wanted = sorted((replace(one, log=str(log)) for one in EVENTS), key=lambda one: one.at)
    assert list(store.between(str(log), minute(0), minute(99))) == wanted
    assert [one.events for one in store.logs() if one.log == str(log)] == [len(EVENTS)]


def test_a_log_is_read_little_by_little_by_time_and_by_case(
    history: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "AT_ONCE", 4)
    store = CaseStore(history)
    same = [replace(ORDERED, case_id="9", name=f"n{number}", at=minute(5)) for number in range(9)]
    store.add([*EVENTS, *same, replace(ORDERED, log="other")])
    by_time = list(store.between("orders", minute(1), minute(20)))
    inside = [one for one in (*EVENTS, *same) if minute(1) <= one.at < minute(20)]
    assert by_time == sorted(inside, key=lambda one: one.at)
    by_case = list(store.by_case("orders"))
    assert [{one.case_id for _, one in case} for case in by_case] == [{name} for name in "01234569"]
    assert [one for _, one in by_case[-1]] == same, "those of one moment as they arrived"
    assert [number for number, _ in by_case[-1]] == sorted(number for number, _ in by_case[-1])


def test_rows_that_were_refused_are_counted_once_a_file(history: Engine) -> None:
    store = CaseStore(history)
    for digest in ("a", "a", "b"):
        store.note_refused("orders", digest, {"case_id": 2, "": 1}, at=minute(0))
    assert store.refused("orders") == {"case_id": 4, "": 2}
    assert store.refused("other") == {}


def test_what_is_too_old_is_forgotten(history: Engine) -> None:
    store = CaseStore(history)
    store.add(EVENTS)
    store.note_refused("orders", "a", {"case_id": 1}, at=minute(0))
    assert store.prune(minute(10)) == 7
    assert store.logs()[0].events == 14
    assert store.refused("orders") == {}


def test_a_demo_is_not_among_what_is_live(history: Engine) -> None:
    CaseStore(history, origin=Origin.DEMO).add([ORDERED])
    live = CaseStore(history)
    assert live.logs() == ()
    assert live.of_case("orders", "1") == ()
