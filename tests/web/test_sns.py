"""The door of Amazon SNS: signed, of a topic we expect, and no other address is ever asked."""

import asyncio
import gzip
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import orjson
import pytest

from aiops.domain.errors import AdapterError, InputError
from aiops.ingest import cloudwatch
from aiops.settings import AlertSourceSettings
from aiops.web.outward import MAX_ANSWER_BYTES, fetch
from tests.sns import CERTIFICATE, CERTIFICATE_URL, HOST, TOPIC, certificate, key, signed
from tests.web import test_alerts
from tests.web.test_alerts import Browser, Site

GOLDEN = Path(__file__).parents[1] / "golden" / "ingest"
PATH = "/ingest/cloudwatch"
ALARM = orjson.loads((GOLDEN / "cloudwatch.alarm.json").read_bytes())
SUBSCRIBE_URL = f"{HOST}/?Action=ConfirmSubscription&TopicArn={TOPIC}&Token=2336412f37"
SUBSCRIPTION = {
    "Type": "SubscriptionConfirmation",
    "MessageId": "165545c9-2a5c-472c-8df2-7ff2be2b3b1b",
    "Token": "2336412f37",
    "TopicArn": TOPIC,
    "Message": "You have chosen to subscribe to the topic.\nTo confirm, visit the SubscribeURL.",
    "SubscribeURL": SUBSCRIBE_URL,
    "Timestamp": "2026-04-18T09:45:57.100Z",
    "SignatureVersion": "1",
    "SigningCertURL": CERTIFICATE_URL,
}
TEXT = {"content-type": "text/plain; charset=UTF-8", "x-amz-sns-message-type": "Notification"}


class Taker(test_alerts.Taker):
    """Takes alarms, and stands for all that is elsewhere."""

    def __init__(self, *topics: str) -> None:
        names = {f"aws-{n}": (one,) for n, one in enumerate(topics or (TOPIC,))}
        super().__init__(
            *(
                AlertSourceSettings(name=name, kind="cloudwatch", topics=known)
                for name, known in names.items()
            )
        )
        self.asked: list[str] = []
        self.answers: dict[str, bytes | Exception] = {
            CERTIFICATE_URL: CERTIFICATE,
            SUBSCRIBE_URL: b"<ConfirmSubscriptionResponse/>",
        }

    def fetch(self, url: str) -> bytes:
        self.asked.append(url)
        answer = self.answers[url]
        if isinstance(answer, Exception):
            raise answer
        return answer


@pytest.fixture
def taker() -> Taker:
    return Taker()


@pytest.fixture(autouse=True)
def _parsers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(test_alerts.PARSERS, "cloudwatch", cloudwatch.parse)


@pytest.fixture
def browser(site: Site, taker: Taker) -> Browser:
    return taker.open(site, "https://any.example", fetch=taker.fetch)


def send(browser: Browser, document: Any, path: str = PATH, **headers: str) -> httpx.Response:
    return browser.post(path, content=orjson.dumps(document), headers={**TEXT, **headers})


@pytest.mark.parametrize("version", ["1", "2"])
def test_an_alarm_that_sns_signed_is_taken_without_its_links(
    browser: Browser, taker: Taker, version: str
) -> None:
    answer = send(browser, signed(ALARM | {"SignatureVersion": version}))
    assert (answer.status_code, answer.json()) == (202, {"accepted": True})
    ((name, body),) = taker.taken
    assert name == "aws-0"
    assert sorted(orjson.loads(body)) == [
        "Message",
        "MessageId",
        "Subject",
        "Timestamp",
        "TopicArn",
        "Type",
    ]
    assert taker.announced == 1


def test_the_certificate_is_asked_for_once(browser: Browser, taker: Taker) -> None:
    for _ in range(3):
        assert send(browser, signed(ALARM)).status_code == 202
    assert taker.asked == [CERTIFICATE_URL]


