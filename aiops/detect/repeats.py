"""How often series repeat a value by nature: in their history, and lately."""

from typing import Any

import numpy as np
import numpy.typing as npt

from aiops.detect.protocol import Memory
from aiops.detect.recent import finite
from aiops.detect.traits import Bools
from aiops.domain.ticks import History, Packed

_LATELY_TICKS = 500
_FEWEST = 1e-4


def last_values(history: History | None, count: int) -> Packed:
    """Return the values of the last tick by slot, NaN where there is none."""
    last = np.full(count, np.nan, dtype=np.float32)
    if history is not None and len(history.times):
        row = finite(history.values[-1])
        last[: len(row)] = row
    return last


def usual_repeats(history: History | None, count: int) -> dict[str, npt.NDArray[Any]]:
    """Return what share of their values series repeat (`repeats`), and of how many (`seen`)."""
    repeats, seen = np.zeros(count, dtype=np.float32), np.zeros(count, dtype=np.uint16)
    if history is not None and len(history.times) > 1:
        rows = finite(history.values[-_LATELY_TICKS - 1 :])
        width = rows.shape[1]
        pairs = (np.isfinite(rows[1:]) & np.isfinite(rows[:-1])).sum(axis=0)
        seen[:width] = pairs
        repeats[:width] = (rows[1:] == rows[:-1]).sum(axis=0) / np.maximum(pairs, 1)
    return {"seen": seen, "repeats": repeats}


def counted(memory: Memory, same: Bools, follow: Bools) -> dict[str, npt.NDArray[Any]]:
    """Return what share of its values each series repeats lately, one tick later."""
    seen, repeats = memory["seen"], memory["repeats"]
    if np.count_nonzero(seen < _LATELY_TICKS):
        seen = np.minimum(seen + follow, _LATELY_TICKS)
    if np.count_nonzero(same) or np.count_nonzero(repeats):
        change = (same - repeats) / np.maximum(seen, 1)
        change *= follow
        change += repeats
        change *= change >= _FEWEST
        repeats = change
    return {"seen": seen, "repeats": repeats}


def longest_run(values: Packed) -> Packed:
    """Return how often each series repeats one value at most; missing values change nothing.

    Examples:
        >>> rows = np.array([[1, 1], [1, 2], [np.nan, 3], [1, 3], [2, 4]], dtype=np.float32)
        >>> longest_run(rows).tolist()
        [2.0, 1.0]
    """
    last = values[0].copy()
    run, longest = np.zeros_like(last), np.zeros_like(last)
    for row in values[1:]:
        present = np.isfinite(row)
        run = np.where(present, np.where(row == last, run + 1, 0), run)
        np.maximum(longest, run, out=longest)
        last = np.where(present, row, last)
    return np.asarray(longest, dtype=np.float32)
