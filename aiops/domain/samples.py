"""What was measured around a moment, for whoever has to compare the time before it and since."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

import numpy as np

from aiops.domain.series import Series
from aiops.domain.ticks import Packed, Times

TICKS_BEFORE = 240
"""Ticks before a moment that tell what was normal: four hours at one minute."""

MOST_TICKS_SINCE = 240
"""Ticks since a moment that are looked at; what began tells by then."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Excerpt:
    """The ticks of some series around a moment.

    Args:
        series: by column.
        step_seconds: distance between two ticks.
        times: epoch seconds, ascending, shape (ticks,).
        values: float32, shape (ticks, series), NaN where nothing was measured.
    """

    series: tuple[Series, ...]
    step_seconds: int
    times: Times
    values: Packed


class Samples(Protocol):
    """Answers what was measured; asked only for the few services of a problem."""

    def around(
        self, services: Collection[str], since: datetime, until: datetime
    ) -> Sequence[Excerpt]:
        """Return what services measured: `TICKS_BEFORE` ticks before a moment, and those since.

        Args:
            services: whose series are wanted.
            since: the moment; its own tick is the first of those since.
            until: the last tick wanted; no more than `MOST_TICKS_SINCE` are given.
        """
        ...

    def hourly(
        self, services: Collection[str], since: datetime, until: datetime
    ) -> Sequence[Excerpt]:
        """Return the first tick of every hour between the two, inclusive: weeks at a glance.

        Args:
            services: whose series are wanted.
            since: the first tick wanted.
            until: the last one.
        """
        ...


def joined(excerpts: Iterable[Excerpt]) -> tuple[Excerpt, ...]:
    """Return excerpts of the same step side by side: which shard a series is in tells nothing."""
    by_step: defaultdict[int, list[Excerpt]] = defaultdict(list)
    for one in excerpts:
        by_step[one.step_seconds].append(one)
    return tuple(_side_by_side(by_step[step]) for step in sorted(by_step))


def _side_by_side(excerpts: Sequence[Excerpt]) -> Excerpt:
    if len(excerpts) == 1:
        return excerpts[0]
    times: Times = np.unique(np.concatenate([one.times for one in excerpts]))
    series = tuple(series for one in excerpts for series in one.series)
    values: Packed = np.full((len(times), len(series)), np.nan, dtype=np.float32)
    column = 0
    for one in excerpts:
        until = column + len(one.series)
        values[np.searchsorted(times, one.times), column:until] = one.values
        column = until
    return Excerpt(series=series, step_seconds=excerpts[0].step_seconds, times=times, values=values)
