"""The objects of a body: one, a list of them, or one a line, each with its place. Pure."""

from typing import Any

import orjson

from aiops.domain.errors import InputError

_MAX_TOLD = 10
"""Problems told in one answer; a wrong exporter repeats itself."""


def objects_in(body: bytes, most: int) -> list[tuple[str, Any]]:
    """Return the objects of a body with their places, as they begin a message.

    Args:
        body: UTF-8 JSON: one object, a list of them, or one a line.
        most: how many it may hold.

    Raises:
        InputError: it is no JSON, or holds more.

    Examples:
        >>> objects_in(b'[{"a": 1}, {}]', 10)
        [('[0]: ', {'a': 1}), ('[1]: ', {})]
        >>> objects_in(b'{"a": 1}', 10)
        [('', {'a': 1})]
    """
    try:
        parsed = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        return _lines(body, most, error)
    if not isinstance(parsed, list):
        return [("", parsed)]
    if len(parsed) > most:
        raise InputError(f"found {len(parsed):,} events, expected at most {most:,}: send less")
    return [(f"[{index}]: ", event) for index, event in enumerate(parsed)]


def refuse(problems: list[str]) -> InputError:
    """Return the refusal of a body that has problems: the first of them, one a line."""
    more = [f"… and {len(problems) - _MAX_TOLD} more"] if len(problems) > _MAX_TOLD else []
    return InputError("\n".join(problems[:_MAX_TOLD] + more))


def _lines(body: bytes, most: int, error: orjson.JSONDecodeError) -> list[tuple[str, Any]]:
    """Return the objects of a body with one a line."""
    lines = [(number, line) for number, line in enumerate(body.splitlines(), 1) if line.strip()]
    if len(lines) < 2:
        raise InputError(f"found no JSON ({error}), expected an object or a list of them")
    if len(lines) > most:
        raise InputError(f"found {len(lines):,} lines, expected at most {most:,}: send less")
    found = []
    for number, line in lines:
        try:
            found.append((f"line {number}: ", orjson.loads(line)))
        except orjson.JSONDecodeError as wrong:
            raise InputError(
                f"line {number}: found no JSON ({wrong}), expected one object a line"
            ) from wrong
    return found
