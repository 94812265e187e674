"""The messages of a loopback Slack: posted, updated, threaded, read back. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Content:
    """What a message says, as it was sent."""

    text: str = ""
    blocks: tuple[Mapping[str, Any], ...] = ()
    attachments: tuple[Mapping[str, Any], ...] = ()
    metadata: Mapping[str, Any] | None = None
    files: tuple[Mapping[str, Any], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Revision:
    """One state of a message: the request that made it, and what it then said."""

    seq: int
    at: datetime
    content: Content


@dataclass(frozen=True, slots=True, kw_only=True)
class SlackMessage:
    """A message and everything it ever said.

    Args:
        channel: the id, not the name.
        ts: its identity in the channel, "1727780000.000100".
        thread_ts: the ts of the parent it answers; None outside threads.
        broadcast: whether a threaded answer is shown in the channel too.
        bot_id: who posted it; nobody else may update it.
        revisions: the post first, then each update.
    """

    channel: str
    ts: str
    thread_ts: str | None
    broadcast: bool
    bot_id: str
    revisions: tuple[Revision, ...]

    @property
    def content(self) -> Content:
        """Return what it says now."""
        return self.revisions[-1].content

    def to_json(self, *, metadata: bool = True) -> dict[str, Any]:
        """Return the message as Slack's API shows it; metadata only to those who ask for it."""
        now = self.content
        shown: dict[str, Any] = {
            "type": "message",
            "user": f"U{self.bot_id[1:]}",
            "bot_id": self.bot_id,
            "ts": self.ts,
            "text": now.text,
        }
        if self.thread_ts is not None:
            shown["thread_ts"] = self.thread_ts
        if now.blocks:
            shown["blocks"] = [
                {"block_id": f"b{index}", **block} for index, block in enumerate(now.blocks)
            ]
        if now.files:
            shown["files"] = list(now.files)
        if now.attachments:
            shown["attachments"] = list(now.attachments)
        if len(self.revisions) > 1:
            edited_at = self.revisions[-1].at.timestamp()
            shown["edited"] = {"user": shown["user"], "ts": f"{edited_at:.6f}"}
        if metadata and now.metadata:
            shown["metadata"] = now.metadata
        return shown


class Conversations:
    """The channels of a workspace with their messages.

    Args:
        channels: id to name, without the number sign.

    Examples:
        >>> Conversations({"C1": "incidents"}).find("#incidents")
        'C1'
    """

    def __init__(self, channels: Mapping[str, str]) -> None:
        self._names = dict(channels)
        self._messages: dict[tuple[str, str], SlackMessage] = {}
        self._last_ts_micros = 0

    @property
    def messages(self) -> tuple[SlackMessage, ...]:
        """Return every message of every channel, oldest first."""
        return tuple(self._messages.values())

    @property
    def channels(self) -> Mapping[str, str]:
        """Return the name of every channel, by its id."""
        return dict(self._names)

    def find(self, channel: object) -> str | None:
        """Return the id of a channel given by id or name, None when there is none."""
        if channel in self._names:
            return str(channel)
        wanted = str(channel).removeprefix("#")
        return next((id_ for id_, name in self._names.items() if name == wanted), None)

    def has(self, channel: str) -> bool:
        """Return whether there is a channel of this id."""
        return channel in self._names

    def get(self, channel: str, ts: object) -> SlackMessage | None:
        """Return a message by its identity."""
        return self._messages.get((channel, str(ts)))

    def post(
        self,
        *,
        channel: str,
        bot_id: str,
        thread_ts: str | None,
        broadcast: bool,
        revision: Revision,
    ) -> SlackMessage:
        """Add a message; its `ts` is later than any other's and carries the second it came in."""
        second_micros = int(revision.at.timestamp()) * 1_000_000
        self._last_ts_micros = max(second_micros, self._last_ts_micros) + 100
        seconds, micros = divmod(self._last_ts_micros, 1_000_000)
        message = SlackMessage(
            channel=channel,
            ts=f"{seconds}.{micros:06d}",
            thread_ts=thread_ts,
            broadcast=broadcast,
            bot_id=bot_id,
            revisions=(revision,),
        )
        self._messages[channel, message.ts] = message
        return message

    def update(self, message: SlackMessage, revision: Revision) -> SlackMessage:
        """Let a message say something else."""
        updated = replace(message, revisions=(*message.revisions, revision))
        self._messages[message.channel, message.ts] = updated
        return updated

    def history(self, channel: str) -> tuple[SlackMessage, ...]:
        """Return what is shown in a channel, newest first; answers in threads are not."""
        return tuple(
            message
            for message in reversed(self._messages.values())
            if message.channel == channel and (message.thread_ts is None or message.broadcast)
        )

    def thread(self, channel: str, ts: str) -> tuple[SlackMessage, ...]:
        """Return a message and the answers to it, oldest first; empty when there is none."""
        parent = self.get(channel, ts)
        if parent is None:
            return ()
        return (parent, *(m for m in self.messages if (m.channel, m.thread_ts) == (channel, ts)))

    def show(self, message: SlackMessage, *, metadata: bool) -> dict[str, Any]:
        """Return a message as a reader of the conversation sees it, its thread counted."""
        shown = message.to_json(metadata=metadata)
        replies = self.thread(message.channel, message.ts)[1:]
        if replies:
            shown |= {
                "thread_ts": message.ts,
                "reply_count": len(replies),
                "latest_reply": replies[-1].ts,
            }
        return shown
