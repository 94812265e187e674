import json
from dataclasses import replace
from pathlib import Path
from typing import Any, Protocol

import httpx
import pytest
from hypothesis import given, settings

from aiops.domain.clues import Clues
from aiops.domain.errors import DeliveryError
from aiops.domain.incidents import Cause, Incident, IncidentState, Severity
from aiops.domain.notifications import DeliveryAction
from aiops.notify import slack_api
from aiops.notify.mrkdwn import escaped
from aiops.notify.slack import Slack
from aiops.notify.slack_message import message
from aiops.receivers.asgi import answer_under
from aiops.receivers.blockkit import MAX_TEXT_CHARACTERS, block_errors, text_characters
from aiops.receivers.faults import Fault, FaultKind, FaultPlan
from aiops.receivers.slack import SlackLedger
from tests.clues.made import FAILED, NEW
from tests.notify import nasty
from tests.notify.stories import LEVELS, NO_REFERENCE, incident, notification, resolved

GOLDEN = Path(__file__).parents[1] / "golden" / "notify"
POST, UPDATE = "/api/chat.postMessage", "/api/chat.update"
TOKEN = "xoxb-loopback-secret"
REFERENCE = {
    "channel": "C0001",
    "ts": "1776506640.000100",
    "severity": "P1",
    "cause": "payment-service deploy:payment-service:2026.04.18-3",
}


class Bench(Protocol):
    @property
    def sink(self) -> Slack: ...
    @property
    def ledger(self) -> SlackLedger: ...
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


def thread(bench: Bench) -> list[str]:
    return [one.content.text for one in bench.ledger.messages if one.thread_ts]


def answering(*answers: httpx.Response) -> Slack:
    left = list(answers)
    transport = httpx.MockTransport(lambda _: left.pop(0) if len(left) > 1 else left[0])
    client = httpx.Client(transport=transport)
    return Slack("slack", TOKEN, "C0001", "http://127.0.0.1:1/api/", client=client)


def failure(sink: Slack) -> DeliveryError:
    note = notification(incident())
    with pytest.raises(DeliveryError) as caught:
        sink.send(note, sink.payload(incident(), note, NO_REFERENCE), repeated=False)
    assert TOKEN not in str(caught.value)
    return caught.value


def test_a_trigger_says_exactly_what_the_requirement_says(slack: Bench) -> None:
    reference = deliver(slack, incident())
    (posted,) = slack.ledger.messages
    assert posted.content.text == (
        "I've created incident INC-2048 (P1). Likely owner: Payments team. Suggested runbook:"
        " RB-17 (Payment gateway errors). Type `/runbook RB-17` to see steps."
    )
    assert (reference["channel"], reference["ts"]) == ("C0001", posted.ts)


@pytest.mark.parametrize("action", [DeliveryAction.TRIGGER, DeliveryAction.RESOLVE])
def test_the_payload_is_the_golden_one(action: DeliveryAction) -> None:
    sink = Slack("slack", TOKEN, "C0001", base_url="https://aiops.example")
    of = incident() if action is DeliveryAction.TRIGGER else resolved()
    reference = NO_REFERENCE if action is DeliveryAction.TRIGGER else REFERENCE
    expected = json.loads((GOLDEN / f"slack-{action.value}.json").read_text())
    assert sink.payload(of, notification(of, action), reference) == expected


def test_the_thread_says_once_that_nobody_acknowledged_in_time(slack: Bench) -> None:
    first = deliver(slack, incident())
    waiting = incident(revision=2, escalated=1)
    second = deliver(slack, waiting, DeliveryAction.UPDATE, reference=first)
    deliver(slack, replace(waiting, revision=3), DeliveryAction.UPDATE, reference=second)
    assert thread(slack) == ["Nobody has acknowledged it in time."]


def test_the_error_budget_stands_beside_the_impact(slack: Bench) -> None:
    deliver(slack, incident(levels=LEVELS))
    (posted,) = slack.ledger.messages
    told = json.dumps(posted.content.blocks, ensure_ascii=False)
    assert "it took 2.6% of the error budget of checkout availability (99.5%" in told


def test_an_incident_is_one_message_that_changes_with_a_thread_that_says_what(
    slack: Bench,
) -> None:
    first = incident(severity=Severity.P2, causes=())
    reference = deliver(slack, first)
    reference = deliver(slack, incident(revision=2), DeliveryAction.UPDATE, reference=reference)
    acknowledged = incident(revision=3, state=IncidentState.ACKNOWLEDGED, acknowledged_by="ann")
    reference = deliver(slack, acknowledged, DeliveryAction.ACKNOWLEDGE, reference=reference)
    deliver(slack, resolved(), DeliveryAction.RESOLVE, reference=reference)
    (message,) = [one for one in slack.ledger.messages if one.thread_ts is None]
    assert len(message.revisions) == 4
    assert message.revisions[2].content.text.startswith("INC-2048 was acknowledged by ann. I've")
    assert message.content.text.startswith("INC-2048 is over: it lasted 38 min")
    assert thread(slack) == [
        "Severity is now P1, was P2: revenue per minute in EU down 24% (P1 from 15%)."
        " Likely cause is now deploy 2026.04.18-3 to payment-service at 10:01 UTC (82% sure).",
        "INC-2048 was acknowledged by ann.",
        "INC-2048 is over: it lasted 38 min and has been quiet since 10:41 UTC."
        " It cost about EUR 46,000 of revenue in EU.",
    ]


