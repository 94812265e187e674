"""A loopback receiver of webhooks: as strict as Standard Webhooks asks receivers to be."""

import base64
import hashlib
import hmac
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

import orjson
from starlette.types import ASGIApp

from aiops.receivers.asgi import receiver_app
from aiops.receivers.faults import FaultPlan
from aiops.receivers.ledger import Answer, Clock, Ledger, Received

MAX_BODY_BYTES = 1_000_000
TOLERANCE_SECONDS = 300


class WebhookLedger(Ledger):
    """Takes a message with a good signature and a fresh timestamp; one with a known id is old news.

    Args:
        secret: `whsec_…`, as the sender has it.
        clock: gives the time each request is stamped with.
        path: see `Ledger`.
    """

    name: ClassVar[str] = "webhook"

    def __init__(self, *, secret: str, clock: Clock, path: Path | None = None) -> None:
        super().__init__(clock=clock, path=path)
        self._key = base64.b64decode(secret.removeprefix("whsec_"))
        self._messages: dict[str, Any] = {}
        self._reload()

    def answer(self, received: Received) -> Answer:
        """Check a message as the specification says, and take it if it passes."""
        why = self._fault(received)
        if why:
            return Answer(status=401 if "signature" in why else 400, content={"error": why})
        return self.apply(received)

    def apply(self, received: Received) -> Answer:
        """Keep a message under its id; a second one of the same id changes nothing."""
        content = received.content()
        data = content["data"]
        identity = f"{data['number']}.{data['episode']}.{data['revision']}.{content['type']}"
        self._messages.setdefault(identity, content)
        return Answer(status=200, content={"status": "taken"}, accepted=True)

    def refusal(self, status: int, retry_after_seconds: int) -> Answer:
        """Return what a server on a bad day answers."""
        headers = {"retry-after": str(retry_after_seconds)} if status == 429 else {}
        return Answer(status=status, content={"error": "not now"}, headers=headers)

    def state(self) -> Mapping[str, Any]:
        """Return every message once, by incident and in order."""
        incidents: dict[str, list[Any]] = {}
        for message in self._messages.values():
            incidents.setdefault(message["data"]["number"], []).append(message)
        return {"incidents": incidents}

    def _fault(self, received: Received) -> str:
        if received.method != "POST" or received.media_type != "application/json":
            return "expected a POST of application/json"
        if len(received.body) > MAX_BODY_BYTES:
            return f"a body of {len(received.body)} bytes; at most {MAX_BODY_BYTES} are taken"
        return self._stranger(received) or _no_message(received.body)

    def _stranger(self, received: Received) -> str:
        names = ("webhook-id", "webhook-timestamp", "webhook-signature")
        identity, at, signatures = (received.headers.get(name, "") for name in names)
        if not identity or not at.isdigit():
            return "expected a webhook-id and a webhook-timestamp in epoch seconds"
        if abs(received.at.timestamp() - int(at)) > TOLERANCE_SECONDS:
            return "the webhook-timestamp is more than five minutes off"
        signed = f"{identity}.{at}.".encode() + received.body
        wanted = base64.b64encode(hmac.digest(self._key, signed, hashlib.sha256))
        found = [one.partition(",")[2].encode() for one in signatures.split(" ")]
        known = any(hmac.compare_digest(one, wanted) for one in found)
        return "" if known else "no signature of ours"


def _no_message(body: bytes) -> str:
    try:
        content = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        return f"no JSON: {error}"
    missing = {"type", "timestamp", "data"} - set(content)
    return f"{', '.join(sorted(missing))} missing" if missing else ""


def create_app(ledger: WebhookLedger, faults: FaultPlan | None = None) -> ASGIApp:
    """Return the receiver as an ASGI app."""
    return receiver_app(ledger, faults or FaultPlan())
