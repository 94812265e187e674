import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

import httpx
import pytest
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError

from aiops.receivers.faults import Fault, FaultKind, FaultPlan
from aiops.receivers.server import serve
from aiops.receivers.slack import SlackLedger, create_app

TOKEN = "xoxb-loopback"
OTHER_TOKEN = "xoxb-other"
CHANNELS = {"C0001": "incidents", "C0002": "payments"}


class Clock(Protocol):
    step: timedelta

    def now(self) -> datetime: ...


@pytest.fixture
def ledger(clock: Clock) -> SlackLedger:
    return SlackLedger(
        tokens={TOKEN: "B0001", OTHER_TOKEN: "B0002"}, channels=CHANNELS, clock=clock.now
    )


@pytest.fixture
def plan() -> FaultPlan:
    return FaultPlan()


@pytest.fixture
def url(ledger: SlackLedger, plan: FaultPlan) -> Iterator[str]:
    with serve(create_app(ledger, plan)) as url:
        yield url


@pytest.fixture
def slack(url: str) -> WebClient:
    return WebClient(token=TOKEN, base_url=f"{url}/api/", retry_handlers=[])


def refusal(error: pytest.ExceptionInfo[SlackApiError]) -> str:
    name: str = error.value.response["error"]
    return name


def section(text: str) -> dict[str, Any]:
    return {"type": "section", "text": {"type": "mrkdwn", "text": text}}


def test_slacks_own_client_posts_updates_and_reads_back(
    slack: WebClient, ledger: SlackLedger
) -> None:
    assert slack.auth_test()["bot_id"] == "B0001"
    metadata = {"event_type": "incident", "event_payload": {"id": "INC-2048", "revision": 1}}
    posted = slack.chat_postMessage(
        channel="#incidents", text="INC-2048 (P1)", blocks=[section("*P1*")], metadata=metadata
    )
    assert posted["channel"] == "C0001"
    assert posted["message"]["blocks"][0]["block_id"]
    updated = slack.chat_update(channel="C0001", ts=posted["ts"], text="INC-2048 resolved")
    assert updated["ts"] == posted["ts"]
    assert updated["message"]["edited"]["user"] == "U0001"
    (shown,) = slack.conversations_history(channel="C0001", include_all_metadata=True)["messages"]
    assert shown["text"] == "INC-2048 resolved"
    assert "blocks" not in shown
    assert shown["metadata"] == metadata
    (plain,) = slack.conversations_history(channel="C0001")["messages"]
    assert "metadata" not in plain
    (message,) = ledger.messages
    assert [revision.content.text for revision in message.revisions] == [
        "INC-2048 (P1)",
        "INC-2048 resolved",
    ]


def test_threads_are_read_by_their_parent_and_hidden_from_the_channel(slack: WebClient) -> None:
    parent = slack.chat_postMessage(channel="C0001", text="parent")["ts"]
    reply = slack.chat_postMessage(channel="C0001", text="reply", thread_ts=parent)["ts"]
    shouted = slack.chat_postMessage(
        channel="C0001", text="shouted", thread_ts=parent, reply_broadcast=True
    )["ts"]
    history = slack.conversations_history(channel="C0001")["messages"]
    assert [message["ts"] for message in history] == [shouted, parent]
    assert (history[1]["reply_count"], history[1]["latest_reply"]) == (2, shouted)
    replies = slack.conversations_replies(channel="C0001", ts=parent)["messages"]
    assert [message["ts"] for message in replies] == [parent, reply, shouted]


def test_history_comes_in_pages_newest_first(slack: WebClient) -> None:
    stamps = [slack.chat_postMessage(channel="C0001", text=str(n))["ts"] for n in range(5)]
    # slack_sdk's response turns itself into the next page as it is iterated
    pages = slack.conversations_history(channel="C0001", limit=2)
    texts = [[message["text"] for message in page["messages"]] for page in pages]
    assert texts == [["4", "3"], ["2", "1"], ["0"]]
    thread = slack.conversations_replies(channel="C0001", ts=stamps[0], limit=1)
    assert thread["has_more"] is False
    between = slack.conversations_history(
        channel="C0001", oldest=stamps[1], latest=stamps[3], inclusive=False
    )
    assert [message["text"] for message in between["messages"]] == ["2"]
    with_ends = slack.conversations_history(
        channel="C0001", oldest=stamps[1], latest=stamps[3], inclusive=True
    )
    assert len(with_ends["messages"]) == 3


def test_every_ts_is_unique_and_later_than_the_one_before() -> None:
    still = datetime(2024, 10, 1, 10, 53, 20, tzinfo=UTC)
    ledger = SlackLedger(tokens={TOKEN: "B0001"}, channels=CHANNELS, clock=lambda: still)
    for _ in range(3):
        call(ledger, "chat.postMessage", {"channel": "C0001", "text": "x"})
    assert [message.ts for message in ledger.messages] == [
        "1727780000.000100",
        "1727780000.000200",
        "1727780000.000300",
    ]


