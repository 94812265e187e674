"""Slack: an update for stakeholders in the thread of its incident, marked with who sends it.

It stands there word for word: as plain text, of which Slack makes no link and no mention.
"""

from collections.abc import Mapping
from typing import Any

from slack_sdk.models.blocks import PlainTextObject, SectionBlock

from aiops.domain.errors import DeliveryError
from aiops.domain.notifications import Notification
from aiops.domain.status_updates import UPDATES, StatusUpdate
from aiops.notify.mrkdwn import SECTION_CHARACTERS, context, escaped
from aiops.notify.slack import is_replied, post_message
from aiops.notify.slack_thread import SlackThread
from aiops.ports import Receipt

EVENT_TYPE = "aiops_update"
"""The type of the metadata by which a repeat finds what is there already."""

_NOTICE_CHARACTERS = 250


class SlackUpdates(SlackThread):
    """Posts updates for stakeholders below the messages of a Slack sink."""

    kind = UPDATES

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
        calls = self._calls
        if not (repeated and is_replied(calls, channel, thread, payload)):
            content = {name: value for name, value in payload.items() if name != "channel"}
            post_message(calls, self.name, channel, content)
        return Receipt(reference={"channel": channel, "ts": thread})
