import json
from dataclasses import replace
from pathlib import Path
from typing import Protocol

import httpx
import orjson
import pytest
from hypothesis import given, settings

from aiops.domain.errors import DeliveryError
from aiops.domain.incidents import Incident, Severity
from aiops.domain.notifications import DeliveryAction
from aiops.domain.reach import BlastRadius
from aiops.notify.pagerduty import PagerDuty
from aiops.receivers.faults import Fault, FaultKind, FaultPlan
from aiops.receivers.pagerduty import IncidentStatus, PagerDutyLedger
from aiops.receivers.pagerduty_rules import MAX_BODY_BYTES, enqueue_errors
from tests.notify import nasty
from tests.notify.stories import LEVELS, NO_REFERENCE, incident, notification, resolved

GOLDEN = Path(__file__).parents[1] / "golden" / "notify"
KEY = "R" * 32


class Bench(Protocol):
    @property
    def sink(self) -> PagerDuty: ...
    @property
    def ledger(self) -> PagerDutyLedger: ...
    @property
    def faults(self) -> FaultPlan: ...


def deliver(
    bench: Bench,
    of: Incident,
    action: DeliveryAction = DeliveryAction.TRIGGER,
    *,
    reference: dict[str, str] | None = None,
    repeated: bool = False,
) -> dict[str, str]:
    note = notification(of, action)
    payload = bench.sink.payload(of, note, reference or NO_REFERENCE)
    return dict(bench.sink.send(note, payload, repeated=repeated).reference)


def answering(status: int, **kwargs: object) -> PagerDuty:
    client = httpx.Client(
        transport=httpx.MockTransport(lambda _: httpx.Response(status, **kwargs))  # type: ignore[arg-type]
    )
    return PagerDuty("pagerduty", KEY, "http://127.0.0.1:1/v2/enqueue", "", client)


def failure(sink: PagerDuty) -> DeliveryError:
    note = notification(incident())
    with pytest.raises(DeliveryError) as caught:
        sink.send(note, sink.payload(incident(), note, NO_REFERENCE), repeated=False)
    assert KEY not in str(caught.value)
    return caught.value


def test_a_trigger_opens_one_incident_that_says_what_who_and_why(pagerduty: Bench) -> None:
    reference = deliver(pagerduty, incident())
    (opened,) = pagerduty.ledger.incidents
    assert reference == {"dedup_key": "INC-2048.1", "integration": ""}
    assert opened.dedup_key == "INC-2048.1"
    assert opened.summary == "INC-2048 (P1) EU checkout failures after payment-service deploy"
    assert (opened.severity, opened.source) == ("critical", "payment-service")


def test_the_payload_is_the_golden_one() -> None:
    sink = PagerDuty("pagerduty", KEY, "http://x/v2/enqueue", "https://aiops.example")
    event = sink.payload(incident(), notification(incident()), NO_REFERENCE)
    assert event == json.loads((GOLDEN / "pagerduty-trigger.json").read_text())


def test_an_incident_lives_through_update_acknowledge_and_resolve(pagerduty: Bench) -> None:
    reference = deliver(pagerduty, incident(severity=Severity.P2))
    deliver(pagerduty, incident(revision=2), DeliveryAction.UPDATE, reference=reference)
    deliver(pagerduty, incident(revision=3), DeliveryAction.ACKNOWLEDGE, reference=reference)
    deliver(pagerduty, resolved(), DeliveryAction.RESOLVE, reference=reference)
    (only,) = pagerduty.ledger.incidents
    assert only.status is IncidentStatus.RESOLVED
    assert only.severity == "critical"
    assert [event.action for event in only.events] == [
        "trigger",
        "trigger",
        "acknowledge",
        "resolve",
    ]


def test_a_return_is_a_new_page(pagerduty: Bench) -> None:
    deliver(pagerduty, incident())
    deliver(pagerduty, resolved(), DeliveryAction.RESOLVE)
    deliver(pagerduty, incident(episode=2))
    assert [one.dedup_key for one in pagerduty.ledger.open_incidents] == ["INC-2048.2"]


def test_a_team_with_a_key_of_its_own_is_paged_there_until_the_end(pagerduty: Bench) -> None:
    reference = deliver(pagerduty, incident(owner="search"))
    moved = incident(owner="payments", revision=2)
    deliver(pagerduty, moved, DeliveryAction.UPDATE, reference=reference)
    deliver(pagerduty, resolved(), DeliveryAction.RESOLVE, reference=reference)
    (only,) = pagerduty.ledger.incidents
    assert only.routing_key == "T" * 32
    assert not only.is_open


def test_a_repeat_after_a_cut_connection_makes_no_second_incident(pagerduty: Bench) -> None:
    pagerduty.faults.add(Fault(kind=FaultKind.CUT_AFTER))
    with pytest.raises(DeliveryError) as caught:
        deliver(pagerduty, incident())
    assert (caught.value.retryable, caught.value.ambiguous) == (True, True)
    deliver(pagerduty, incident(), repeated=True)
    assert len(pagerduty.ledger.incidents) == 1


