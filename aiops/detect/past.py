"""A history as fits look at it: every quarter of an hour of each series, and some of its ticks.

A fit never needs all ticks at once, so that a long history can come day by day.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Self

import numpy as np
import numpy.typing as npt

from aiops.detect.recent import finite
from aiops.detect.season_blocks import block_starts, block_values
from aiops.detect.traits import Slots
from aiops.domain.ticks import History, HistoryInParts, Packed, Span, Times

RUN = 15
"""Ticks of a stretch that is kept whole."""

_MOST_ROWS = 4032
_MOST_NEIGHBOURS = 1500
_DAY = 86_400


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Past:
    """What is kept of a history: NaN where nothing was measured, never an infinity.

    Args:
        times: epoch seconds of every tick, ascending.
        blocks: 15-minute values, each at the time of its first tick; where steps are longer, every
            tick is one.
        rows: every n-th tick, as many as tell how values are spread.
        runs: stretches of neighbouring ticks, evenly spread, `RUN` to each.
    """

    times: Times
    blocks: History
    rows: History
    runs: History

    @classmethod
    def of(cls, history: History | HistoryInParts, masked: Sequence[Span] = ()) -> Self:
        """Return what is kept of a history, the same whether it comes whole or in parts.

        Args:
            history: past ticks.
            masked: time of series that is to be taken as if nothing had been measured.
        """
        times = history.times
        number = np.arange(len(times))
        every = max(1, -(-len(times) // _MOST_ROWS))
        seldom = max(1, len(times) // _MOST_NEIGHBOURS)
        width = history.values.shape[1] if isinstance(history, History) else history.width
        kept = cls(
            times=times,
            blocks=_empty(times[block_starts(times)], width),
            rows=_empty(times[number % every == 0], width),
            runs=_empty(times[number // RUN % seldom == 0], width),
        )
        for part in parts_of(history):
            kept._take(_without(part, masked))
        return kept

    @property
    def width(self) -> int:
        """Return how many series it is of."""
        return len(self.blocks.values[0])

    @property
    def step_seconds(self) -> float:
        """Return the usual distance of two ticks, 0 where there is only one."""
        return float(np.median(np.diff(self.times))) if len(self.times) > 1 else 0.0

    def of_series(self, slots: Slots | slice) -> Self:
        """Return the past of some series."""
        blocks, rows, runs = (
            History(times=one.times, values=one.values[:, slots])
            for one in (self.blocks, self.rows, self.runs)
        )
        return replace(self, blocks=blocks, rows=rows, runs=runs)

    def blocks_at(self, times: Times) -> npt.NDArray[np.intp]:
        """Return the index of the block that each of some ticks is in."""
        return np.searchsorted(self.blocks.times, times, side="right") - 1

    def _take(self, part: History) -> None:
        values = part.values[:, : self.width]
        starts = block_starts(part.times)
        _put(self.blocks, part.times[starts], block_values(values, part.times))
        for kept in (self.rows, self.runs):
            chosen = np.flatnonzero(np.isin(part.times, kept.times, assume_unique=True))
            _put(kept, part.times[chosen], finite(values[chosen]))


def _without(part: History, masked: Sequence[Span]) -> History:
    first, last = int(part.times[0]), int(part.times[-1])
    inside = [one for one in masked if one.since <= last and one.until > first]
    if not inside:
        return part
    values = part.values.copy()
    for span in (one for one in inside if one.slot < values.shape[1]):
        begin, end = np.searchsorted(part.times, (span.since, span.until))
        values[begin:end, span.slot] = np.nan
    return replace(part, values=values)


def _empty(times: Times, width: int) -> History:
    return History(times=times, values=np.full((len(times), width), np.nan, dtype=np.float32))


def _put(kept: History, times: Times, values: Packed) -> None:
    kept.values[np.searchsorted(kept.times, times), : values.shape[1]] = values


def parts_of(history: History | HistoryInParts) -> Iterable[History]:
    """Return a history in parts: one that is whole by days."""
    return _by_day(history) if isinstance(history, History) else history.parts


def _by_day(history: History) -> list[History]:
    days = np.flatnonzero(np.diff(history.times // _DAY)) + 1
    edges = [0, *days.tolist(), len(history.times)]
    return [
        History(times=history.times[first:end], values=history.values[first:end])
        for first, end in pairwise(edges)
    ]
