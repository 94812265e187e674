"""Exponential histograms: what they become below bounds that stay."""

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.proto.metrics.v1.metrics_pb2 import ExponentialHistogramDataPoint
from opentelemetry.sdk.metrics._internal.exponential_histogram.mapping.logarithm_mapping import (
    LogarithmMapping,
)

from aiops.derive.quantiles import histogram_quantile
from aiops.domain.pushed import RawSeries
from aiops.domain.series import SeriesKey
from aiops.ingest.otlp_exponential import MOST_BUCKETS, cumulative, ladder_of
from aiops.settings import PushedSignalSettings, Reading, Selected
from tests.pushed import catalog, source

SECONDS, BOUNDS = ladder_of("s")
ORDINARY = st.floats(1e-3, 1e2)


def point(scale: int, counts: dict[int, int], **more: Any) -> ExponentialHistogramDataPoint:
    """Return a point with that many values in each bucket."""
    told = ExponentialHistogramDataPoint(scale=scale, **more)
    if counts:
        told.positive.offset = min(counts)
        span = range(min(counts), max(counts) + 1)
        told.positive.bucket_counts.extend(counts.get(one, 0) for one in span)
    negative = sum(told.negative.bucket_counts)
    told.count = told.count or sum(counts.values()) + told.zero_count + negative
    return told


def of_values(scale: int, values: list[float]) -> ExponentialHistogramDataPoint:
    """Return what the mapping of OpenTelemetry's SDK makes of values."""
    mapping, counts = LogarithmMapping(scale), dict[int, int]()
    for one in values:
        at = mapping.map_to_index(one)
        counts[at] = counts.get(at, 0) + 1
    return point(scale, counts)


def below(told: ExponentialHistogramDataPoint) -> np.ndarray[Any, Any]:
    found = cumulative(told, SECONDS)
    assert found is not None
    assert len(found) == len(BOUNDS) + 1
    return np.array(found)


@given(scale=st.integers(2, 8), values=st.lists(ORDINARY, min_size=1, max_size=40))
def test_buckets_as_fine_as_the_ladder_are_counted_exactly(scale: int, values: list[float]) -> None:
    found = below(of_values(scale, values))
    for bound, count in zip(BOUNDS, found, strict=False):
        near = sum(math.isclose(one, bound, rel_tol=1e-9) for one in values)
        assert abs(count - sum(one <= bound for one in values)) <= near
    assert found[-1] == len(values)


@given(
    values=st.lists(ORDINARY, min_size=1, max_size=20),
    further=st.lists(ORDINARY, max_size=20),
    scales=st.tuples(st.integers(2, 8), st.integers(1, 8)),
)
def test_a_change_of_scale_is_no_reset(
    values: list[float], further: list[float], scales: tuple[int, int]
) -> None:
    before = below(of_values(max(scales), values))
    after = below(of_values(min(scales), [*values, *further]))
    known = ~np.isnan(after)
    assert (after[known] >= before[known]).all()
    assert known.sum() >= len(BOUNDS) // 2


@given(values=st.lists(ORDINARY, min_size=1, max_size=60), quantile=st.sampled_from([0.5, 0.95]))
def test_a_quantile_is_off_by_a_bucket_at_most(values: list[float], quantile: float) -> None:
    counts = below(of_values(8, values))[:, None]
    found = histogram_quantile(quantile, np.array([*BOUNDS, math.inf]), counts)[0]
    true = sorted(values)[math.ceil(quantile * len(values)) - 1]
    assert true / 1.1893 <= found * 1.000001
    assert found <= true * 1.1893


def test_bounds_inside_a_bucket_are_not_known() -> None:
    found = below(point(0, {-1: 2, 0: 3}))
    told = zip(BOUNDS, found, strict=False)
    known = {bound: count for bound, count in told if not math.isnan(count)}
    assert [known[one] for one in (0.25, 0.5, 1.0, 2.0, 4.0)] == [0, 0, 2, 5, 5]
    assert all(math.log2(one).is_integer() for one in known)


@pytest.mark.parametrize("scale", [-10, -(2**31), 2**31 - 1, 40])
def test_any_scale_is_read(scale: int) -> None:
    found = below(point(scale, {-1: 1, 0: 1}))
    assert found[-1] == 2
    assert found[BOUNDS.index(1.0)] == 1
    told = point(scale, {2**31 - 2: 1})
    told.positive.offset = -(2**31)
    assert below(told)[-1] == 1


def test_what_is_0_or_below_lies_under_the_first_bound() -> None:
    buckets = ExponentialHistogramDataPoint.Buckets(offset=4, bucket_counts=[2])
    found = below(point(2, {0: 1}, zero_count=3, negative=buckets))
    assert (found[0], found[-1]) == (5, 6)


def test_bounds_inside_the_zero_bucket_are_not_known() -> None:
    found = below(point(2, {0: 1}, zero_count=3, zero_threshold=0.25))
    at = BOUNDS.index(0.25)
    assert np.isnan(found[:at]).all()
    assert (found[at:-1] >= 3).all()


def test_values_beyond_the_ladder_lie_at_its_ends() -> None:
    found = below(point(2, {-4000: 1, 4000: 1}))
    assert (found[0], found[-2], found[-1]) == (1, 1, 2)


def test_a_point_that_tells_only_how_many_has_no_distribution() -> None:
    found = below(point(3, {}, count=7))
    assert np.isnan(found[:-1]).all()
    assert found[-1] == 7


def test_a_point_of_too_many_buckets_is_not_taken() -> None:
    told = ExponentialHistogramDataPoint(scale=2)
    told.positive.bucket_counts.extend([1] * (MOST_BUCKETS + 1))
    assert cumulative(told, SECONDS) is None


def test_a_wide_series_counts_for_several_where_series_are_capped() -> None:
    wanted = PushedSignalSettings(name="rate", of=Selected(metric="took"), reading=Reading.RATE)
    known = catalog(source(wanted, kind="otlp_metrics", most_series=13))
    wide = [
        RawSeries(key=SeriesKey(service=f"s{n}", metric="took"), bounds=BOUNDS) for n in range(3)
    ]
    narrow = RawSeries(key=SeriesKey(service="n", metric="took"), bounds=(1.0,))
    assert [number >= 0 for number in known.meet([*wide, narrow])] == [True, True, False, True]
    assert (known.metrics["took"].series, known.metrics["took"].refused) == (3, 1)


@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns", "By", ""])
def test_bounds_are_powers_of_two_and_few_enough_to_keep(unit: str) -> None:
    ladder, bounds = ladder_of(unit)
    assert len(bounds) <= 121
    steps = 1 << ladder.scale
    exponents = np.arange(len(bounds)) / steps + ladder.lowest
    assert np.allclose(bounds, 2.0**exponents, rtol=1e-15)