def test_messages_that_come_at_once_ask_for_it_once(site: Site, taker: Taker) -> None:
    app = taker.open(site, fetch=taker.fetch).app
    body = orjson.dumps(signed(ALARM))

    async def ask() -> list[int]:
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
            sent = [client.post(PATH, content=body, headers=TEXT) for _ in range(20)]
            return [one.status_code for one in await asyncio.gather(*sent)]

    assert asyncio.run(ask()) == [202] * 20
    assert taker.asked == [CERTIFICATE_URL]


def test_a_message_without_a_subject_is_signed_without_one(browser: Browser) -> None:
    unnamed = {name: value for name, value in ALARM.items() if name != "Subject"}
    assert send(browser, signed(unnamed)).status_code == 202


@pytest.mark.parametrize(
    "changed",
    [
        {"Message": "{}"},
        {"MessageId": "other"},
        {"Subject": "other"},
        {"Timestamp": "2026-04-18T10:03:11.300Z"},
        {"Signature": "AAAA"},
        {"Signature": "no base64!"},
        {"Signature": ""},
        {"SignatureVersion": "1"},
        {"SignatureVersion": "3"},
    ],
)
def test_what_was_changed_after_it_was_signed_is_refused_and_counted(
    browser: Browser, taker: Taker, changed: dict[str, str]
) -> None:
    answer = send(browser, signed(ALARM) | changed)
    assert answer.status_code == 401
    assert taker.taken == []
    assert taker.refused == [("cloudwatch", "the signature is wrong")]


def test_what_somebody_else_signed_is_refused(browser: Browser, taker: Taker) -> None:
    assert send(browser, signed(ALARM, by="somebody")).status_code == 401
    assert taker.taken == []


@pytest.mark.parametrize(
    "found",
    [
        certificate(key("sns"), days=1),
        certificate(key("sns"), begin=datetime(2026, 12, 1, tzinfo=UTC)),
        b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
        b"<html/>",
        b"",
    ],
)
def test_a_certificate_that_is_none_or_not_valid_now_vouches_for_nothing(
    browser: Browser, taker: Taker, found: bytes
) -> None:
    taker.answers[CERTIFICATE_URL] = found
    assert send(browser, signed(ALARM)).status_code == 401


@pytest.mark.parametrize(
    "url",
    [
        "http://sns.eu-west-1.amazonaws.com/SimpleNotificationService-a.pem",
        "https://sns.eu-west-1.amazonaws.com.evil.example/SimpleNotificationService-a.pem",
        "https://sns.eu-west-1.amazonaws.com@evil.example/SimpleNotificationService-a.pem",
        "https://sns.eu-west-1.amazonaws.com:8443/SimpleNotificationService-a.pem",
        "https://sns.us-east-1.amazonaws.com/SimpleNotificationService-a.pem",
        "https://sns-eu-west-1.s3.amazonaws.com/SimpleNotificationService-a.pem",
        "https://sns.eu-west-1.amazonaws.com/../x/SimpleNotificationService-a.pem",
        "https://sns.eu-west-1.amazonaws.com/SimpleNotificationService-a.pem?x=y",
        "https://sns.eu-west-1.amazonaws.com/SimpleNotificationService-a.pem\n",
        "https://sns.eu-west-1.amazonaws.com/?Action=GetTopicAttributes",
        "https://snsXeu-west-1.amazonaws.com/SimpleNotificationService-a.pem",
        "https://169.254.169.254/SimpleNotificationService-a.pem",
        "file:///etc/passwd",
        "",
    ],
)
def test_no_certificate_is_fetched_from_anywhere_else(
    browser: Browser, taker: Taker, url: str
) -> None:
    answer = send(browser, signed(ALARM | {"SigningCertURL": url}))
    assert answer.status_code == 401
    assert "SigningCertURL: found" in answer.json()["error"]
    assert (taker.asked, taker.taken) == ([], [])


def test_a_topic_that_is_not_listed_is_refused_before_anything_is_asked(
    browser: Browser, taker: Taker
) -> None:
    other = TOPIC.replace("123456789012", "999999999999")
    answer = send(browser, signed(ALARM | {"TopicArn": other}))
    assert answer.status_code == 401
    assert (taker.asked, taker.taken) == ([], [])
    assert taker.refused == [("cloudwatch", "the topic is not listed in `sources.aws-0.topics`")]


