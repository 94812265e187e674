"""Webhooks: signed as Standard Webhooks says, at least once, in full."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import httpx
import orjson
import pytest

from aiops.domain.errors import ConfigurationError, DeliveryError
from aiops.domain.notifications import DeliveryAction
from aiops.notify.webhook import TYPES, Webhook
from aiops.receivers.server import serve
from aiops.receivers.webhook import WebhookLedger, create_app
from tests.notify.stories import NO_REFERENCE, incident, notification, resolved

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
NOW = datetime(2026, 4, 18, 10, 4, tzinfo=UTC)


@pytest.fixture
def ledger() -> WebhookLedger:
    return WebhookLedger(secret=SECRET, clock=lambda: NOW)


@pytest.fixture
def url(ledger: WebhookLedger) -> Iterator[str]:
    with serve(create_app(ledger)) as address:
        yield f"{address}/hook"


@pytest.fixture
def client() -> Iterator[httpx.Client]:
    with httpx.Client(trust_env=False) as one:
        yield one


@pytest.fixture
def to(url: str, client: httpx.Client) -> Webhook:
    return sink(url, client)


def sink(
    url: str, client: httpx.Client | None, secret: str = SECRET, *, now: datetime = NOW
) -> Webhook:
    return Webhook("page", secret, url, "https://aiops.example", client=client, now=lambda: now)


def tell(to: Webhook, action: DeliveryAction = DeliveryAction.TRIGGER, *, revision: int = 1) -> str:
    of = resolved() if action is DeliveryAction.RESOLVE else incident(revision=revision)
    note = notification(of, action)
    payload = to.payload(of, note, NO_REFERENCE)
    return to.send(note, payload, repeated=False).reference["id"]


def test_a_receiver_that_checks_everything_takes_every_action(
    to: Webhook, ledger: WebhookLedger
) -> None:
    for action in DeliveryAction:
        tell(to, action)
    told = ledger.state()["incidents"]["INC-2048"]
    assert [message["type"] for message in told] == list(TYPES.values())
    data = told[0]["data"]
    assert data["incident"]["title"] == "EU checkout failures after payment-service deploy"
    assert (data["state"], data["env"], data["cut"]) == ("open", "prod", [])
    assert data["url"].startswith("https://aiops.example/")


def test_a_repeat_has_the_same_id_and_a_later_revision_another(
    to: Webhook, ledger: WebhookLedger
) -> None:
    assert tell(to) == tell(to) == "INC-2048.1.1.trigger"
    assert tell(to, DeliveryAction.UPDATE, revision=2) == "INC-2048.1.2.update"
    assert len(ledger.state()["incidents"]["INC-2048"]) == 2


@pytest.mark.parametrize(
    ("secret", "now"),
    [("whsec_" + "A" * 32, NOW), (SECRET, NOW - timedelta(minutes=6))],
    ids=["another secret", "six minutes ago"],
)
def test_the_receiver_refuses_what_is_not_ours_or_not_new(
    url: str, client: httpx.Client, secret: str, now: datetime
) -> None:
    with pytest.raises(DeliveryError, match="answered 40") as caught:
        tell(sink(url, client, secret, now=now))
    assert not caught.value.retryable


@pytest.mark.parametrize("secret", ["MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "whsec_short", "whsec_ä"])
def test_a_secret_that_is_none_is_named_without_being_shown(secret: str) -> None:
    with pytest.raises(ConfigurationError, match="expected whsec_ and 24 to 64 bytes") as caught:
        sink("http://127.0.0.1:1/hook", None, secret)
    assert secret not in str(caught.value)


def test_long_lists_are_cut_and_named() -> None:
    one = incident()
    many = tuple(replace(one.symptoms[0], id=str(number)) for number in range(5000))
    payload = sink("http://127.0.0.1:1", None).payload(
        replace(one, symptoms=many), notification(one), NO_REFERENCE
    )
    assert payload["data"]["cut"] == ["symptoms"]
    assert len(orjson.dumps(payload)) < 300_000


def test_it_follows_no_redirect() -> None:
    moved = httpx.MockTransport(lambda _: httpx.Response(302, headers={"location": "http://x"}))
    with httpx.Client(transport=moved) as client, pytest.raises(DeliveryError) as caught:
        tell(sink("https://a.example/h", client))
    assert "answered 302" in str(caught.value)
    assert not caught.value.retryable
