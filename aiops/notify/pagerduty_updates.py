"""PagerDuty: an update for stakeholders, as a status update of our incident there.

Its subscribers get it. Where the answer was lost, the incident's log says whether it was sent:
PagerDuty lists a status update there, and nowhere else.

References:
    developer.pagerduty.com, "Create a status update on an incident", "List log entries for an
    incident".
"""

from collections.abc import Mapping
from datetime import timedelta
from functools import cached_property
from typing import Any

import httpx

from aiops.domain.errors import DeliveryError
from aiops.domain.notifications import Notification
from aiops.domain.pacing import Rate
from aiops.domain.status_updates import UPDATES, StatusUpdate
from aiops.notify import http
from aiops.notify.pagerduty_writes import PagerDutyWrites
from aiops.ports import Receipt
from aiops.settings import SinkSettings

RATE = Rate(per_minute=60, burst=4)
"""Far below the 960 a minute one token may ask: each is two or three requests."""

_CLOCKS_DIFFER = timedelta(minutes=1)
"""PagerDuty's clock and ours may be so far apart."""


class PagerDutyUpdates:
    """Sends updates for stakeholders on the incidents of a PagerDuty sink.

    Args:
        shown_on: name of the sink.
        rest_url: where the REST API begins, without path.
        token: of it, that may write; None: not given yet.
        write_as: the e-mail address of the user in whose name is written who is unknown there.
        client: sends the requests; made on first use when None.
    """

    def __init__(
        self,
        shown_on: str,
        rest_url: str,
        token: str | None,
        write_as: str,
        *,
        client: httpx.Client | None = None,
    ) -> None:
        self.name = shown_on + UPDATES
        self.shown_on = shown_on
        self.rate = RATE
        needed = {
            f"sinks.{shown_on}.write_as in aiops.yaml": write_as,
            "a REST API key that may write in AIOPS_PAGERDUTY_WRITE_TOKEN": token,
        }
        self.lacks = " and ".join(name for name, value in needed.items() if not value)
        self._rest_url = rest_url
        self._token = token or ""
        self._write_as = write_as
        self._given_client = client

    def __repr__(self) -> str:
        return f"PagerDutyUpdates(shown_on={self.shown_on!r})"

    @classmethod
    def from_settings(cls, sink: SinkSettings) -> "PagerDutyUpdates":
        """Return what sends updates on the sink that the settings describe."""
        token = sink.write_token.get_secret_value() if sink.write_token else None
        return cls(sink.name, sink.rest_url, token, sink.write_as)

    def update_payload(
        self, update: StatusUpdate, reference: Mapping[str, str]
    ) -> Mapping[str, Any]:
        """Return the message, the dedup key of its incident, who sends it, and since when."""
        return {
            "key": reference.get("dedup_key", ""),
            "message": update.text,
            "by": update.by,
            "since": (update.at - _CLOCKS_DIFFER).isoformat(),
        }

    def send(
        self, notification: Notification, payload: Mapping[str, Any], *, repeated: bool
    ) -> Receipt:
        """Send it, in the person's name where PagerDuty knows them by e-mail address.

        Raises:
            DeliveryError: see `Sender.send`.
        """
        if self.lacks:
            raise DeliveryError(f"{self.name}: this needs {self.lacks}", retryable=True)
        writes = PagerDutyWrites(
            self._client, self.name, self._rest_url, self._token, self._write_as
        )
        key, message = str(payload["key"]), str(payload["message"])
        page = writes.find(key, ended_too=True)
        if not page:
            raise DeliveryError(
                f"{self.name}: PagerDuty has no incident with the key {key}", retryable=True
            )
        if not (repeated and message in writes.status_updates(page, str(payload["since"]))):
            writes.send_status_update(page, message, str(payload["by"]))
        return Receipt(reference={"page": page})

    @cached_property
    def _client(self) -> httpx.Client:
        return self._given_client or http.new_client(self._rest_url)