def test_the_topic_says_which_source_it_is_and_the_path_cannot_say_otherwise(site: Site) -> None:
    other = f"{TOPIC}-2"
    taker = Taker(TOPIC, other)
    browser = taker.open(site, fetch=taker.fetch)
    message = signed(ALARM | {"TopicArn": other})
    assert send(browser, message).status_code == 202
    assert send(browser, message, f"{PATH}/aws-1").status_code == 202
    assert send(browser, message, f"{PATH}/aws-0").status_code == 401
    assert send(browser, message, f"{PATH}/aws-2").status_code == 404
    assert [name for name, _ in taker.taken] == ["aws-1"] * 2


def test_while_the_certificate_cannot_be_had_sns_is_asked_to_send_again(
    browser: Browser, taker: Taker
) -> None:
    taker.answers[CERTIFICATE_URL] = AdapterError("it did not answer")
    answer = send(browser, signed(ALARM))
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "30")
    taker.answers[CERTIFICATE_URL] = InputError("found 404, expected an answer")
    assert send(browser, signed(ALARM)).status_code == 401
    taker.answers[CERTIFICATE_URL] = CERTIFICATE
    assert send(browser, signed(ALARM)).status_code == 202


@pytest.mark.parametrize("version", ["1", "2"])
def test_a_subscription_to_a_topic_of_ours_is_confirmed(
    browser: Browser, taker: Taker, version: str
) -> None:
    answer = send(browser, signed(SUBSCRIPTION | {"SignatureVersion": version}))
    assert (answer.status_code, answer.json()) == (200, {"confirmed": TOPIC})
    assert taker.asked == [CERTIFICATE_URL, SUBSCRIBE_URL]
    assert taker.taken == []


@pytest.mark.parametrize(
    "url",
    [
        SUBSCRIBE_URL.replace("https", "http", 1),
        SUBSCRIBE_URL.replace(".com/", ".com.evil.example/"),
        SUBSCRIBE_URL.replace("//sns", "//evil@sns"),
        SUBSCRIBE_URL.replace("eu-west-1.amazon", "eu-west-2.amazon"),
        SUBSCRIBE_URL.replace("ConfirmSubscription", "DeleteTopic"),
        SUBSCRIBE_URL.replace(":alarms", ":others"),
        f"{SUBSCRIBE_URL}&Action=DeleteTopic",
        f"{SUBSCRIBE_URL} x",
        "http://127.0.0.1:8080/ingest/pulse",
        "",
    ],
)
def test_only_sns_is_asked_to_confirm_even_where_the_message_is_signed(
    browser: Browser, taker: Taker, url: str
) -> None:
    answer = send(browser, signed(SUBSCRIPTION | {"SubscribeURL": url}))
    assert (answer.status_code, "SubscribeURL: found" in answer.text) == (400, True)
    assert taker.asked == [CERTIFICATE_URL]


def test_a_subscription_that_nobody_signed_or_to_another_s_topic_is_not_confirmed(
    browser: Browser, taker: Taker
) -> None:
    assert send(browser, SUBSCRIPTION | {"Signature": "AAAA"}).status_code == 401
    other = {"TopicArn": f"{TOPIC}-x", "SubscribeURL": f"{SUBSCRIBE_URL}-x"}
    assert send(browser, signed(SUBSCRIPTION | other)).status_code == 401
    assert SUBSCRIBE_URL not in taker.asked


def test_a_confirmation_that_sns_does_not_answer_is_asked_for_again(
    browser: Browser, taker: Taker
) -> None:
    taker.answers[SUBSCRIBE_URL] = AdapterError("it did not answer")
    assert send(browser, signed(SUBSCRIPTION)).status_code == 503
    taker.answers[SUBSCRIBE_URL] = InputError("found 400, expected an answer")
    assert send(browser, signed(SUBSCRIPTION)).status_code == 400


