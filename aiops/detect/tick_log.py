"""Every tick of a shard so far, in memory: for fits, and for what was measured around a moment."""

from collections import defaultdict
from collections.abc import Collection
from datetime import datetime

import numpy as np
import numpy.typing as npt

from aiops.domain.samples import MOST_TICKS_SINCE, TICKS_BEFORE, Excerpt
from aiops.domain.ticks import History, Packed, Shard, Tick
from aiops.domain.time import utc


class TickLog:
    """Every tick so far, in one growing matrix.

    Args:
        shard: of which series.
        baseline: ticks before the first one; None: there are none.
    """

    def __init__(self, shard: Shard, baseline: History | None) -> None:
        self._shard = shard
        self._count = 0
        self._times = np.zeros(1024, dtype=np.int64)
        self._values = np.full((1024, len(shard.series)), np.nan, dtype=np.float32)
        self._slots: defaultdict[str, list[int]] = defaultdict(list)
        for slot, one in enumerate(shard.series):
            self._slots[one.key.service].append(slot)
        if baseline is not None:
            for at, values in zip(baseline.times.tolist(), baseline.values, strict=True):
                self._put(at, values)

    @property
    def span(self) -> tuple[datetime, datetime] | None:
        """The first and the last tick; None while there is none."""
        if not self._count:
            return None
        return utc(int(self._times[0])), utc(int(self._times[self._count - 1]))

    def append(self, tick: Tick) -> None:
        """Add the next tick."""
        self._put(int(tick.at.timestamp()), tick.values)

    def history(self) -> History:
        """Return all of it."""
        return History(times=self._times[: self._count], values=self._values[: self._count])

    def around(
        self, services: Collection[str], since: datetime, until: datetime
    ) -> tuple[Excerpt, ...]:
        """Return what services measured around a moment, as `Samples` says."""
        begin, end = self._rows(since, until)
        first = max(begin - TICKS_BEFORE, 0)
        return self._excerpt(services, np.arange(first, min(end, begin + MOST_TICKS_SINCE)))

    def hourly(
        self, services: Collection[str], since: datetime, until: datetime
    ) -> tuple[Excerpt, ...]:
        """Return the first tick of every hour, as `Samples` says."""
        begin, end = self._rows(since, until)
        firsts = self._times[begin:end] % 3600 < self._shard.step_seconds
        return self._excerpt(services, begin + np.flatnonzero(firsts))

    def _rows(self, since: datetime, until: datetime) -> tuple[int, int]:
        """Return the row of the first tick at or after one moment, and that after another."""
        times = self._times[: self._count]
        begin = int(np.searchsorted(times, since.timestamp()))
        return begin, int(np.searchsorted(times, until.timestamp(), side="right"))

    def _excerpt(
        self, services: Collection[str], rows: npt.NDArray[np.int64]
    ) -> tuple[Excerpt, ...]:
        slots = sorted(slot for name in set(services) for slot in self._slots.get(name, ()))
        if not slots or not len(rows):
            return ()
        excerpt = Excerpt(
            series=tuple(self._shard.series[slot] for slot in slots),
            step_seconds=self._shard.step_seconds,
            times=self._times[rows],
            values=self._values[rows[:, np.newaxis], slots],
        )
        return (excerpt,)

    def _put(self, at: int, values: Packed) -> None:
        if self._count == len(self._times):
            self._times = np.concatenate([self._times, np.zeros_like(self._times)])
            self._values = np.concatenate([self._values, np.full_like(self._values, np.nan)])
        self._times[self._count] = at
        self._values[self._count, : len(values)] = values
        self._count += 1
