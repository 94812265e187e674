"""Rates and breakers of sinks."""

from collections.abc import Sequence
from datetime import timedelta
from itertools import accumulate

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aiops.domain.pacing import OPENS_AFTER, Rate, Standing
from tests.builders import minute

LEASE = timedelta(seconds=30)
RATES = st.integers(2, 40).flatmap(
    lambda often: st.builds(Rate, st.just(often), st.integers(1, often - 1))
)


@given(RATES, st.lists(st.floats(0, 90), max_size=60))
def test_no_minute_ever_holds_more_than_the_rate(rate: Rate, gaps: Sequence[float]) -> None:
    standing, sent = Standing(), []
    for seconds in accumulate(gaps):
        now = minute(0) + timedelta(seconds=seconds)
        while standing.free(rate, now):
            standing = standing.sent(rate, now, LEASE)
            sent.append(now)
    just_under = timedelta(seconds=59.99)
    for first in sent:
        assert sum(first <= one <= first + just_under for one in sent) <= rate.per_minute


@given(RATES)
def test_whoever_waits_as_told_uses_the_rate_but_for_its_burst(rate: Rate) -> None:
    standing, now, count = Standing(), minute(0), 0
    while now < minute(10):
        standing = standing.sent(rate, now, LEASE)
        now += standing.wait(rate, now)
        assert standing.free(rate, now) >= 1
        count += 1
    assert count >= 10 * (rate.per_minute - rate.burst)


def test_a_sink_that_was_left_alone_may_be_told_a_burst_at_once() -> None:
    rate, standing = Rate(per_minute=120, burst=4), Standing()
    for left in (4, 3, 2, 1):
        assert standing.free(rate, minute(0)) == left
        standing = standing.sent(rate, minute(0), LEASE)
    assert standing.free(rate, minute(0)) == 0
    assert standing.wait(rate, minute(0)) == rate.interval


def test_a_sink_that_asks_for_time_gets_it() -> None:
    rate = Rate(per_minute=120, burst=4)
    standing = Standing().failed(minute(0), 90)
    assert standing.free(rate, minute(1)) == 0
    assert standing.wait(rate, minute(1)) == timedelta(seconds=30)
    assert standing.free(rate, minute(1.5)) == 4
    # One that was on its way before does not take the request back.
    assert standing.took().free(rate, minute(1)) == 0


def test_failures_in_a_row_close_a_sink_for_ever_longer_until_it_answers() -> None:
    rate, now, standing, rests = Rate(per_minute=120, burst=4), minute(0), Standing(), []
    for _ in range(OPENS_AFTER + 6):
        standing = standing.failed(now, None)
        rests.append(standing.wait(rate, now).total_seconds())
        now += standing.wait(rate, now)
    assert rests == [0] * (OPENS_AFTER - 1) + [5, 10, 20, 40, 60, 60, 60]
    assert standing.is_failing
    assert standing.free(rate, now) == 1
    asked = standing.sent(rate, now, LEASE)
    assert asked.free(rate, now + timedelta(seconds=29)) == 0
    assert asked.free(rate, now + LEASE) == 1
    assert asked.took().free(rate, now + timedelta(seconds=1)) == 4


def test_a_clock_that_is_set_back_silences_nobody() -> None:
    rate = Rate(per_minute=120, burst=4)
    paced = Standing().sent(rate, minute(600), LEASE)
    assert paced.free(rate, minute(0)) == 4
    assert paced.wait(rate, minute(0)) == timedelta(0)
    closed = Standing().failed(minute(600), 3600)
    assert closed.free(rate, minute(0)) == 4


@pytest.mark.parametrize("rate", [(0, 1), (10, 0), (10, 10)])
def test_a_rate_that_makes_no_sense_is_refused(rate: tuple[int, int]) -> None:
    with pytest.raises(ValueError, match="expected at least 1 and less than the rate"):
        Rate(*rate)
