"""Slack: one message per incident and episode, kept up to date, its changes told in its thread.

Slack has no key against doubles: the message's metadata says which incident it tells of, and a
repeat looks for it first.
"""

from collections.abc import Mapping
from functools import cached_property
from types import MappingProxyType
from typing import Any

import httpx

from aiops.domain.digests import Digest
from aiops.domain.errors import DeliveryError
from aiops.domain.incidents import Incident
from aiops.domain.notifications import DeliveryAction, Notification
from aiops.domain.pacing import Rate
from aiops.notify import http, slack_digest, slack_message
from aiops.notify.changes import told_of
from aiops.notify.slack_api import CANNOT_LOOK, SlackCalls, SlackRefusalError
from aiops.ports import Receipt
from aiops.settings import Settings, SinkSettings

_QUIETLY = MappingProxyType({"unfurl_links": False, "unfurl_media": False})

RATE = Rate(per_minute=60, burst=1)
"""What Slack takes for one channel (api.slack.com/docs/rate-limits: one message a second)."""


class Slack:
    """Tells a channel of incidents.

    Args:
        name: of the sink.
        token: of the bot; None: not given yet.
        channel: id (best: then a repeat can look without asking for it) or #name.
        api_url: `https://slack.com/api/`.
        base_url: where our pages are, for links; empty for none.
        client: sends the requests; made on first use when None.
        team_channels: further channels, by the owner role whose incidents are told there. An
            episode stays in the channel it was first told in.
        with_buttons: whether Slack may send us what people press.
    """

    def __init__(
        self,
        name: str,
        token: str | None,
        channel: str,
        api_url: str = "https://slack.com/api/",
        base_url: str = "",
        *,
        client: httpx.Client | None = None,
        team_channels: Mapping[str, str] = MappingProxyType({}),
        with_buttons: bool = False,
    ) -> None:
        self.name = name
        self.rate = RATE
        self._token = token
        self._channel = channel
        self._api_url = api_url
        self._base_url = base_url
        self._given_client = client
        self._team_channels = team_channels
        self._with_buttons = with_buttons

    def __repr__(self) -> str:
        return f"Slack(name={self.name!r}, channel={self._channel!r})"

    @classmethod
    def from_settings(cls, sink: SinkSettings, settings: Settings) -> "Slack":
        """Return the sink that the settings describe."""
        return cls(
            sink.name,
            sink.secret.get_secret_value() if sink.secret else None,
            sink.channel,
            sink.url,
            settings.web.base_url,
            team_channels={
                team.name: team.slack_channel for team in settings.teams if team.slack_channel
            },
            with_buttons=settings.slack_signing_secret is not None,
        )

    def payload(
        self, incident: Incident, notification: Notification, reference: Mapping[str, str]
    ) -> Mapping[str, Any]:
        """Return the message as it should now be, where, and what its thread is told.

        `ts` is empty while the episode has no message; `told` is kept with the reference.
        """
        channel = self._team_channels.get(incident.owner or "", self._channel)
        return {
            "channel": reference.get("channel", channel),
            "ts": reference.get("ts", ""),
            "message": slack_message.message(
                incident, notification, self._base_url, with_buttons=self._with_buttons
            ),
            "reply": slack_message.reply(incident, notification, reference),
            "told": told_of(incident),
        }

    def digest_payload(
        self, digest: Digest, notification: Notification, reference: Mapping[str, str]
    ) -> Mapping[str, Any]:
        """Return the message of a digest, in the same form as that of an incident."""
        channel = self._team_channels.get(digest.owner, self._channel)
        return {
            "channel": reference.get("channel", channel),
            "ts": reference.get("ts", ""),
            "message": slack_digest.message(digest, self._base_url),
            "reply": None,
            "told": {},
        }

    def send(
        self, notification: Notification, payload: Mapping[str, Any], *, repeated: bool
    ) -> Receipt:
        """Post the message or bring it up to date, then say in its thread what changed.

        A delivery that is not the first of its episode and has no reference looks for the message
        too: the first one may have arrived although we never heard so.

        Raises:
            DeliveryError: see `Sender.send`.
        """
        calls = SlackCalls(self._client, self.name, self._api_url, self._token)
        channel, ts = str(payload["channel"]), str(payload["ts"])
        is_new = False
        if not ts and (repeated or notification.action is not DeliveryAction.TRIGGER):
            channel, ts = _find(calls, channel, payload["message"]["metadata"])
        if ts:
            calls.post("chat.update", {"channel": channel, "ts": ts, **payload["message"]})
        else:
            channel, ts = post_message(calls, self.name, channel, payload["message"])
            is_new = True
        reply = payload["reply"]
        if reply and not is_new and not (repeated and is_replied(calls, channel, ts, reply)):
            post_message(calls, self.name, channel, {**reply, "thread_ts": ts})
        return Receipt(reference={"channel": channel, "ts": ts, **payload["told"]})

    @cached_property
    def _client(self) -> httpx.Client:
        return self._given_client or http.new_client(self._api_url)


def post_message(
    calls: SlackCalls, sink: str, channel: str, content: Mapping[str, Any]
) -> tuple[str, str]:
    """Post a message; return the channel's id and the message's own."""
    answer = calls.post("chat.postMessage", {"channel": channel, **content, **_QUIETLY})
    ts = answer.get("ts")
    if not isinstance(ts, str) or not ts:
        raise DeliveryError(
            f"sink {sink}: Slack's chat.postMessage answered without the message's ts",
            retryable=True,
            ambiguous=True,
        )
    return str(answer.get("channel") or channel), ts


def _find(calls: SlackCalls, channel: str, metadata: Mapping[str, Any]) -> tuple[str, str]:
    """Return the channel's id and the `ts` of the incident's message; "" where there is none.

    Where the app may not read the channel nobody can look: a message twice is then better than
    a call nobody hears.
    """
    try:
        channel = _channel_id(calls, channel)
        for shown in calls.pages("conversations.history", {"channel": channel}):
            if slack_message.is_same(shown.get("metadata"), metadata):
                return channel, str(shown.get("ts", ""))
    except SlackRefusalError as error:
        if error.error not in CANNOT_LOOK:
            raise
    return channel, ""


def is_replied(calls: SlackCalls, channel: str, ts: str, reply: Mapping[str, Any]) -> bool:
    """Return whether a thread has a reply already; False where the app may not look there."""
    try:
        replies = calls.pages("conversations.replies", {"channel": channel, "ts": ts})
        return any(slack_message.is_same(one.get("metadata"), reply["metadata"]) for one in replies)
    except SlackRefusalError as error:
        if error.error not in CANNOT_LOOK:
            raise
        return False


def _channel_id(calls: SlackCalls, channel: str) -> str:
    """Return the id of a channel: reading one by its name is not possible."""
    name = channel.removeprefix("#")
    if not channel.startswith("#") and name.isupper() and name.isalnum():
        return channel
    kinds = {"types": "public_channel,private_channel", "exclude_archived": "true"}
    for one in calls.pages("conversations.list", kinds, "channels"):
        if one.get("name") == name:
            return str(one.get("id", channel))
    return channel
