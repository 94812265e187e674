"""What a fit keeps of a history: the same however it comes, and never an infinity."""

import numpy as np
import pytest

from aiops.detect import engine
from aiops.detect.past import RUN, Past
from aiops.domain.ticks import History, HistoryInParts, Span
from tests.detect.made import DAY, MONDAY, POLICY, day_curve, series_of, shard_of, times_of

SHARD = shard_of([series_of("latency_p95", f"shop-{number}", unit="s") for number in range(5)])


def made(days: float, step: int = 60) -> History:
    """Return noise on a day curve, with a hole, an infinity and an hour without any ticks."""
    times = times_of(days, step)
    dice = np.random.default_rng(4)
    values = day_curve(times)[:, None] * (1 + 0.05 * dice.standard_normal((len(times), 5)))
    values[100:140, 1] = np.nan
    values[200, 2] = np.inf
    kept = (times < times[0] + DAY // 2) | (times > times[0] + DAY // 2 + 3600)
    return History(times=times[kept], values=values[kept].astype(np.float32))


def in_parts(history: History, seconds: int) -> HistoryInParts:
    ends = np.flatnonzero(np.diff(history.times // seconds)) + 1
    parts = [
        History(times=times, values=values)
        for times, values in zip(
            np.split(history.times, ends), np.split(history.values, ends), strict=True
        )
    ]
    return HistoryInParts(times=history.times, width=5, parts=parts)


@pytest.mark.parametrize(("step", "seconds"), [(60, 6300), (60, DAY), (300, 900), (3600, DAY)])
def test_a_fit_of_parts_is_the_fit_of_the_whole(step: int, seconds: int) -> None:
    history = made(4 if step < 3600 else 12, step)
    whole = engine.fit(SHARD, history, POLICY)
    assert engine.fit(SHARD, in_parts(history, seconds), POLICY).to_bytes() == whole.to_bytes()


def test_parts_may_be_narrower_where_the_shard_has_grown_since() -> None:
    history = made(2)
    parts = in_parts(history, DAY)
    early, *late = parts.parts
    narrow = History(times=early.times, values=early.values[:, :3])
    past = Past.of(HistoryInParts(times=history.times, width=5, parts=[narrow, *late]))
    assert np.isnan(past.blocks.values[:90, 3:]).all()
    assert np.isfinite(past.blocks.values[100:]).all()
    assert np.array_equal(past.rows.values[:, :3], Past.of(history).rows.values[:, :3], True)


def test_a_block_is_the_middle_of_its_three_means() -> None:
    times = MONDAY + 60 * np.arange(15, dtype=np.int64)
    values = np.repeat([1.0, 100.0, 2.0], 5).astype(np.float32)
    holes = np.where(values > 50, np.nan, values)
    endless = np.where(values > 50, np.inf, values)
    past = Past.of(History(times=times, values=np.column_stack([values, holes, endless])))
    assert past.blocks.times.tolist() == [MONDAY]
    assert past.blocks.values.tolist() == [[2.0, 1.5, 1.5]]


def test_of_a_long_history_rows_are_evenly_spread_and_runs_are_neighbours() -> None:
    past = Past.of(made(14))
    assert len(past.times) > 5 * len(past.runs.times) > 5 * 1000
    assert set(np.diff(past.rows.times)[:100].tolist()) == {300}
    assert (np.diff(past.runs.times[:RUN]) == 60).all()
    assert np.isfinite(past.runs.values[0]).all()
    assert not np.isinf(past.rows.values).any()


def test_masked_time_is_as_if_nothing_had_been_measured() -> None:
    history = made(2)
    first = int(history.times[0])
    masked = Span(slot=0, since=first + 3600, until=first + 7200)
    past = Past.of(history, [masked])
    inside = (past.rows.times >= masked.since) & (past.rows.times < masked.until)
    assert np.isnan(past.rows.values[inside, 0]).all()
    assert np.isfinite(past.rows.values[~inside, 0]).all()
    assert np.isfinite(history.values[:, 0]).all()
