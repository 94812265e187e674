"""Messages of outside monitors: whatever their order, what is known of an alert is the same."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from aiops.detect.alerts import MOST_MARKS, take
from aiops.domain.alerts import STRENGTHS, Alert, AlertReport, AlertSeverity
from aiops.domain.symptoms import FactKind, Symptom, SymptomFact, SymptomState
from tests.builders import minute, series

FLAP = timedelta(minutes=15)
SERIES = series("checkout", "CheckoutDown")
UNHEARD = Alert(source="am", key="a1", seen_at=minute(0))
_RANK = {kind: rank for rank, kind in enumerate(FactKind)}


def fires(since: float, at: float | None = None) -> AlertReport:
    return AlertReport(
        key="a1", at=minute(since if at is None else at), fired_at=minute(since), series=SERIES
    )


def resolved(since: float, end: float, at: float | None = None) -> AlertReport:
    return replace(fires(since, end if at is None else at), ended_at=minute(end))


def ends(at: float) -> AlertReport:
    """Say only that whatever has this key is over, as PagerDuty's events do."""
    return AlertReport(key="a1", at=minute(at), ended_at=minute(at))


def after(*bodies: Sequence[AlertReport]) -> tuple[Alert, list[SymptomFact]]:
    """Take some bodies in, one after the other."""
    alert = UNHEARD
    facts: list[SymptomFact] = []
    for number, body in enumerate(bodies):
        alert, news = take(alert, body, minute(100 + number), FLAP)
        facts += news
    return alert, facts


def newest(facts: Sequence[SymptomFact]) -> dict[str, Symptom]:
    """Return the symptoms as the store keeps them: as the newest fact of each left it."""
    ordered = sorted(facts, key=lambda one: (one.at, _RANK[one.kind]))
    return {one.symptom.id: one.symptom for one in ordered}


def one(*bodies: Sequence[AlertReport]) -> Symptom:
    (symptom,) = after(*bodies)[0].symptoms
    return symptom


def kinds(*bodies: Sequence[AlertReport]) -> list[FactKind]:
    return [fact.kind for fact in after(*bodies)[1]]


def test_an_alert_that_fires_is_an_active_symptom_since_then() -> None:
    symptom = one([fires(2, at=3)])
    assert (symptom.state, symptom.onset, symptom.detected_at) == (
        SymptomState.ACTIVE,
        minute(2),
        minute(3),
    )
    assert symptom.strength == STRENGTHS[AlertSeverity.ERROR]


def test_a_repeat_is_no_news() -> None:
    assert kinds([fires(2)], [fires(2, at=7)], [fires(2, at=12)]) == [FactKind.OPENED]


def test_a_resolve_ends_its_symptom_at_the_time_it_names() -> None:
    symptom = one([fires(2)], [resolved(2, 6, at=7)])
    assert (symptom.state, symptom.ended_at) == (SymptomState.ENDED, minute(6))


def test_a_resolve_that_comes_before_its_firing_still_ends_it() -> None:
    assert one([resolved(2, 6)], [fires(2, at=7)]) == one([fires(2, at=6)], [resolved(2, 6)])


def test_an_end_without_a_beginning_is_remembered_until_that_comes() -> None:
    assert after([ends(6)])[0].symptoms == ()
    assert one([ends(6)], [fires(2, at=7)]).ended_at == minute(6)


def test_one_that_fires_again_soon_goes_on_as_the_same() -> None:
    first = one([fires(2)], [resolved(2, 6)])
    symptom = one([fires(2)], [resolved(2, 6)], [fires(20)])
    assert (symptom.id, symptom.onset, symptom.is_open) == (first.id, minute(2), True)
    assert kinds([fires(2)], [resolved(2, 6)], [fires(20)])[-1] is FactKind.REOPENED


def test_one_that_fires_again_just_within_the_flap_window_is_the_same() -> None:
    assert one([fires(2)], [resolved(2, 6)], [fires(21)]).onset == minute(2)


def test_one_that_fires_again_later_is_another_symptom() -> None:
    alert, _ = after([fires(2)], [resolved(2, 6)], [fires(22)])
    assert [symptom.is_open for symptom in alert.symptoms] == [False, True]


def test_one_that_ends_and_begins_in_the_same_moment_fires() -> None:
    assert one([fires(2)], [resolved(2, 6), fires(6)]).is_open


def test_a_resolve_of_pagerduty_ends_what_was_triggered_in_the_same_moment() -> None:
    assert not one([fires(2), ends(2)]).is_open


def test_a_late_beginning_takes_the_place_of_what_it_goes_on_as() -> None:
    alert, facts = after([fires(20)], [resolved(2, 10, at=21)])
    (symptom,) = alert.symptoms
    assert symptom.onset == minute(2)
    stood = newest(facts)
    assert sorted(one.state for one in stood.values()) == ["active", "withdrawn"]


def test_a_monitor_whose_clock_is_ahead_is_held_to_ours() -> None:
    symptom = one([fires(30, at=2)])
    assert (symptom.onset, symptom.detected_at) == (minute(2), minute(2))


def test_an_informative_alert_is_known_and_is_no_symptom() -> None:
    alert, facts = after([replace(fires(2), severity=AlertSeverity.INFO)])
    assert (alert.is_firing, alert.symptoms, facts) == (True, (), [])


def test_the_facts_of_one_alert_have_an_order_even_when_the_clock_steps_back() -> None:
    alert, first = take(UNHEARD, [fires(2)], minute(100), FLAP)
    _, second = take(alert, [resolved(2, 6)], minute(50), FLAP)
    assert second[0].at > first[0].at


def test_of_an_alert_that_flaps_for_ever_only_so_much_is_kept() -> None:
    bodies = [[resolved(n * 10, n * 10 + 5)] for n in range(200)]
    alert, _ = after(*bodies)
    assert len(alert.marks) <= MOST_MARKS
    assert [symptom.onset for symptom in alert.symptoms] == [minute(0)]


MOMENTS = st.integers(0, 60)


@st.composite
def reports(draw: st.DrawFn) -> AlertReport:
    since, length, late = draw(MOMENTS), draw(st.integers(0, 30)), draw(st.integers(0, 5))
    match draw(st.sampled_from(["fires", "resolved", "ends"])):
        case "fires":
            return fires(since, since + late)
        case "resolved":
            return resolved(since, since + length, since + length + late)
        case _:
            return ends(since)


@given(st.lists(reports(), min_size=1, max_size=12), st.data())
def test_repeats_and_any_order_in_any_bodies_give_the_same_state(
    told: list[AlertReport], data: st.DataObject
) -> None:
    once, _ = after(*[[report] for report in told])
    shuffled = data.draw(st.permutations(told + data.draw(st.lists(st.sampled_from(told)))))
    cuts = sorted(data.draw(st.sets(st.integers(0, len(shuffled)))))
    places = list(zip([0, *cuts], [*cuts, len(shuffled)], strict=True))
    again, facts = after(*[shuffled[first:last] for first, last in places])
    assert (again.marks, again.symptoms) == (once.marks, once.symptoms)
    standing = [
        symptom for symptom in newest(facts).values() if symptom.state is not SymptomState.WITHDRAWN
    ]
    assert sorted(standing, key=_by_onset) == sorted(once.symptoms, key=_by_onset)


def _by_onset(symptom: Symptom) -> tuple[datetime, str]:
    return symptom.onset, symptom.id