def test_what_was_said_in_slack_itself_changes_the_message_and_not_the_thread(
    slack: Bench,
) -> None:
    reference = deliver(slack, incident())
    taken = incident(
        revision=2, state=IncidentState.ACKNOWLEDGED, acknowledged_by="ann", assignee="bob"
    )
    reference = deliver(slack, taken, DeliveryAction.REFRESH, reference=reference)
    (message,) = [one for one in slack.ledger.messages if one.thread_ts is None]
    assert message.content.text.startswith("INC-2048 was acknowledged by ann, assigned to bob.")
    deliver(slack, replace(taken, revision=3), DeliveryAction.UPDATE, reference=reference)
    assert thread(slack) == []


def test_whom_it_is_given_to_is_told_in_the_thread(slack: Bench) -> None:
    reference = deliver(slack, incident())
    deliver(slack, incident(revision=2, assignee="bob"), DeliveryAction.UPDATE, reference=reference)
    assert thread(slack) == ["Assigned to bob."]


def test_an_update_that_only_costs_more_is_quiet(slack: Bench) -> None:
    reference = deliver(slack, incident())
    surer = (Cause(service="payment-service", confidence=0.9, change=incident().causes[0].change),)
    deliver(slack, incident(revision=2, causes=surer), DeliveryAction.UPDATE, reference=reference)
    assert thread(slack) == []


def test_a_cause_that_is_gone_is_told(slack: Bench) -> None:
    reference = deliver(slack, incident())
    deliver(slack, incident(revision=2, causes=()), DeliveryAction.UPDATE, reference=reference)
    assert thread(slack) == ["Likely cause is now unknown again."]


def test_a_repeat_after_a_cut_connection_finds_the_message_and_brings_it_up_to_date(
    slack: Bench,
) -> None:
    deliver(slack, incident(id="INC-2047"))
    slack.faults.add(Fault(kind=FaultKind.CUT_AFTER, path=POST))
    with pytest.raises(DeliveryError) as caught:
        deliver(slack, incident())
    assert (caught.value.retryable, caught.value.ambiguous) == (True, True)
    reference = deliver(slack, incident(revision=2), repeated=True)
    other, message = slack.ledger.messages
    assert reference["ts"] == message.ts != other.ts
    assert len(message.revisions) == 2


def test_a_repeat_of_a_message_that_never_arrived_posts_it(slack: Bench) -> None:
    deliver(slack, incident(detected_at=incident().detected_at.replace(year=2025)))
    deliver(slack, incident(episode=2))
    slack.faults.add(Fault(kind=FaultKind.CUT_BEFORE, path=POST))
    with pytest.raises(DeliveryError):
        deliver(slack, incident())
    deliver(slack, incident(), repeated=True)
    assert len(slack.ledger.messages) == 3


def test_a_repeat_of_a_reply_that_arrived_makes_no_second(slack: Bench) -> None:
    reference = deliver(slack, incident())
    slack.faults.add(Fault(kind=FaultKind.CUT_AFTER, path=POST))
    with pytest.raises(DeliveryError):
        deliver(slack, resolved(), DeliveryAction.RESOLVE, reference=reference)
    deliver(slack, resolved(), DeliveryAction.RESOLVE, reference=reference, repeated=True)
    assert len(thread(slack)) == 1


def test_a_repeat_of_a_reply_that_never_arrived_posts_it(slack: Bench) -> None:
    reference = deliver(slack, incident())
    slack.faults.add(Fault(kind=FaultKind.CUT_BEFORE, path=POST))
    with pytest.raises(DeliveryError):
        deliver(slack, resolved(), DeliveryAction.RESOLVE, reference=reference)
    deliver(slack, resolved(), DeliveryAction.RESOLVE, reference=reference, repeated=True)
    assert len(thread(slack)) == 1


def test_an_update_without_a_message_posts_one_or_finds_the_lost_one(slack: Bench) -> None:
    deliver(slack, incident(), DeliveryAction.UPDATE)
    deliver(slack, incident(revision=2), DeliveryAction.UPDATE)
    deliver(slack, resolved(), DeliveryAction.RESOLVE)
    message, reply = slack.ledger.messages
    assert (message.thread_ts, reply.thread_ts) == (None, message.ts)