def call(
    ledger: SlackLedger, method: str, arguments: Mapping[str, Any], token: str = TOKEN
) -> dict[str, Any]:
    received = ledger.stamp(
        method="POST",
        path=f"/api/{method}",
        query={},
        headers={"content-type": "application/json", "authorization": f"Bearer {token}"},
        body=json.dumps(arguments).encode(),
    )
    answer = ledger.answer(received)
    ledger.keep(received, answer)
    content: dict[str, Any] = answer.content
    return content


MESSAGE = {"channel": "C0001", "text": "x"}
BAD_POSTS: dict[str, tuple[dict[str, Any], str]] = {
    "no channel": ({"text": "x"}, "invalid_arguments"),
    "unknown channel": (MESSAGE | {"channel": "#nowhere"}, "channel_not_found"),
    "nothing said": ({"channel": "C0001"}, "no_text"),
    "empty blocks": ({"channel": "C0001", "blocks": []}, "no_text"),
    "text too long": (MESSAGE | {"text": "x" * 40_001}, "msg_too_long"),
    "blocks no JSON": (MESSAGE | {"blocks": "[{"}, "invalid_blocks_format"),
    "blocks no list": (MESSAGE | {"blocks": {"type": "divider"}}, "invalid_blocks_format"),
    "51 blocks": (MESSAGE | {"blocks": [{"type": "divider"}] * 51}, "invalid_blocks"),
    "too much in blocks": (MESSAGE | {"blocks": [section("x" * 2700)] * 5}, "msg_blocks_too_long"),
    "attachments no list": (MESSAGE | {"attachments": {}}, "invalid_attachments"),
    "101 attachments": (MESSAGE | {"attachments": [{}] * 101}, "too_many_attachments"),
    "metadata no object": (MESSAGE | {"metadata": [1]}, "invalid_metadata_format"),
    "metadata no type": (
        MESSAGE | {"metadata": {"event_payload": {}}},
        "invalid_metadata_schema",
    ),
    "no such thread": (MESSAGE | {"thread_ts": "1.0"}, "thread_not_found"),
}


@pytest.mark.parametrize("case", BAD_POSTS)
def test_a_bad_post_is_refused_in_slacks_words_and_posts_nothing(
    ledger: SlackLedger, case: str
) -> None:
    arguments, error = BAD_POSTS[case]
    content = call(ledger, "chat.postMessage", arguments)
    assert (content["ok"], content["error"]) == (False, error)
    assert ledger.messages == ()


def test_invalid_blocks_come_with_pointers_for_slacks_client(slack: WebClient) -> None:
    with pytest.raises(SlackApiError) as error:
        slack.chat_postMessage(channel="C0001", text="x", blocks=[section("x" * 3001)])
    assert refusal(error) == "invalid_blocks"
    assert error.value.response["response_metadata"]["messages"] == [
        "[ERROR] must be less than 3001 characters [json-pointer:/blocks/0/text/text]"
    ]


def test_updates_are_refused_to_others_and_for_unknown_messages(ledger: SlackLedger) -> None:
    ts = call(ledger, "chat.postMessage", MESSAGE)["ts"]
    cases: list[tuple[dict[str, Any], str, str]] = [
        (MESSAGE | {"ts": "1.000100"}, TOKEN, "message_not_found"),
        (MESSAGE | {"ts": ts, "channel": "C0002"}, TOKEN, "message_not_found"),
        (MESSAGE | {"ts": ts, "channel": "#incidents"}, TOKEN, "channel_not_found"),
        (MESSAGE | {"ts": ts}, OTHER_TOKEN, "cant_update_message"),
        (MESSAGE, TOKEN, "invalid_arguments"),
        (MESSAGE | {"ts": ts, "text": "x" * 4001}, TOKEN, "msg_too_long"),
    ]
    for arguments, token, error in cases:
        assert call(ledger, "chat.update", arguments, token)["error"] == error
    assert len(ledger.messages[0].revisions) == 1


def test_an_update_keeps_metadata_until_an_empty_one_is_sent(ledger: SlackLedger) -> None:
    metadata = {"event_type": "incident", "event_payload": {}}
    ts = call(ledger, "chat.postMessage", MESSAGE | {"metadata": metadata})["ts"]
    call(ledger, "chat.update", MESSAGE | {"ts": ts})
    assert ledger.messages[0].content.metadata == metadata
    call(ledger, "chat.update", MESSAGE | {"ts": ts, "metadata": "{}"})
    assert ledger.messages[0].content.metadata is None


def test_blocks_stay_when_an_update_brings_neither_text_nor_blocks(ledger: SlackLedger) -> None:
    post = MESSAGE | {"blocks": [section("x")]}
    ts = call(ledger, "chat.postMessage", post)["ts"]
    call(ledger, "chat.update", {"channel": "C0001", "ts": ts, "attachments": [{"text": "y"}]})
    assert ledger.messages[0].content.blocks == (section("x"),)


