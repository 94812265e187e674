"""Who is on call by a schedule at PagerDuty, asked of a strict loopback of its REST API."""

from collections.abc import Iterator
from dataclasses import replace

import pytest
from pydantic import SecretStr

from aiops.domain.errors import DeliveryError
from aiops.notify.pagerduty_rest import on_call
from aiops.receivers.faults import Fault, FaultKind, FaultPlan
from aiops.receivers.pagerduty_users import PagerDutyUsers, create_app
from aiops.receivers.server import serve
from aiops.settings import SinkSettings
from tests.builders import minute

USERS = {"PANN001": ("Ann Lee", "ann@shop.example"), "PBOB001": ("Bob Ray", "")}


@pytest.fixture
def ledger() -> PagerDutyUsers:
    return PagerDutyUsers(
        tokens={"key"},
        users=USERS,
        clock=lambda: minute(0),
        schedules={"PI7DH85": ("PANN001", "PBOB001"), "PBOB": ("PBOB001",), "PNOBODY": ()},
    )


@pytest.fixture
def faults() -> FaultPlan:
    return FaultPlan()


@pytest.fixture
def sink(ledger: PagerDutyUsers, faults: FaultPlan) -> Iterator[SinkSettings]:
    with serve(create_app(ledger, faults)) as rest:
        yield SinkSettings(
            name="page", kind="pagerduty", url="", rest_url=rest, api_token=SecretStr("key")
        )


def test_the_first_level_of_a_schedule_is_on_call_by_e_mail(sink: SinkSettings) -> None:
    assert on_call((sink,), "PI7DH85") == "ann@shop.example"


def test_without_an_address_their_name_will_do(sink: SinkSettings) -> None:
    assert on_call((sink,), "PBOB") == "Bob Ray"


@pytest.mark.parametrize("schedule", ["PNOBODY", "PNOSUCH"])
def test_nobody_is_on_call_by_an_empty_schedule_or_none(sink: SinkSettings, schedule: str) -> None:
    assert on_call((sink,), schedule) == ""


def test_a_wrong_token_and_a_missing_one_say_what_to_do(sink: SinkSettings) -> None:
    for wrong in (replace(sink, api_token=SecretStr("old")), replace(sink, api_token=None)):
        with pytest.raises(DeliveryError, match="AIOPS_PAGERDUTY_API_TOKEN") as caught:
            on_call((wrong,), "PI7DH85")
        assert not caught.value.retryable


def test_a_bad_day_may_pass(sink: SinkSettings, faults: FaultPlan) -> None:
    faults.add(Fault(kind=FaultKind.STATUS, status=503))
    with pytest.raises(DeliveryError) as caught:
        on_call((sink,), "PI7DH85")
    assert caught.value.retryable
    assert on_call((sink,), "PI7DH85") == "ann@shop.example"
