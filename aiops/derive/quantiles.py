"""PromQL's `histogram_quantile()` for histograms with buckets, all histograms at once.

References:
    Prometheus, "Query functions":
    https://prometheus.io/docs/prometheus/latest/querying/functions/#histogram_quantile
"""

from itertools import pairwise

import numpy as np

from aiops.domain.ticks import Floats

_BLOCK = 8192
"""Histograms at a time: what is worked on stays in the processor's cache."""


def histogram_quantile(quantile: float, bounds: Floats, counts: Floats) -> Floats:
    """Return a quantile of every histogram, interpolated within the bucket it falls into.

    Counts that fall from one bucket to the next are lifted to the one before. The first bucket
    begins at 0 if it ends above; a quantile in the last one is the bound below it.

    Args:
        quantile: in (0, 1].
        bounds: upper bounds, ascending, shape (buckets,); the last one is +Inf.
        counts: cumulative counts or rates, shape (buckets, histograms); NaN for a bucket that a
            histogram does not have.

    Returns:
        In the unit of the bounds, shape (histograms,); NaN where nothing was observed, where the
        +Inf bucket is missing or no other one is there.

    Examples:
        >>> bounds = np.array([0.1, 0.5, 1.0, np.inf])
        >>> counts = np.array([[50.0], [90.0], [100.0], [100.0]])
        >>> histogram_quantile(0.95, bounds, counts).tolist()
        [0.75]
    """
    found = np.full(counts.shape[1], np.nan)
    if len(bounds) < 2 or not np.isposinf(bounds[-1]):
        return found
    for begin in range(0, len(found), _BLOCK):
        part = counts[:, begin : begin + _BLOCK]
        rising = part[1:] >= part[:-1]  # where it is, nothing is NaN either
        found[begin : begin + _BLOCK] = _of_rising(quantile, bounds, part)
        if not rising.all():
            few = np.flatnonzero(~rising.all(axis=0))
            found[begin + few] = _of_any(quantile, bounds, part[:, few])
    return found


def _of_rising(quantile: float, bounds: Floats, counts: Floats) -> Floats:
    """Return the quantiles of a block whose counts never fall and are all there."""
    lowers = np.concatenate([[min(bounds[0], 0.0)], bounds[:-1]])
    widths = np.append(bounds[:-1] - lowers[:-1], 0.0)  # in the last one, it is the bound below
    rank = quantile * counts[-1]
    width = np.int8 if len(bounds) < 128 else np.int64
    bucket = np.add.reduce(counts[:-1] < rank, axis=0, dtype=width)
    columns = np.arange(len(rank))
    below = np.where(bucket > 0, counts[bucket - 1, columns], 0.0)
    with np.errstate(invalid="ignore", divide="ignore"):  # 0 of 0 where nothing was observed
        share = (rank - below) / (counts[bucket, columns] - below)
    return np.asarray(lowers.take(bucket) + widths.take(bucket) * share)


def _of_any(quantile: float, bounds: Floats, counts: Floats) -> Floats:
    """Return the quantiles whatever the counts are; a missing bucket's neighbours meet."""
    absent = np.isnan(counts)
    uppers = bounds[:, None]
    if absent.any():
        uppers = np.maximum.accumulate(np.where(absent, -np.inf, uppers), axis=0)
        counts = np.where(absent, 0.0, counts)
    raised = _raised(counts)
    rank = quantile * raised[-1]
    bucket = np.count_nonzero(raised[:-1] < rank, axis=0)
    columns = np.arange(len(rank))
    at = columns if uppers.shape[1] > 1 else 0
    lower = np.where(bucket > 0, uppers[bucket - 1, at], -np.inf)
    upper = uppers[bucket, at]
    is_first = np.isneginf(lower)
    below = np.where(is_first, 0.0, raised[bucket - 1, columns])
    with np.errstate(invalid="ignore", divide="ignore"):
        share = (rank - below) / (raised[bucket, columns] - below)
        begin = np.where(is_first, 0.0, lower)
        found: Floats = begin + (upper - begin) * share
    found = np.where(is_first & (upper <= 0), upper, found)
    found = np.where(bucket == len(bounds) - 1, lower, found)
    usable = (raised[-1] > 0) & ~absent[-1] & np.isfinite(uppers[-2, at])
    return np.where(usable, found, np.nan)


def _raised(counts: Floats) -> Floats:
    """Return counts that never fall from a bucket to the next."""
    if (counts[1:] >= counts[:-1]).all():
        return counts
    raised = counts.copy()
    for below, row in pairwise(raised):
        np.maximum(below, row, out=row)
    return raised
