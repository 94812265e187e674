"""Files at a loopback Slack: an address for each, the bytes, and sharing it in a conversation."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from aiops.receivers.ledger import Answer, Received
from aiops.receivers.slack_messages import Content, Conversations, Revision
from aiops.receivers.slack_requests import Arguments, SlackRefusedError

UPLOAD_PREFIX = "/upload/v1/"
"""Where files are sent; the address is the only secret."""

_MAX_BYTES = 1_000_000_000
_ALT_CHARACTERS = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class SlackFile:
    """A file that was announced: named, then uploaded, then shared.

    Args:
        bytes: its length, as announced.
        alt: what it shows, for who cannot see it.
    """

    id: str
    bot_id: str
    name: str
    bytes: int
    alt: str
    is_uploaded: bool = False
    is_shared: bool = False


class SlackFiles:
    """The files of a workspace.

    Args:
        conversations: where they are shared.
    """

    def __init__(self, conversations: Conversations) -> None:
        self._conversations = conversations
        self._files: dict[str, SlackFile] = {}
        self.methods: Mapping[str, Callable[[Received, Arguments], Answer]] = {
            "/api/files.getUploadURLExternal": self._announce,
            "/api/files.completeUploadExternal": self._complete,
        }

    @property
    def files(self) -> tuple[SlackFile, ...]:
        """Return every file that was announced, oldest first."""
        return tuple(self._files.values())

    def upload(self, received: Received) -> Answer:
        """Take the bytes of a file; anything but a 200 means that it was not taken."""
        file = self._files.get(received.path.removeprefix(UPLOAD_PREFIX))
        # Reloaded from a ledger's file it is what was kept of it.
        kept = received.content() if received.media_type == "application/json" else {}
        size = kept.get("bytes") if kept else len(received.body)
        if "authorization" in received.headers:
            return Answer(status=400, content=b"no token belongs here")
        if file is None or file.is_shared or received.method != "POST":
            return Answer(status=404, content=b"no such upload")
        if size != file.bytes:
            return Answer(status=400, content=f"announced {file.bytes}, got {size}".encode())
        self._files[file.id] = replace(file, is_uploaded=True)
        return Answer(status=200, content=f"OK - {size}".encode(), accepted=True)

    def _announce(self, received: Received, arguments: Arguments) -> Answer:
        name, length = arguments.require("filename"), arguments.require("length")
        if not length.isdecimal() or not 0 < int(length) <= _MAX_BYTES:
            raise SlackRefusedError("invalid_arguments")
        alt = arguments.text("alt_txt")
        if len(alt) > _ALT_CHARACTERS:
            raise SlackRefusedError("alt_txt_too_large")
        file = SlackFile(
            id=f"F{len(self._files) + 1:04d}",
            bot_id=received.sender or "",
            name=name,
            bytes=int(length),
            alt=alt,
        )
        self._files[file.id] = file
        host = received.headers.get("host", "127.0.0.1")
        url = f"http://{host}{UPLOAD_PREFIX}{file.id}"
        content = {"ok": True, "upload_url": url, "file_id": file.id}
        return Answer(status=200, content=content, accepted=True)

    def _complete(self, received: Received, arguments: Arguments) -> Answer:
        wanted = arguments.structure("files", "invalid_arguments")
        if not isinstance(wanted, list) or not wanted:
            raise SlackRefusedError("invalid_arguments")
        files = [self._finished(one, received.sender or "") for one in wanted]
        titled = [
            {"id": file.id, "name": file.name, "title": title, "alt_txt": file.alt}
            for file, title in files
        ]
        channel, thread_ts = arguments.text("channel_id"), arguments.text("thread_ts") or None
        if channel:
            self._share(received, arguments, channel, thread_ts, titled)
        for file, _ in files:
            self._files[file.id] = replace(file, is_shared=True)
        return Answer(status=200, content={"ok": True, "files": titled}, accepted=True)

    def _finished(self, wanted: object, bot_id: str) -> tuple[SlackFile, str]:
        """Return a file that can be shared, and its title."""
        values = wanted if isinstance(wanted, Mapping) else {}
        file = self._files.get(str(values.get("id")))
        if file is None or file.bot_id != bot_id or not file.is_uploaded or file.is_shared:
            raise SlackRefusedError("file_not_found")
        return file, str(values.get("title") or file.name)

    def _share(
        self,
        received: Received,
        arguments: Arguments,
        channel: str,
        thread_ts: str | None,
        files: list[dict[str, Any]],
    ) -> None:
        if not self._conversations.has(channel):  # an id: a name will not do here
            raise SlackRefusedError("channel_not_found")
        parent = self._conversations.get(channel, thread_ts) if thread_ts else None
        if thread_ts and (parent is None or parent.thread_ts is not None):
            raise SlackRefusedError("thread_not_found")
        content = Content(text=arguments.text("initial_comment"), files=tuple(files))
        self._conversations.post(
            channel=channel,
            bot_id=received.sender or "",
            thread_ts=thread_ts,
            broadcast=False,
            revision=Revision(seq=received.seq, at=received.at, content=content),
        )
