"""What a ring answers is what PromQL answers, whatever the scrapes were like."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aiops.derive.rates import NEVER
from aiops.derive.ring import Ring, samples_of
from aiops.domain.ticks import Floats
from tests.derive import reference

SCRAPE = 15_000
WINDOW = 60_000
SIZE = samples_of(60, 15)
START = 1_790_000_000_000

Scrape = tuple[int, tuple[float, ...]]

counts = st.one_of(
    st.integers(0, 30).map(float), st.floats(0, 1e9, allow_subnormal=False), st.just(math.nan)
)


@st.composite
def scrapes(draw: st.DrawFn, buckets: int, most: int = 12) -> list[Scrape]:
    """Return scrapes at uneven distances: counters that grow, reset, are missing or wrong."""
    found, at = [], START + draw(st.integers(0, SCRAPE))
    values = [0.0] * buckets
    for _ in range(draw(st.integers(0, most))):
        at += draw(st.integers(SCRAPE // 2, 2 * SCRAPE))
        if draw(st.booleans()):
            values = [value + draw(st.integers(0, 9)) for value in values]
            found.append((at, tuple(values)))
        else:
            values = [draw(st.integers(0, 30)) * 1.0 for _ in values]
            found.append((at, tuple(draw(counts) for _ in values)))
    return found


def fed(series: list[list[Scrape]], size: int = SIZE) -> Ring:
    """Return a ring that took the n-th scrape of every series in one go."""
    buckets = max((len(one[0][1]) for one in series if one), default=1)
    ring = Ring.empty(size, buckets, len(series))
    for turn in range(max(map(len, series), default=0)):
        at = np.full(len(series), NEVER)
        values = np.full((buckets, len(series)), np.nan)
        for column, one in enumerate(series):
            if turn < len(one):
                at[column], values[:, column] = one[turn]
        ring.observe(at, values)
    return ring


def promql(series: list[list[Scrape]], end: int, window: int = WINDOW) -> Floats:
    buckets = max((len(one[0][1]) for one in series if one), default=1)
    found = np.full((buckets, len(series)), np.nan)
    for column, one in enumerate(series):
        for bucket in range(buckets):
            samples = [(at, row[bucket]) for at, row in one if not math.isnan(row[bucket])]
            found[bucket, column] = reference.rate(samples, end, window)
    return found


def agree(rates: Floats, expected: Floats, series: list[list[Scrape]]) -> None:
    """See that rates are the same, as far as a sum of such values has digits.

    PromQL takes the first from the last and adds what was lost in resets: of a counter that stood
    at 2,000,000 and grew by 0.0004 since, that leaves seven digits.
    """
    values = [value for one in series for _, row in one for value in row if not math.isnan(value)]
    digits = 4 * np.finfo(np.float64).eps * max(values, default=0.0)
    np.testing.assert_allclose(rates, expected, rtol=1e-9, atol=1e-12 + digits)


def kept(series: list[Scrape], end: int) -> bool:
    """Say whether a ring of the usual size holds all of a window."""
    return sum(at >= end - WINDOW for at, _ in series) < SIZE


@given(st.lists(scrapes(buckets=3), min_size=1, max_size=4), st.integers(0, 200_000))
def test_rates_are_those_of_promql_at_any_moment(series: list[list[Scrape]], after: int) -> None:
    end = START + after
    ring = fed(series, size=16)
    agree(ring.rates(end, WINDOW), promql(series, end), series)


@settings(max_examples=50)
@given(scrapes(buckets=2), st.randoms(use_true_random=False))
def test_the_order_of_arrival_does_not_matter(series: list[Scrape], random: object) -> None:
    shuffled = series.copy()
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    end = START + 100_000
    np.testing.assert_array_equal(
        fed([shuffled], size=16).rates(end, WINDOW), fed([series], size=16).rates(end, WINDOW)
    )


@settings(max_examples=50)
@given(st.lists(scrapes(buckets=2), min_size=1, max_size=3), st.data())
def test_what_comes_twice_changes_nothing(series: list[list[Scrape]], data: st.DataObject) -> None:
    again = [
        [scrape for scrape in one for _ in range(data.draw(st.integers(1, 2)))] for one in series
    ]
    ring, same = fed(series), fed(again)
    np.testing.assert_array_equal(np.sort(ring.times, axis=0), np.sort(same.times, axis=0))
    for after in range(0, 200_000, 20_000):
        end = START + after
        np.testing.assert_array_equal(ring.rates(end, WINDOW), same.rates(end, WINDOW))


def test_the_same_samples_again_leave_every_array_as_it_was() -> None:
    series: list[list[Scrape]] = [
        [(START + SCRAPE * turn, (float(turn % 5),)) for turn in range(count)] for count in (4, 9)
    ]
    ring = fed(series)
    before = {name: array.copy() for name, array in ring.memory().items()}
    for turn in (8, 7, 3):
        at = np.array([START + SCRAPE * min(turn, 3), START + SCRAPE * turn])
        ring.observe(at, np.array([[min(turn, 3) % 5, turn % 5]], dtype=np.float64))
    for name, array in before.items():
        np.testing.assert_array_equal(ring.memory()[name], array, err_msg=name)


@settings(max_examples=50)
@given(st.lists(scrapes(buckets=2, most=30), min_size=1, max_size=3))
def test_old_samples_give_way_and_the_window_stays_right(series: list[list[Scrape]]) -> None:
    ring = fed(series)
    for column, one in enumerate(series):
        if not one:
            continue
        end = one[-1][0] + 1000
        if kept(one, end):
            agree(ring.rates(end, WINDOW)[:, column], promql([one], end)[:, 0], [one])


def test_what_a_counter_grew_by_after_a_reset_is_exact_however_large_it_was() -> None:
    counted = (2_097_153.0, 0.0, 0.0004)
    series: list[Scrape] = [(START + turn * SCRAPE, (value,)) for turn, value in enumerate(counted)]
    end = START + 2 * SCRAPE
    found = fed([series]).rates(end, WINDOW)
    agree(found, promql([series], end), [series])
    assert found[0, 0] > 0


def test_a_window_holds_the_sample_at_its_very_start() -> None:
    counted = (50.0, 8.0, 9.0, 20.0, 24.0)
    series: list[Scrape] = [(START + turn * SCRAPE, (value,)) for turn, value in enumerate(counted)]
    assert fed([series]).rates(START + WINDOW, WINDOW) == pytest.approx(24 / 60)
    later = START + WINDOW + 1
    assert fed([series]).rates(later, WINDOW) == pytest.approx(promql([series], later))


def test_a_reset_counts_that_only_a_late_sample_tells_of() -> None:
    series: list[Scrape] = [
        (START, (100.0,)),
        (START + 2 * SCRAPE, (160.0,)),
        (START + 3 * SCRAPE, (170.0,)),
        (START + SCRAPE, (5.0,)),
    ]
    end = START + 3 * SCRAPE
    assert fed([series]).rates(end, 3 * SCRAPE) == pytest.approx((5 + 155 + 10) / 45)


def test_a_counter_that_is_sent_too_often_has_the_rate_of_what_is_kept() -> None:
    often: list[Scrape] = [(START + 1000 * second, (5.0 * second,)) for second in range(200)]
    assert fed([often]).rates(START + 199_000, WINDOW) == pytest.approx(5.0)


def test_a_bucket_that_came_in_a_second_message_is_filled_in() -> None:
    parts: list[Scrape] = []
    for turn in range(5):
        at = START + turn * SCRAPE
        parts += [(at, (10.0 * turn, math.nan)), (at, (math.nan, 20.0 * turn))]
    whole: list[Scrape] = [(START + turn * SCRAPE, (10.0 * turn, 20.0 * turn)) for turn in range(5)]
    end = START + 4 * SCRAPE
    np.testing.assert_array_equal(fed([parts]).rates(end, WINDOW), fed([whole]).rates(end, WINDOW))


def test_the_last_value_of_a_gauge_counts_until_it_is_stale_or_old() -> None:
    ring = fed([[(START, (7.0,)), (START + SCRAPE, (8.0,))], [(START, (7.0,))]], size=2)
    assert ring.last(START + SCRAPE, WINDOW).tolist() == [[8.0, 7.0]]
    assert ring.last(START + SCRAPE - 1, WINDOW).tolist() == [[7.0, 7.0]]
    assert ring.last(START + WINDOW, WINDOW).tolist() == [[8.0, 7.0]]
    assert np.isnan(ring.last(START + WINDOW + 1, WINDOW)).tolist() == [[False, True]]

    ring.observe(np.array([START + 2 * SCRAPE, NEVER]), np.full((1, 2), np.nan))
    assert np.isnan(ring.last(START + 2 * SCRAPE, WINDOW)).tolist() == [[True, False]]


def test_memory_goes_out_and_comes_back_without_a_copy() -> None:
    series: list[Scrape] = [(START + turn * SCRAPE, (3.0 * turn,)) for turn in range(9)]
    ring = fed([series])
    again = Ring.of_memory(ring.memory())
    assert again.times is ring.times
    end = START + 8 * SCRAPE
    assert again.rates(end, WINDOW).tolist() == ring.rates(end, WINDOW).tolist()


def test_what_came_since_the_sample_before_is_added_up_over_the_window() -> None:
    ring = Ring.empty(8, 1, 2)
    every, window = np.array([0]), 60_000
    for number in range(1, 7):
        at = np.array([number * 10_000, number * 10_000 if number > 3 else NEVER])
        ring.observe(at, np.array([[5.0, 2.0]]))
    assert ring.rates(60_000, 50_000, every)[0, 0] == pytest.approx(0.5)
    both = np.array([0, 1])
    rates = ring.rates(60_000, window, both)[0]
    assert rates.tolist() == pytest.approx([0.5, 0.2])  # what came before the first is of no time
    assert np.isnan(Ring.empty(8, 1, 1).rates(60_000, window, every)).all()
