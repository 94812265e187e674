"""The samples of a case as rows of series."""

import numpy as np

from aiops.correlate.comparison import MOST_SAMPLES, Comparison
from aiops.domain.series import SeriesKey


def long_case(counts: tuple[int, ...]) -> Comparison:
    """Return series of so many samples each, whose values count up."""
    values = np.concatenate([np.arange(count, dtype=np.float64) for count in counts])
    return Comparison(
        keys=tuple(SeriesKey(service=f"s{place}", metric="m") for place in range(len(counts))),
        units=("",) * len(counts),
        series=np.repeat(np.arange(len(counts), dtype=np.int32), counts),
        times=values.astype(np.int64),
        values=values,
        abnormal=np.zeros(len(values), dtype=np.bool_),
        since=max(counts),
        step_seconds=1,
    )


def test_every_series_is_a_row_and_shorter_ones_end_in_nothing() -> None:
    case = long_case((3, 0, 1))
    _, rows = case.padded(~case.abnormal)
    np.testing.assert_array_equal(rows, [[0, 1, 2], [np.nan, np.nan, np.nan], [0, np.nan, np.nan]])


def test_no_samples_at_all_are_rows_of_nothing() -> None:
    case = long_case((3, 2))
    times, rows = case.padded(case.abnormal)
    assert times.shape == rows.shape == (2, 1)
    assert np.isnan(rows).all()


def test_a_long_history_is_thinned_evenly_and_a_short_one_beside_it_is_kept() -> None:
    count = 5 * MOST_SAMPLES // 2
    case = long_case((count, 100))
    _, rows = case.padded(~case.abnormal)
    assert rows.shape[1] <= MOST_SAMPLES
    long = rows[0][~np.isnan(rows[0])]
    assert set(np.diff(long)) == {3.0}
    assert long[-1] > count - 4
    np.testing.assert_array_equal(rows[1][:100], np.arange(100))
