"""PromQL's arithmetic for one series at a time, written as its documentation tells it."""

import math
from collections.abc import Mapping, Sequence
from itertools import pairwise

Sample = tuple[int, float]
"""Epoch milliseconds, value."""


def rate(samples: Sequence[Sample], end: int, window: int) -> float:
    """Return what `rate(series[window])` is at `end`, NaN where it is nothing."""
    start = end - window
    inside = sorted(one for one in samples if start <= one[0] <= end)
    if len(inside) < 2:
        return math.nan
    (first_at, first), (last_at, last) = inside[0], inside[-1]
    increase = last - first
    for (_, before), (_, after) in pairwise(inside):
        if after < before:
            increase += before
    sampled = (last_at - first_at) / 1000
    spacing = sampled / (len(inside) - 1)
    to_start, to_end = (first_at - start) / 1000, (end - last_at) / 1000
    if increase > 0 and first >= 0:
        to_start = min(to_start, sampled * first / increase)
    covered = sampled
    for gap in (to_start, to_end):
        covered += gap if gap < 1.1 * spacing else spacing / 2
    return increase * covered / sampled / (window / 1000)


def quantile(wanted: float, buckets: Mapping[float, float]) -> float:
    """Return what `histogram_quantile` is for buckets by their upper bounds."""
    there = {bound: count for bound, count in sorted(buckets.items()) if not math.isnan(count)}
    if len(there) < 2 or math.inf not in there:
        return math.nan
    bounds, counts = list(there), list(there.values())
    for number in range(1, len(counts)):
        counts[number] = max(counts[number - 1 : number + 1])
    if counts[-1] == 0:
        return math.nan
    rank = wanted * counts[-1]
    found = next(number for number, count in enumerate(counts) if count >= rank)
    if found == len(counts) - 1:
        return bounds[-2]
    if found == 0 and bounds[0] <= 0:
        return bounds[0]
    below, lower = (counts[found - 1], bounds[found - 1]) if found else (0.0, 0.0)
    return lower + (bounds[found] - lower) * (rank - below) / (counts[found] - below)
