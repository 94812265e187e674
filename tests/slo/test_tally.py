"""Counting bad events while an incident lasts, and how fast they spend a budget."""

from datetime import timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aiops.domain.ticks import Floats
from aiops.slo.indicator import Track
from aiops.slo.tally import burn_rate, is_clearly_worse, tally
from tests.builders import minute

FIRST = -120


def track(bad: Floats, total: float = 100.0) -> Track:
    """Make an indicator by the minute from two hours before ten."""
    times = np.array([int(minute(FIRST + row).timestamp()) for row in range(len(bad))])
    whole = np.where(np.isfinite(bad), total, np.nan)
    return Track(times=times, step_seconds=60, total=whole, bad=bad * total, basis="test")


def levels(before: float, since: float, *, minutes: int = 60) -> Floats:
    return np.array([before] * (3 - FIRST) + [since] * minutes)


def test_bad_events_are_those_beyond_the_usual() -> None:
    counted = tally(track(levels(0.01, 0.21)), minute(3), minute(12), None)
    assert counted is not None
    assert counted.events == 1000  # ten ticks from 10:03
    assert counted.bad == pytest.approx(200)
    assert counted.good_share == pytest.approx(0.79)
    assert counted.expected == pytest.approx(0.99)
    assert (counted.since, counted.until) == (minute(3), minute(12))


def test_without_a_past_nobody_knows_what_is_usual() -> None:
    young = track(np.full(60, 0.2))
    assert tally(young, minute(FIRST + 9), minute(FIRST + 20), None) is None
    assert tally(young, minute(FIRST + 10), minute(FIRST + 20), None) is not None


def test_fewer_failures_than_usual_give_nothing_back() -> None:
    counted = tally(track(levels(0.2, 0.0)), minute(3), minute(12), None)
    assert counted is not None
    assert counted.bad == 0


def test_what_was_not_measured_is_not_counted() -> None:
    bad = levels(0.0, 0.5)
    bad[3 - FIRST + 2 : 3 - FIRST + 5] = np.nan
    counted = tally(track(bad), minute(3), minute(12), None)
    assert counted is not None
    assert counted.events == 700
    assert counted.bad == pytest.approx(350)


@settings(deadline=None)
@given(
    shares=st.lists(st.floats(0.1, 1.0), min_size=5, max_size=40),
    cuts=st.sets(st.integers(1, 38), max_size=4),
)
def test_counting_little_by_little_counts_the_same(shares: list[float], cuts: set[int]) -> None:
    bad = np.concatenate([levels(0.1, 0.0, minutes=0), shares])
    last = 3 + len(shares) - 1
    whole = tally(track(bad), minute(3), minute(last), None)
    parts = None
    for cut in sorted({3 + one for one in cuts if 3 + one < last} | {last}):
        parts = tally(track(bad), minute(3), minute(cut), parts)
    assert whole is not None
    assert parts is not None
    assert parts.events == whole.events
    assert parts.bad == pytest.approx(whole.bad)
    assert parts.until == whole.until


def test_a_budget_burns_as_fast_as_both_windows_say() -> None:
    steady = track(np.full(180, 0.0144))
    assert burn_rate(steady, 0.001, minute(30)) == pytest.approx(14.4)
    begun = track(levels(0.0, 0.5))
    assert burn_rate(begun, 0.01, minute(7)) == pytest.approx(50 * 5 / 60)  # the hour says less
    over = track(np.concatenate([levels(0.0, 0.5, minutes=20), np.zeros(30)]))
    assert burn_rate(over, 0.01, minute(40)) == 0  # the five minutes say that it is over


def test_a_few_samples_are_not_taken_for_an_hour() -> None:
    young = track(np.array([0.5, 0.5, 0.5]))
    end = minute(FIRST + 2)
    assert burn_rate(young, 0.01, end) == pytest.approx(50 * 3 / 60)
    assert burn_rate(young, 0.01, end + timedelta(days=1)) == 0


def test_noise_is_not_clearly_worse_and_a_fault_is() -> None:
    random = np.random.default_rng(3)
    for since, expected in ((0.02, False), (0.2, True)):
        bad = levels(0.02, since) * random.uniform(0.5, 1.5, 3 - FIRST + 60)
        of = track(bad)
        counted = tally(of, minute(3), minute(12), None)
        assert counted is not None
        assert is_clearly_worse(of, counted) is expected
