"""Where a moment lies in the week of a zone: 672 bins of 15 minutes, Monday 00:00 first."""

from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt

from aiops.domain.ticks import Floats, Times

BIN_SECONDS = 900
DAY_BINS = 96
WEEK_BINS = 7 * DAY_BINS
HOUR_GROUPS = 48
_HOUR_BINS = 4
_WEEKEND = 5 * DAY_BINS
_SUNDAY = 6
_DAYS = ("Mondays", "Tuesdays", "Wednesdays", "Thursdays", "Fridays", "Saturdays", "Sundays")


@lru_cache(maxsize=1024)
def week_position(at_seconds: int, zone: str, holidays: frozenset[date] = frozenset()) -> float:
    """Return the position in the local week in bins, 0 ≤ position < 672; a holiday is a Sunday.

    Examples:
        >>> week_position(0, "UTC")  # a Thursday, midnight
        288.0
        >>> week_position(0, "Europe/Berlin")  # one hour later there
        292.0
    """
    local = _local(at_seconds, zone)
    day = _SUNDAY if local.date() in holidays else local.weekday()
    seconds = local.hour * 3600 + local.minute * 60 + local.second
    return day * DAY_BINS + seconds / BIN_SECONDS


def week_positions(times: Times, zone: str, holidays: frozenset[date] = frozenset()) -> Floats:
    """Return `week_position` of many ascending times, shape (ticks,).

    Offsets of zones change on quarters of an hour, so one look-up per bin suffices.
    """
    bins, inverse = np.unique(times // BIN_SECONDS, return_inverse=True)
    starts = [week_position(int(one) * BIN_SECONDS, zone, holidays) for one in bins]
    return np.asarray(starts, dtype=np.float64)[inverse] + (times % BIN_SECONDS) / BIN_SECONDS


def hour_groups(positions: Floats) -> npt.NDArray[np.intp]:
    """Return the group of each position: 0-23 hours of working days, 24-47 of the weekend.

    Examples:
        >>> hour_groups(np.array([0.0, 95.0, 480.0])).tolist()
        [0, 23, 24]
    """
    hours = (positions // _HOUR_BINS).astype(np.intp) % 24
    return hours + np.where(positions >= _WEEKEND, 24, 0)


@lru_cache(maxsize=1024)
def hour_group(position: float) -> int:
    """Return `hour_groups` of one position."""
    return int(hour_groups(np.array([position]))[0])


def local_days(times: Times, zone: str) -> Times:
    """Return the number of the local day (since 1970-01-01) of every time, shape (ticks,)."""
    epoch = date(1970, 1, 1)
    bins, inverse = np.unique(times // BIN_SECONDS, return_inverse=True)
    days = [(_local(int(one) * BIN_SECONDS, zone).date() - epoch).days for one in bins]
    return np.asarray(days, dtype=np.int64)[inverse]


def say_time_of_day(at_seconds: int, zone: str) -> str:
    """Return the 15 minutes of the local day as people write them.

    Examples:
        >>> say_time_of_day(36_060, "UTC")
        '10:00-10:15'
    """
    local = _local(at_seconds, zone)
    start = local - timedelta(minutes=local.minute % 15, seconds=local.second)
    end = start + timedelta(minutes=15)
    suffix = "" if zone == "UTC" else f" ({zone})"
    return f"{start:%H:%M}-{end:%H:%M}{suffix}"


def say_weekday(at_seconds: int, zone: str, holidays: frozenset[date] = frozenset()) -> str:
    """Return the local weekday in the plural; a holiday is compared with Sundays.

    Examples:
        >>> say_weekday(0, "UTC")
        'Thursdays'
    """
    local = _local(at_seconds, zone)
    return _DAYS[_SUNDAY if local.date() in holidays else local.weekday()]


def _local(at_seconds: int, zone: str) -> datetime:
    return datetime.fromtimestamp(at_seconds, tz=UTC if zone == "UTC" else ZoneInfo(zone))
