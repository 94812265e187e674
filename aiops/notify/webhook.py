"""Any other program: each revision of an incident as signed JSON, at least once.

References:
    Standard Webhooks 1.0.0 (standardwebhooks.com): headers, signature, secrets.
"""

import base64
import hashlib
import hmac
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import cached_property
from types import MappingProxyType
from typing import Any

import httpx
import orjson

from aiops.domain.digests import Digest
from aiops.domain.errors import ConfigurationError, DeliveryError
from aiops.domain.incidents import Incident
from aiops.domain.notifications import DeliveryAction, Notification
from aiops.domain.pacing import Rate
from aiops.incident.export import export
from aiops.notify import http
from aiops.notify.phrases import clean, incident_url
from aiops.ports import Receipt
from aiops.settings import Settings, SinkSettings

RATE = Rate(per_minute=600, burst=20)
"""So many that a burst passes, so few that nobody's server is flooded."""

TYPES: Mapping[DeliveryAction, str] = MappingProxyType(
    {
        DeliveryAction.TRIGGER: "incident.triggered",
        DeliveryAction.UPDATE: "incident.updated",
        DeliveryAction.REFRESH: "incident.noted",
        DeliveryAction.ACKNOWLEDGE: "incident.acknowledged",
        DeliveryAction.RESOLVE: "incident.resolved",
    }
)
"""What the `type` of a message is for each action."""

_ENTRIES = 100
_LISTS = ("symptoms", "reach", "services", "impact", "causes")
_SAID_CHARACTERS = 200


class Webhook:
    """Sends incidents to an address of one's own.

    Args:
        name: of the sink.
        secret: `whsec_` and 24 to 64 random bytes in base64; None: not given yet.
        url: where messages are posted.
        base_url: where our pages are, for links; empty for none.
        client: sends the requests; made on first use when None.
        now: the real clock; receivers refuse what is older than minutes.

    Raises:
        ConfigurationError: the secret is none.
    """

    def __init__(
        self,
        name: str,
        secret: str | None,
        url: str,
        base_url: str = "",
        *,
        client: httpx.Client | None = None,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self.name = name
        self.rate = RATE
        self._key = _key_of(name, secret) if secret else None
        self._url = url
        self._base_url = base_url
        self._given_client = client
        self._now = now

    def __repr__(self) -> str:
        return f"Webhook(name={self.name!r})"

    @classmethod
    def from_settings(cls, sink: SinkSettings, settings: Settings) -> "Webhook":
        """Return the sink that the settings describe."""
        secret = sink.secret.get_secret_value() if sink.secret else None
        return cls(sink.name, secret, sink.url, settings.web.base_url)

    def payload(
        self, incident: Incident, notification: Notification, reference: Mapping[str, str]
    ) -> Mapping[str, Any]:
        """Return the message; lists longer than 100 are cut, and named in `cut`."""
        told = export(incident)
        cut = [name for name in _LISTS if len(told[name]) > _ENTRIES]
        told |= {name: told[name][:_ENTRIES] for name in cut}
        return {
            "type": TYPES[notification.action],
            "timestamp": incident.updated_at.isoformat(),
            "data": {
                "incident": told,
                "number": incident.id,
                "episode": incident.episode,
                "revision": incident.revision,
                "state": incident.state.value,
                "env": incident.env,
                "owner": incident.owner,
                "runbook": incident.runbook_id,
                "reason": notification.reason,
                "url": incident_url(self._base_url, incident) if self._base_url else None,
                "cut": cut,
            },
        }

    def digest_payload(
        self, digest: Digest, notification: Notification, reference: Mapping[str, str]
    ) -> Mapping[str, Any]:
        """Return the message of a digest: `type` is "digest", `number` its id."""
        return {
            "type": "digest",
            "timestamp": digest.at.isoformat(),
            "data": {
                "number": digest.id,
                "episode": notification.episode,
                "revision": notification.revision,
                "owner": digest.owner,
                "since": digest.since.isoformat(),
                "reason": digest.why,
                "incidents": [
                    {"id": one.incident_id, "severity": one.severity, "text": one.text}
                    for one in digest.entries
                ],
            },
        }

    def send(
        self, notification: Notification, payload: Mapping[str, Any], *, repeated: bool
    ) -> Receipt:
        """Post the message; any 2xx says that it was taken.

        The same revision has the same `webhook-id` however often it is sent.

        Raises:
            DeliveryError: see `Sender.send`.
        """
        if self._key is None:
            raise DeliveryError(
                f"sink {self.name}: no secret; set AIOPS_WEBHOOK_SECRET", retryable=True
            )
        data = payload["data"]
        identity = f"{data['number']}.{data['episode']}.{data['revision']}.{notification.action}"
        body = orjson.dumps(payload)
        at = int(self._now().timestamp())
        headers = {
            "content-type": "application/json",
            "webhook-id": identity,
            "webhook-timestamp": str(at),
            "webhook-signature": signature(self._key, identity, at, body),
        }
        response = http.request(self._client, self.name, "POST", self._url, headers, content=body)
        if not response.is_success:
            raise self._refusal(response)
        return Receipt(reference={"id": identity})

    @cached_property
    def _client(self) -> httpx.Client:
        return self._given_client or http.new_client(self._url)

    def _refusal(self, response: httpx.Response) -> DeliveryError:
        said = clean(response.text[: 4 * _SAID_CHARACTERS], _SAID_CHARACTERS) or "nothing"
        return DeliveryError(
            f"sink {self.name}: the receiver answered {response.status_code}: {said}",
            retryable=http.is_passing(response.status_code),
            retry_after_seconds=http.wait_seconds(response),
            ambiguous=response.status_code >= 500,
        )


def signature(key: bytes, identity: str, at: int, body: bytes) -> str:
    """Return what proves that a message is ours, whole and new.

    Args:
        key: the secret's bytes.
        identity: the `webhook-id`.
        at: the `webhook-timestamp`, epoch seconds.
        body: as it is sent.

    Examples:
        >>> key = base64.b64decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
        >>> message = "msg_p5jXN8AQM9LWM0D4loKWxJek"
        >>> signature(key, message, 1614265330, b'{"test": 2432232314}')
        'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE='
    """
    signed = f"{identity}.{at}.".encode() + body
    return "v1," + base64.b64encode(hmac.digest(key, signed, hashlib.sha256)).decode()


def _key_of(name: str, secret: str) -> bytes:
    prefix, _, encoded = secret.partition("_")
    try:
        key = base64.b64decode(encoded, validate=True) if prefix == "whsec" else b""
    except ValueError:  # no base64, or not ASCII
        key = b""
    if not 24 <= len(key) <= 64:
        raise ConfigurationError(
            f"sinks.{name}: AIOPS_WEBHOOK_SECRET is none; expected whsec_ and 24 to 64 bytes in "
            "base64, as `echo whsec_$(openssl rand -base64 32)` gives"
        )
    return key
