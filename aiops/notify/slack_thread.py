"""Slack: what is told below the message of an incident, each kind with deliveries of its own."""

from functools import cached_property
from typing import ClassVar, Self

import httpx

from aiops.domain.pacing import Rate
from aiops.notify import http
from aiops.notify.slack_api import SlackCalls
from aiops.settings import SinkSettings


class SlackThread:
    """Tells of one kind of thing below the messages of a Slack sink.

    Args:
        shown_on: name of the sink.
        token: of its bot; None: not given yet.
        api_url: `https://slack.com/api/`.
        client: sends the requests; made on first use when None.
    """

    kind: ClassVar[str]
    """What follows the name of the sink in the name of this one."""

    rate = Rate(per_minute=20, burst=1)
    """Each is a message in a channel, which takes 60 a minute of all kinds together."""

    def __init__(
        self,
        shown_on: str,
        token: str | None,
        api_url: str = "https://slack.com/api/",
        *,
        client: httpx.Client | None = None,
    ) -> None:
        self.name = shown_on + self.kind
        self.shown_on = shown_on
        self.lacks = "" if token else "a bot token in AIOPS_SLACK_BOT_TOKEN"
        self._token = token
        self._api_url = api_url
        self._given_client = client

    def __repr__(self) -> str:
        return f"{type(self).__name__}(shown_on={self.shown_on!r})"

    @classmethod
    def from_settings(cls, sink: SinkSettings) -> Self:
        """Return the one of the sink that the settings describe."""
        token = sink.secret.get_secret_value() if sink.secret else None
        return cls(sink.name, token, sink.url)

    @cached_property
    def _calls(self) -> SlackCalls:
        client = self._given_client or http.new_client(self._api_url)
        return SlackCalls(client, self.name, self._api_url, self._token)
