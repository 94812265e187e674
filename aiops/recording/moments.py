"""Times as files write them: ISO 8601 or epoch seconds."""

from datetime import UTC, datetime
from typing import Final

EXPECTED: Final = "expected ISO 8601 or epoch seconds"
LATEST: Final = 4_102_444_800.0
"""The year 2100 in epoch seconds; what lies beyond is written in another unit."""


def epoch_seconds(value: object) -> float:
    """Return a time as epoch seconds; a time without zone is UTC.

    Args:
        value: ISO 8601 text, or epoch seconds as number or text.

    Raises:
        ValueError: it is neither; the message names it and what was expected.

    Examples:
        >>> epoch_seconds("1970-01-01T01:00:00+01:00"), epoch_seconds("60"), epoch_seconds(1.5)
        (0.0, 60.0, 1.5)
    """
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise ValueError(f"{value!r} is no time; {EXPECTED}")  # noqa: TRY004 - one kind for callers
    try:
        seconds = float(value)
    except ValueError:
        seconds = _from_iso(str(value))
    if not 0 <= seconds < LATEST:
        hint = " (it may be in milliseconds)" if seconds >= LATEST else ""
        raise ValueError(f"{value!r} lies outside 1970 to 2100{hint}; {EXPECTED}")
    return seconds


def moment(value: object) -> datetime:
    """Return a time as files write it as an aware UTC time.

    Raises:
        ValueError: it is neither ISO 8601 nor epoch seconds.
    """
    return datetime.fromtimestamp(epoch_seconds(value), tz=UTC)


def _from_iso(text: str) -> float:
    try:
        found = datetime.fromisoformat(text.strip())
    except ValueError as error:
        raise ValueError(f"{text!r} is no time; {EXPECTED}") from error
    return (found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp()
