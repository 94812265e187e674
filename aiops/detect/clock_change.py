"""Clock changes that only the data tell of: the season of a series comes an hour off for days.

Series whose zone has summer time follow it. Those in `UTC`, which is also the zone of whoever
declared none, as of a CSV, may belong to people whose clocks change: from the second whole day
after a change on, a fit finds the days since to be like those before, an hour earlier or later,
and takes what lies before as if today's clock had been in force. Until then the season is an hour
off, so that a steep morning may raise an alarm on each of two days. Who wants no such look
declares `Etc/UTC`.
"""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from aiops.detect.medians import nan_median
from aiops.detect.past import Past
from aiops.detect.protocol import Whole
from aiops.detect.traits import Bools, Slots
from aiops.domain.ticks import Packed, Times

UNDECLARED = "UTC"

_HOUR, _DAY, _HOURS = 3600, 86_400, 24
_COLUMNS = 500
_WEEK = 7
_LEAST_BEFORE, _LEAST_AFTER = 3, 2
_BETTER_BY = 0.7
_LEAST_LIKENESS = 0.4
"""Correlation of days: those of a series without a season are not looked at closer."""

_MOST_DAYS = 0.6
"""Of the days since: a weekend may be unlike the days before, whatever the clock says."""


class ClockChange(NamedTuple):
    """From when on a season comes `seconds` later (less than 0: earlier); both 0 for no change."""

    at: int = 0
    seconds: int = 0

    def today(self, times: Times) -> Times:
        """Return the times by the clock that is in force at the end."""
        return times + np.where(times < self.at, self.seconds, 0)


NO_CHANGE = ClockChange()


def clock_changes(past: Past, slots: Slots) -> Iterator[tuple[ClockChange, Slots]]:
    """Yield series of a past by the clock change that is recognised in them.

    Args:
        past: what is known; it has to reach three days back from the change.
        slots: the series to look at, ascending.
    """
    found = np.zeros((2, len(slots)), dtype=np.int64)
    for first in range(0, len(slots), _COLUMNS):
        some = slice(first, first + _COLUMNS)
        found[:, some] = _changes(past.blocks.times, past.blocks.values[:, slots[some]])
    for at, seconds in np.unique(found, axis=1).T.tolist():
        same = (found[0] == at) & (found[1] == seconds)
        yield ClockChange(at=at, seconds=seconds), slots[same]


def say_change(seconds: int) -> str:
    """Return what is to be added to the hours a value was compared with, "" without a change.

    Examples:
        >>> "07:30-07:45 of the last 9 days" + say_change(-3600)
        '07:30-07:45 of the last 9 days, an hour later before the clock change'
    """
    if not seconds:
        return ""
    return f", an hour {'later' if seconds < 0 else 'earlier'} before the clock change"


def _changes(times: Times, values: Packed) -> Whole:
    """Return when a change was and by how many seconds, shape (2, series); 0 for none."""
    shapes = _shapes_of_days(times, values)
    first_day = int(times[0]) // _DAY
    found = np.zeros((2, shapes.shape[2]), dtype=np.int64)
    for day in range(_LEAST_BEFORE, len(shapes) - _LEAST_AFTER + 1):
        before, after = shapes[max(day - _WEEK, 0) : day], shapes[day : day + _WEEK]
        at = (first_day + day) * _DAY
        suspects = np.flatnonzero(_looks_moved(before, after[0]) & (at > found[0] + _WEEK * _DAY))
        if len(suspects):
            hours = _moved_by(before[:, :, suspects], after[:, :, suspects])
            moved = suspects[hours != 0]
            found[0, moved] = at
            found[1, moved] = hours[hours != 0] * _HOUR
    return found


def _shapes_of_days(times: Times, values: Packed) -> Packed:
    """Return the hours of every day less its mean, in its deviations: shape (days, 24, series).

    Days without all of their hours are NaN throughout.
    """
    hours = times // _HOUR
    starts = np.flatnonzero(np.r_[True, hours[1:] != hours[:-1]])
    counts = np.diff(np.r_[starts, len(hours)])[:, None]
    hours = hours[starts] - hours[0] // _HOURS * _HOURS
    shape = (int(hours[-1]) // _HOURS + 1, _HOURS, values.shape[1])
    days = np.full(shape, np.nan, dtype=np.float32)
    means = np.add.reduceat(values, starts, axis=0) / counts
    days[hours // _HOURS, hours % _HOURS] = means
    days -= days.mean(axis=1, keepdims=True)
    deviation = np.sqrt((days**2).mean(axis=1, keepdims=True))
    return np.asarray(days / np.where(deviation > 0, deviation, 1), dtype=np.float32)


def _looks_moved(before: Packed, day: Packed) -> Bools:
    """Return whether a day goes better with the days before it an hour off: cheap, and often."""
    known = np.isfinite(before[:, 0]).sum(axis=0)
    usual = np.nansum(before, axis=0)
    same, later, earlier = ((day * np.roll(usual, by, axis=0)).sum(axis=0) for by in (0, 1, -1))
    best = np.maximum(later, earlier)
    return np.asarray((best > same) & (best > _LEAST_LIKENESS * _HOURS * known))


def _moved_by(before: Packed, after: Packed) -> Whole:
    """Return by how many hours the season comes later since, 0 where it does not clearly."""
    usual, complete = nan_median(before)
    steady = np.abs(before - usual).mean(axis=1)
    known = np.isfinite(after[:, 0])
    same = np.abs(after - usual).mean(axis=1)
    moved = np.zeros(after.shape[2], dtype=np.int64)
    for hours in (1, -1):
        off = np.abs(after - np.roll(usual, hours, axis=0)).mean(axis=1)
        fits = off < _BETTER_BY * same
        days, share = fits.sum(axis=0), fits.sum(axis=0) / np.maximum(known.sum(axis=0), 1)
        clear = fits[0] & (days >= _LEAST_AFTER) & (share >= _MOST_DAYS)
        calm = nan_median(steady)[0] < _BETTER_BY * nan_median(same)[0]
        moved[clear & calm & (complete[0] >= _LEAST_BEFORE)] = hours
    return moved
