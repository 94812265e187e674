"""Aware UTC time: the only kind that enters the core."""

import re
from datetime import UTC, datetime, timedelta
from types import MappingProxyType

from aiops.domain.errors import InputError

MINUTE = timedelta(minutes=1)
_UNITS = MappingProxyType({"m": "minutes", "h": "hours", "d": "days"})


def utc(seconds: float) -> datetime:
    """Return the aware UTC time of epoch seconds.

    Examples:
        >>> utc(0).isoformat()
        '1970-01-01T00:00:00+00:00'
    """
    return datetime.fromtimestamp(seconds, tz=UTC)


def require_aware(value: datetime, name: str) -> datetime:
    """Return `value` in UTC.

    Raises:
        ValueError: it has no time zone; `name` says which value it was.
    """
    if value.tzinfo is None:
        raise ValueError(f"{name} has no time zone: {value.isoformat()}; pass an aware time")
    return value.astimezone(UTC)


def parse_span(text: str) -> timedelta:
    """Return a length of time as people type it.

    Raises:
        InputError: it is none.

    Examples:
        >>> parse_span("90m")
        datetime.timedelta(seconds=5400)
    """
    found = re.fullmatch(r"([0-9]{1,6})([mhd])", text.strip())
    if found is None:
        raise InputError(f"{text!r} is no length of time; expected one as in 30m, 2h or 1d")
    return timedelta(**{_UNITS[found[2]]: int(found[1])})


def clock_time(value: datetime) -> str:
    """Return the wall time people read in a narrative.

    Examples:
        >>> clock_time(datetime(2026, 4, 18, 10, 3, tzinfo=UTC))
        '10:03 UTC'
    """
    return value.astimezone(UTC).strftime("%H:%M UTC")


def spoken(span: timedelta) -> str:
    """Return a stretch of time as people say it, rounded to its largest unit.

    Examples:
        >>> spoken(timedelta(seconds=125)), spoken(timedelta(days=21, hours=3))
        ('2 min', '3 weeks')
    """
    seconds = span.total_seconds()
    for size, unit in ((604_800, "week"), (86_400, "day"), (3600, "h"), (60, "min")):
        count = round(seconds / size)
        if seconds >= size:
            plural = "s" if count > 1 and unit in ("week", "day") else ""
            return f"{count} {unit}{plural}"
    return f"{round(seconds)} s"


def duration_words(length: timedelta) -> str:
    """Return a length of time as people say it.

    Examples:
        >>> duration_words(timedelta(seconds=50)), duration_words(timedelta(minutes=95))
        ('less than a minute', '1 h 35 min')
        >>> duration_words(timedelta(days=2, hours=3))
        '2 d 3 h'
    """
    minutes = int(length.total_seconds() // 60)
    if minutes < 1:
        return "less than a minute"
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    parts = [(days, "d"), (hours, "h"), (minutes, "min")]
    shown = [f"{number} {name}" for number, name in parts if number]
    return " ".join(shown[:2])
