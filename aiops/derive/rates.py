"""PromQL's `rate()` over columns of samples.

The rules are those of Prometheus 2.42, which Debian ships. Newer releases differ in two details:
a window is open at its start (3.0), and a series that begins inside its window is extrapolated
over half an interval at most, also towards its zero.

References:
    Prometheus, "Query functions": https://prometheus.io/docs/prometheus/latest/querying/functions/#rate
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from aiops.domain.ticks import Floats, Times

NEVER = -(1 << 60)
"""The time, in epoch milliseconds, of a sample that is not there."""

_NEAR = 1.1
"""A boundary is near where a sample is closer to it than this many usual distances."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Span:
    """What of a window is covered by samples; every array broadcasts to shape (…, series).

    Args:
        first_at: epoch milliseconds of the first sample in the window, as `last_at`.
        count: samples in the window.
        start: of the window, both ends included.
        end: the other end.
    """

    first_at: Times
    last_at: Times
    count: npt.NDArray[np.int64]
    start: Times
    end: int


def per_second(increase: Floats, first: Floats, span: Span) -> Floats:
    """Return increases per second, extrapolated to the ends of their windows as `rate()` does.

    Args:
        increase: with resets taken out, shape (…, series).
        first: value of the first sample in the window, same shape.
        span: where the samples lie.

    Returns:
        Shape (…, series); NaN where the window holds fewer than two samples.
    """
    with np.errstate(invalid="ignore", divide="ignore"):
        sampled = np.where(span.count >= 2, span.last_at - span.first_at, np.nan) / 1e3
        spacing = sampled / (span.count - 1)
        before = (span.first_at - span.start) / 1e3
        after = (span.end - span.last_at) / 1e3
        right = np.where(after < _NEAR * spacing, after, spacing / 2)
        left = np.where(before < _NEAR * spacing, before, spacing / 2)
        scale = 1 / (sampled * ((span.end - span.start) / 1e3))
        found: Floats = increase * ((sampled + left + right) * scale)
        young = first * (sampled / before) < increase
        if young.any():  # a counter does not begin below zero: extrapolate to there at most
            zero = sampled * first / increase
            left = np.where(zero < _NEAR * spacing, zero, spacing / 2)
            found = np.where(
                young & (first >= 0), increase * ((sampled + left + right) * scale), found
            )
    return found


def windowed_rate(times: Times, values: Floats, start: Times, end: int) -> Floats:
    """Return the rate of every column, whatever its samples are like.

    Args:
        times: epoch milliseconds, ascending along the first axis, shape (samples, series); `NEVER`
            where there is none.
        values: counters, shape (samples, buckets, series); NaN where a bucket was not there.
        start: of every series' window, shape (series,).
        end: of all windows.

    Returns:
        Shape (buckets, series).

    Examples:
        >>> times = np.array([[0], [60_000], [120_000]])
        >>> values = np.array([[[600.0]], [[660.0]], [[30.0]]])  # a reset: 60 + 30 in two minutes
        >>> windowed_rate(times, values, np.array([0]), 120_000).tolist()
        [[0.75]]
    """
    shape = values.shape[1:]
    before, first = np.full(shape, np.nan), np.full(shape, np.nan)
    increase = np.zeros(shape)
    first_at, last_at = np.full(shape, NEVER), np.full(shape, NEVER)
    count = np.zeros(shape, dtype=np.int64)
    for at, row in zip(times, values, strict=True):
        valid = (at >= start) & (at <= end) & ~np.isnan(row)
        begins = valid & (count == 0)
        gain = np.where(row < before, row, row - before)
        increase += np.where(valid & ~begins, gain, 0.0)
        first, first_at = np.where(begins, row, first), np.where(begins, at, first_at)
        before, last_at = np.where(valid, row, before), np.where(valid, at, last_at)
        count += valid
    return per_second(
        increase,
        first,
        Span(first_at=first_at, last_at=last_at, count=count, start=start, end=end),
    )
