"""PromQL's `rate()` over columns of samples.

The rules are those of Prometheus 2.42, which Debian ships. Newer releases differ in two details:
a window is open at its start (3.0), and a series that begins inside its window is extrapolated
over half an interval at most, also towards its zero.

References:
    Prometheus, "Query functions": https://prometheus.io/docs/prometheus/latest/querying/functions/#rate
"""

from dataclasses import dataclass
from typing import Self

import numpy as np
import numpy.typing as npt

from aiops.domain.ticks import Floats, Times

Bools = npt.NDArray[np.bool_]

NEVER = -(1 << 60)
"""The time, in epoch milliseconds, of a sample that is not there."""

_NEAR = 1.1
"""A boundary is near where a sample is closer to it than this many usual distances."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Span:
    """What of a window is covered by samples; every array broadcasts to shape (…, series).

    Args:
        before: seconds from the start of the window to the first sample in it.
        sampled: seconds from there to the last one; NaN where nothing is to be told.
        after: seconds from there to the end of the window.
        count: samples in the window.
    """

    before: Floats
    sampled: Floats
    after: Floats
    count: Times | int

    @classmethod
    def of(
        cls, times: tuple[Times, Times, Times, int], count: Times | int, *, usable: Bools
    ) -> Self:
        """Return the span of windows.

        Args:
            times: start, first sample, last sample, end; epoch milliseconds.
            count: samples in the window.
            usable: where there are at least two samples.
        """
        start, first, last, end = times
        return cls(
            before=(first - start) / 1e3,
            sampled=np.where(usable, last - first, np.nan) / 1e3,
            after=(end - last) / 1e3,
            count=count,
        )


def per_second(increase: Floats, first: Floats, span: Span) -> Floats:
    """Return increases per second, extrapolated to the ends of their windows as `rate()` does.

    Args:
        increase: with resets taken out, shape (…, series).
        first: value of the first sample in the window, same shape.
        span: where the samples lie.

    Returns:
        Shape (…, series); NaN where the window holds fewer than two samples.
    """
    before, sampled, after = span.before, span.sampled, span.after
    with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
        near = sampled * (_NEAR / (span.count - 1))
        half = near * (0.5 / _NEAR)
        right = np.where(after < near, after, half)
        left = np.where(before < near, before, half)
        scale = 1 / (sampled * (before + sampled + after))
        young = first * (sampled / before) < increase
        found: Floats = increase * ((sampled + left + right) * scale)
        if young.any():  # a counter does not begin below zero: extrapolate to there at most
            few = np.flatnonzero(young.reshape(-1, young.shape[-1]).any(axis=0))
            sampled, near, half, right, scale = (
                one[..., few] for one in (sampled, near, half, right, scale)
            )
            first, increase = first[..., few], increase[..., few]
            zero = sampled * first / increase
            left = np.where(zero < near, zero, half)
            begun = increase * ((sampled + left + right) * scale)
            young = young[..., few] & (first >= 0)
            found[..., few] = np.where(young, begun, found[..., few])
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
    span = Span.of((start, first_at, last_at, end), count, usable=count >= 2)
    return per_second(increase, first, span)
