"""The channels of a loopback Slack, as conversations.list tells of them, page by page.

References:
    docs.slack.dev, "conversations.list": types, limit and cursor, and the scope each type needs.
"""

from collections.abc import Mapping
from types import MappingProxyType

from aiops.receivers.ledger import Answer
from aiops.receivers.slack_messages import Conversations
from aiops.receivers.slack_requests import Arguments, SlackRefusedError, window_of

_SCOPES: Mapping[str, str] = MappingProxyType(
    {
        "public_channel": "channels:read",
        "private_channel": "groups:read",
        "mpim": "mpim:read",
        "im": "im:read",
    }
)
"""Type of a conversation → what an app needs to see those."""

_PUBLIC = "public_channel"


def listed(
    conversations: Conversations, arguments: Arguments, scopes: tuple[str, ...] | None
) -> Answer:
    """Answer conversations.list; all channels of ours are public.

    Args:
        conversations: the channels.
        arguments: of the call.
        scopes: what the app may do; None: everything.

    Raises:
        SlackRefusedError: a type is unknown or not the app's to see, or the page is a wrong one.
    """
    types = (arguments.text("types") or _PUBLIC).replace(" ", "").split(",")
    if not set(types) <= set(_SCOPES):
        raise SlackRefusedError("invalid_types")
    for needed in (_SCOPES[one] for one in types):
        if scopes is not None and needed not in scopes:
            raise SlackRefusedError("missing_scope", needed=needed, provided=scopes)
    limit = window_of(arguments).limit
    channels = list(conversations.channels.items()) if _PUBLIC in types else []
    start = _start([id_ for id_, _ in channels], arguments.text("cursor"))
    shown = channels[start : start + limit]
    is_more = start + limit < len(channels)
    content = {
        "ok": True,
        "channels": [
            {"id": id_, "name": name, "is_channel": True, "is_private": False, "is_archived": False}
            for id_, name in shown
        ],
        "response_metadata": {"next_cursor": shown[-1][0] if is_more else ""},
    }
    return Answer(status=200, content=content)


def _start(ids: list[str], cursor: str) -> int:
    """Return where a page begins; the cursor is the id of the last channel already shown."""
    if not cursor:
        return 0
    if cursor not in ids:
        raise SlackRefusedError("invalid_cursor")
    return ids.index(cursor) + 1