def test_a_wrong_event_is_refused_for_good_in_pagerdutys_own_words(pagerduty: Bench) -> None:
    note = notification(incident())
    payload = pagerduty.sink.payload(incident(), note, NO_REFERENCE)
    broken = {**payload, "payload": {**payload["payload"], "severity": "P1"}}
    with pytest.raises(DeliveryError, match=r"400: .*'payload.severity' is invalid") as caught:
        pagerduty.sink.send(note, broken, repeated=False)
    assert not caught.value.retryable


@pytest.mark.parametrize("status", [500, 502, 503, 429])
def test_a_bad_day_is_worth_a_retry(pagerduty: Bench, status: int) -> None:
    pagerduty.faults.add(Fault(kind=FaultKind.STATUS, status=status))
    with pytest.raises(DeliveryError) as caught:
        deliver(pagerduty, incident())
    assert caught.value.retryable


def test_garbage_instead_of_an_answer_is_worth_a_retry(pagerduty: Bench) -> None:
    pagerduty.faults.add(Fault(kind=FaultKind.GARBAGE))
    with pytest.raises(DeliveryError, match="no JSON") as caught:
        deliver(pagerduty, incident())
    assert (caught.value.retryable, caught.value.ambiguous) == (True, True)


@pytest.mark.parametrize(
    ("headers", "wait"),
    [
        ({"Retry-After": "7"}, 7.0),
        ({"ratelimit-reset": "12"}, 12.0),
        ({"Retry-After": "tomorrow", "ratelimit-reset": "3"}, 3.0),
        ({"Retry-After": "1e9"}, 3600.0),
        ({"Retry-After": "nan"}, None),
        ({"Retry-After": "-1"}, None),
        ({}, None),
    ],
)
def test_it_waits_as_long_as_it_is_asked_to(headers: dict[str, str], wait: float | None) -> None:
    error = failure(answering(429, headers=headers))
    assert error.retryable
    assert error.retry_after_seconds == wait


@pytest.mark.parametrize("status", [400, 401, 403, 404, 413, 301])
def test_a_plain_no_is_final(status: int) -> None:
    assert not failure(answering(status, text="no")).retryable


def test_an_answer_that_echoes_the_routing_key_is_not_repeated_with_it() -> None:
    error = failure(answering(400, json={"message": f"unknown key {KEY}", "errors": "odd"}))
    assert "unknown key (routing key)" in str(error)
    assert "unknown form" in str(failure(answering(400, json=[1])))


def test_an_address_nobody_listens_on_is_not_ambiguous() -> None:
    with httpx.Client(trust_env=False) as client:
        error = failure(PagerDuty("pagerduty", KEY, "http://127.0.0.1:9/v2", "", client))
    assert (error.retryable, error.ambiguous) == (True, False)
    assert "no connection" in str(error)


def test_an_address_that_is_none_is_final() -> None:
    with httpx.Client(trust_env=False) as client:
        assert not failure(PagerDuty("pagerduty", KEY, "no-address", "", client)).retryable


def test_without_a_routing_key_it_says_what_to_set() -> None:
    error = failure(PagerDuty("pagerduty", None, "http://127.0.0.1:9/v2"))
    assert "AIOPS_PAGERDUTY_ROUTING_KEY" in str(error)
    assert error.retryable


def test_it_names_a_source_even_where_nothing_is_known() -> None:
    bare = incident(causes=(), blast=BlastRadius(), symptoms=(), env="")
    event = PagerDuty("p", KEY, "http://x").payload(bare, notification(bare), NO_REFERENCE)
    assert event["payload"]["source"] == "unknown"
    sick = replace(bare, blast=BlastRadius(sick=("checkout",)))
    event = PagerDuty("p", KEY, "http://x").payload(sick, notification(sick), NO_REFERENCE)
    assert event["payload"]["source"] == "checkout"


def test_without_an_address_of_ours_there_are_no_links() -> None:
    event = PagerDuty("p", KEY, "http://x").payload(
        incident(), notification(incident()), NO_REFERENCE
    )
    assert not {"links", "client_url"} & set(event)
    assert "link" not in event["payload"]["custom_details"]


@settings(max_examples=60)
@given(nasty.incidents())
def test_whatever_the_incident_the_event_is_valid_and_small(of: Incident) -> None:
    sink = PagerDuty("p", KEY, "http://x", "https://aiops.example")
    for action in DeliveryAction:
        event = sink.payload(of, notification(of, action), NO_REFERENCE)
        sent = {key: value for key, value in event.items() if key != "integration"}
        body = orjson.dumps(sent | {"routing_key": KEY})
        assert len(body) <= MAX_BODY_BYTES
        assert enqueue_errors(orjson.loads(body), {KEY}) == []


def test_a_page_tells_the_error_budget_and_the_parts_of_the_journey() -> None:
    sink = PagerDuty("pagerduty", KEY, "https://events.example.com/v2/enqueue")
    told = sink.payload(incident(levels=LEVELS), notification(incident()), NO_REFERENCE)
    details = told["payload"]["custom_details"]
    assert details["error_budget"] == [
        "checkout success rate 97.1% against 99.7% expected; it took 2.6% of the error budget of"
        " checkout availability (99.5% over 28 days) by 10:08 UTC, consuming it at 5.2x rate"
    ]
    assert details["journey_measures"] == ["payment-service errors 6.4% against 0.4% expected"]
