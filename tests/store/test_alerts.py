"""What is known of alerts, on both databases."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import Engine

from aiops.detect.alerts import take
from aiops.domain.alerts import Alert, AlertReport
from aiops.domain.errors import StaleStateError
from aiops.domain.symptoms import Origin, SymptomFact
from aiops.store.accepted import AcceptedBody, BodyState, BodyStore
from aiops.store.alerts import BODY_SOURCE, AlertStore, Known
from aiops.store.dead_letters import DeadLetterStore
from aiops.store.pulses import PulseStore
from aiops.store.symptoms import SymptomStore
from tests.builders import minute, series

FLAP = timedelta(minutes=15)


def report(key: str, at: float, end: float | None = None, *, mapped: bool = True) -> AlertReport:
    return AlertReport(
        key=key,
        at=minute(at if end is None else end),
        fired_at=minute(at),
        ended_at=None if end is None else minute(end),
        series=series("checkout", key),
        is_mapped=mapped,
    )


def body(key: str, source: str = "am") -> AcceptedBody:
    return AcceptedBody(
        idempotency_key=key,
        source=f"{BODY_SOURCE}{source}",
        content_type="application/json",
        received_at=minute(0),
        body=key.encode() * 3000,
    )


def moved(store: AlertStore, one: AlertReport) -> tuple[Known, tuple[SymptomFact, ...]]:
    new = Known(alert=Alert(source="am", key=one.key, seen_at=one.at), version=0)
    known = store.load("am", [one.key]).get(one.key, new)
    alert, facts = take(known.alert, [one], one.at, FLAP)
    return replace(known, alert=alert), facts


def commit(store: AlertStore, one: AlertReport, *bodies: int) -> None:
    known, facts = moved(store, one)
    store.commit([known], facts, dict.fromkeys(bodies, ""), Origin.LIVE)


def test_an_alert_is_read_as_it_was_kept_with_its_news_and_its_body(aiops: Engine) -> None:
    store, bodies = AlertStore(aiops), BodyStore(aiops)
    (taken,) = bodies.accept([body("b1")]).values()
    assert store.waiting(10) == (taken,)
    known, facts = moved(store, report("a", 1))
    store.commit([known], facts, {taken: ""}, Origin.LIVE)
    assert store.load("am", ["a", "b"]) == {"a": replace(known, version=1)}
    assert store.waiting(10) == ()
    assert SymptomStore(aiops).from_outside("prod") == facts


def test_what_is_from_outside_waits_for_no_tick_and_is_of_none(aiops: Engine) -> None:
    commit(AlertStore(aiops), report("a", 1))
    symptoms = SymptomStore(aiops)
    assert symptoms.uncorrelated("prod", minute(60)) == ()
    assert symptoms.has_uncorrelated("prod", None)
    assert not symptoms.has_uncorrelated("staging", minute(60))


def test_bodies_of_others_are_not_waited_for(aiops: Engine) -> None:
    BodyStore(aiops).accept([replace(body("b1"), source="slack")])
    assert AlertStore(aiops).waiting(10) == ()


def test_nothing_is_kept_where_somebody_was_faster(aiops: Engine) -> None:
    store, bodies = AlertStore(aiops), BodyStore(aiops)
    (taken,) = bodies.accept([body("b1")]).values()
    slow, facts = moved(store, report("a", 1))
    commit(store, report("a", 1))
    with pytest.raises(StaleStateError):
        store.commit([slow], facts, {taken: ""}, Origin.LIVE)
    assert store.waiting(10) == (taken,)


def test_of_many_who_move_one_alert_at_once_each_moves_it_once(aiops: Engine) -> None:
    store = AlertStore(aiops)

    def move(number: int) -> None:
        for _ in range(100):
            try:
                commit(store, report("a", number, number + 0.5))
            except StaleStateError:
                continue
            return
        raise AssertionError("never was it the first")

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(move, range(12)))
    (known,) = store.load("am", ["a"]).values()
    assert (known.version, known.alert.reports, len(known.alert.marks)) == (12, 12, 24)


def test_what_fires_and_what_has_no_service_is_listed_by_origin(aiops: Engine) -> None:
    store = AlertStore(aiops)
    commit(store, report("a", 1))
    commit(store, report("b", 1, 2, mapped=False))
    assert [one.key for one in store.firing()] == ["a"]
    assert [one.key for one in store.unmapped()] == ["b"]
    assert AlertStore(aiops, origins={Origin.DRILL}).firing() == ()


def test_only_what_is_over_and_old_is_forgotten(aiops: Engine) -> None:
    store = AlertStore(aiops)
    commit(store, report("a", 1))
    commit(store, report("b", 1, 2))
    assert store.prune(minute(2)) == 0
    assert store.prune(minute(3)) == 1
    assert [*store.load("am", ["a", "b"])] == ["a"]


def test_of_what_was_refused_the_beginning_is_kept_once(aiops: Engine) -> None:
    bodies = BodyStore(aiops)
    for _ in range(2):
        bodies.refuse(body("b1"), "alerts: found no list")
    (taken,) = bodies.accept([body("b2")]).values()
    AlertStore(aiops).commit([], [], {taken: "3 left out"}, Origin.LIVE)
    left_out, refused = DeadLetterStore(aiops).noted(BODY_SOURCE)
    assert (left_out.state, left_out.note) == (BodyState.DONE, "3 left out")
    assert (refused.state, refused.note) == (BodyState.REJECTED, "alerts: found no list")
    assert len(refused.beginning) == 2048
    assert DeadLetterStore(aiops).noted("slack") == ()


def test_before_the_first_pulse_there_was_none(aiops: Engine) -> None:
    store = PulseStore(aiops)
    assert (store.last(), store.prune(minute(0))) == (None, 0)
