"""slack_bolt as the other end: what we take for Slack's requests it takes too, and what it refuses
we refuse in words, never with a 500."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import anyio
import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from slack_bolt import App, BoltContext
from slack_bolt.adapter.starlette import SlackRequestHandler
from slack_bolt.middleware.request_verification import RequestVerification
from slack_sdk import WebClient
from slack_sdk.signature import Clock, SignatureVerifier
from starlette.applications import Starlette
from starlette.routing import Route
from starlette.types import ASGIApp

from aiops.domain.incidents import Incident, IncidentState
from aiops.domain.words import Asker, Overheard, Place, Verb
from aiops.ingest import slack_words
from aiops.notify.slack import Slack
from aiops.receivers.server import serve
from aiops.receivers.slack import SlackLedger, create_app
from aiops.web.slack_signature import signature_of
from tests.builders import minute
from tests.notify.stories import NO_REFERENCE, incident, notification, resolved
from tests.slack_bodies import (
    block_actions,
    body_of,
    payload_of,
    presses,
    signed,
    slash_command,
)
from tests.web.conftest import SECRET, made_site

TOKEN = "xoxb-loopback"
PRESS = Path(__file__).parents[1] / "golden" / "words" / "slack-acknowledge.json"
OFFERED = set(Verb) - {Verb.RESOLVE}  # the end of the watch is nobody's to say
COMMANDS, ACTIONS = "/slack/commands", "/slack/actions"


class BoltsTime(Clock):
    """The tests' time, for slack_bolt."""

    def __init__(self, at: datetime) -> None:
        self._at = at

    def now(self) -> float:
        return self._at.timestamp()


class AtOurTime(RequestVerification):
    """slack_bolt's own verification, which otherwise reads the wall clock."""

    def __init__(self, at: datetime) -> None:
        super().__init__(SECRET)
        self._at = at

    @property
    def verifier(self) -> SignatureVerifier:
        return SignatureVerifier(SECRET, clock=BoltsTime(self._at))


@dataclass
class OtherApp:
    """A Slack app made of slack_bolt: takes our commands and buttons as any app takes its own."""

    workspace: str
    at: datetime
    answer: dict[str, Any] = field(default_factory=dict)
    commands: list[tuple[dict[str, Any], BoltContext]] = field(default_factory=list)
    actions: list[tuple[dict[str, Any], BoltContext]] = field(default_factory=list)

    def take_command(self, ack: Any, command: dict[str, Any], context: BoltContext) -> None:
        self.commands.append((command, context))
        ack(**self.answer)

    def take_action(
        self, ack: Any, body: dict[str, Any], action: Any, context: BoltContext, client: WebClient
    ) -> None:
        self.actions.append((action, context))
        ack()
        shown = body["message"]
        where = {"channel": str(context.channel_id), "ts": body["container"]["message_ts"]}
        if "blocks" in shown:
            client.chat_update(**where, text=f"taken: {shown['text']}", blocks=shown["blocks"])
        if context.respond is not None:
            context.respond(text="It is yours.", replace_original=False)

    def asgi(self) -> ASGIApp:
        app = App(
            token=TOKEN,
            signing_secret=SECRET,
            client=WebClient(token=TOKEN, base_url=f"{self.workspace}/api/"),
            request_verification_enabled=False,
            before_authorize=AtOurTime(self.at),
            process_before_response=True,
        )
        app.command(re.compile("^/(incident|runbook)$"))(self.take_command)
        app.action(re.compile(r"^aiops\."))(self.take_action)
        handler = SlackRequestHandler(app)
        return Starlette(
            routes=[Route(path, handler.handle, methods=["POST"]) for path in (COMMANDS, ACTIONS)]
        )


