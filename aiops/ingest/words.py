"""What both vendors' bodies of people's words share: keys of ours, and times."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import orjson

from aiops.domain.errors import InputError
from aiops.domain.time import require_aware

_KEY = re.compile(r"INC-\d{1,12}\.\d{1,6}")
_UNREADABLE = "the body is no JSON object"


def is_ours(key: object) -> bool:
    """Return whether a dedup key is one we give.

    Examples:
        >>> is_ours("INC-1001.2"), is_ours("INC-1001"), is_ours(None)
        (True, False, False)
    """
    return isinstance(key, str) and _KEY.fullmatch(key) is not None


def read_object(body: bytes) -> Mapping[str, Any]:
    """Return the JSON object of a body.

    Raises:
        InputError: it is none.
    """
    try:
        content = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise InputError(_UNREADABLE) from error
    if not isinstance(content, Mapping):
        raise InputError(_UNREADABLE)
    return content


def part(content: object, *names: str) -> Any:
    """Return what stands under names one in the other, None where there is nothing.

    Examples:
        >>> part({"event": {"data": {"id": "P1"}}}, "event", "data", "id")
        'P1'
        >>> part({"event": None}, "event", "data") is None
        True
    """
    for name in names:
        content = content.get(name) if isinstance(content, Mapping) else None
    return content


def text(content: object, *names: str) -> str:
    """Return the text under names one in the other, "" where there is none."""
    found = part(content, *names)
    return found if isinstance(found, str) else ""


def moment(content: object, place: str, name: str) -> datetime:
    """Return the time under a name, aware UTC.

    Args:
        content: an object.
        place: where it stands, for the message.
        name: of the time in it.

    Raises:
        InputError: there is no time, or one without its zone.
    """
    said = text(content, name)
    try:
        return require_aware(datetime.fromisoformat(said), f"{place}.{name}").astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise InputError(f"{place}.{name}: found {said[:40]!r}, expected ISO 8601") from error
