"""What every registered notifier promises, whichever vendor it sends to."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, nullcontext
from copy import deepcopy
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import orjson
import pytest
from pydantic import SecretStr
from starlette.types import ASGIApp

from aiops.domain.errors import DeliveryError
from aiops.domain.notifications import DeliveryAction
from aiops.notify.registry import NOTIFIERS, notifier
from aiops.ports import Notifier
from aiops.receivers import jira, pagerduty, slack, webhook
from aiops.receivers.faults import Fault, FaultKind, FaultPlan
from aiops.receivers.server import serve
from aiops.receivers.smtp import Mailbox, serve_mail
from aiops.settings import Settings, SinkSettings
from tests.notify.stories import NO_REFERENCE, incident, notification, resolved

KEY = "K" * 32
TOKEN = "xoxb-loopback-secret"
WEBHOOK_SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"

PASSWORD = "mail-secret"
JIRA_TOKEN = "ops@acme.example:ATATT-loopback-secret"


def _now() -> datetime:
    return datetime(2026, 4, 18, 10, 4, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Vendor:
    """How the loopback form of one vendor is set up, and what counts as one incident there."""

    ledger: Callable[[], Any]
    app: Callable[..., ASGIApp]
    path: str
    secret: str
    told: Callable[[Any], int]
    reads_answers: bool = True
    serve: Callable[[Any, FaultPlan], AbstractContextManager[str]] | None = None


def _served(vendor: "Vendor", ledger: Any, faults: FaultPlan) -> AbstractContextManager[str]:
    return vendor.serve(ledger, faults) if vendor.serve else serve(vendor.app(ledger, faults))


def _mail_served(box: Mailbox, faults: FaultPlan) -> AbstractContextManager[str]:
    box.faults = faults
    return serve_mail(box)


VENDORS: Mapping[str, Vendor] = {
    "pagerduty": Vendor(
        ledger=lambda: pagerduty.PagerDutyLedger(routing_keys={KEY}, clock=_now),
        app=pagerduty.create_app,
        path="/v2/enqueue",
        secret=KEY,
        told=lambda ledger: len(ledger.state()["incidents"]),
    ),
    "slack": Vendor(
        ledger=lambda: slack.SlackLedger(tokens={TOKEN: "B1"}, channels={"C1": "x"}, clock=_now),
        app=slack.create_app,
        path="/api/",
        secret=TOKEN,
        told=lambda ledger: len([m for m in ledger.state()["messages"] if "thread_ts" not in m]),
    ),
    "webhook": Vendor(
        ledger=lambda: webhook.WebhookLedger(
            secret=WEBHOOK_SECRET, clock=lambda: datetime.now(UTC)
        ),
        app=webhook.create_app,
        path="/hook",
        secret=WEBHOOK_SECRET,
        told=lambda ledger: len(ledger.state()["incidents"]),
        reads_answers=False,
    ),
    "jira": Vendor(
        ledger=lambda: jira.JiraLedger(tokens={JIRA_TOKEN}, projects={"OPS"}, clock=_now),
        app=jira.create_app,
        path="",
        secret=JIRA_TOKEN,
        told=lambda ledger: len(ledger.state()["issues"]),
    ),
    "email": Vendor(
        ledger=lambda: Mailbox(logins={"aiops": PASSWORD}),
        app=slack.create_app,
        serve=_mail_served,
        path="",
        secret=PASSWORD,
        told=lambda box: len({str(mail["References"]) for mail in box.mails}),
    ),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Bench:
    """A notifier built by the registry, and the vendor it sends to."""

    sink: Notifier
    secret: str
    faults: FaultPlan
    told: Callable[[], int]
    reads_answers: bool


@pytest.fixture(params=sorted(NOTIFIERS))
def bench(request: pytest.FixtureRequest) -> Iterator[Bench]:
    vendor = VENDORS[request.param]
    ledger, faults = vendor.ledger(), FaultPlan()
    with _served(vendor, ledger, faults) as url:
        settings = SinkSettings(
            name="mine",
            kind=request.param,
            url=url + vendor.path,
            channel="C1",
            project="OPS",
            secret=SecretStr(vendor.secret),
            sender="aiops@example.com",
            recipients=("ann@example.com",),
            user="aiops",
        )
        sink = notifier(settings, Settings())
        yield Bench(
            sink=sink,
            secret=vendor.secret,
            faults=faults,
            told=lambda: vendor.told(ledger),
            reads_answers=vendor.reads_answers,
        )
        if hasattr(sink, "_client"):
            sink._client.close()


def send(bench: Bench, *, repeated: bool = False) -> dict[str, str]:
    note = notification(incident())
    payload = bench.sink.payload(incident(), note, NO_REFERENCE)
    return dict(bench.sink.send(note, payload, repeated=repeated).reference)


def test_its_payload_is_pure_json_without_secrets(bench: Bench) -> None:
    for action in DeliveryAction:
        of = resolved() if action is DeliveryAction.RESOLVE else incident()
        note = notification(of, action)
        first = bench.sink.payload(of, note, NO_REFERENCE)
        kept = deepcopy(dict(first))
        assert bench.sink.payload(of, note, NO_REFERENCE) == kept
        assert bench.secret.encode() not in orjson.dumps(first)


def test_it_leaves_the_payload_as_it_was(bench: Bench) -> None:
    note = notification(incident())
    payload = bench.sink.payload(incident(), note, NO_REFERENCE)
    kept = deepcopy(dict(payload))
    bench.sink.send(note, payload, repeated=False)
    assert payload == kept


def test_its_receipt_leads_back_to_what_was_told(bench: Bench) -> None:
    reference = send(bench)
    assert all(isinstance(value, str) for value in reference.values())
    for action in (DeliveryAction.UPDATE, DeliveryAction.ACKNOWLEDGE, DeliveryAction.RESOLVE):
        of = resolved() if action is DeliveryAction.RESOLVE else incident(revision=2)
        note = notification(of, action)
        payload = bench.sink.payload(of, note, reference)
        reference |= bench.sink.send(note, payload, repeated=False).reference
    assert bench.told() == 1


def test_its_repr_holds_no_secret(bench: Bench) -> None:
    assert bench.secret not in repr(bench.sink)


@pytest.mark.parametrize(
    ("fault", "retryable", "ambiguous"),
    [
        (Fault(kind=FaultKind.STATUS, status=500), True, True),
        (Fault(kind=FaultKind.STATUS, status=429), True, False),
        (Fault(kind=FaultKind.STATUS, status=404), False, False),
        (Fault(kind=FaultKind.GARBAGE), True, True),
        (Fault(kind=FaultKind.CUT_BEFORE), True, True),
        (Fault(kind=FaultKind.CUT_AFTER), True, True),
    ],
)
def test_its_errors_say_whether_to_try_again(
    bench: Bench, fault: Fault, retryable: bool, ambiguous: bool
) -> None:
    bench.faults.add(fault)
    if fault.kind is FaultKind.GARBAGE and not bench.reads_answers:
        assert send(bench), "any 2xx is success there, whatever its body"
        return
    with pytest.raises(DeliveryError) as caught:
        send(bench)
    assert (caught.value.retryable, caught.value.ambiguous) == (retryable, ambiguous)
    assert bench.secret not in str(caught.value)
    assert "mine" in str(caught.value)


@pytest.mark.parametrize("kind", [FaultKind.CUT_AFTER, FaultKind.CUT_BEFORE, FaultKind.GARBAGE])
def test_a_repeat_tells_it_exactly_once(bench: Bench, kind: FaultKind) -> None:
    bench.faults.add(Fault(kind=kind))
    is_taken = kind is FaultKind.GARBAGE and not bench.reads_answers
    with nullcontext() if is_taken else pytest.raises(DeliveryError):
        send(bench)
    send(bench, repeated=True)
    assert bench.told() == 1
