"""The last hour of a shard: a short ring of rows; states share rows, since none ever changes."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from aiops.detect.medians import nan_median as nan_median  # noqa: PLC0414 - still asked for here
from aiops.domain.ticks import History, Packed

CELLS = 64
CELL_SECONDS = 30
"""Shorter steps share a cell, so that the ring never spans less than half an hour."""


LARGEST = np.float32(1e24)
"""Nothing that is measured is larger; beyond it float32 cannot hold a distance in scales."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Recent:
    """The last values of every slot, oldest first; NaN where nothing was measured.

    Args:
        times: epoch seconds of the rows.
        rows: one row of shape (series,) per cell; at most `CELLS`.
    """

    times: tuple[int, ...] = ()
    rows: tuple[Packed, ...] = ()

    def append(self, at_seconds: int, row: Packed, step_seconds: int) -> "Recent":
        """Return the ring with a newer row; it replaces the last one within the same cell."""
        cell = max(step_seconds, CELL_SECONDS)
        keep = len(self.times)
        if keep and self.times[-1] // cell == at_seconds // cell:
            keep -= 1
        start = max(0, keep + 1 - CELLS)
        return Recent(
            times=(*self.times[start:keep], at_seconds), rows=(*self.rows[start:keep], row)
        )

    def before(self, at_seconds: int, slot: int, seconds: int) -> float | None:
        """Return the median of a slot's values in the `seconds` before a moment, None without any.

        Reaches back further where the step is long, until there are three values.
        """
        found: list[float] = []
        for at, row in zip(reversed(self.times), reversed(self.rows), strict=True):
            if at >= at_seconds or not np.isfinite(row[slot]):
                continue
            if at < at_seconds - seconds and len(found) >= 3:
                break
            found.append(float(row[slot]))
        return float(np.median(found)) if found else None

    def columns(self, slots: npt.NDArray[np.intp]) -> Packed:
        """Return the rows of some slots, shape (cells, slots)."""
        return np.stack([row[slots] for row in self.rows])

    def without(self, slots: npt.NDArray[np.intp]) -> "Recent":
        """Return the ring as if some slots had never been measured."""
        rows = tuple(row.copy() for row in self.rows)
        for row in rows:
            row[slots] = np.nan
        return Recent(times=self.times, rows=rows)

    def resized(self, count: int) -> "Recent":
        """Return the ring for a grown shard; new slots were never measured."""
        return Recent(times=self.times, rows=tuple(widened(row, count) for row in self.rows))


def widened(row: Packed, count: int) -> Packed:
    """Return a row of `count` slots, NaN where it had none."""
    if len(row) == count:
        return row
    grown = np.full(count, np.nan, dtype=np.float32)
    grown[: len(row)] = row[:count]
    return grown


def recent_of(history: History | None, step_seconds: int, count: int) -> Recent:
    """Return the ring as it stands at the end of a history; empty without any."""
    ring = Recent()
    cell = max(step_seconds, CELL_SECONDS)
    if history is None or not len(history.times):
        return ring
    first = np.searchsorted(history.times, history.times[-1] - cell * CELLS)
    for at, row in zip(history.times[first:].tolist(), history.values[first:], strict=True):
        ring = ring.append(int(at), widened(finite(row), count), step_seconds)
    return ring


def finite(values: Packed) -> Packed:
    """Return a float32 copy in which infinities, and what is as good as that, are missing."""
    with np.errstate(over="ignore"):
        packed = np.array(values, dtype=np.float32)
    packed[~(np.abs(packed) <= LARGEST)] = np.nan
    return packed
