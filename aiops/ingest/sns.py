"""The envelope in which Amazon SNS delivers: its parts, what is signed, whose addresses. Pure.

Whoever has an account there can have SNS sign a message and send it here: that it is signed says
nothing before its topic is one we expect, and no address in it is asked but those of SNS itself.

References:
    docs.aws.amazon.com/sns/latest/dg: "Parsing Amazon SNS message formats", "Verifying the
    signatures of Amazon SNS messages".
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import parse_qs

import orjson

from aiops.domain.errors import InputError
from aiops.ingest.alert_bodies import read_object
from aiops.settings import TOPIC_PATTERN

NOTIFICATION: Final = "Notification"
SUBSCRIBE: Final = "SubscriptionConfirmation"
UNSUBSCRIBE: Final = "UnsubscribeConfirmation"
_KEPT: Final = ("Type", "MessageId", "TopicArn", "Subject", "Message", "Timestamp")
"""What is stored: of the rest, who has it may unsubscribe us."""

_SIGNED: Final[Mapping[str, tuple[str, ...]]] = {
    NOTIFICATION: ("Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type"),
    **dict.fromkeys(
        (SUBSCRIBE, UNSUBSCRIBE),
        ("Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"),
    ),
}
"""The parts that are signed, in their order; one that is not there is left out."""

_SHOWN_CHARACTERS = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Envelope:
    """One message as SNS delivers it.

    Args:
        parts: by name, all of them texts.
    """

    parts: Mapping[str, str]

    @property
    def kind(self) -> str:
        """What it is: a notification, or the confirmation of a subscription or of its end."""
        return self.parts["Type"]

    @property
    def topic(self) -> str:
        """The name of the topic it was published to."""
        return self.parts["TopicArn"]

    @property
    def signed(self) -> bytes:
        r"""Return what its signature is of: every part ends its line, the last one, too.

        AWS's page says that the last does not; its SDKs, and what it signs, do otherwise.

        Examples:
            >>> Envelope(parts={"Type": "Notification", "Message": "hi", "TopicArn": "t"}).signed
            b'Message\nhi\nTopicArn\nt\nType\nNotification\n'
        """
        names = (one for one in _SIGNED[self.kind] if one in self.parts)
        return "".join(f"{one}\n{self.parts[one]}\n" for one in names).encode()

    @property
    def stored(self) -> bytes:
        """Return what is kept of it, as JSON."""
        return orjson.dumps({name: self.parts[name] for name in _KEPT if name in self.parts})

    @property
    def certificate_url(self) -> str:
        """Return where the certificate it is signed by lies.

        Raises:
            InputError: that is nowhere of SNS in the region of the topic.
        """
        path = r"/SimpleNotificationService-[0-9A-Za-z]{1,64}\.pem"
        return self._address("SigningCertURL", path)

    @property
    def subscribe_url(self) -> str:
        """Return the address that confirms the subscription.

        Raises:
            InputError: it is none of SNS in the region of the topic, or confirms something else.
        """
        url = self._address("SubscribeURL", r"/\?[!-~]{1,4000}")
        asked = parse_qs(url.partition("?")[2], max_num_fields=10)
        wanted = {"Action": "ConfirmSubscription", "TopicArn": self.topic}
        if any(asked.get(name) != [value] for name, value in wanted.items()):
            raise InputError("SubscribeURL: found that of another action, expected to confirm it")
        return url

    def _address(self, name: str, path: str) -> str:
        url, region = self.parts.get(name, ""), self.topic.split(":")[3]
        host = rf"https://sns\.{re.escape(region)}\.amazonaws\.com(\.cn)?"
        if not re.fullmatch(host + path, url):
            raise InputError(
                f"{name}: found {url[:_SHOWN_CHARACTERS]!r}, expected an address of"
                f" https://sns.{region}.amazonaws.com"
            )
        return url


def read(body: bytes) -> Envelope:
    """Return the envelope of a message; nothing is known of who sent it yet.

    Args:
        body: UTF-8 JSON.

    Raises:
        InputError: names the part, what was found and what was expected.
    """
    values = read_object(body).values
    kind = values.get("Type")
    if not isinstance(kind, str) or kind not in _SIGNED:
        raise InputError(f"Type: found {_shown(kind)}, expected one of {', '.join(_SIGNED)}")
    topic = values.get("TopicArn")
    if not isinstance(topic, str) or not re.fullmatch(TOPIC_PATTERN, topic):
        raise InputError(f"TopicArn: found {_shown(topic)}, expected the name of a topic")
    names = {*_KEPT, *_SIGNED[kind], "Signature", "SignatureVersion", "SigningCertURL"}
    parts: dict[str, str] = {}
    for name in sorted(names):
        value = values.get(name)
        if value is None and name in ("Subject", "Token", "SubscribeURL"):
            continue
        if not isinstance(value, str):
            raise InputError(f"{name}: found {_shown(value)}, expected a text")
        parts[name] = value
    return Envelope(parts=parts)


def _shown(value: Any) -> str:
    return "nothing" if value is None else repr(str(value)[:_SHOWN_CHARACTERS])
