"""Values in blocks of 15 minutes of the local week, and seasons of such blocks made whole.

A block is the median of three 5-minute means, so a spike is gone before anything is averaged.
Where a step is longer than a block, every block is one value, and a bin of a season holds it until
the next: between the two there is nothing to tell.
"""

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from aiops.detect.calendar import BIN_SECONDS
from aiops.detect.medians import nan_median
from aiops.detect.recent import LARGEST, finite
from aiops.domain.ticks import Packed, Times

_PART_SECONDS = BIN_SECONDS // 3


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Blocks:
    """15-minute values in local time; where a step is longer, one value of it.

    Args:
        seconds: from one block to the next.
        values: float32, shape (blocks, series), NaN where nothing was measured.
        slots: bin of the local week, shape (blocks,).
        days: number of the local day, shape (blocks,).
    """

    seconds: int
    values: Packed
    slots: npt.NDArray[np.intp]
    days: Times

    def where(self, chosen: npt.NDArray[np.bool_]) -> "Blocks":
        """Return some of the blocks."""
        return replace(
            self, values=self.values[chosen], slots=self.slots[chosen], days=self.days[chosen]
        )

    def smooth(self, season: Packed) -> Packed:
        """Return a season of these blocks without holes and, where they are near, smoothed."""
        return _held(season) if self.seconds > BIN_SECONDS else _smooth(_filled(season))


def block_starts(times: Times) -> npt.NDArray[np.intp]:
    """Return the indices of the ticks that are the first ones of their 15 minutes."""
    return _starts(times // BIN_SECONDS)


def block_values(values: Packed, times: Times) -> Packed:
    """Return 15-minute values of those quarters of an hour that have ticks, shape (…, series).

    Args:
        values: shape (ticks, series); what is not finite is missing.
        times: epoch seconds, ascending.
    """
    part = times // _PART_SECONDS
    starts = _starts(part)
    heads = block_starts(times)
    block = np.searchsorted(heads, starts, side="right") - 1
    thirds = np.full((len(heads), 3, values.shape[1]), np.nan, dtype=np.float32)
    thirds[block, part[starts] % 3] = _means(values, starts)
    return _middle(thirds)


def _starts(numbers: Times) -> npt.NDArray[np.intp]:
    return np.flatnonzero(np.r_[True, numbers[1:] != numbers[:-1]])


def _middle(thirds: Packed) -> Packed:
    """Return the median of the three that are known, NaN where none is."""
    first, second, third = thirds.swapaxes(0, 1)
    middle: Packed = np.minimum(np.maximum(first, second), third)
    np.maximum(middle, np.minimum(first, second), out=middle)
    holes = np.flatnonzero(np.isnan(middle).any(axis=0))
    if len(holes):
        median, known = nan_median(thirds[:, :, holes].swapaxes(0, 1))
        middle[:, holes] = np.where(known > 0, median, np.float32(np.nan))
    return middle


def _means(values: Packed, starts: npt.NDArray[np.intp]) -> Packed:
    """Return the mean of the finite values of every stretch of rows, NaN where there is none."""
    sizes = np.diff(np.r_[starts, len(values)])[:, None]
    with np.errstate(over="ignore", invalid="ignore"):
        means = _sums(values, starts, sizes) / sizes.astype(np.float32)
        holes = np.flatnonzero(~(np.abs(means) <= LARGEST).all(axis=0))
        if len(holes):
            some = finite(values[:, holes])
            measured = np.isfinite(some)
            totals = _sums(np.where(measured, some, np.float32(0)), starts, sizes)
            counts = _sums(measured.astype(np.float32), starts, sizes)
            means[:, holes] = np.where(counts > 0, totals / np.maximum(counts, 1), np.nan)
    return np.asarray(means, dtype=np.float32)


def _sums(values: Packed, starts: npt.NDArray[np.intp], sizes: npt.NDArray[np.intp]) -> Packed:
    """Return the sum of every stretch of rows, taken in order: one of float32 depends on it."""
    sums = np.zeros((len(starts), values.shape[1]), dtype=np.float32)
    even = slice(1, -1)  # the first and last may be cut off
    if len(starts) < 3 or (sizes[even] != sizes[1]).any():
        even = slice(0, 0)
    else:
        # Row after row: much faster than many short sums.
        size = int(sizes[1, 0])
        middle = values[starts[1] : starts[-1]].reshape(len(starts) - 2, size, -1)
        for row in range(size):
            sums[even] += middle[:, row]
    rest = np.delete(np.arange(len(starts)), even)
    for row in range(int(sizes[rest].max())):
        longer = rest[sizes[rest, 0] > row]
        sums[longer] += values[starts[longer] + row]
    return sums


def _filled(season: Packed) -> Packed:
    """Return the season with missing bins interpolated around the circle; 0 where all miss."""
    missing = ~np.isfinite(season)
    size = len(season)
    at = np.arange(size)
    for column in np.flatnonzero(missing.any(axis=0)):
        known = np.flatnonzero(~missing[:, column])
        if len(known):
            season[:, column] = np.interp(at, known, season[known, column], period=size)
        else:
            season[:, column] = 0.0
    return season


def _held(season: Packed) -> Packed:
    """Return the season with missing bins as the one before, around the circle."""
    known = np.isfinite(season)
    at = np.where(known, np.arange(len(season))[:, None], -1)
    last = np.maximum.accumulate(at, axis=0)
    last = np.where(last < 0, at.max(axis=0), last)
    held = np.take_along_axis(season, last, axis=0)
    return np.where(known.any(axis=0), held, np.float32(0))


def _smooth(season: Packed) -> Packed:
    near = np.roll(season, 1, axis=0) + np.roll(season, -1, axis=0)
    return np.asarray(0.25 * near + 0.5 * season, dtype=np.float32)
