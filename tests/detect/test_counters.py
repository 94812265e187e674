"""Counters that nobody declared: recognised in their past, judged by their rate from then on."""

from dataclasses import replace
from functools import cache

import numpy as np
import pytest

from aiops.detect import engine
from aiops.detect.counted import Counted
from aiops.detect.counters import counters_in
from aiops.detect.past import Past
from aiops.detect.values import ShardProfile, ShardState
from aiops.domain.policies import Limit
from aiops.domain.series import Series
from aiops.domain.symptoms import FactKind, SymptomFact
from aiops.domain.ticks import History, HistoryInParts, Packed, Span, Tick, Times
from aiops.domain.time import utc
from tests.detect.made import (
    DAY,
    MONDAY,
    POLICY,
    Grid,
    Run,
    day_curve,
    history_of,
    series_of,
    shard_of,
    times_of,
)

DAYS = 5
REQUESTS = series_of("requests_total", "checkout")
LATENCY = series_of("latency_p95", "checkout", unit="s")
SHARD = shard_of([LATENCY, REQUESTS])
EVERY_DAY = (400, 1840, 3280, 4720, 6160, 7600)


def load(times: Times, seed: int = 5) -> Grid:
    """Return requests per second: 20 at night, 60 in the afternoon."""
    dice = np.random.default_rng(seed)
    return np.asarray(20 * day_curve(times) * (1 + 0.05 * dice.standard_normal(len(times))))


def total(rates: Grid, *restarts: int, first: float = 0.0) -> Grid:
    """Return what a process has counted at the end of each minute; restarts lose some of it."""
    counted = first + np.cumsum(60 * rates)
    for tick in restarts:
        counted[tick:] -= counted[tick] - 20 * rates[tick]
    return counted


def recorded(*faults: tuple[int, int, float], days: float = DAYS + 1) -> History:
    """Return latency and requests; of the last day some ticks at a multiple of the usual load."""
    times = times_of(days)
    rates = load(times)
    for first, end, factor in faults:
        rates[DAYS * 1440 + first : DAYS * 1440 + end] *= factor
    restarts = [tick for tick in EVERY_DAY if tick < len(times)]
    latency = 0.2 + 0.01 * np.random.default_rng(6).standard_normal(len(times))
    return history_of(times, latency, total(rates, *restarts))


def part(history: History, first: int, end: int | None = None) -> History:
    return History(times=history.times[first:end], values=history.values[first:end])


@cache
def fitted() -> ShardProfile:
    return engine.fit(SHARD, part(recorded(), 0, DAYS * 1440), POLICY)


def told_of(history: History, end: int | None = None) -> list[SymptomFact]:
    """Return what is found on the last day (to a tick), with the days before it known."""
    run = Run(SHARD, part(history, 0, DAYS * 1440), fitted=False)
    run.profile = fitted()
    run.state = engine.start(SHARD, run.profile, part(history, 0, DAYS * 1440))
    return run.feed_all(part(history, DAYS * 1440, end))


def recognised(series: Series, times: Times, values: Grid, *limits: Limit) -> bool:
    return len(counters_in(Past.of(history_of(times, values)), [series], limits)) == 1


def test_a_counter_with_a_daily_season_and_restarts_is_silent() -> None:
    assert fitted().counters.tolist() == [1]
    assert told_of(recorded()) == []


@pytest.mark.parametrize(("factor", "way"), [(0.0, "down"), (3.0, "up")])
def test_a_rate_that_drops_to_zero_or_triples_is_found_in_words_of_the_rate(
    factor: float, way: str
) -> None:
    first, *_ = told_of(recorded((700, 760, factor)), DAYS * 1440 + 720)
    usual = 20 * float(day_curve(np.array([MONDAY + DAYS * DAY + 700 * 60]))[0])
    assert (first.symptom.series.key, first.symptom.direction.value) == (REQUESTS.key, way)
    assert (first.at - utc(MONDAY + DAYS * DAY)).total_seconds() / 60 in (701, 702, 703)
    assert first.symptom.expected == pytest.approx(usual, rel=0.15)
    assert first.symptom.observed == pytest.approx(factor * usual, rel=0.15)
    assert (first.symptom.series.title, first.symptom.series.unit) == (
        "rate of requests_total",
        "1/s",
    )


