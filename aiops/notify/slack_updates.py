"""Slack: an update for stakeholders in the thread of its incident, marked with who sends it.

It stands there word for word: as plain text, of which Slack makes no link and no mention.
"""

from collections.abc import Mapping
from functools import cached_property
from typing import Any

import httpx
from slack_sdk.models.blocks import PlainTextObject, SectionBlock

from aiops.domain.errors import DeliveryError
from aiops.domain.notifications import Notification
from aiops.domain.pacing import Rate
from aiops.domain.status_updates import UPDATES, StatusUpdate
from aiops.notify import http
from aiops.notify.mrkdwn import SECTION_CHARACTERS, context, escaped
from aiops.notify.slack import is_replied, post_message
from aiops.notify.slack_api import SlackCalls
from aiops.ports import Receipt
from aiops.settings import SinkSettings

RATE = Rate(per_minute=20, burst=1)
"""Each is a message in a channel, which takes 60 a minute of all kinds together."""

EVENT_TYPE = "aiops_update"
"""The type of the metadata by which a repeat finds what is there already."""

_NOTICE_CHARACTERS = 250


class SlackUpdates:
    """Posts updates for stakeholders below the messages of a Slack sink.

    Args:
        shown_on: name of the sink.
        token: of its bot; None: not given yet.
        api_url: `https://slack.com/api/`.
        client: sends the requests; made on first use when None.
    """

    def __init__(
        self,
        shown_on: str,
        token: str | None,
        api_url: str = "https://slack.com/api/",
        *,
        client: httpx.Client | None = None,
    ) -> None:
        self.name = shown_on + UPDATES
        self.shown_on = shown_on
        self.rate = RATE
        self.lacks = "" if token else "a bot token in AIOPS_SLACK_BOT_TOKEN"
        self._token = token
        self._api_url = api_url
        self._given_client = client

    def __repr__(self) -> str:
        return f"SlackUpdates(shown_on={self.shown_on!r})"

    @classmethod
    def from_settings(cls, sink: SinkSettings) -> "SlackUpdates":
        """Return what sends updates on the sink that the settings describe."""
        token = sink.secret.get_secret_value() if sink.secret else None
        return cls(sink.name, token, sink.url)

    def update_payload(
        self, update: StatusUpdate, reference: Mapping[str, str]
    ) -> Mapping[str, Any]:
        """Return the message, with the channel and thread it goes to."""
        wording = "public wording" if update.public else "internal"
        by = f"Update for stakeholders ({wording}), sent by {update.by}"
        said = PlainTextObject(text=update.text[:SECTION_CHARACTERS], emoji=False)
        return {
            "channel": reference.get("channel", ""),
            "thread_ts": reference.get("ts", ""),
            "text": escaped(f"{update.by}: {update.text}", _NOTICE_CHARACTERS),
            "blocks": [
                dict(SectionBlock(text=said).to_dict()),
                context(escaped(by, _NOTICE_CHARACTERS)),
            ],
            "metadata": {
                "event_type": EVENT_TYPE,
                "event_payload": {
                    "incident": update.incident_id,
                    "episode": update.episode,
                    "update": update.revision,
                    "at": update.at.isoformat(),
                    "origin": update.origin.value,
                },
            },
        }

    def send(
        self, notification: Notification, payload: Mapping[str, Any], *, repeated: bool
    ) -> Receipt:
        """Post it in the thread; a repeat looks there first.

        Raises:
            DeliveryError: see `Sender.send`.
        """
        channel, thread = str(payload["channel"]), str(payload["thread_ts"])
        if not thread:
            raise DeliveryError(f"{self.name}: there is no message to follow", retryable=False)
        calls = SlackCalls(self._client, self.name, self._api_url, self._token)
        if not (repeated and is_replied(calls, channel, thread, payload)):
            content = {name: value for name, value in payload.items() if name != "channel"}
            post_message(calls, self.name, channel, content)
        return Receipt(reference={"channel": channel, "ts": thread})

    @cached_property
    def _client(self) -> httpx.Client:
        return self._given_client or http.new_client(self._api_url)
