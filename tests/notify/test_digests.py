"""Digests as sinks that take them are told, held against the strict receivers."""

from datetime import UTC, datetime
from typing import Protocol

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aiops.domain.digests import Digest, DigestEntry
from aiops.domain.notifications import DeliveryAction, Notification
from aiops.notify import slack_digest
from aiops.notify.slack import Slack
from aiops.notify.webhook import Webhook
from aiops.ports import DigestNotifier
from aiops.receivers.blockkit import MAX_TEXT_CHARACTERS, block_errors, text_characters
from aiops.receivers.faults import FaultPlan
from aiops.receivers.server import serve
from aiops.receivers.slack import SlackLedger
from aiops.receivers.webhook import WebhookLedger, create_app
from tests.builders import minute
from tests.notify.stories import NO_REFERENCE

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
NOW = datetime(2026, 4, 18, 10, 4, tzinfo=UTC)
NOTE = Notification(
    incident_id="DIG-7",
    episode=1,
    revision=1,
    sink="slack",
    action=DeliveryAction.TRIGGER,
    not_before=minute(65),
    reason="more than 10 alerts in a day",
)


def digest(*texts: str) -> Digest:
    return Digest(
        id="DIG-7",
        owner="payments",
        owner_title="Payments team",
        at=minute(65),
        since=minute(5),
        why="more than 10 alerts in a day",
        entries=tuple(
            DigestEntry(incident_id=f"INC-{2000 + number}", severity="P2", text=text)
            for number, text in enumerate(texts)
        ),
    )


class Bench(Protocol):
    @property
    def sink(self) -> Slack: ...
    @property
    def ledger(self) -> SlackLedger: ...
    @property
    def faults(self) -> FaultPlan: ...


def test_slack_is_told_once_however_often_it_is_sent(slack: Bench) -> None:
    payload = slack.sink.digest_payload(digest("<!channel> slow", "failing"), NOTE, NO_REFERENCE)
    first = slack.sink.send(NOTE, payload, repeated=False).reference
    again = slack.sink.send(NOTE, payload, repeated=True).reference
    (posted,) = slack.ledger.messages
    assert posted.content.text == "2 more incidents for Payments team"
    assert "<!channel>" not in str(posted.content.blocks)
    assert first["ts"] == again["ts"] == posted.ts


@settings(max_examples=60)
@given(st.lists(st.text(max_size=400), min_size=1, max_size=120))
def test_a_digest_keeps_to_slacks_limits_and_counts_what_it_does_not_name(
    texts: list[str],
) -> None:
    made = slack_digest.message(digest(*texts), "https://aiops.example")
    assert block_errors(made["blocks"]) == []
    assert text_characters(made["blocks"]) <= MAX_TEXT_CHARACTERS
    named = str(made["blocks"]).count("*P2*")
    assert named == min(len(texts), 40)
    if len(texts) > named:
        assert f"And {len(texts) - named} more" in str(made["blocks"])


def test_a_webhook_carries_every_incident_of_it() -> None:
    ledger = WebhookLedger(secret=SECRET, clock=lambda: NOW)
    with serve(create_app(ledger)) as address, httpx.Client(trust_env=False) as client:
        sink = Webhook("hook", SECRET, f"{address}/hook", client=client, now=lambda: NOW)
        payload = sink.digest_payload(digest("slow", "failing"), NOTE, NO_REFERENCE)
        assert sink.send(NOTE, payload, repeated=False).reference["id"] == "DIG-7.1.1.trigger"
    assert payload["type"] == "digest"
    assert [one["id"] for one in payload["data"]["incidents"]] == ["INC-2000", "INC-2001"]


@pytest.mark.parametrize(("kind", "takes"), [(Slack, True), (Webhook, True), (object, False)])
def test_a_sink_shows_by_its_form_that_it_takes_digests(kind: type, takes: bool) -> None:
    assert issubclass(kind, DigestNotifier) is takes
