"""Changes shown at PagerDuty, against a strict loopback of its Events API."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aiops.domain.changes import Change, ChangeKind
from aiops.domain.errors import DeliveryError
from aiops.domain.notifications import DeliveryAction, Notification
from aiops.notify.pagerduty_changes import PagerDutyChanges
from aiops.receivers.faults import Fault, FaultKind, FaultPlan
from aiops.receivers.pagerduty import PagerDutyLedger, create_app
from aiops.receivers.pagerduty_rules import change_errors
from aiops.receivers.server import serve
from tests.builders import change, minute
from tests.notify.conftest import ROUTING_KEY

NOTE = Notification(
    incident_id="change:1",
    episode=1,
    revision=1,
    sink="pagerduty changes",
    action=DeliveryAction.TRIGGER,
    not_before=minute(0),
    reason="a change",
)


@dataclass
class Bench:
    """What shows changes, and the receiver it sends to."""

    sink: PagerDutyChanges
    ledger: PagerDutyLedger
    faults: FaultPlan

    def show(self, one: Change) -> None:
        self.sink.send(NOTE, self.sink.change_payload(one), repeated=False)


@pytest.fixture
def bench() -> Iterator[Bench]:
    ledger = PagerDutyLedger(routing_keys={ROUTING_KEY}, clock=lambda: minute(4))
    faults = FaultPlan()
    with serve(create_app(ledger, faults)) as url, httpx.Client(trust_env=False) as client:
        made = PagerDutyChanges(
            "pagerduty", ROUTING_KEY, f"{url}/v2/enqueue", "https://aiops.example.com", client
        )
        yield Bench(made, ledger, faults)


def test_a_deploy_is_shown_with_who_where_when_and_a_link(bench: Bench) -> None:
    bench.show(replace(change(), actor="ann"))
    (shown,) = bench.ledger.changes
    assert shown["payload"] == {
        "summary": "Deploy 2026.04.18-3 to payment-service by ann (prod)",
        "timestamp": "2026-04-18T10:01:00+00:00",
        "source": "payment-service",
        "custom_details": {
            "kind": "deploy",
            "service": "payment-service",
            "ref": "2026.04.18-3",
            "env": "prod",
        },
    }
    assert shown["links"][0]["href"] == "https://aiops.example.com"
    assert bench.ledger.incidents == (), "it calls nobody"


TEXT = st.text(max_size=3000)


@given(ref=TEXT, service=TEXT, actor=TEXT, description=TEXT, kind=st.sampled_from(ChangeKind))
def test_whatever_a_change_says_pagerduty_takes_it(**said: Any) -> None:
    sink = PagerDutyChanges("pagerduty", ROUTING_KEY, "https://e.example/v2/enqueue")
    event = {**sink.change_payload(replace(change(), **said)), "routing_key": ROUTING_KEY}
    assert change_errors(event, {ROUTING_KEY}) == []


def test_a_refusal_is_final_and_never_shows_the_key(bench: Bench) -> None:
    bench.faults.add(Fault(kind=FaultKind.STATUS, status=400))
    with pytest.raises(DeliveryError) as caught:
        bench.show(change())
    assert not caught.value.retryable
    assert ROUTING_KEY not in str(caught.value)


@pytest.mark.parametrize("kind", [FaultKind.CUT_AFTER, FaultKind.GARBAGE, FaultKind.STATUS])
def test_a_bad_day_may_pass(bench: Bench, kind: FaultKind) -> None:
    bench.faults.add(Fault(kind=kind, status=503))
    with pytest.raises(DeliveryError) as caught:
        bench.show(change())
    assert caught.value.retryable
    bench.show(change())


def test_without_a_key_it_says_which_one_to_set() -> None:
    sink = PagerDutyChanges("pagerduty", None, "https://e.example/v2/enqueue")
    with pytest.raises(DeliveryError, match="AIOPS_PAGERDUTY_ROUTING_KEY"):
        sink.send(NOTE, {}, repeated=False)
