"""A quantile is what PromQL says, whatever the buckets are like."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from aiops.derive.quantiles import histogram_quantile
from aiops.domain.ticks import Floats
from tests.derive import reference

BOUNDS = np.array([-1.0, 0.0, 0.5, 1.0, 2.5, math.inf])

rates = st.one_of(
    st.floats(0, 1e6, allow_subnormal=False), st.integers(0, 5).map(float), st.just(math.nan)
)


@given(
    arrays(np.float64, st.tuples(st.just(len(BOUNDS)), st.integers(1, 5)), elements=rates),
    st.sampled_from([0.01, 0.5, 0.95, 0.99, 1.0]),
    st.integers(0, 2),
)
def test_a_quantile_is_that_of_promql_with_buckets_missing_or_falling(
    counts: Floats, wanted: float, first: int
) -> None:
    bounds, counts = BOUNDS[first:], counts[first:]
    expected = [
        reference.quantile(wanted, dict(zip(bounds.tolist(), column, strict=True)))
        for column in counts.T.tolist()
    ]
    found = histogram_quantile(wanted, bounds, counts)
    np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize(
    ("why", "bounds", "counts"),
    [
        ("nothing was observed", [1.0, math.inf], [0.0, 0.0]),
        ("there is no last bucket", [1.0, 2.0], [1.0, 2.0]),
        ("the last bucket is missing now", [1.0, 2.0, math.inf], [1.0, 2.0, math.nan]),
        ("only the last bucket is there", [1.0, math.inf], [math.nan, 4.0]),
        ("there is one bucket in all", [math.inf], [4.0]),
    ],
)
def test_there_is_no_quantile_where(why: str, bounds: list[float], counts: list[float]) -> None:
    found = histogram_quantile(0.95, np.array(bounds), np.array(counts)[:, None])
    assert np.isnan(found).all(), why


def test_beyond_the_last_bound_it_is_that_bound() -> None:
    counts = np.array([[1.0], [2.0], [100.0]])
    assert histogram_quantile(0.99, np.array([0.1, 0.5, math.inf]), counts).tolist() == [0.5]


def test_a_histogram_may_have_hundreds_of_buckets() -> None:
    bounds = np.append(np.arange(1.0, 400.0), math.inf)
    counts = np.arange(1.0, 401.0)[:, None]
    assert histogram_quantile(0.5, bounds, counts).tolist() == [200.0]
