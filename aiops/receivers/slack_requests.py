"""How Slack's Web API reads a request: its encodings, its arguments, and its ways to say no."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any
from urllib.parse import parse_qsl

import orjson

from aiops.domain.errors import AiopsError
from aiops.receivers.blockkit import MAX_TEXT_CHARACTERS, block_errors, text_characters
from aiops.receivers.ledger import Received
from aiops.receivers.slack_messages import Content

_MAX_ATTACHMENTS = 100
_MAX_PAGE = 999
_FORM = "application/x-www-form-urlencoded"
_FORMS_ONLY = frozenset({"files.getUploadURLExternal"})
_SCOPES: Mapping[str, str] = MappingProxyType(
    {
        "chat.postMessage": "chat:write",
        "chat.update": "chat:write",
        "conversations.history": "channels:history",
        "conversations.replies": "channels:history",
        "files.getUploadURLExternal": "files:write",
        "files.completeUploadExternal": "files:write",
        "users.info": "users:read",
    }
)
"""Method → what an app needs for it."""

_DEFAULT_PAGE = 100


class SlackRefusedError(AiopsError):
    """A request is refused, in Slack's words.

    Args:
        error: Slack's short name of what is wrong, such as "channel_not_found".
        status: of HTTP; the Web API refuses with 200.
        messages: what is wrong in detail, as in invalid blocks.
        retry_after_seconds: how long to wait after a rate limit.
        needed: the scope that is missing.
        provided: those the app has.
    """

    def __init__(
        self,
        error: str,
        *,
        status: int = 200,
        messages: tuple[str, ...] = (),
        retry_after_seconds: int | None = None,
        needed: str = "",
        provided: tuple[str, ...] = (),
    ) -> None:
        super().__init__(error)
        self.needed = needed
        self.provided = provided
        self.error = error
        self.status = status
        self.messages = messages
        self.retry_after_seconds = retry_after_seconds

    @property
    def content(self) -> dict[str, Any]:
        """Return the body of the answer."""
        content: dict[str, Any] = {"ok": False, "error": self.error}
        if self.needed:
            content |= {"needed": self.needed, "provided": ",".join(self.provided)}
        if self.messages:
            content["errors"] = list(self.messages)
            shown = [f"[ERROR] {message}" for message in self.messages]
            content["response_metadata"] = {"messages": shown}
        return content

    @property
    def headers(self) -> dict[str, str]:
        """Return the headers of the answer."""
        seconds = self.retry_after_seconds
        return {} if seconds is None else {"retry-after": str(seconds)}


@dataclass(frozen=True, slots=True)
class Arguments:
    """The arguments of a call, wherever they stood: query, form or JSON."""

    values: Mapping[str, Any]

    def text(self, name: str) -> str:
        """Return a string argument, "" when it is missing."""
        value = self.values.get(name)
        return "" if value is None else str(value)

    def flag(self, name: str) -> bool:
        """Return a boolean argument, sent as JSON or as text."""
        return self.text(name).lower() in {"true", "1"}

    def require(self, name: str) -> str:
        """Return a string argument.

        Raises:
            SlackRefusedError: it is missing.
        """
        value = self.text(name)
        if not value:
            missing = (f"missing required field: {name} [json-pointer:/{name}]",)
            raise SlackRefusedError("invalid_arguments", messages=missing)
        return value

    def structure(self, name: str, error: str) -> Any:
        """Return an argument that is JSON, also where it came as the text of JSON.

        Raises:
            SlackRefusedError: it is the text of something else; with `error`.
        """
        value = self.values.get(name)
        if not isinstance(value, str) or not value:
            return None if value == "" else value
        try:
            return orjson.loads(value)
        except orjson.JSONDecodeError as cause:
            raise SlackRefusedError(error) from cause


def arguments_of(received: Received) -> Arguments:
    """Return the arguments of a call.

    Raises:
        SlackRefusedError: the body is not what its content type says, or has none.
    """
    values: dict[str, Any] = dict(received.query)
    if not received.body:
        return Arguments(values)
    if received.media_type == "application/json":
        try:
            content = orjson.loads(received.body)
        except orjson.JSONDecodeError as error:
            raise SlackRefusedError("invalid_json") from error
        if not isinstance(content, Mapping):
            raise SlackRefusedError("json_not_object")
        return Arguments(values | dict(content))
    if received.media_type == _FORM:
        form = parse_qsl(received.body.decode(errors="replace"), keep_blank_values=True)
        return Arguments(values | dict(form))
    raise SlackRefusedError("invalid_post_type" if received.media_type else "missing_post_type")


def admit(received: Received, scopes: tuple[str, ...] | None) -> None:
    """Let a call pass whose method an app may call so.

    Args:
        received: the call.
        scopes: what the app may do; None: everything.

    Raises:
        SlackRefusedError: a scope is missing, or the method does not take such a body.
    """
    method = received.path.removeprefix("/api/")
    needed = _SCOPES.get(method, "")
    if scopes is not None and needed and needed not in scopes:
        raise SlackRefusedError("missing_scope", needed=needed, provided=scopes)
    if method in _FORMS_ONLY and received.body and received.media_type != _FORM:
        raise SlackRefusedError("invalid_post_type")


def content_of(arguments: Arguments, *, max_text: int, before: Content | None = None) -> Content:
    """Return what a message is to say.

    Args:
        arguments: of chat.postMessage, chat.update or a response URL.
        max_text: the most characters of `text`.
        before: what an updated message said; its metadata stays unless new metadata is sent,
            its blocks go when a text comes without blocks.

    Raises:
        SlackRefusedError: it says nothing, or more or other than Slack allows.
    """
    text = arguments.text("text")
    blocks = _blocks(arguments)
    attachments = _attachments(arguments)
    if before is not None and not text and blocks is None:
        blocks = before.blocks
    if not (text or blocks or attachments):
        raise SlackRefusedError("no_text")
    if len(text) > max_text:
        raise SlackRefusedError("msg_too_long")
    return Content(
        text=text,
        blocks=blocks or (),
        attachments=attachments or (),
        metadata=_metadata(arguments, before.metadata if before else None),
    )


def _blocks(arguments: Arguments) -> tuple[Mapping[str, Any], ...] | None:
    blocks = arguments.structure("blocks", "invalid_blocks_format")
    if blocks is None:
        return None
    if not isinstance(blocks, list):
        raise SlackRefusedError("invalid_blocks_format")
    errors = block_errors(blocks)
    if errors:
        raise SlackRefusedError("invalid_blocks", messages=tuple(errors))
    if text_characters(blocks) > MAX_TEXT_CHARACTERS:
        raise SlackRefusedError("msg_blocks_too_long")
    return tuple(blocks)


def _attachments(arguments: Arguments) -> tuple[Mapping[str, Any], ...] | None:
    attachments = arguments.structure("attachments", "invalid_attachments")
    if attachments is None:
        return None
    if not isinstance(attachments, list):
        raise SlackRefusedError("invalid_attachments")
    if len(attachments) > _MAX_ATTACHMENTS:
        raise SlackRefusedError("too_many_attachments")
    return tuple(attachments)


def _metadata(arguments: Arguments, before: Mapping[str, Any] | None) -> Mapping[str, Any] | None:
    if arguments.values.get("metadata") is None:
        return before
    metadata = arguments.structure("metadata", "invalid_metadata_format")
    if not metadata:  # an empty object takes the metadata away
        return None
    if not isinstance(metadata, Mapping):
        raise SlackRefusedError("invalid_metadata_format")
    named = isinstance(metadata.get("event_type"), str) and metadata["event_type"]
    if not named or not isinstance(metadata.get("event_payload"), Mapping):
        raise SlackRefusedError("invalid_metadata_schema")
    return metadata


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """The part of a conversation a call asks for: at most `limit` messages between two times."""

    limit: int
    oldest: float
    latest: float
    inclusive: bool

    def holds(self, ts: str) -> bool:
        """Return whether a message's `ts` lies inside."""
        at = float(ts)
        inside = self.oldest < at < self.latest
        return inside or (self.inclusive and at in (self.oldest, self.latest))


def window_of(arguments: Arguments) -> Window:
    """Return the part of a conversation that is asked for.

    Raises:
        SlackRefusedError: a limit or a time is no number or out of range.
    """
    limit = arguments.text("limit") or str(_DEFAULT_PAGE)
    if not limit.isdecimal() or not 1 <= int(limit) <= _MAX_PAGE:
        raise SlackRefusedError("invalid_limit")
    return Window(
        limit=int(limit),
        oldest=_time(arguments.text("oldest") or "0", "invalid_ts_oldest"),
        latest=_time(arguments.text("latest") or "inf", "invalid_ts_latest"),
        inclusive=arguments.flag("inclusive"),
    )


def _time(text: str, error: str) -> float:
    try:
        return float(text)
    except ValueError as cause:
        raise SlackRefusedError(error) from cause
