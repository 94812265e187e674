"""Durations in buckets, and quantiles out of them."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aiops.clues.durations import BUCKETS, bucket_of, quantile

SECONDS = st.floats(0.001, 100.0)


@given(SECONDS, SECONDS)
def test_longer_is_never_in_an_earlier_bucket(one: float, other: float) -> None:
    first, second = sorted((one, other))
    assert 0 <= bucket_of(first) <= bucket_of(second) < BUCKETS


@given(st.lists(SECONDS, min_size=20, max_size=200), st.sampled_from([0.5, 0.95]))
def test_a_quantile_is_within_its_bucket_of_the_true_one(took: list[float], share: float) -> None:
    counts = np.zeros((BUCKETS, 1))
    for one in took:
        counts[bucket_of(one), 0] += 1
    (found,) = quantile(share, counts)
    true = sorted(took)[int(np.ceil(share * len(took))) - 1]
    assert true / 2**0.5 <= found * 1.001
    assert found <= true * 2**0.5 * 1.001


def test_a_share_that_ends_with_a_bucket_is_its_end() -> None:
    counts = np.zeros((BUCKETS, 1))
    counts[bucket_of(0.01), 0], counts[bucket_of(10.0), 0] = 19, 1
    assert quantile(0.95, counts)[0] == pytest.approx(0.01, rel=0.42)


def test_of_nothing_there_is_no_quantile() -> None:
    assert np.isnan(quantile(0.95, np.zeros((BUCKETS, 3)))).all()


@pytest.mark.parametrize("seconds", [-1.0, 0.0, 0.001])
def test_what_took_no_time_is_in_the_first_bucket(seconds: float) -> None:
    assert bucket_of(seconds) == 0