@dataclass(kw_only=True)
class Ends:
    """Our application and the one of slack_bolt, which are sent the same."""

    ours: ASGIApp
    bolt: OtherApp
    bolts: ASGIApp
    at: datetime
    workspace: str
    ledger: SlackLedger
    kept: list[bytes]
    reports: list[tuple[str, Asker]]

    def send(
        self, path: str, body: bytes, headers: dict[str, Any] | None = None
    ) -> tuple[httpx.Response, httpx.Response]:
        """Return our answer and that of slack_bolt."""
        sent = signed(SECRET, body, self.at.timestamp()) if headers is None else headers
        ours = anyio.run(_post, self.ours, path, body, sent)
        self.bolt.answer = ours.json() if path == COMMANDS and ours.is_success else {}
        return ours, anyio.run(_post, self.bolts, path, body, sent)


async def _post(app: ASGIApp, path: str, body: bytes, headers: dict[str, Any]) -> httpx.Response:
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="https://aiops.example") as client:
        return await client.post(path, content=body, headers=headers)


@pytest.fixture(scope="module")
def both() -> Iterator[Ends]:
    site = made_site()
    at = site.real_clock.at
    ledger = SlackLedger(
        tokens={TOKEN: "B0001"}, channels={"C0001": "incidents"}, clock=lambda: minute(4)
    )
    kept: list[bytes] = []
    reports: list[tuple[str, Asker]] = []

    def declare(text: str, by: Asker) -> str:
        reports.append((text.strip(), by))
        return "Reported of payment-service."

    browser = site.open(keep_word=lambda *word: kept.append(word[-1]), declare=declare)
    with serve(create_app(ledger)) as workspace:
        bolt = OtherApp(workspace, at)
        yield Ends(
            ours=browser.app,
            bolt=bolt,
            bolts=bolt.asgi(),
            at=at,
            workspace=workspace,
            ledger=ledger,
            kept=kept,
            reports=reports,
        )


@pytest.fixture
def ends(both: Ends) -> Ends:
    for heard in (both.kept, both.reports, both.bolt.commands, both.bolt.actions):
        heard.clear()
    return both


@pytest.mark.parametrize(
    ("command", "text"),
    [
        ("/incident", ""),
        ("/incident", "INC-2048"),
        ("/incident", "INC-1"),
        ("/incident", "INC-2048 noise <b> & the nightly batch + täglich 100% “ok”"),
        ("/incident", "merge INC-2048 INC-2047 one pool"),
        ("/incident", "split INC-2048 search by chance"),
        ("/incident", "declare payment-service checkout fails in EU"),
        ("/runbook", ""),
        ("/runbook", "RB-17"),
        ("/runbook", "search payment"),
        ("/runbook", "search"),
    ],
)
def test_a_slash_command_is_one_to_bolt_and_our_answer_is_one_bolt_would_give(
    ends: Ends, command: str, text: str
) -> None:
    ours, theirs = ends.send(COMMANDS, body_of(slash_command(command, text)))
    assert (ours.status_code, theirs.status_code) == (200, 200)
    ((heard, context),) = ends.bolt.commands
    assert (heard["command"], heard.get("text", "")) == (command, text)
    assert (context.user_id, context.channel_id, context.team_id) == ("U0ANN", "C0001", "T0SHOP")
    assert theirs.json() == ours.json()
    assert theirs.headers["content-type"].startswith("application/json")


def test_who_reports_and_where_they_are_answered_is_read_as_bolt_reads_it(ends: Ends) -> None:
    ends.send(COMMANDS, body_of(slash_command("/incident", "declare payment-service fails")))
    ((heard, context),) = ends.bolt.commands
    ((text, asker),) = ends.reports
    assert f"declare {text}" == heard["text"]
    assert asker == Asker(
        name=heard["user_name"],
        place=Place.SLACK,
        id=str(context.user_id),
        key=heard["trigger_id"],
        answer_url=str(context.response_url),
    )


STATES: dict[str, Incident] = {
    "open": incident(),
    "acknowledged": incident(state=IncidentState.ACKNOWLEDGED, acknowledged_by="bob"),
    "mitigated": resolved(),
    "dismissed": resolved(dismissed_by="ann"),
}