def test_a_message_on_a_later_page_is_found(slack: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(slack_api, "_PAGE", "1")
    for number in range(3):
        deliver(slack, incident(id=f"INC-{number}"))
    deliver(slack, incident(id="INC-0"), repeated=True)
    assert len(slack.ledger.messages) == 3


def test_a_message_that_a_storm_has_pushed_far_up_is_found(slack: Bench) -> None:
    """A retry waits for minutes, and the channel takes a message a second meanwhile."""
    reference = deliver(slack, incident())
    for number in range(2000):
        talk(slack, f"number {number}")
    assert deliver(slack, incident(revision=2), repeated=True)["ts"] == reference["ts"]


def talk(bench: Bench, text: str) -> None:
    """Post a message without a socket between."""
    ledger = bench.ledger
    received = ledger.stamp(
        method="POST",
        path=POST,
        query={},
        headers={"authorization": f"Bearer {TOKEN}", "content-type": "application/json"},
        body=json.dumps({"channel": "C0001", "text": text}).encode(),
    )
    ledger.keep(received, answer_under(None, ledger, received))


def test_a_team_with_a_channel_of_its_own_hears_there_until_the_end(slack: Bench) -> None:
    reference = deliver(slack, incident(owner="search"))
    deliver(slack, incident(revision=2), DeliveryAction.UPDATE, reference=reference)
    (only,) = slack.ledger.messages
    assert (only.channel, len(only.revisions)) == ("C0002", 2)


def test_a_channel_may_be_named(slack: Bench) -> None:
    sink = Slack("slack", TOKEN, "#incidents", slack.sink._api_url, client=slack.sink._client)
    note = notification(incident())
    payload = sink.payload(incident(), note, NO_REFERENCE)
    assert sink.send(note, payload, repeated=False).reference["channel"] == "C0001"


def test_a_named_channel_is_looked_up_before_it_is_read() -> None:
    asked: list[tuple[str, dict[str, str]]] = []

    def answer(request: httpx.Request) -> httpx.Response:
        method = request.url.path.rpartition("/")[2]
        asked.append((method, dict(request.url.params)))
        listed = [{"name": "random", "id": "C1"}, {"name": "incidents", "id": "C2"}]
        answers: dict[str, dict[str, Any]] = {
            "conversations.list": {"ok": True, "channels": listed},
            "conversations.history": {"ok": True, "messages": [None, {"metadata": 3}]},
        }
        return httpx.Response(200, json=answers.get(method, {"ok": True, "ts": "1.2"}))

    with httpx.Client(transport=httpx.MockTransport(answer)) as client:
        sink = Slack("slack", TOKEN, "#incidents", client=client)
        note = notification(incident())
        sink.send(note, sink.payload(incident(), note, NO_REFERENCE), repeated=True)
    assert [method for method, _ in asked] == [
        "conversations.list",
        "conversations.history",
        "chat.postMessage",
    ]
    assert asked[1][1]["channel"] == "C2"


def test_where_the_app_may_not_look_a_message_twice_is_better_than_none() -> None:
    refused = httpx.Response(200, json={"ok": False, "error": "missing_scope"})
    posted = httpx.Response(200, json={"ok": True, "ts": "1.2", "channel": "C0001"})
    sink = answering(refused, posted)
    note = notification(incident())
    payload = sink.payload(incident(), note, NO_REFERENCE)
    assert sink.send(note, payload, repeated=True).reference["ts"] == "1.2"


def test_a_look_that_fails_is_not_taken_for_nothing_found(slack: Bench) -> None:
    slack.faults.add(Fault(kind=FaultKind.STATUS, path="/api/conversations.history"))
    with pytest.raises(DeliveryError) as caught:
        deliver(slack, incident(), repeated=True)
    assert (caught.value.retryable, caught.value.ambiguous) == (True, False)
    assert slack.ledger.messages == ()


@pytest.mark.parametrize("status", [500, 503, 429])
def test_a_bad_day_is_worth_a_retry(slack: Bench, status: int) -> None:
    slack.faults.add(Fault(kind=FaultKind.STATUS, status=status, retry_after_seconds=9))
    with pytest.raises(DeliveryError) as caught:
        deliver(slack, incident())
    assert caught.value.retryable
    assert caught.value.retry_after_seconds == (9 if status == 429 else None)
    assert caught.value.ambiguous == (status != 429)


def test_garbage_instead_of_an_answer_is_worth_a_retry(slack: Bench) -> None:
    slack.faults.add(Fault(kind=FaultKind.GARBAGE))
    with pytest.raises(DeliveryError) as caught:
        deliver(slack, incident())
    assert (caught.value.retryable, caught.value.ambiguous) == (True, True)


@pytest.mark.parametrize(
    ("error", "retryable", "says"),
    [
        ("ratelimited", True, "ratelimited"),
        ("internal_error", True, "internal_error"),
        ("service_unavailable", True, "service_unavailable"),
        ("fatal_error", True, "fatal_error"),
        ("request_timeout", True, "request_timeout"),
        ("not_in_channel", False, "/invite @aiops"),
        ("invalid_auth", False, "AIOPS_SLACK_BOT_TOKEN"),
        ("channel_not_found", False, "by its id"),
        ("msg_too_long", False, "msg_too_long"),
        (None, False, "unknown_error"),
        (TOKEN, False, "(token)"),
    ],
)
def test_every_no_of_slack_is_named_with_what_to_do(
    error: str | None, retryable: bool, says: str
) -> None:
    found = failure(answering(httpx.Response(200, json={"ok": False, "error": error})))
    assert says in str(found)
    assert (found.retryable, found.ambiguous) == (retryable, False)


@pytest.mark.parametrize(
    ("answer", "retryable"),
    [
        (httpx.Response(200, json={"ok": True}), True),
        (httpx.Response(200, json=[1]), True),
        (httpx.Response(200, text="<html>"), True),
        (httpx.Response(404), False),
        (httpx.Response(302), False),
    ],
)
def test_an_answer_slack_would_never_give_is_no_receipt(
    answer: httpx.Response, retryable: bool
) -> None:
    assert failure(answering(answer)).retryable == retryable


def test_invalid_blocks_and_missing_scopes_are_told_in_slacks_own_words() -> None:
    content = {
        "ok": False,
        "error": "missing_scope",
        "needed": "chat:write",
        "response_metadata": {"messages": ["[ERROR] no"]},
    }
    found = str(failure(answering(httpx.Response(200, json=content))))
    assert "[ERROR] no, needed scope: chat:write" in found


@pytest.mark.parametrize("token", ["xoxb-\nsecret", "xoxb-secrét"])
def test_a_token_that_cannot_be_sent_is_not_told(slack: Bench, token: str) -> None:
    error = failure(Slack("slack", token, "C1", slack.sink._api_url, client=slack.sink._client))
    assert "cannot be formed" in str(error)
    assert "xoxb" not in str(error)
    assert not error.retryable


def test_without_a_token_it_says_what_to_set() -> None:
    error = failure(Slack("slack", None, "C1", "http://127.0.0.1:9/api"))
    assert "AIOPS_SLACK_BOT_TOKEN" in str(error)


def test_one_delivery_gives_up_before_its_lease_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(slack_api, "_BUDGET_SECONDS", 0.0)
    assert "too slowly" in str(failure(answering(httpx.Response(200))))


def test_text_is_escaped_and_mentions_nobody() -> None:
    assert escaped("<!channel> @here & @Everyone", 90) == (
        "&lt;!channel&gt; @\u2060here &amp; @\u2060Everyone"
    )
    assert escaped("&" * 10, 12) == "&amp;&amp;…"


@settings(max_examples=60)
@given(nasty.incidents())
def test_whatever_the_incident_the_message_keeps_to_block_kit(of: Incident) -> None:
    sink = Slack("slack", TOKEN, "C0001", base_url="https://aiops.example")
    for action in DeliveryAction:
        payload = sink.payload(of, notification(of, action), REFERENCE)
        blocks = payload["message"]["blocks"]
        assert block_errors(blocks) == []
        assert text_characters(blocks) <= MAX_TEXT_CHARACTERS
        texts = [payload["message"]["text"], (payload["reply"] or {}).get("text", "")]
        assert all(len(text) <= 4000 for text in texts)
        # a header is plain text: nothing in it is markup
        said = json.dumps([blocks[1:], *texts], ensure_ascii=False)
        assert "<!" not in said
        assert "<@" not in said
        assert said.count("<") == said.count("<https://aiops.example")


def test_a_line_tells_of_the_new_error_and_mentions_nobody() -> None:
    clue = replace(NEW, text="<!channel> card <*> declined @here")
    found = incident(clues=Clues(logs=(clue,)))
    told = message(found, notification(found), "https://aiops.example")
    sections = [
        one["text"]["text"] for one in told["blocks"] if one["type"] == "section" and "text" in one
    ]
    (line,) = [one for one in sections if one.startswith("new error in payment-service")]
    assert "&lt;!channel&gt; card &lt;*&gt; declined" in line
    assert "143 times since 10:03 UTC, e.g. trace 4bf92f35…" in line
    assert "@here" not in line


def test_without_logs_and_traces_no_line_is_there() -> None:
    found = incident()
    blocks = message(found, notification(found), "https://aiops.example")["blocks"]
    clues = incident(clues=Clues(traces=(FAILED,)))
    assert len(message(clues, notification(clues), "")["blocks"]) == len(blocks) + 1
