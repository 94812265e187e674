"""Every tick of a shard so far, in memory: for fits, and for what was measured around a moment."""

from collections import defaultdict
from collections.abc import Collection
from datetime import datetime

import numpy as np

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
        slots = sorted(slot for name in set(services) for slot in self._slots.get(name, ()))
        times = self._times[: self._count]
        begin = int(np.searchsorted(times, since.timestamp()))
        end = int(np.searchsorted(times, until.timestamp(), side="right"))
        rows = slice(max(begin - TICKS_BEFORE, 0), min(end, begin + MOST_TICKS_SINCE))
        if not slots or rows.stop <= rows.start:
            return ()
        excerpt = Excerpt(
            series=tuple(self._shard.series[slot] for slot in slots),
            step_seconds=self._shard.step_seconds,
            times=times[rows],
            values=self._values[rows][:, slots],
        )
        return (excerpt,)

    def _put(self, at: int, values: Packed) -> None:
        if self._count == len(self._times):
            self._times = np.concatenate([self._times, np.zeros_like(self._times)])
            self._values = np.concatenate([self._values, np.full_like(self._values, np.nan)])
        self._times[self._count] = at
        self._values[self._count, : len(values)] = values
        self._count += 1
