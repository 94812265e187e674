"""A dead man's switch: a monitor elsewhere that calls people when it does not hear from us."""

from collections.abc import Mapping
from datetime import datetime
from functools import cached_property
from typing import Any

import httpx

from aiops.domain.errors import DeliveryError, InputError
from aiops.domain.notifications import Notification
from aiops.domain.pacing import Rate
from aiops.domain.pulses import PULSE_SINK, is_stale
from aiops.notify import http
from aiops.ports import Receipt
from aiops.settings import HeartbeatSettings

RATE = Rate(per_minute=60, burst=5)


class Heartbeat:
    """Tells the monitor that a pulse came through; its address is a secret and never shown.

    Args:
        url: of the monitor, asked for with GET; None: nobody elsewhere is told.
        every_seconds: how often a pulse is sent.
        client: sends the requests; made on first use when None.
    """

    def __init__(
        self, url: str | None, every_seconds: int, *, client: httpx.Client | None = None
    ) -> None:
        self.name = PULSE_SINK
        self.rate = RATE
        self._url = url
        self._every_seconds = every_seconds
        self._given_client = client

    def __repr__(self) -> str:
        return "Heartbeat()"

    @classmethod
    def from_settings(cls, settings: HeartbeatSettings) -> "Heartbeat | None":
        """Return the switch that the settings describe, None where there is none."""
        if not settings.enabled:
            return None
        url = settings.url.get_secret_value() if settings.url else None
        return cls(url, settings.every_seconds)

    def pulse_payload(self, began_at: datetime, now: datetime) -> Mapping[str, Any]:
        """Return when the pulse began its way.

        Raises:
            InputError: so long ago that it says nothing of how things are now.
        """
        if is_stale(now - began_at, self._every_seconds):
            age = (now - began_at).total_seconds()
            raise InputError(f"the pulse took {age:.0f} s to come here: too old to tell")
        return {"began_at": began_at.isoformat()}

    def send(
        self, notification: Notification, payload: Mapping[str, Any], *, repeated: bool
    ) -> Receipt:
        """Ask for the monitor's address; any 2xx says that it heard. Once more does no harm.

        Raises:
            DeliveryError: see `Sender.send`.
        """
        if self._url is None:
            return Receipt(reference={})
        try:
            response = http.request(self._client, self.name, "GET", self._url, {})
        except DeliveryError as error:
            raise DeliveryError(
                "the heartbeat's monitor gave no answer; check its address and the network",
                retryable=error.retryable,
            ) from None  # its message names the address
        if not response.is_success:
            raise DeliveryError(
                f"the heartbeat's monitor answered {response.status_code}; check its address",
                retryable=True,
                retry_after_seconds=http.wait_seconds(response),
            )
        return Receipt(reference={})

    @cached_property
    def _client(self) -> httpx.Client:
        return self._given_client or http.new_client(self._url or "")
