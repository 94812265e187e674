"""Sinks held against the strict loopback receivers, without a port."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

import httpx
import pytest

from aiops.notify.pagerduty import PagerDuty
from aiops.notify.slack import Slack
from aiops.receivers import pagerduty as pagerduty_receiver
from aiops.receivers import slack as slack_receiver
from aiops.receivers.faults import FaultPlan
from aiops.receivers.pagerduty import PagerDutyLedger
from aiops.receivers.server import serve
from aiops.receivers.slack import SlackLedger

ROUTING_KEY = "R" * 32
TEAM_KEY = "T" * 32
TOKEN = "xoxb-loopback-secret"
CHANNELS: Mapping[str, str] = {"C0001": "incidents", "C0002": "payments"}


def _now() -> datetime:
    return datetime(2026, 4, 18, 10, 4, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class PagerDutyBench:
    """A notifier and the receiver it sends to."""

    sink: PagerDuty
    ledger: PagerDutyLedger
    faults: FaultPlan


@dataclass(frozen=True, slots=True, kw_only=True)
class SlackBench:
    """A notifier and the receiver it sends to."""

    sink: Slack
    ledger: SlackLedger
    faults: FaultPlan


@pytest.fixture
def pagerduty() -> Iterator[PagerDutyBench]:
    ledger = PagerDutyLedger(routing_keys={ROUTING_KEY, TEAM_KEY}, clock=_now)
    faults = FaultPlan()
    with (
        serve(pagerduty_receiver.create_app(ledger, faults)) as url,
        httpx.Client(trust_env=False) as client,
    ):
        sink = PagerDuty(
            "pagerduty",
            ROUTING_KEY,
            f"{url}/v2/enqueue",
            "http://127.0.0.1:8080",
            client,
            team_keys={"search": TEAM_KEY},
        )
        yield PagerDutyBench(sink=sink, ledger=ledger, faults=faults)


@pytest.fixture
def slack() -> Iterator[SlackBench]:
    ledger = SlackLedger(tokens={TOKEN: "B0001"}, channels=CHANNELS, clock=_now)
    faults = FaultPlan()
    with (
        serve(slack_receiver.create_app(ledger, faults)) as url,
        httpx.Client(trust_env=False) as client,
    ):
        sink = Slack(
            "slack",
            TOKEN,
            "C0001",
            f"{url}/api/",
            "http://127.0.0.1:8080",
            client=client,
            team_channels={"search": "C0002"},
        )
        yield SlackBench(sink=sink, ledger=ledger, faults=faults)
