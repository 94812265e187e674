"""How much people shop at which hour: daily and weekly seasons that never repeat exactly."""

from dataclasses import dataclass
from typing import Final

import numpy as np

from aiops.demo import noise
from aiops.domain.ticks import Floats, Packed, Times

_DAY: Final = 86_400
_MONDAY: Final = 4 * _DAY
"""The first Monday of the epoch; 1970-01-01 was a Thursday."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Season:
    """The load curve of one cohort: 1 is its mean over an ordinary week.

    Args:
        seed: of its own day-to-day wander.
        offset_hours: local time minus UTC.
        weekend: level of Saturday and Sunday against working days.
        day_amplitude: how much the day swings, 0 to about 0.6.
        evening: strength of the second (evening) peak.
        wander: relative day-to-day wander of the level.
        holidays: UTC days since the epoch on which people shop as on a Sunday.
    """

    seed: int
    offset_hours: float = 0.0
    weekend: float = 0.8
    day_amplitude: float = 0.42
    evening: float = 0.14
    wander: float = 0.03
    holidays: frozenset[int] = frozenset()


def load(season: Season, times: Times) -> Packed:
    """Return the load of a cohort, float32, shape (times,), positive, about 1 on average.

    Args:
        season: the curve.
        times: epoch seconds, shape (times,), not empty.
    """
    local = _like_sundays(times, season.holidays) + round(season.offset_hours * 3600) - _MONDAY
    hour = (local % _DAY) / 3600.0
    weekday = (local % (7 * _DAY)) / _DAY
    saturday_and_sunday = _rise(weekday, 4.9, 5.15) - _rise(weekday, 6.85, 7.0)
    slow = noise.wander(noise.keys(season.seed, 3), times, _DAY)
    quick = noise.wander(noise.keys(season.seed + 1, 1), times, 1500)
    evening = season.evening * (1 + 0.35 * slow[:, 0])
    work = 1 + season.day_amplitude * _wave(hour, 15.0, 24) + evening * _wave(hour, 20.0, 12)
    rest = season.weekend * (
        1
        + 0.85 * season.day_amplitude * _wave(hour, 16.5, 24)
        + 0.6 * evening * _wave(hour, 21, 12)
    )
    curve = work + (rest - work) * saturday_and_sunday
    level = 1 + season.wander * slow[:, 1] + 0.3 * season.wander * quick[:, 0]
    return np.asarray(np.maximum(curve * level, 0.05), dtype=np.float32)


def _like_sundays(times: Times, holidays: frozenset[int]) -> Times:
    """Return the times with those of holidays moved to the Sunday of their week."""
    days = times // _DAY
    weekdays = (days - _MONDAY // _DAY) % 7
    return np.where(np.isin(days, sorted(holidays)), times + (6 - weekdays) * _DAY, times)


def _wave(hour: Floats, peak: float, period: float) -> Floats:
    return np.asarray(np.cos(2 * np.pi * (hour - peak) / period))


def _rise(value: Floats, low: float, high: float) -> Floats:
    share = np.clip((value - low) / (high - low), 0.0, 1.0)
    return np.asarray(share * share * (3 - 2 * share))
