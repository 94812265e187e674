from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aiops.domain.errors import InputError
from aiops.domain.series import SeriesKey
from aiops.domain.ticks import History
from aiops.recording.grid import WEEK_SECONDS, before, grid_of, history_of, median_step
from aiops.recording.rows import Column, Rows

Sample = tuple[int, int, float]
"""Series, time, value."""


def rows_of(samples: Sequence[Sample], series: int = 2) -> Rows:
    columns = tuple(Column(key=SeriesKey(service=f"s{n}", metric="m")) for n in range(series))
    return Rows(
        columns=columns,
        series=np.array([one for one, _, _ in samples], dtype=np.int32),
        times=np.array([at for _, at, _ in samples], dtype=np.int64),
        values=np.array([value for _, _, value in samples], dtype=np.float32),
        infinite=np.zeros(0, dtype=np.int32),
    )


def ticks_of(rows: Rows, step_seconds: int | None = None) -> History:
    return history_of(rows, range(len(rows.columns)), 2, grid_of(rows, step_seconds))


def test_the_step_is_the_median_distance_within_a_series() -> None:
    samples = [(n % 2, 60 * (n // 2) + 7 * (n % 2), 1.0) for n in range(40)]
    assert median_step(rows_of([*samples, (0, 9_000, 1.0)])) == 60


def test_ticks_lie_where_the_samples_do() -> None:
    history = ticks_of(rows_of([(0, 20, 1.0), (0, 80, 2.0), (0, 140, 3.0)]))
    assert history.times.tolist() == [20, 80, 140]
    assert history.values[:, 0].tolist() == [1, 2, 3]


def test_jitter_about_the_full_minute_loses_no_sample() -> None:
    jitter = [0, 1, -1, 2, -2, 0, 1, -1]
    rows = rows_of([(0, 60 * n + 600 + jitter[n % 8], float(n)) for n in range(64)])
    history = ticks_of(rows, 60)
    assert history.values[:, 0].tolist() == list(range(64))
    assert (history.times >= rows.times).all()


def test_no_tick_knows_a_sample_from_after_it() -> None:
    rows = rows_of([(0, 60 * n + 15, 1.0) for n in range(9)] + [(1, 60 * n, 2.0) for n in range(9)])
    grid = grid_of(rows, 60)
    assert (grid.times[grid.rows_of(rows.times)] >= rows.times).all()


def test_missing_samples_are_missing_values_and_silence_has_its_ticks() -> None:
    history = ticks_of(rows_of([(0, 0, 1.0), (1, 0, 1.0), (0, 60, 2.0), (0, 240, 3.0)]), 60)
    assert history.times.tolist() == [0, 60, 120, 180, 240]
    assert np.isnan(history.values[2:4]).all()
    assert np.isnan(history.values[1, 1])


def test_of_several_samples_in_one_tick_the_last_counts_in_any_order() -> None:
    samples = [(0, 40, 1.0), (0, 60, 2.0), (0, 100, 3.0), (0, 120, 4.0)]
    for order in (samples, samples[::-1]):
        history = ticks_of(rows_of(order), 60)
        assert history.values[:, 0].tolist()[-1] == 4.0
        assert len(history.times) == len(history.values)


def test_of_two_rows_for_one_moment_the_later_row_counts() -> None:
    history = ticks_of(rows_of([(0, 60, 1.0), (0, 120, 5.0), (0, 60, 2.0)]), 60)
    assert history.values[:, 0].tolist() == [2.0, 5.0]


def test_a_missing_value_never_replaces_a_measured_one() -> None:
    history = ticks_of(rows_of([(0, 60, 1.0), (0, 60, float("nan")), (0, 120, 1.0)]), 60)
    assert history.values[0, 0] == 1.0


def test_a_day_without_anything_is_a_seam_and_has_no_ticks() -> None:
    day = 86_400
    rows = rows_of([(0, 0, 1.0), (0, 60, 1.0), (0, 2 * day, 1.0), (0, 2 * day + 60, 1.0)])
    assert ticks_of(rows, 60).times.tolist() == [0, 60, 2 * day, 2 * day + 60]


def test_an_hour_without_anything_is_a_seam_where_a_tick_is_a_second() -> None:
    rows = rows_of([(0, 0, 1.0), (0, 1, 1.0), (0, 4_000, 1.0)])
    assert ticks_of(rows, 1).times.tolist() == [0, 1, 4_000]
    assert len(ticks_of(rows_of([(0, 0, 1.0), (0, 3_000, 1.0)]), 1).times) == 3_001


def test_a_step_that_makes_no_sense_is_refused() -> None:
    rows = rows_of([(0, 3_000 * n, 1.0) for n in range(100)])
    with pytest.raises(InputError, match="expected a step that fits the samples"):
        history_of(rows, [0, 1], 5_000, grid_of(rows, 1))


def test_normal_time_from_afterwards_is_moved_back_by_whole_weeks() -> None:
    later = History(
        times=np.array([10 * WEEK_SECONDS, 10 * WEEK_SECONDS + 60]),
        values=np.zeros((2, 1), dtype=np.float32),
    )
    moved = before(later, start=WEEK_SECONDS + 60).times
    assert moved.tolist() == [0, 60]
    assert before(later, start=11 * WEEK_SECONDS) is later


@given(
    st.lists(st.tuples(st.integers(0, 1), st.integers(0, 5_000), st.integers(0, 99)), min_size=1)
)
def test_the_order_of_rows_changes_no_tick(found: list[tuple[int, int, int]]) -> None:
    samples = [(one, at, float(value)) for (one, at), value in {s[:2]: s[2] for s in found}.items()]
    there, back = ticks_of(rows_of(samples), 60), ticks_of(rows_of(samples[::-1]), 60)
    assert there.times.tolist() == back.times.tolist()
    np.testing.assert_array_equal(there.values, back.values)