def test_the_end_of_a_subscription_is_counted_and_not_taken_back(
    browser: Browser, taker: Taker
) -> None:
    message = signed(SUBSCRIPTION | {"Type": "UnsubscribeConfirmation"})
    assert send(browser, message).status_code == 202
    assert taker.refused == [("cloudwatch", f"somebody has unsubscribed us from {TOPIC}")]
    assert taker.asked == [CERTIFICATE_URL]


def test_the_header_does_not_say_what_a_message_is(browser: Browser, taker: Taker) -> None:
    headers = {"x-amz-sns-message-type": "SubscriptionConfirmation"}
    assert send(browser, signed(ALARM), **headers).status_code == 202
    assert len(taker.taken) == 1


def test_a_raw_message_is_refused_with_what_to_do(browser: Browser) -> None:
    answer = send(browser, {"AlarmName": "a"}, **{"x-amz-sns-rawdelivery": "true"})
    assert (answer.status_code, "switch it off" in answer.text) == (400, True)


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"Type": "Other"}, "Type: found 'Other'"),
        ({"Type": None}, "Type: found nothing"),
        ({"TopicArn": "alarms"}, "TopicArn: found 'alarms'"),
        ({"TopicArn": 7}, "TopicArn: found '7'"),
        ({"Message": None}, "Message: found nothing"),
        ({"Message": {}}, "Message: found '{}'"),
        ({"Signature": None}, "Signature: found nothing"),
        ({"SigningCertURL": []}, "SigningCertURL: found '[]'"),
    ],
)
def test_what_is_no_message_of_sns_is_refused_with_the_place(
    browser: Browser, taker: Taker, changed: dict[str, Any], says: str
) -> None:
    answer = send(browser, signed(ALARM) | changed)
    assert answer.status_code == 400
    assert answer.json()["error"].startswith(says)
    assert taker.asked == []


def test_a_signed_message_that_is_no_alarm_is_refused_with_the_place(browser: Browser) -> None:
    answer = send(browser, signed(ALARM | {"Message": "hello"}))
    assert (answer.status_code, "Message: found no JSON" in answer.text) == (400, True)


def test_the_same_message_again_is_taken_again_for_it_tells_nothing_new(
    browser: Browser, taker: Taker
) -> None:
    message = signed(ALARM)
    assert {send(browser, message).status_code for _ in range(2)} == {202}
    first, second = (body for _, body in taker.taken)
    assert first == second


def test_nobody_who_declared_no_topic_listens(site: Site) -> None:
    assert test_alerts.Taker().open(site).post(PATH, content=b"{}").status_code == 404


def answered(response: httpx.Response | Exception) -> bytes:
    def handle(request: httpx.Request) -> httpx.Response:
        assert str(request.url) == CERTIFICATE_URL
        if isinstance(response, Exception):
            raise response
        return response

    return fetch(CERTIFICATE_URL, transport=httpx.MockTransport(handle))


def test_what_stands_at_an_address_is_returned() -> None:
    assert answered(httpx.Response(200, content=iter([CERTIFICATE]))) == CERTIFICATE


@pytest.mark.parametrize(
    "response",
    [
        httpx.Response(302, headers={"location": "http://127.0.0.1/"}),
        httpx.Response(404),
        httpx.Response(200, content=iter([b"x" * (MAX_ANSWER_BYTES + 1)])),
    ],
)
def test_a_redirect_or_too_long_an_answer_is_none(response: httpx.Response) -> None:
    with pytest.raises(InputError, match=r"sns\.eu-west-1\.amazonaws\.com"):
        answered(response)


def test_what_is_packed_although_nobody_asked_is_not_unpacked() -> None:
    packed = gzip.compress(bytes(20_000_000))
    headers = {"content-encoding": "gzip"}
    assert answered(httpx.Response(200, content=iter([packed]), headers=headers)) == packed


@pytest.mark.parametrize("response", [httpx.Response(503), httpx.ConnectTimeout("slow")])
def test_who_does_not_answer_may_be_asked_again(response: httpx.Response | Exception) -> None:
    with pytest.raises(AdapterError, match="answer"):
        answered(response)
