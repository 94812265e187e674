"""What our code asks of Slack, asked again with Slack's own client: taken alike, refused alike."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
from pydantic import SecretStr
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError

from aiops.domain.errors import DeliveryError
from aiops.domain.incidents import Incident
from aiops.domain.notifications import DeliveryAction
from aiops.domain.words import Place
from aiops.notify.people import People
from aiops.notify.slack import Slack
from aiops.notify.slack_api import SlackCalls, SlackRefusalError
from aiops.receivers.faults import Fault, FaultKind, FaultPlan
from aiops.receivers.server import serve
from aiops.receivers.slack import SlackLedger, create_app
from aiops.settings import SinkSettings
from tests.builders import minute
from tests.notify.stories import NO_REFERENCE, incident, notification, resolved

TOKEN = "xoxb-loopback-secret"
ANN = {"name": "ann", "profile": {"real_name": "Ann Lee", "email": "ann@shop.example"}}


@dataclass(frozen=True, slots=True, kw_only=True)
class Workspace:
    """One loopback Slack, and both ways to call it."""

    ledger: SlackLedger
    faults: FaultPlan
    url: str
    http: httpx.Client
    sdk: WebClient

    @property
    def ours(self) -> SlackCalls:
        return SlackCalls(self.http, "slack", self.url, TOKEN)


@contextmanager
def workspace(**changes: Any) -> Iterator[Workspace]:
    ledger = SlackLedger(
        tokens={TOKEN: "B0001"},
        channels={"C0001": "incidents", "C0002": "payments"},
        users={"U0ANN": ANN},
        clock=lambda: minute(4),
        **changes,
    )
    faults = FaultPlan()
    with (
        serve(create_app(ledger, faults)) as address,
        httpx.Client(trust_env=False) as http,
    ):
        url = f"{address}/api/"
        sdk = WebClient(token=TOKEN, base_url=url, retry_handlers=[])
        yield Workspace(ledger=ledger, faults=faults, url=url, http=http, sdk=sdk)


def a_day_of_an_incident(at: Workspace) -> None:
    """Let our code make every call it makes; pictures have tests of their own."""
    sink = Slack("slack", TOKEN, "#incidents", at.url, client=at.http, with_buttons=True)

    def deliver(
        of: Incident, action: DeliveryAction, told: Mapping[str, str], *, repeated: bool = False
    ) -> Mapping[str, str]:
        note = notification(of, action)
        return sink.send(note, sink.payload(of, note, told), repeated=repeated).reference

    deliver(incident(), DeliveryAction.TRIGGER, NO_REFERENCE)
    told = deliver(incident(), DeliveryAction.TRIGGER, NO_REFERENCE, repeated=True)
    deliver(incident(revision=2, assignee="bob"), DeliveryAction.UPDATE, told)
    deliver(resolved(), DeliveryAction.RESOLVE, told, repeated=True)
    settings = SinkSettings(name="slack", kind="slack", url=at.url, secret=SecretStr(TOKEN))
    People((settings,)).name_of(Place.SLACK, "U0ANN")


def test_what_our_code_asks_slacks_client_asks_in_its_own_form_and_is_answered_the_same() -> None:
    with workspace() as ours, workspace() as theirs:
        a_day_of_an_incident(ours)
        asked = ours.ledger.records
        for record in asked:
            method = record.path.removeprefix("/api/")
            call: Callable[..., Any] = getattr(theirs.sdk, method.replace(".", "_"))
            arguments = {**record.query, **(record.body or {})}
            assert call(**arguments).data == record.answer, f"{method}: {arguments}"
        assert theirs.ledger.state() == ours.ledger.state()
    assert {record.path.removeprefix("/api/") for record in asked} == {
        "chat.postMessage",
        "chat.update",
        "conversations.history",
        "conversations.list",
        "conversations.replies",
        "users.info",
    }


def test_a_repeat_in_a_channel_known_by_name_finds_what_is_there() -> None:
    with workspace() as ours:
        a_day_of_an_incident(ours)
        parents = [one for one in ours.ledger.messages if one.thread_ts is None]
    assert len(parents) == 1


REFUSALS: Mapping[str, tuple[str, dict[str, Any], str]] = {
    "no such channel": (
        "chat.postMessage",
        {"channel": "C9", "text": "x"},
        "channel_not_found",
    ),
    "nothing said": ("chat.postMessage", {"channel": "C0001", "blocks": []}, "no_text"),
    "no such thread": (
        "chat.postMessage",
        {"channel": "C0001", "text": "x", "thread_ts": "1.000100"},
        "thread_not_found",
    ),
    "blocks Slack does not take": (
        "chat.postMessage",
        {"channel": "C0001", "text": "x", "blocks": [{"type": "divider"}] * 51},
        "invalid_blocks",
    ),
    "no such message": (
        "chat.update",
        {"channel": "C0001", "ts": "1.000100", "text": "x"},
        "message_not_found",
    ),
    "a page too long": (
        "conversations.history",
        {"channel": "C0001", "limit": 1000},
        "invalid_limit",
    ),
    "a conversation by its name": (
        "conversations.history",
        {"channel": "#incidents"},
        "channel_not_found",
    ),
    "a thread there is not": (
        "conversations.replies",
        {"channel": "C0001", "ts": "1.000100"},
        "thread_not_found",
    ),
    "no such type": ("conversations.list", {"types": "public_channel,guild"}, "invalid_types"),
    "no such page": ("conversations.list", {"cursor": "C9"}, "invalid_cursor"),
    "too many channels": ("conversations.list", {"limit": 1000}, "invalid_limit"),
    "nobody": ("users.info", {"user": "U9"}, "user_not_found"),
}


def ours_refused(at: Workspace, method: str, arguments: Mapping[str, Any]) -> SlackRefusalError:
    call: Callable[..., Any] = at.ours.post if method.startswith("chat.") else at.ours.get
    with pytest.raises(SlackRefusalError) as caught:
        call(method, arguments)
    return caught.value


def theirs_refused(at: Workspace, method: str, arguments: Mapping[str, Any]) -> Any:
    with pytest.raises(SlackApiError) as caught:
        getattr(at.sdk, method.replace(".", "_"))(**arguments)
    return caught.value.response


@pytest.fixture(scope="module")
def one() -> Iterator[Workspace]:
    with workspace() as made:
        yield made


@pytest.mark.filterwarnings("ignore:The top-level `text` argument is missing")
@pytest.mark.parametrize("case", REFUSALS)
def test_a_no_is_the_same_no_for_slacks_client_and_for_ours(one: Workspace, case: str) -> None:
    method, arguments, error = REFUSALS[case]
    refused = ours_refused(one, method, arguments)
    response = theirs_refused(one, method, arguments)
    assert (response["ok"], response["error"], refused.error) == (False, error, error)
    assert (response.status_code, refused.retryable, refused.ambiguous) == (200, False, False)


METHODS: Mapping[str, dict[str, Any]] = {
    "chat.postMessage": {"channel": "C0001", "text": "x"},
    "chat.update": {"channel": "C0001", "ts": "1.000100", "text": "x"},
    "conversations.history": {"channel": "C0001"},
    "conversations.list": {},
    "conversations.replies": {"channel": "C0001", "ts": "1.000100"},
    "users.info": {"user": "U0ANN"},
}


@pytest.mark.parametrize("method", METHODS)
def test_every_method_says_when_to_come_back(one: Workspace, method: str) -> None:
    fault = Fault(kind=FaultKind.STATUS, status=429, retry_after_seconds=7)
    one.faults.add(fault, fault)
    refused = ours_refused(one, method, METHODS[method])
    response = theirs_refused(one, method, METHODS[method])
    assert (response.status_code, response["error"]) == (429, refused.error)
    assert float(response.headers["Retry-After"]) == refused.retry_after_seconds == 7
    assert (refused.retryable, refused.ambiguous) == (True, False)


@pytest.mark.parametrize(
    ("method", "arguments", "needed"),
    [
        ("chat.postMessage", METHODS["chat.postMessage"], "chat:write"),
        ("chat.update", METHODS["chat.update"], "chat:write"),
        ("conversations.history", METHODS["conversations.history"], "channels:history"),
        ("conversations.replies", METHODS["conversations.replies"], "channels:history"),
        ("conversations.list", {}, "channels:read"),
        ("conversations.list", {"types": "private_channel"}, "groups:read"),
        ("users.info", METHODS["users.info"], "users:read"),
    ],
)
def test_a_missing_scope_is_named_to_both(
    method: str, arguments: Mapping[str, Any], needed: str
) -> None:
    with workspace(scopes=("commands",)) as strict:
        refused = ours_refused(strict, method, arguments)
        response = theirs_refused(strict, method, arguments)
    assert (response["error"], refused.error) == ("missing_scope", "missing_scope")
    assert response["needed"] == needed
    assert f"needed scope: {needed}" in str(refused)


def test_channels_come_in_pages(one: Workspace) -> None:
    # slack_sdk's response turns itself into the next page as it is iterated
    pages = one.sdk.conversations_list(limit=1)
    assert [[each["name"] for each in page["channels"]] for page in pages] == [
        ["incidents"],
        ["payments"],
    ]
    assert [each["name"] for each in one.ours.pages("conversations.list", {}, "channels")] == [
        "incidents",
        "payments",
    ]
    private = one.sdk.conversations_list(types="private_channel")
    assert private["channels"] == [], "every channel of a loopback Slack is public"


def test_a_sick_slack_is_an_error_to_both_and_never_an_answer(one: Workspace) -> None:
    one.faults.add(*2 * [Fault(kind=FaultKind.STATUS, status=503)])
    with pytest.raises(DeliveryError) as ours:
        one.ours.post("chat.postMessage", METHODS["chat.postMessage"])
    response = theirs_refused(one, "chat.postMessage", METHODS["chat.postMessage"])
    assert (response.status_code, response["ok"]) == (503, False)
    assert (ours.value.retryable, ours.value.ambiguous) == (True, True)
