"""Medians of many series at once, with values missing."""

from functools import cache

import numpy as np

from aiops.domain.ticks import Packed

_FEW = 20
"""Up to so many rows are sorted row against row."""


def nan_median(values: Packed) -> tuple[Packed, Packed]:
    """Return the median of the finite values along the first axis (0 where none) and their count.

    Examples:
        >>> median, count = nan_median(np.array([[1.0], [np.nan], [3.0], [9.0]], dtype=np.float32))
        >>> median.tolist(), count.tolist()
        ([3.0], [3.0])
    """
    if not len(values):
        empty = np.zeros(values.shape[1:], np.float32)
        return empty, empty
    ordered = ascending(values)
    if np.isfinite(ordered[-1]).all():
        count = np.full(values.shape[1:], len(values), dtype=np.float32)
        pair = ordered[(len(values) - 1) // 2] + ordered[len(values) // 2]
        return np.asarray(0.5 * pair, dtype=np.float32), count
    counted = np.isfinite(values).sum(axis=0)
    low = np.maximum((counted - 1) // 2, 0)[None]
    high = np.minimum(counted // 2, len(values) - 1)[None]
    pair = np.take_along_axis(ordered, low, 0)[0] + np.take_along_axis(ordered, high, 0)[0]
    median = np.where(counted > 0, 0.5 * pair, 0.0)
    return median.astype(np.float32), counted.astype(np.float32)


def ascending(values: Packed) -> Packed:
    """Return the values sorted along the first axis; what is missing comes last, as NaN.

    Examples:
        >>> ascending(np.array([[3.0], [np.nan], [1.0]], dtype=np.float32)).ravel().tolist()
        [1.0, 3.0, nan]
    """
    if len(values) > _FEW:
        return np.sort(np.ascontiguousarray(np.moveaxis(values, 0, -1)), axis=-1).transpose(
            values.ndim - 1, *range(values.ndim - 1)
        )
    missing = np.isnan(values)
    rows = list(np.where(missing, np.float32(np.inf), values))
    for low, high in _exchanges(len(rows)):
        rows[low], rows[high] = (
            np.minimum(rows[low], rows[high]),
            np.maximum(rows[low], rows[high]),
        )
    ordered = np.stack(rows)
    ordered[np.isinf(ordered)] = np.nan
    return ordered


@cache
def _exchanges(count: int) -> tuple[tuple[int, int], ...]:
    """Return the pairs that, put in order one after the other, sort `count` rows.

    Whole rows at a time it is several times faster than sorting many short columns.

    References:
        K. E. Batcher, "Sorting networks and their applications" (1968), odd-even merge.
    """
    pairs = []
    length = 1
    while length < count:
        step = length
        while step:
            for start in range(step % length, count - step, 2 * step):
                for low in range(start, min(start + step, count - step)):
                    if low // (2 * length) == (low + step) // (2 * length):
                        pairs.append((low, low + step))
            step //= 2
        length *= 2
    return tuple(pairs)
