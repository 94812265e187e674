"""The last samples of every series of a kind: constant memory, and the rates over their window."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from aiops.derive.rates import NEVER, Span, per_second, windowed_rate
from aiops.domain.ticks import Floats, Times

Whole = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

_BLOCK = 16384
"""Series at a time: what is worked on stays in the processor's cache."""

_SOME = 64
"""Series of a block that are looked at to see in which rows most windows begin and end."""

_SPARE = 3
"""Samples beyond those a window holds: one at its start, two for scrapes that come early."""


@dataclass(slots=True, kw_only=True, eq=False)
class Ring:
    """The last samples of series that share a window; a series is a counter, gauge or histogram.

    The samples of a series stand in ascending order from its `cursor` on, around the end, with
    `NEVER` for those it has not had yet. It is changed in place: copying it every tick would cost
    more than all it is for. Giving it the same samples twice changes nothing.

    Args:
        times: epoch milliseconds, shape (samples, series).
        values: shape (samples, buckets, series), one bucket for counters and gauges; NaN where a
            bucket was missing.
        cursor: where the next sample of a series goes, shape (series,).
        uneven_at: when a bucket last fell or came or went, epoch milliseconds, shape (series,).
    """

    times: Times
    values: Floats
    cursor: Whole
    uneven_at: Times

    @classmethod
    def empty(cls, samples: int, buckets: int, series: int) -> Self:
        """Return a ring that has seen nothing."""
        return cls(
            times=np.full((samples, series), NEVER),
            values=np.full((samples, buckets, series), np.nan),
            cursor=np.zeros(series, dtype=np.int64),
            uneven_at=np.full(series, NEVER),
        )

    @classmethod
    def of_memory(cls, memory: Mapping[str, npt.NDArray[Any]]) -> Self:
        """Return the ring that `memory` gave out, on those very arrays."""
        return cls(**memory)

    def memory(self) -> dict[str, npt.NDArray[Any]]:
        """Return its arrays by name, no copies; the last axis of each is the series."""
        return {name: getattr(self, name) for name in ("times", "values", "cursor", "uneven_at")}

    def adopt(self, other: Self, at: Whole, to: Whole, buckets: Whole) -> None:
        """Take over series of another ring into columns that have seen nothing.

        Args:
            other: where they were.
            at: their columns there.
            to: their columns here.
            buckets: where each bucket of the other ring is in this one.
        """
        size, kept = len(other.times), min(len(other.times), len(self.times))
        rows = (other.cursor[at] + np.arange(size - kept, size)[:, None]) % size
        here = np.arange(len(self.times) - kept, len(self.times))[:, None]
        self.times[here, to] = other.times[rows, at]
        for bucket, place in enumerate(buckets):
            self.values[here, place, to] = other.values[rows, bucket, at]
        self.uneven_at[to] = other.uneven_at[at]

    def observe(self, at: Times, values: Floats) -> None:
        """Take at most one sample of every series; those older than the last are put in order.

        A second value for a moment is not taken, only buckets that were missing then; a sample
        older than all that a full ring keeps is not taken either.

        Args:
            at: epoch milliseconds, shape (series,); `NEVER` where there is no sample.
            values: shape (buckets, series); NaN where a bucket is missing, or has gone stale.
        """
        late: list[Whole] = []
        for part in self._blocks():
            if (at[part] == NEVER).all():
                continue
            before = self.cursor[part] - 1
            known = _picked(self.times, before, part)
            fresh = at[part] > known
            self._mark(part, fresh, at[part], values[:, part], _picked(self.values, before, part))
            self._write(part, fresh, at[part], values[:, part])
            older = np.flatnonzero(~fresh & (at[part] != NEVER))
            if len(older):
                late.append(older + part.start)
        if late:
            columns = np.concatenate(late)
            self._insert(columns, at[columns], values[:, columns])

    def rates(self, end: int, window: int, delta: Whole | None = None) -> Floats:
        """Return the rate per second over a window, as PromQL's `rate()` does.

        Of a series that is sent so often that the ring holds less than the window, it is the rate
        over what the ring holds.

        Args:
            end: epoch milliseconds, the moment asked for; samples after it do not count.
            window: milliseconds.
            delta: columns whose samples tell what came since the one before; None for none.

        Returns:
            Shape (buckets, series); NaN where there are fewer than two samples.
        """
        found = np.empty(self.values.shape[1:])
        others = [self._usual_rates(part, end, window, found) for part in self._blocks()]
        columns = np.concatenate(others)
        if len(columns):
            found[:, columns] = self._own_rates(columns, end, window)
        if delta is not None and len(delta):
            found[:, delta] = self._delta_rates(delta, end, window)
        return found

    def last(self, end: int, lookback: int) -> Floats:
        """Return the last value that is at most `lookback` milliseconds old, as PromQL does.

        Returns:
            Shape (buckets, series); NaN where there is none, or where it has gone stale.
        """
        found = np.empty(self.values.shape[1:])
        for part in self._blocks():
            row = self.cursor[part] - 1 - _count(self.times[:, part] > end)
            at = _picked(self.times, row, part)
            held = (at >= end - lookback) & (at <= end)
            found[:, part] = np.where(held, _picked(self.values, row, part), np.nan)
        return found

    def _usual_rates(self, part: slice, end: int, window: int, found: Floats) -> Whole:
        """Write the rates of series whose window begins and ends in the rows of most of them.

        Returns:
            The columns of all others.
        """
        size, oldest = len(self.times), int(self.cursor[part.start])
        times = [self.times[(oldest + row) % size, part] for row in range(size)]
        start = np.maximum(times[0], end - window)
        some = slice(None, None, max(1, len(start) // _SOME))
        first = _usual(_count(np.array([row[some] < start[some] for row in times])))
        last = size - 1 - _usual(_count(np.array([row[some] > end for row in times])))
        if last <= first:
            return np.arange(part.start, part.stop, dtype=np.int64)
        other = (self.cursor[part] != oldest) | (self.uneven_at[part] > start)
        other |= (times[first] < start) | (times[last] > end)
        if first > 0:
            other |= times[first - 1] >= start
        if last < size - 1:
            other |= times[last + 1] <= end
        count = last - first + 1
        span = Span.of((start, times[first], times[last], end), count, usable=~other)
        begun = self.values[(oldest + first) % size, :, part]
        increase = self.values[(oldest + last) % size, :, part] - begun
        found[:, part] = per_second(increase, begun, span)
        columns: Whole = np.flatnonzero(other) + part.start
        return columns

    def _own_rates(self, columns: Whole, end: int, window: int) -> Floats:
        """Return the rates of series of which each has its window in rows of its own."""
        size, every = len(self.times), np.arange(len(columns))
        rows = (self.cursor[columns] + np.arange(size)[:, None]) % size
        times = self.times[rows, columns]
        start = np.maximum(times[0], end - window)
        missed, ahead = _count(times < start), _count(times > end)
        count = size - missed - ahead
        first, last = (missed % size, every), (size - 1 - ahead, every)
        span = Span.of((start, times[first], times[last], end), count, usable=count >= 2)
        begun = self.values[rows[first], :, columns].T
        found = per_second(self.values[rows[last], :, columns].T - begun, begun, span)
        uneven = np.flatnonzero(self.uneven_at[columns] > start)
        if len(uneven):
            samples = np.moveaxis(self.values[rows[:, uneven], :, columns[uneven]], 2, 1)
            found[:, uneven] = windowed_rate(times[:, uneven], samples, start[uneven], end)
        return found

    def _delta_rates(self, columns: Whole, end: int, window: int) -> Floats:
        """Return what came per second; of a series that is young, since its first sample.

        What came before that sample is not known to be of any time.
        """
        times = self.times[:, columns]
        values = self.values[:, :, columns]
        oldest = np.where(times == NEVER, end, times).min(axis=0)
        begin = np.maximum(oldest, end - window)
        inside = ((times > begin) & (times <= end))[:, None, :] & ~np.isnan(values)
        come = np.where(inside, values, 0.0).sum(axis=0)
        known = (begin < end) & ((times >= begin) & (times <= end)).any(axis=0)
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.where(known, come / ((end - begin) / 1e3), np.nan)

    def _mark(self, part: slice, fresh: Bools, at: Times, values: Floats, known: Floats) -> None:
        """Note whose buckets do not all stand where they stood or higher."""
        even = values >= known
        if even.all():
            return
        even |= np.isnan(values) & np.isnan(known)
        uneven = fresh & ~even.all(axis=0)
        self.uneven_at[part][uneven] = at[uneven]

    def _write(self, part: slice, fresh: Bools, at: Times, values: Floats) -> None:
        cursor, row = self.cursor[part], self.cursor[part.start]
        if fresh.all() and (cursor == row).all():
            self.times[row, part] = at
            self.values[row, :, part] = values
        else:
            columns = np.flatnonzero(fresh)
            rows, places = cursor[columns], columns + part.start
            self.times[rows, places] = at[columns]
            self.values[rows, :, places] = values[:, columns].T
        cursor += fresh
        cursor[cursor == len(self.times)] = 0
        self._align(part)

    def _align(self, part: slice) -> None:
        """Turn the columns that are out of step, so that what is read together lies together."""
        cursor, size = self.cursor[part], len(self.times)
        if (cursor == cursor[0]).all():
            return
        usual = np.bincount(cursor).argmax()
        columns = np.flatnonzero(cursor != usual) + part.start
        every = np.arange(size)[:, None]
        rows, here = (self.cursor[columns] + every) % size, (usual + every) % size
        self.times[here, columns] = self.times[rows, columns]
        self.values[here, :, columns] = self.values[rows, :, columns]
        cursor[:] = usual

    def _insert(self, columns: Whole, at: Times, values: Floats) -> None:
        """Put late samples where they belong; the oldest of their series gives way."""
        size = len(self.times)
        rows = (self.cursor[columns] + np.arange(size)[:, None]) % size
        times, known = self.times[rows, columns], self.values[rows, :, columns]
        same = times == at
        known = np.where(same[:, :, None] & np.isnan(known), values.T, known)
        at = np.where(same.any(axis=0) | (at < times[0]), NEVER, at)
        times, known = np.concatenate([at[None], times]), np.concatenate([values.T[None], known])
        order = np.argsort(times, axis=0, kind="stable")[1:]
        times = np.take_along_axis(times, order, 0)
        known = np.take_along_axis(known, order[:, :, None], 0)
        self.times[rows, columns], self.values[rows, :, columns] = times, known
        both = np.isnan(known[1:]) & np.isnan(known[:-1])
        uneven = ~((known[1:] >= known[:-1]) | both).all(axis=2)
        self.uneven_at[columns] = np.where(uneven, times[1:], NEVER).max(axis=0)

    def _blocks(self) -> Iterator[slice]:
        series = len(self.cursor)
        for begin in range(0, series, _BLOCK):
            yield slice(begin, min(begin + _BLOCK, series))


def samples_of(window_seconds: int, scrape_seconds: float) -> int:
    """Return how many samples a ring keeps for a window.

    Examples:
        >>> samples_of(300, 15)
        23
    """
    return int(window_seconds // scrape_seconds) + _SPARE


def _count(is_so: Bools) -> Whole:
    """Return how many samples of each series are so."""
    width = np.int8 if len(is_so) < 128 else np.int64
    count: Whole = np.add.reduce(is_so.view(np.int8), axis=0, dtype=width)
    return count


def _usual(rows: Whole) -> int:
    """Return the number that most series have."""
    return int(np.bincount(rows).argmax())


def _picked(samples: npt.NDArray[Any], rows: Whole, part: slice) -> npt.NDArray[Any]:
    """Return one sample of every series of a part; a view where all stand in the same row."""
    size = len(samples)
    if (rows == rows[0]).all():
        return np.asarray(samples[rows[0] % size, ..., part])
    usual = np.bincount(rows + 2 * size).argmax() - 2 * size  # rows may count back from the start
    others = np.flatnonzero(rows != usual)
    found: npt.NDArray[Any] = samples[usual % size, ..., part].copy()
    found[..., others] = samples[rows[others] % size, ..., others + part.start].T
    return found
