import json
import math
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aiops.domain.changes import Change, ChangeKind
from aiops.domain.errors import StateFormatError
from aiops.domain.incidents import Incident
from aiops.domain.journeys import Journey, Kpi, Runbook, Team
from aiops.domain.notifications import Notification
from aiops.domain.outcomes import Outcome, PastIncident
from aiops.domain.policies import Policies
from aiops.domain.series import Series, SeriesKey
from aiops.domain.symptoms import Symptom, SymptomFact
from aiops.store.codec import Recall, decode, decode_all, encode, encode_all
from tests.builders import checkout_errors, minute, symptom
from tests.store.makers import errors, fact, incident, notification

TIMES = st.datetimes(timezones=st.just(UTC))
NUMBERS = st.floats(allow_nan=False)
KEYS = st.builds(
    SeriesKey,
    service=st.text(),
    metric=st.text(),
    region=st.none() | st.text(),
    labels=st.lists(st.tuples(st.text(), st.text())).map(tuple),
)
SERIES = st.builds(Series, key=KEYS, zone=st.just("Europe/Berlin"))
SYMPTOMS = st.builds(
    Symptom,
    series=SERIES,
    onset=TIMES,
    detected_at=TIMES,
    last_seen=TIMES,
    ended_at=st.none() | TIMES,
    **dict.fromkeys(("strength", "observed", "expected", "low", "high", "before"), NUMBERS),
)
CHANGES = st.builds(
    Change, started_at=TIMES, ended_at=st.none() | TIMES, percentage=st.none() | NUMBERS
)


@given(SYMPTOMS)
def test_a_symptom_comes_back_as_it_was(symptom: Symptom) -> None:
    assert decode(Symptom, encode(Symptom, symptom)) == symptom


@given(CHANGES)
def test_a_change_comes_back_as_it_was(change: Change) -> None:
    assert decode(Change, encode(Change, change)) == change


@given(st.lists(SYMPTOMS, max_size=3).map(tuple))
def test_a_tuple_of_symptoms_comes_back_as_it_was(symptoms: tuple[Symptom, ...]) -> None:
    assert decode_all(Symptom, encode_all(Symptom, symptoms)) == symptoms


VALUES: tuple[Any, ...] = (
    replace(incident(symptoms=(errors(),)), impacts=()),
    fact(errors(), 4),
    notification(),
    Outcome(incident_id="INC-1001", at=minute(9), fixed_by="rolled back", real=False),
    PastIncident(
        incident_id="INC-1001", ended_at=minute(9), signature=("a", "b"), cause_service="db"
    ),
    checkout_errors(),
    Policies(),
    Journey(name="checkout", entry="gateway", value_per_success=12.5),
    Kpi(name="revenue", metric="revenue", unit="EUR"),
    Team(name="shop", title="Shop", rotation_start=minute(0), rotation_length=timedelta(days=3)),
    Runbook(id="RB-17", title="Gateway", reviewed_at=minute(0)),
)


@pytest.mark.parametrize("value", VALUES, ids=lambda value: type(value).__name__)
def test_every_kind_of_value_comes_back_as_it_was(value: Any) -> None:
    kind = type(value)
    again = decode(kind, encode(kind, value))
    assert again == value
    assert encode(kind, again) == encode(kind, value)


def test_nan_and_infinity_stay_what_they_are_in_json_any_reader_reads() -> None:
    text = encode(Incident, incident())
    json.loads(text, parse_constant=lambda name: pytest.fail(f"{name} is no JSON"))
    impact = decode(Incident, text).impacts[0]
    assert math.isnan(impact.low)
    assert impact.high == float("inf")


def test_times_come_back_aware_and_in_utc() -> None:
    berlin = timezone(timedelta(hours=2))
    change = Change(
        id="c",
        kind=ChangeKind.DEPLOY,
        service="db",
        ref="1",
        started_at=datetime(2026, 4, 18, 12, 1, tzinfo=berlin),
    )
    again = decode(Change, encode(Change, change))
    assert again.started_at == minute(1)
    assert decode(SymptomFact, encode(SymptomFact, fact(errors(), 4))).at.utcoffset() == timedelta(
        0
    )


def test_a_value_that_would_come_back_changed_is_refused() -> None:
    wrong = replace(notification(), revision="first")  # type: ignore[arg-type]
    with pytest.raises(StateFormatError, match="cannot store this Notification"):
        encode(Notification, wrong)


@pytest.mark.parametrize("text", ["", "null", "{}", '{"incident_id": 3}'])
def test_a_text_of_another_form_says_what_it_should_have_been(text: str) -> None:
    with pytest.raises(StateFormatError, match="a stored Notification"):
        decode(Notification, text)


def test_what_is_known_already_is_neither_read_nor_written_again() -> None:
    recall, one = Recall(), symptom(checkout_errors())
    text = recall.encode(Symptom, "a", one)
    assert recall.decode(Symptom, "a", text) is one
    assert recall.encode(Symptom, "a", one) is text
    other = replace(one, strength=99.0)
    assert recall.decode(Symptom, "a", encode(Symptom, other)) == other
    assert recall.encode(Symptom, "a", one) == text


def test_what_was_used_least_recently_is_forgotten() -> None:
    recall, one = Recall(size=2), symptom(checkout_errors())
    text = encode(Symptom, one)
    first = recall.decode(Symptom, "a", text)
    recall.decode(Symptom, "b", text)
    assert recall.decode(Symptom, "a", text) is first
    recall.decode(Symptom, "c", text)
    assert recall.decode(Symptom, "a", text) is first
    recall.decode_all(Symptom, "d", f"[{text}]")
    assert recall.decode(Symptom, "c", text) is not first
