"""The envelope of Amazon SNS: what is signed of it, to the byte, and whose addresses count."""

from typing import Any

import orjson
import pytest

from aiops.domain.errors import InputError
from aiops.ingest import sns

TOPIC = "arn:aws:sns:us-west-2:123456789012:alarms"
HOST = "https://sns.us-west-2.amazonaws.com"
NOTIFICATION = {
    "Type": "Notification",
    "MessageId": "9d2c5580",
    "TopicArn": TOPIC,
    "Subject": "My subject",
    "Message": "two\nlines, ä",
    "Timestamp": "2026-04-18T10:01:00.000Z",
    "SignatureVersion": "2",
    "Signature": "AAAA",
    "SigningCertURL": f"{HOST}/SimpleNotificationService-7506a1e3.pem",
    "UnsubscribeURL": f"{HOST}/?Action=Unsubscribe",
    "MessageAttributes": {},
}
SUBSCRIPTION = {
    "Type": "SubscriptionConfirmation",
    "MessageId": "f3f2fc87",
    "Token": "2336",
    "TopicArn": TOPIC,
    "Message": "You have chosen to subscribe.",
    "SubscribeURL": f"{HOST}/?Action=ConfirmSubscription&TopicArn={TOPIC}&Token=2336",
    "Timestamp": "2026-04-18T10:01:00.000Z",
    "SignatureVersion": "2",
    "Signature": "AAAA",
    "SigningCertURL": f"{HOST}/SimpleNotificationService-7506a1e3.pem",
}


def read(document: dict[str, Any]) -> sns.Envelope:
    return sns.read(orjson.dumps(document))


def test_a_notification_is_signed_part_by_part_each_on_a_line_the_last_too() -> None:
    assert read(NOTIFICATION).signed.decode() == (
        "Message\ntwo\nlines, ä\n"
        "MessageId\n9d2c5580\n"
        "Subject\nMy subject\n"
        "Timestamp\n2026-04-18T10:01:00.000Z\n"
        f"TopicArn\n{TOPIC}\n"
        "Type\nNotification\n"
    )
    unnamed = {name: value for name, value in NOTIFICATION.items() if name != "Subject"}
    assert read(unnamed).signed == read({**NOTIFICATION, "Subject": None}).signed
    assert b"Subject" not in read(unnamed).signed


@pytest.mark.parametrize("kind", ["SubscriptionConfirmation", "UnsubscribeConfirmation"])
def test_the_confirmation_of_a_subscription_is_signed_with_its_address_and_token(
    kind: str,
) -> None:
    assert read({**SUBSCRIPTION, "Type": kind, "Subject": "not signed"}).signed.decode() == (
        "Message\nYou have chosen to subscribe.\n"
        "MessageId\nf3f2fc87\n"
        f"SubscribeURL\n{HOST}/?Action=ConfirmSubscription&TopicArn={TOPIC}&Token=2336\n"
        "Timestamp\n2026-04-18T10:01:00.000Z\n"
        "Token\n2336\n"
        f"TopicArn\n{TOPIC}\n"
        f"Type\n{kind}\n"
    )


def test_what_is_stored_names_no_address_and_no_token() -> None:
    for one in (NOTIFICATION, SUBSCRIPTION):
        stored = read(one).stored
        assert b"http" not in stored
        assert b"2336" not in stored
    assert orjson.loads(read(NOTIFICATION).stored)["Message"] == "two\nlines, ä"


@pytest.mark.parametrize(
    ("topic", "host"),
    [
        (TOPIC, HOST),
        (
            "arn:aws-cn:sns:cn-north-1:123456789012:a.fifo",
            "https://sns.cn-north-1.amazonaws.com.cn",
        ),
        (
            "arn:aws-us-gov:sns:us-gov-west-1:123456789012:a",
            "https://sns.us-gov-west-1.amazonaws.com",
        ),
    ],
)
def test_a_certificate_lies_at_sns_in_the_region_of_the_topic(topic: str, host: str) -> None:
    url = f"{host}/SimpleNotificationService-7506a1e3.pem"
    envelope = read({**NOTIFICATION, "TopicArn": topic, "SigningCertURL": url})
    assert envelope.certificate_url == url


@pytest.mark.parametrize(
    "topic",
    [
        "arn:aws:sns:us-west-2:123456789012:alarms:c9135db0",
        "arn:aws:sns:us.west:123456789012:alarms",
        "arn:aws:sns:evil.example/#:123456789012:alarms",
        "arn:aws:sqs:us-west-2:123456789012:alarms",
        "arn:aws:sns:us-west-2:123456789012:alarms\n",
        "",
    ],
)
def test_the_name_of_a_topic_is_one(topic: str) -> None:
    with pytest.raises(InputError, match="TopicArn: found"):
        read({**NOTIFICATION, "TopicArn": topic})


@pytest.mark.parametrize("name", ["MessageId", "Timestamp", "Signature", "SigningCertURL"])
@pytest.mark.parametrize("value", [None, 7, [], {}])
def test_a_part_that_is_no_text_is_named(name: str, value: object) -> None:
    with pytest.raises(InputError, match=f"{name}: found .*, expected a text"):
        read({**NOTIFICATION, name: value})


@pytest.mark.parametrize("body", [b"", b"[]", b"null", b"{", b"\xff", b"[" * 100_000])
def test_what_is_no_object_is_refused(body: bytes) -> None:
    with pytest.raises(InputError, match="found no"):
        sns.read(body)