@pytest.mark.parametrize("state", STATES)
def test_every_button_of_our_messages_is_one_to_bolt_and_read_as_bolt_reads_it(
    ends: Ends, state: str
) -> None:
    of = STATES[state]
    with httpx.Client(trust_env=False) as client:
        url = f"{ends.workspace}/api/"
        sink = Slack("slack", TOKEN, "C0001", url, client=client, with_buttons=True)
        note = notification(of)
        sink.send(note, sink.payload(of, note, NO_REFERENCE), repeated=False)
    posted = ends.ledger.messages[-1]
    shown = posted.to_json(metadata=False)
    verbs = set()
    for number, action in enumerate(presses(shown)):
        answer_id = f"{state}-{number}"
        answer_url = f"{ends.workspace}/response/{answer_id}"
        body = payload_of(block_actions(shown, action, response_url=answer_url))
        ours, theirs = ends.send(ACTIONS, body)
        assert (ours.status_code, ours.content) == (200, b"")
        assert (theirs.status_code, theirs.content) == (200, b"")
        heard, context = ends.bolt.actions[-1]
        word = slack_words.parse(ends.kept[-1])
        assert isinstance(word, Overheard)
        assert heard["action_id"] == f"aiops.{word.verb.value}"
        assert heard["block_id"].startswith(word.key)
        assert word.about_id == heard.get("selected_user", "")
        assert word.about == heard.get("selected_option", {"text": {"text": ""}})["text"]["text"]
        assert (word.who_id, word.channel) == (context.user_id, context.channel_id)
        assert word.answer_url == context.response_url == answer_url
        assert ends.ledger.responses[answer_id][0]["text"] == "It is yours."
        verbs.add(word.verb)
    assert len(ends.kept) == len(ends.bolt.actions) >= len(verbs)
    if state == "open":
        assert verbs == OFFERED
    updated = ends.ledger.messages[-1]
    assert updated.content.text.startswith("taken: "), "bolt's app put our blocks back as they were"
    assert [block["type"] for block in updated.content.blocks] == [
        block["type"] for block in posted.content.blocks
    ]


BODIES = {
    COMMANDS: body_of(slash_command("/runbook", "RB-17")),
    ACTIONS: payload_of({"type": "block_actions", "actions": []}),
}
NOT_SLACKS: dict[str, dict[str, Any]] = {
    "no signature": {"x-slack-signature": None},
    "an empty signature": {"x-slack-signature": ""},
    "a wrong signature": {"x-slack-signature": "v0=" + 64 * "0"},
    "a signature of another version": {"x-slack-signature": "v1=" + 64 * "0"},
    "a signature that is not ASCII": {"x-slack-signature": b"v0=\xe9"},
    "no timestamp": {"x-slack-request-timestamp": None},
    "an empty timestamp": {"x-slack-request-timestamp": ""},
    "a timestamp in words": {"x-slack-request-timestamp": "soon"},
    "a timestamp that is no number": {"x-slack-request-timestamp": "nan"},
    "a timestamp with an exponent": {"x-slack-request-timestamp": "1e9"},
    "a timestamp before time": {"x-slack-request-timestamp": "-1"},
    "a timestamp of 5,000 digits": {"x-slack-request-timestamp": "9" * 5000},
    "a timestamp in another script": {"x-slack-request-timestamp": "١٢٣".encode()},
}


@pytest.mark.parametrize("path", BODIES)
@pytest.mark.parametrize("case", NOT_SLACKS)
def test_what_is_not_slacks_is_refused_by_both(ends: Ends, path: str, case: str) -> None:
    headers = signed(SECRET, BODIES[path], ends.at.timestamp()) | NOT_SLACKS[case]
    sent = {name: value for name, value in headers.items() if value is not None}
    _refused(ends, *ends.send(path, BODIES[path], sent), status=401)


@pytest.mark.parametrize("path", BODIES)
@pytest.mark.parametrize("off", [-301, 301])
def test_what_is_signed_too_long_ago_or_too_early_is_refused_by_both(
    ends: Ends, path: str, off: int
) -> None:
    headers = signed(SECRET, BODIES[path], ends.at.timestamp() + off)
    _refused(ends, *ends.send(path, BODIES[path], headers), status=401)