def test_a_reset_is_named_where_a_symptom_begins_and_is_none_itself() -> None:
    after, *_ = told_of(recorded((405, 480, 0.0)), DAYS * 1440 + 420)
    later, *_ = told_of(recorded((700, 760, 0.0)), DAYS * 1440 + 720)
    assert after.symptom.compared_with.endswith(" (the counter was reset at 06:41 UTC)")
    assert "reset" not in later.symptom.compared_with


def test_the_rate_is_missing_at_a_reset_and_negative_at_any_other_fall() -> None:
    raw = np.array([[600.0], [1200], [60], [660], [np.nan], [1860], [1800]], dtype=np.float32)
    rates, after = Counted.of(np.array([0])).rates(60 * np.arange(1, 8), raw, 60)
    assert rates[:, 0].tolist() == pytest.approx(
        [np.nan, 10, np.nan, 10, np.nan, 10, -1], nan_ok=True
    )
    assert (after.raw[0], after.at[0], after.reset[0]) == (1800, 420, 180)


def test_a_rate_over_a_gap_of_more_than_an_hour_is_none_of_now() -> None:
    raw = np.array([[600.0], [99_000], [99_600]], dtype=np.float32)
    rates, _ = Counted.of(np.array([0])).rates(np.array([60, 7200, 7260]), raw, 60)
    assert rates[:, 0].tolist() == pytest.approx([np.nan, np.nan, 10], nan_ok=True)


def test_ticks_one_by_one_have_the_rates_of_the_history() -> None:
    history = recorded(days=1)
    whole, end = Counted.of(np.array([1])).over(history, 60)
    assert whole is not None
    one = Counted.of(np.array([1]))
    for at, row, rates in zip(history.times, history.values, whole.values, strict=True):
        values, one = one.after(int(at), row, 60)
        assert np.array_equal(values, rates, equal_nan=True)
    assert [a.tolist() for a in one.arrays().values()] == [
        a.tolist() for a in end.arrays().values()
    ]


def test_names_that_say_so_need_two_hundred_values() -> None:
    times = times_of(1)[:250]
    values = total(load(times))
    assert recognised(REQUESTS, times, values)
    assert recognised(series_of("requests_total", unit="1"), times, values)
    assert not recognised(series_of("requests", unit="1"), times, values)
    assert not recognised(REQUESTS, times[:190], values[:190])


def test_a_gauge_that_only_grows_for_a_day_is_none() -> None:
    times = times_of(1)
    grown = 1000 + np.cumsum(np.random.default_rng(1).uniform(0, 2, len(times)))
    for gauge in ("disk_used_bytes", "memory_total", "table_rows", "value", "queue_count"):
        assert not recognised(series_of(gauge), times, grown), gauge


def test_other_names_need_a_reset_or_two_days_without_a_fall() -> None:
    times, series = times_of(2.1), series_of("table_rows")
    values = total(load(times))
    assert recognised(series, times, values)
    assert recognised(series, times[:300], total(load(times[:300]), 150))
    assert not recognised(series_of("disk_used_bytes"), times, values)
    seldom = 1000 + np.floor(np.arange(len(times)) / 10)
    assert not recognised(series, times, seldom)


def test_what_was_declared_to_be_something_else_is_none() -> None:
    times = times_of(3)
    values = total(load(times), 2000)
    assert not recognised(series_of("requests_total", unit="1/s"), times, values)
    assert not recognised(series_of("orders_total", kpi="orders"), times, values)
    assert not recognised(series_of("orders_total", unit="EUR"), times, values)
    assert not recognised(series_of("requests_total", unit="%"), times, values)
    assert not recognised(REQUESTS, times, values, Limit(metric="requests_total", above=1e9))
    assert recognised(REQUESTS, times, values)


