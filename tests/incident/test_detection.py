"""Who noticed an incident first."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aiops.domain.errors import InputError
from aiops.domain.symptoms import Symptom, SymptomKind, SymptomState
from aiops.incident.detection import DetectionSource, detection_words, first_detection, reported
from tests.builders import checkout_errors, minute, series, story, symptom
from tests.incident.scenes import incident


def alert(at: float, **labels: str) -> Symptom:
    """Make an outside alert that began to fire at a minute."""
    made = symptom(series("checkout", "CheckoutDown", labels=tuple(labels.items())), at=at)
    return replace(made, kind=SymptomKind.ALERT, detector="alertmanager")


def test_what_our_detectors_find_is_detected_by_the_system() -> None:
    first = first_detection(incident())
    assert (first.source, first.at, first.by) == (DetectionSource.SYSTEM, minute(4), "seasonal")


def test_a_monitor_that_fires_before_our_detectors_have_found_it_was_first() -> None:
    first = first_detection(incident([*story(), alert(3.5)]))
    assert (first.source, first.by) == (DetectionSource.MONITOR, "alertmanager")
    assert first_detection(incident([*story(), alert(4)])).source is DetectionSource.SYSTEM


def test_an_alert_that_is_a_ticket_of_a_customer_says_so() -> None:
    first = first_detection(incident([*story(), alert(3.5, reported_by="customer")]))
    assert first.source is DetectionSource.CUSTOMER


def test_what_customers_reported_before_it_was_found_is_customer_reported() -> None:
    told = reported(incident(), "support, ticket 4711", minute(-2))
    assert detection_words(told) == "customer-reported first (support, ticket 4711) at 09:58 UTC"
    assert "reported by support, ticket 4711" in [entry.text for entry in told.timeline]
    late = reported(incident(), "support", minute(9))
    assert first_detection(late).source is DetectionSource.SYSTEM


def test_of_several_reports_the_earliest_counts_and_saying_it_twice_changes_nothing() -> None:
    once = reported(incident(), "support", minute(2))
    assert reported(once, "support", minute(2)) == once
    assert reported(once, "sales", minute(8)) == once
    assert reported(once, "sales", minute(1)).reported_by == "sales"


def test_a_report_by_nobody_is_refused() -> None:
    with pytest.raises(InputError, match="say who reported it"):
        reported(incident(), " ", minute(2))


def test_a_withdrawn_symptom_detected_nothing() -> None:
    gone = replace(symptom(checkout_errors(), at=0), state=SymptomState.WITHDRAWN)
    assert first_detection(incident([*story(), gone])).at == minute(4)


@given(st.lists(st.tuples(st.integers(0, 30), st.booleans()), min_size=1, max_size=8))
def test_nothing_is_noticed_before_who_was_first(found: list[tuple[int, bool]]) -> None:
    symptoms = [
        alert(at, number=str(number))
        if outside
        else symptom(series("checkout", f"errors_{number}"), at=at)
        for number, (at, outside) in enumerate(found)
    ]
    first = first_detection(incident(symptoms))
    moments = [one.onset if one.kind is SymptomKind.ALERT else one.detected_at for one in symptoms]
    assert first.at == min(moments)
