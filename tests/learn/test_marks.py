"""What people say of incidents sets the bars of the series they began with."""

from dataclasses import replace
from datetime import timedelta

import numpy as np

from aiops.detect.importance import factors_of
from aiops.domain.incidents import Incident
from aiops.domain.marks import Mark, MarkKind
from aiops.domain.outcomes import Outcome
from aiops.domain.policies import DetectPolicy
from aiops.domain.series import Direction
from aiops.domain.symptoms import SymptomKind
from aiops.learn.marks import LASTS, MarkedPolicy, holding, marks_of
from tests.builders import minute, series, symptom
from tests.route.test_decision import incident

ERRORS = series("checkout", "error_ratio")
SLOW = series("payment-service", "latency_seconds")


def began_with(*symptoms: object) -> Incident:
    return replace(incident(), symptoms=symptoms)  # type: ignore[arg-type]


def said(one: Incident, *, real: bool, at: float = 30) -> tuple[Mark, ...]:
    outcome = Outcome(incident_id=one.id, at=minute(at), real=real, judged_by="ann")
    return marks_of(one, outcome, "it was the batch")


def mark(kind: MarkKind = MarkKind.NOISY, *, at: float = 0, until: float | None = None) -> Mark:
    return Mark(
        service="checkout",
        metric="error_ratio",
        kind=kind,
        at=minute(at),
        by="ann",
        until=None if until is None else minute(until),
    )


def factor(marked: MarkedPolicy, at: float) -> float:
    return round(float(factors_of([ERRORS], marked.at(minute(at)))[0]), 2)


def names(marks: tuple[Mark, ...]) -> list[str]:
    return [one.name for one in marks]


def test_what_a_person_confirmed_makes_its_leading_series_important() -> None:
    one = began_with(symptom(ERRORS, at=3))
    (found,) = said(one, real=True)
    assert (found.name, found.kind) == ("checkout:error_ratio", MarkKind.IMPORTANT)
    assert (found.by, found.at, found.why) == ("ann", minute(30), "it was the batch")
    assert found.incident_id == one.id
    assert found.until == minute(30) + LASTS[MarkKind.IMPORTANT]


def test_noise_makes_them_noisy_for_a_shorter_time() -> None:
    (found,) = said(began_with(symptom(ERRORS, at=3)), real=False)
    assert found.kind is MarkKind.NOISY
    assert LASTS[MarkKind.NOISY] < LASTS[MarkKind.IMPORTANT]


def test_leading_are_the_strongest_of_the_first_minutes() -> None:
    first = symptom(SLOW, at=3, strength=9), symptom(ERRORS, at=5, strength=40)
    later = symptom(series("web", "latency_seconds"), at=9, strength=90)
    assert names(said(began_with(*first, later), real=True)) == [
        "checkout:error_ratio",
        "payment-service:latency_seconds",
    ]


def test_a_series_of_two_regions_is_marked_once() -> None:
    both = [symptom(series("checkout", "error_ratio", region=one), at=3) for one in ("EU", "US")]
    assert names(said(began_with(*both), real=True)) == ["checkout:error_ratio"]


def test_silence_and_mere_load_lead_nothing() -> None:
    gap = symptom(ERRORS, at=3, kind=SymptomKind.TELEMETRY_GAP)
    better = symptom(SLOW, at=3, direction=Direction.DOWN)
    assert said(began_with(gap, better), real=True) == ()


def test_marks_move_the_bars_from_when_they_were_set_until_they_expire() -> None:
    marked = MarkedPolicy(DetectPolicy(), [mark(at=10, until=20)])
    assert [factor(marked, at) for at in (9, 10, 19, 20)] == [1.0, 1.5, 1.5, 1.0]


def test_a_later_mark_overrides_and_none_takes_back() -> None:
    later = mark(MarkKind.IMPORTANT, at=10), mark(MarkKind.NONE, at=20)
    marked = MarkedPolicy(DetectPolicy(), [mark(at=0), *later])
    assert [factor(marked, at) for at in (5, 15, 25)] == [1.5, 0.7, 1.0]


def test_a_mark_that_expired_does_not_bring_back_the_one_before() -> None:
    marked = MarkedPolicy(DetectPolicy(), [mark(at=0), mark(MarkKind.IMPORTANT, at=5, until=9)])
    assert factor(marked, 10) == 1.0


def test_settings_hold_beside_marks_and_important_outranks_noisy() -> None:
    policy = DetectPolicy(important=("checkout:*",))
    assert factor(MarkedPolicy(policy, [mark()]), 5) == np.float32(0.7)


def test_names_with_wildcards_mean_themselves() -> None:
    odd = replace(mark(), metric="error_rati?")
    assert factor(MarkedPolicy(DetectPolicy(), [odd]), 5) == 1.0


def test_without_marks_the_policy_is_the_settings_own() -> None:
    policy = DetectPolicy()
    assert MarkedPolicy(policy).at(minute(0)) is policy
    old = replace(mark(), until=minute(0) + timedelta(days=1))
    marked = MarkedPolicy(policy, [old])
    assert marked.at(minute(1)) is marked.at(minute(2))


def test_the_marks_that_hold_are_listed_by_name() -> None:
    other = replace(mark(at=1), service="a")
    assert names(holding([mark(), other, mark(MarkKind.NONE, at=9)], minute(5))) == [
        "a:error_ratio",
        "checkout:error_ratio",
    ]


def test_what_was_taken_back_or_has_expired_does_not_hold() -> None:
    assert holding([mark(), mark(MarkKind.NONE, at=9)], minute(9)) == ()
    assert holding([mark(until=9)], minute(9)) == ()
