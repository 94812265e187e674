"""How long requests took, in buckets that grow by the square root of two. Pure."""

import math
from typing import Final

import numpy as np
import numpy.typing as npt

SHORTEST: Final = 0.001
"""Seconds; what took less is in the first bucket."""

BUCKETS: Final = 36
"""The last one holds what took over 131 s."""

_IN_TWO: Final = 2


def bucket_of(seconds: float) -> int:
    """Return the bucket of a duration: the first whose upper bound is not below it.

    Examples:
        >>> bucket_of(0.0), bucket_of(0.001), bucket_of(0.0011), bucket_of(1.0), bucket_of(1e9)
        (0, 0, 1, 20, 35)
    """
    if seconds <= SHORTEST:
        return 0
    return min(math.ceil(_IN_TWO * math.log2(seconds / SHORTEST)), BUCKETS - 1)


def quantile(share: float, counts: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Return how long a share of requests took at most, in seconds.

    Inside a bucket durations are taken to grow evenly by factors, as Prometheus does for native
    histograms: what is returned is off by a factor of the square root of two at most.

    Args:
        share: in (0, 1).
        counts: of each bucket, shape (BUCKETS, ticks).

    Returns:
        Shape (ticks,); NaN where there was none.

    Examples:
        >>> counts = np.zeros((BUCKETS, 2))
        >>> counts[bucket_of(0.25), 0] = 10
        >>> quantile(0.5, counts).round(3).tolist()
        [0.215, nan]
    """
    total = counts.sum(axis=0)
    below = np.cumsum(counts, axis=0)
    wanted = share * total
    found = np.argmax(below >= wanted, axis=0)
    ticks = np.arange(counts.shape[1])
    inside = counts[found, ticks]
    before = below[found, ticks] - inside
    with np.errstate(invalid="ignore", divide="ignore"):
        part = np.where(inside > 0, (wanted - before) / inside, np.nan)
    return np.asarray(SHORTEST * 2.0 ** ((found - 1 + part) / _IN_TWO))