@pytest.mark.parametrize(
    ("headers", "error"),
    [
        ({}, "not_authed"),
        ({"authorization": "Basic x"}, "not_authed"),
        ({"authorization": "Bearer secret"}, "invalid_auth"),
        ({"authorization": "Bearer xoxb-unknown"}, "invalid_auth"),
    ],
)
def test_a_wrong_token_is_refused_with_http_200(
    url: str, headers: dict[str, str], error: str
) -> None:
    answer = httpx.post(f"{url}/api/chat.postMessage", json=MESSAGE, headers=headers)
    assert (answer.status_code, answer.json()) == (200, {"ok": False, "error": error})


def test_forms_are_read_with_the_token_inside_and_kept_without_it(
    url: str, ledger: SlackLedger
) -> None:
    blocks = json.dumps([section("x")])
    form = {"token": TOKEN, "channel": "incidents", "text": "x", "blocks": blocks}
    assert httpx.post(f"{url}/api/chat.postMessage", data=form).json()["ok"] is True
    assert ledger.messages[0].content.blocks == (section("x"),)
    kept = httpx.get(f"{url}/_records")
    assert TOKEN not in kept.text
    assert kept.json()["records"][0]["sender"] == "B0001"
    assert kept.json()["messages"][0]["revisions"][0]["content"]["text"] == "x"


@pytest.mark.parametrize(
    ("body", "content_type", "error"),
    [
        (b"{", "application/json", "invalid_json"),
        (b"[]", "application/json", "json_not_object"),
        (b"x", "text/csv", "invalid_post_type"),
        (b"x", "", "missing_post_type"),
    ],
)
def test_a_body_of_the_wrong_form_is_refused(
    url: str, body: bytes, content_type: str, error: str
) -> None:
    headers = {"authorization": f"Bearer {TOKEN}", "content-type": content_type}
    answer = httpx.post(f"{url}/api/chat.postMessage", content=body, headers=headers)
    assert answer.json()["error"] == error


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        ({"channel": "C9"}, "channel_not_found"),
        ({"channel": "C0001", "limit": 1000}, "invalid_limit"),
        ({"channel": "C0001", "oldest": "today"}, "invalid_ts_oldest"),
        ({"channel": "C0001", "latest": "today"}, "invalid_ts_latest"),
    ],
)
def test_a_wrong_page_is_refused(
    ledger: SlackLedger, arguments: dict[str, Any], error: str
) -> None:
    assert call(ledger, "conversations.history", arguments)["error"] == error


def test_unknown_methods_and_threads_are_refused(ledger: SlackLedger) -> None:
    assert call(ledger, "chat.delete", {})["error"] == "unknown_method"
    thread = {"channel": "C0001", "ts": "1.000100"}
    assert call(ledger, "conversations.replies", thread)["error"] == "thread_not_found"


def test_a_message_a_second_and_channel_passes_where_the_limit_is_enforced(clock: Clock) -> None:
    clock.step = timedelta(seconds=0.6)
    limited = SlackLedger(
        tokens={TOKEN: "B0001"}, channels=CHANNELS, clock=clock.now, rate_limited=True
    )
    posts = [call(limited, "chat.postMessage", MESSAGE)["ok"] for _ in range(4)]
    assert posts == [True, False, True, False]
    other = call(limited, "chat.postMessage", MESSAGE | {"channel": "C0002"})
    assert other["ok"] is True


def test_a_rate_limit_says_when_to_come_back(slack: WebClient, plan: FaultPlan) -> None:
    plan.add(Fault(kind=FaultKind.STATUS, status=429, retry_after_seconds=7))
    with pytest.raises(SlackApiError) as error:
        slack.chat_postMessage(channel="C0001", text="x")
    assert refusal(error) == "ratelimited"
    assert error.value.response.status_code == 429
    assert error.value.response.headers["retry-after"] == "7"


def test_a_sick_slack_answers_in_json(url: str, plan: FaultPlan) -> None:
    plan.add(Fault(kind=FaultKind.STATUS, status=503))
    answer = httpx.post(f"{url}/api/chat.postMessage", json=MESSAGE)
    assert (answer.status_code, answer.json()["ok"]) == (503, False)


def test_a_response_url_keeps_five_answers(url: str, ledger: SlackLedger) -> None:
    steps = {"response_type": "ephemeral", "text": "RB-17: 1. check the gateway"}
    answers = [httpx.post(f"{url}/response/r1", json=steps) for _ in range(6)]
    assert [answer.status_code for answer in answers] == [200] * 5 + [404]
    assert answers[0].text == "ok"
    assert answers[5].json() == {"ok": False, "error": "used_url"}
    assert ledger.responses["r1"] == (steps,) * 5


@pytest.mark.parametrize(
    ("body", "error"),
    [({}, "no_text"), ({"blocks": [{"type": "chart"}]}, "invalid_blocks")],
)
def test_an_empty_or_invalid_response_is_refused(
    url: str, ledger: SlackLedger, body: dict[str, Any], error: str
) -> None:
    answer = httpx.post(f"{url}/response/r1", json=body)
    assert (answer.status_code, answer.text) == (400, error)
    assert httpx.post(f"{url}/response/r1", json={"delete_original": True}).text == "ok"
    assert len(ledger.responses["r1"]) == 1
