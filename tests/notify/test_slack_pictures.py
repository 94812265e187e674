"""A picture reaches the thread of its incident once, whatever happens between the three calls."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError

from aiops.domain.errors import DeliveryError
from aiops.domain.pictures import IncidentPicture
from aiops.notify.slack_pictures import SlackPictures
from aiops.receivers.faults import Fault, FaultKind, FaultPlan
from aiops.receivers.server import serve
from aiops.receivers.slack import SlackLedger, create_app
from tests.notify.conftest import CHANNELS, TOKEN, SlackBench
from tests.notify.stories import incident, notification

PICTURE = IncidentPicture(
    incident_id="INC-2048",
    episode=1,
    number=1,
    subject="checkout:error_ratio{}",
    words="Error rate on /checkout in EU: 0.3% → 7.2%, since 10:03 UTC",
    png=b"\x89PNG" + bytes(range(256)) * 40,
)
NOTE = replace(notification(incident()), sink="slack pictures")
STEPS = ("/api/files.getUploadURLExternal", "/upload/v1/F0001", "/api/files.completeUploadExternal")


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """What shows pictures, and the thread they go to."""

    sink: SlackPictures
    ledger: SlackLedger
    faults: FaultPlan
    url: str
    thread: dict[str, str]

    def send(self, *, repeated: bool = False, picture: IncidentPicture = PICTURE) -> dict[str, str]:
        payload = self.sink.picture_payload(picture, self.thread)
        return dict(self.sink.send(NOTE, payload, repeated=repeated).reference)

    def files(self) -> list[dict[str, Any]]:
        return [
            {**file, "thread_ts": one.thread_ts, "text": one.content.text}
            for one in self.ledger.messages
            for file in one.content.files
        ]


@pytest.fixture
def shown(slack: SlackBench) -> Shown:
    payload = slack.sink.payload(incident(), notification(incident()), {})
    thread = dict(slack.sink.send(notification(incident()), payload, repeated=False).reference)
    url = slack.sink._api_url
    sink = SlackPictures("slack", TOKEN, url, client=slack.sink._client)
    return Shown(sink=sink, ledger=slack.ledger, faults=slack.faults, url=url, thread=thread)


def test_it_is_shown_in_the_thread_with_words_for_who_cannot_see_it(shown: Shown) -> None:
    assert shown.send() == {"file": "F0001"}
    (file,) = shown.files()
    assert file["name"] == "INC-2048-1-1.png"
    assert file["thread_ts"] == shown.thread["ts"]
    assert file["alt_txt"] == PICTURE.words
    assert file["text"] == PICTURE.words


def test_the_address_for_the_file_never_sees_the_token(shown: Shown) -> None:
    shown.send()  # the receiver refuses it there
    (upload,) = [one for one in shown.ledger.records if one.path.startswith("/upload")]
    assert upload.status == 200
    assert upload.body["bytes"] == len(PICTURE.png)


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("kind", [FaultKind.CUT_BEFORE, FaultKind.CUT_AFTER])
def test_a_worker_that_dies_between_the_steps_shows_it_once(
    shown: Shown, step: str, kind: FaultKind
) -> None:
    shown.faults.add(Fault(kind=kind, path=step))
    with pytest.raises(DeliveryError) as caught:
        shown.send()
    assert caught.value.retryable
    assert caught.value.ambiguous == (step == STEPS[2]), "only sharing it is seen by anybody"
    shown.send(repeated=caught.value.ambiguous)
    assert len(shown.files()) == 1


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize(
    "fault", [{"status": 500}, {"status": 429, "retry_after_seconds": 7}, {"status": 503}]
)
def test_what_passes_is_tried_again(shown: Shown, step: str, fault: dict[str, int]) -> None:
    shown.faults.add(Fault(kind=FaultKind.STATUS, path=step, **fault))  # type: ignore[arg-type]
    with pytest.raises(DeliveryError) as caught:
        shown.send()
    assert caught.value.retryable
    if fault["status"] == 429:
        assert caught.value.retry_after_seconds == 7
    assert TOKEN not in str(caught.value)


def test_a_second_picture_of_the_episode_is_another_file(shown: Shown) -> None:
    shown.send()
    shown.send(repeated=True, picture=replace(PICTURE, number=2))
    assert [file["name"] for file in shown.files()] == ["INC-2048-1-1.png", "INC-2048-1-2.png"]


def test_its_words_mention_nobody_and_link_nowhere(shown: Shown) -> None:
    words = "<!channel> <@U123> <https://evil.example|ok> @here & co"
    shown.send(picture=replace(PICTURE, words=words))
    (file,) = shown.files()
    assert "<" not in file["text"]
    assert "@here" not in file["text"]


def test_where_there_is_no_message_there_is_no_picture(shown: Shown) -> None:
    payload = shown.sink.picture_payload(PICTURE, {"channel": "C0001"})
    with pytest.raises(DeliveryError, match="no message") as caught:
        shown.sink.send(NOTE, payload, repeated=False)
    assert not caught.value.retryable


@pytest.mark.parametrize("url", ["https://evil.example/upload", "http://files.slack.com/x", ""])
def test_a_file_goes_to_no_address_but_slacks_own(url: str) -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        assert request.url.host == "slack.com", "it was sent elsewhere"
        return httpx.Response(200, json={"ok": True, "upload_url": url, "file_id": "F1"})

    client = httpx.Client(transport=httpx.MockTransport(answer))
    sink = SlackPictures("slack", TOKEN, client=client)
    payload = sink.picture_payload(PICTURE, {"channel": "C1", "ts": "1.1"})
    with pytest.raises(DeliveryError, match="not its own") as caught:
        sink.send(NOTE, payload, repeated=False)
    assert not caught.value.retryable


@pytest.fixture
def without_scope() -> Iterator[SlackPictures]:
    ledger = SlackLedger(
        tokens={TOKEN: "B0001"},
        channels=CHANNELS,
        clock=lambda: datetime(2026, 4, 18, tzinfo=UTC),
        scopes=("chat:write",),
    )
    with serve(create_app(ledger)) as url, httpx.Client(trust_env=False) as client:
        yield SlackPictures("slack", TOKEN, f"{url}/api/", client=client)


def test_an_app_without_the_scope_is_told_which_one(without_scope: SlackPictures) -> None:
    payload = without_scope.picture_payload(PICTURE, {"channel": "C0001", "ts": "1.1"})
    with pytest.raises(DeliveryError, match=r"missing_scope.*files:write") as caught:
        without_scope.send(NOTE, payload, repeated=False)
    assert not caught.value.retryable


def test_slacks_own_client_uploads_to_the_receiver_as_we_do(shown: Shown) -> None:
    client = WebClient(token=TOKEN, base_url=shown.url)
    client.files_upload_v2(
        filename="a.png", content=b"\x89PNG", channel="C0001", thread_ts=shown.thread["ts"]
    )
    assert [file["name"] for file in shown.files()] == ["a.png"]


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        ({"files": [{"id": "F9"}], "channel_id": "C0001"}, "file_not_found"),
        ({"files": [], "channel_id": "C0001"}, "invalid_arguments"),
    ],
)
def test_the_receiver_refuses_what_slack_refuses(
    shown: Shown, arguments: dict[str, Any], error: str
) -> None:
    client = WebClient(token=TOKEN, base_url=shown.url)
    with pytest.raises(SlackApiError) as caught:
        client.files_completeUploadExternal(**arguments)
    assert caught.value.response["error"] == error


def test_the_receiver_shares_no_file_that_was_not_uploaded(shown: Shown) -> None:
    client = WebClient(token=TOKEN, base_url=shown.url)
    file = client.files_getUploadURLExternal(filename="a.png", length=4)
    with pytest.raises(SlackApiError) as caught:
        client.files_completeUploadExternal(files=[{"id": file["file_id"]}], channel_id="C0001")
    assert caught.value.response["error"] == "file_not_found"


def test_the_receiver_takes_a_file_of_the_announced_length_only(shown: Shown) -> None:
    client = WebClient(token=TOKEN, base_url=shown.url)
    file = client.files_getUploadURLExternal(filename="a.png", length=4)
    answer = httpx.post(
        str(file["upload_url"]),
        content=b"12345",
        headers={"content-type": "application/octet-stream"},
        trust_env=False,
    )
    assert answer.status_code == 400