def test_a_level_that_falls_a_little_is_none() -> None:
    times = times_of(3)
    values = total(load(times))
    values[2000:] -= 0.3 * values[2000]
    assert not recognised(REQUESTS, times, values)


def test_a_fit_of_parts_with_masks_is_the_fit_of_the_whole() -> None:
    history, masked = recorded(), [Span(1, MONDAY + DAY, MONDAY + DAY + 7200)]
    whole = engine.fit(SHARD, history, POLICY, masked=masked)
    ends = np.flatnonzero(np.diff(history.times // 21_600)) + 1
    parts = [
        History(times=times, values=values)
        for times, values in zip(
            np.split(history.times, ends), np.split(history.values, ends), strict=True
        )
    ]
    in_parts = HistoryInParts(times=history.times, width=2, parts=parts)
    again = engine.fit(SHARD, in_parts, POLICY, masked=masked)
    assert again.to_bytes() == whole.to_bytes()
    assert engine.fit(SHARD, history, POLICY).to_bytes() != whole.to_bytes()


def test_what_turns_out_to_be_a_counter_starts_afresh_and_its_symptom_is_withdrawn() -> None:
    history = recorded()
    run = Run(SHARD, None)
    run.feed_all(part(history, 0, 399))
    opened, *_ = run.feed_all(part(history, 399, 440))
    assert (opened.kind, opened.symptom.series.unit) == (FactKind.OPENED, "")
    run.profile = engine.fit(SHARD, part(history, 0, 440), POLICY)
    run.state = engine.adopt(SHARD, run.profile, run.state)
    assert run.state.memory["seasonal"]["usual_known"].tolist() == [1, 0]
    after = run.feed_all(part(history, 440, 800))
    assert [(one.kind, one.symptom.id) for one in after] == [
        (FactKind.WITHDRAWN, opened.symptom.id)
    ]
    assert run.state.memory["seasonal"]["seen"][1] == 64
    assert not run.state.tracks["seasonal"].held.any()


def test_state_and_profile_come_back_from_their_bytes() -> None:
    history = recorded()
    profile = fitted()
    state = engine.start(SHARD, profile, part(history, 0, 7200))
    again = ShardProfile.from_bytes(profile.to_bytes(), SHARD)
    read = ShardState.from_bytes(state.to_bytes(), SHARD)
    assert again.counters.tolist() == [1]
    assert again.series[1].unit == "1/s"
    for at, row in zip(history.times[7200:7300], history.values[7200:7300], strict=True):
        tick = Tick(at=utc(int(at)), values=row)
        state = engine.step(SHARD, profile, state, tick, POLICY).state
        read = engine.step(SHARD, again, read, tick, POLICY).state
    assert state.to_bytes() == read.to_bytes()


def test_a_late_value_of_a_counter_is_not_judged() -> None:
    history = recorded()
    state = engine.start(SHARD, fitted(), part(history, 0, 7300))
    late = Tick(at=utc(int(history.times[7250])), values=np.array([np.nan, 1e9], np.float32))
    found = engine.rescore(SHARD, fitted(), state, late, POLICY)
    assert found.facts == ()
    assert found.state.counted.raw.tolist() == state.counted.raw.tolist()


def test_a_shard_may_grow_and_a_counter_may_stop_being_one() -> None:
    history = recorded()
    state = engine.start(SHARD, fitted(), part(history, 0, 7300))
    grown = shard_of([*SHARD.series, series_of("errors_total", "checkout")])
    values: Packed = np.array([0.2, history.values[7300, 1], 5], np.float32)
    tick = Tick(at=utc(int(history.times[7300])), values=values)
    state = engine.step(grown, fitted(), state, tick, POLICY).state
    assert np.isfinite(state.recent.rows[-1]).all()
    assert state.recent.rows[-1][1] < 200
    limited = replace(POLICY, limits=(Limit(metric="requests_total", above=1e9),))
    none = engine.fit(SHARD, part(history, 0, 7300), limited)
    back = engine.adopt(grown, none, state)
    assert (len(none.counters), len(back.counted.slots)) == (0, 0)
    assert np.isnan(back.recent.rows[-1][1])
