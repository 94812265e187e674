"""PagerDuty, change events: what was deployed, switched or configured, beside its incidents.

They notify nobody. They have no key against doubles: after an answer that was lost one may be
shown twice, which does less harm than not at all.

References:
    developer.pagerduty.com, "Send a Change Event"; PagerDuty/api-schema, `reference/events-v2`.
"""

from collections.abc import Mapping
from functools import cached_property
from typing import Any

import httpx
import orjson

from aiops.domain.changes import CHANGES, Change
from aiops.domain.errors import DeliveryError
from aiops.domain.notifications import Notification
from aiops.incident.wording import capital, change_words
from aiops.notify import http
from aiops.notify.pagerduty import RATE, refusal
from aiops.notify.phrases import clean
from aiops.ports import Receipt
from aiops.settings import Settings, SinkSettings

_SUMMARY_CHARACTERS = 1024
_TEXT_CHARACTERS = 500


class PagerDutyChanges:
    """Shows changes at PagerDuty.

    Args:
        sink: name of the sink whose integration they are shown on.
        routing_key: of that integration; None: not given yet.
        events_url: as of the sink, ending in `/v2/enqueue`.
        base_url: where our pages are, for links; empty for none.
        client: sends the requests; made on first use when None.
    """

    def __init__(
        self,
        sink: str,
        routing_key: str | None,
        events_url: str,
        base_url: str = "",
        client: httpx.Client | None = None,
    ) -> None:
        self.name = sink + CHANGES
        self.rate = RATE
        self._routing_key = routing_key
        self._url = events_url.removesuffix("/enqueue") + "/change/enqueue"
        self._base_url = base_url
        self._given_client = client

    def __repr__(self) -> str:
        return f"PagerDutyChanges(name={self.name!r})"

    @classmethod
    def from_settings(cls, sink: SinkSettings, settings: Settings) -> "PagerDutyChanges":
        """Return what shows changes on the sink that the settings describe."""
        key = sink.secret.get_secret_value() if sink.secret else None
        return cls(sink.name, key, sink.url, settings.web.base_url)

    def change_payload(self, change: Change) -> Mapping[str, Any]:
        """Return the event, without the routing key."""
        by = f" by {change.actor}" if change.actor else ""
        summary = f"{capital(change_words(change))}{by} ({change.env})"
        told = {
            "kind": change.kind.value,
            "service": change.service,
            "ref": change.ref,
            "env": change.env,
            "region": change.region or "",
            "segment": change.segment or "",
            "percentage": "" if change.percentage is None else f"{change.percentage:g}",
            "reverts": change.reverts or "",
            "status": change.status,
            "description": change.description,
            "reported_by": change.source,
        }
        details = {name: clean(text, _TEXT_CHARACTERS) for name, text in told.items() if text}
        event: dict[str, Any] = {
            "payload": {
                "summary": clean(summary, _SUMMARY_CHARACTERS),
                "timestamp": change.started_at.isoformat(),
                "source": clean(change.service or change.source or "aiops", _TEXT_CHARACTERS),
                "custom_details": details,
            }
        }
        if self._base_url:
            event["links"] = [{"href": self._base_url, "text": "incidents and changes in aiops"}]
        return event

    def send(
        self, notification: Notification, payload: Mapping[str, Any], *, repeated: bool
    ) -> Receipt:
        """Send the event; only 202 says that it was taken.

        Raises:
            DeliveryError: see `Sender.send`.
        """
        if not self._routing_key:
            raise DeliveryError(
                f"{self.name}: no routing key; set AIOPS_PAGERDUTY_ROUTING_KEY", retryable=True
            )
        response = http.request(
            self._client,
            self.name,
            "POST",
            self._url,
            {"content-type": "application/json"},
            content=orjson.dumps({**payload, "routing_key": self._routing_key}),
        )
        if response.status_code != 202:
            raise refusal(self.name, response, self._routing_key)
        return Receipt(reference={"change": notification.incident_id})

    @cached_property
    def _client(self) -> httpx.Client:
        return self._given_client or http.new_client(self._url)