@pytest.mark.parametrize("path", BODIES)
def test_what_was_changed_on_the_way_or_signed_by_others_is_refused_by_both(
    ends: Ends, path: str
) -> None:
    body, seconds = BODIES[path], ends.at.timestamp()
    changed = signed(SECRET, body.replace(b"=", b"=1", 1), seconds)
    _refused(ends, *ends.send(path, body, changed), status=401)
    others = signed("another-secret", body, seconds)
    _refused(ends, *ends.send(path, body, others), status=401)


@pytest.mark.parametrize("off", [-299, 299])
def test_what_comes_in_time_is_taken_by_both(ends: Ends, off: int) -> None:
    body = BODIES[COMMANDS]
    ours, theirs = ends.send(COMMANDS, body, signed(SECRET, body, ends.at.timestamp() + off))
    assert (ours.status_code, theirs.status_code) == (200, 200)


MALFORMED: dict[str, tuple[str, bytes]] = {
    "nothing": (ACTIONS, b""),
    "no payload": (ACTIONS, b"other=1"),
    "an empty payload": (ACTIONS, b"payload="),
    "half a payload": (ACTIONS, b"payload=%7B%22type%22"),
    "a list": (ACTIONS, b"payload=%5B%5D"),
    "a number": (ACTIONS, b"payload=1"),
    "null": (ACTIONS, b"payload=null"),
    "a text": (ACTIONS, b"payload=%22x%22"),
    "a payload nested too deep to keep": (
        ACTIONS,
        urlencode({"payload": '{"a":' * 500 + "1" + "}" * 500}).encode(),
    ),
    "a payload nested too deep to read": (
        ACTIONS,
        urlencode({"payload": '{"a":' * 10_000 + "1" + "}" * 10_000}).encode(),
    ),
    "a form nobody can decode": (COMMANDS, b"command=/incident&text=\xff"),
    "a payload nobody can decode": (ACTIONS, b"payload=\xff"),
}


@pytest.mark.parametrize("case", MALFORMED)
def test_what_is_signed_but_malformed_is_refused_by_both(ends: Ends, case: str) -> None:
    path, body = MALFORMED[case]
    stamp = str(int(ends.at.timestamp()))  # Slack's signer cannot sign what is not UTF-8
    headers = signed(SECRET, b"", ends.at.timestamp())
    headers["x-slack-signature"] = signature_of(SECRET, stamp, body)
    _refused(ends, *ends.send(path, body, headers), status=400)


def _refused(ends: Ends, ours: httpx.Response, theirs: httpx.Response, *, status: int) -> None:
    assert ours.status_code == status
    assert ours.json()["error"]
    assert theirs.status_code >= 400, "slack_bolt refuses it too, be it with a 500"
    assert (ends.kept, ends.bolt.commands, ends.bolt.actions) == ([], [], [])


def test_the_same_request_again_passes_slack_bolt_and_not_us(ends: Ends) -> None:
    body = body_of(slash_command("/runbook", "RB-17", trigger_id="1.2.twice"))
    first = ends.send(COMMANDS, body)
    ends.bolt.answer = {}
    again = ends.send(COMMANDS, body)
    assert [one.status_code for one in first] == [200, 200]
    assert [one.status_code for one in again] == [401, 200]


@settings(max_examples=40)
@given(st.text(max_size=200), st.integers(0, 10**11))
def test_we_sign_whatever_text_as_slack_does(text: str, seconds: int) -> None:
    body = text.encode("utf-8", "surrogatepass").decode("utf-8", "replace").encode()
    headers = signed(SECRET, body, seconds)
    stamp = headers["x-slack-request-timestamp"]
    assert signature_of(SECRET, stamp, body) == headers["x-slack-signature"]


def test_the_press_our_other_tests_send_is_one_to_bolt(ends: Ends) -> None:
    press = json.loads(PRESS.read_bytes()) | {"response_url": f"{ends.workspace}/response/golden"}
    ours, theirs = ends.send(ACTIONS, payload_of(press))
    assert (ours.status_code, theirs.status_code) == (200, 200)
    assert ends.bolt.actions[0][0] == press["actions"][0]
