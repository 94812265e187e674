"""A shop in Berlin whose values are stamped in UTC, and nobody declared its zone."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from aiops.detect import engine
from aiops.detect.band import season_at
from aiops.detect.clock_change import NO_CHANGE, ClockChange, clock_changes
from aiops.detect.past import Past
from aiops.detect.seasonal import Seasonal
from aiops.domain.symptoms import FactKind
from aiops.domain.ticks import Times
from tests.detect.made import DAY, POLICY, Grid, Run, history_of, series_of, shard_of

STEP, HOUR = 300, 3600
BERLIN = ZoneInfo("Europe/Berlin")
SPRING = int(datetime(2026, 3, 29, tzinfo=UTC).timestamp())
AUTUMN = int(datetime(2026, 10, 25, tzinfo=UTC).timestamp())
BEFORE, AFTER = 20, 7


def times_around(change: int) -> Times:
    """Return three weeks before the Sunday of a change and one after."""
    return np.arange(change - BEFORE * DAY, change + AFTER * DAY, STEP, dtype=np.int64) + STEP


def local(times: Times) -> Times:
    """Return epoch seconds as if Berlin's clock showed UTC."""
    moments = [datetime.fromtimestamp(at, BERLIN) for at in times.tolist()]
    offsets = [one.utcoffset() or timedelta() for one in moments]
    return times + np.array([one.total_seconds() for one in offsets], dtype=np.int64)


def opening_hours(at: Times) -> Grid:
    """Return steep mornings and evenings, fewer people at weekends."""
    hour, weekend = at % DAY / HOUR, (at // DAY + 3) % 7 >= 5
    opens = np.where((hour >= 9) & (hour < 18), 6.0, 1.0)
    return np.where(weekend, 0.5 * opens, opens)


def noisy(curve: Grid, seed: int = 3) -> Grid:
    return curve * (1 + 0.05 * np.random.default_rng(seed).standard_normal(len(curve)))


def recognised(times: Times, values: Grid) -> list[ClockChange]:
    past = Past.of(history_of(times, values))
    return [change for change, _ in clock_changes(past, np.arange(1))]


def lived(change: int, zone: str) -> tuple[Run, list[int]]:
    """Return a run from the change on, fitted every midnight, and the anomalies of each day."""
    times = times_around(change)
    values = noisy(opening_hours(local(times)))
    shard = shard_of([series_of("latency_p95", unit="s", zone=zone)], STEP)
    first = BEFORE * DAY // STEP
    run = Run(shard, history_of(times[:first], values[:first]))
    counts = []
    for cut in range(first, len(times), DAY // STEP):
        run.profile = engine.fit(shard, history_of(times[:cut], values[:cut]), POLICY)
        run.state = engine.adopt(shard, run.profile, run.state)
        day = slice(cut, cut + DAY // STEP)
        facts = run.feed_all(history_of(times[day], values[day]))
        counts.append(sum(fact.kind is FactKind.OPENED for fact in facts))
    return run, counts


def expected(run: Run, at: int) -> float:
    frame = engine.frame_of(
        run.shard, run.profile, run.state, at, np.zeros(1, dtype=np.float32), POLICY
    )
    return float(season_at(run.profile.fitted["seasonal"], frame, at).value[0])


def test_from_the_third_day_on_the_morning_is_expected_when_it_comes() -> None:
    run, alarms = lived(SPRING, "UTC")
    blind, _ = lived(SPRING, "Etc/UTC")
    opens = SPRING + 7 * DAY + DAY + 7 * HOUR + HOUR // 2  # Monday 09:30 in Berlin
    assert expected(run, opens) == pytest.approx(6, rel=0.05)
    assert expected(blind, opens) < 4
    assert sum(alarms[:2]) > 0
    assert sum(alarms[2:]) == 0


def test_a_declared_zone_needs_no_recognition() -> None:
    assert lived(SPRING, "Europe/Berlin")[1] == [0] * AFTER


def test_it_says_that_hours_before_were_by_another_clock() -> None:
    run, _ = lived(AUTUMN, "UTC")
    frame = engine.frame_of(
        run.shard, run.profile, run.state, run.state.at + STEP, np.zeros(1, np.float32), POLICY
    )
    words = Seasonal().compared_with(run.profile.fitted["seasonal"], 0, frame.at, frame)
    assert words.endswith("weeks, an hour earlier before the clock change")


@pytest.mark.parametrize(("change", "hours"), [(SPRING, -1), (AUTUMN, 1)])
def test_a_change_is_known_from_when_and_by_how_much(change: int, hours: int) -> None:
    times = times_around(change)
    values = noisy(opening_hours(local(times)))
    assert recognised(times, values) == [ClockChange(at=change, seconds=hours * HOUR)]
    for days, known in ((1, [NO_CHANGE]), (2, recognised(times, values))):
        early = times <= change + days * DAY
        assert recognised(times[early], values[early]) == known


def test_a_smooth_day_shows_it_too() -> None:
    times = times_around(SPRING)
    curve = 3 + np.sin(2 * np.pi * local(times) / DAY)
    assert recognised(times, noisy(curve)) == [ClockChange(at=SPRING, seconds=-HOUR)]


def test_one_day_an_hour_late_is_no_clock_change() -> None:
    times = times_around(SPRING)
    late = (times >= SPRING - 3 * DAY) & (times < SPRING - 2 * DAY)
    assert recognised(times, noisy(opening_hours(times - np.where(late, HOUR, 0)))) == [NO_CHANGE]


def test_an_hour_of_trouble_is_no_clock_change() -> None:
    times = times_around(SPRING)
    values = noisy(opening_hours(times))
    for day in (1, 2, 3):
        values[
            (times >= SPRING + day * DAY + 8 * HOUR) & (times < SPRING + day * DAY + 9 * HOUR)
        ] = 9
    assert recognised(times, values) == [NO_CHANGE]


@pytest.mark.parametrize("seed", range(20))
def test_series_without_a_season_change_no_clock(seed: int) -> None:
    times = times_around(SPRING)
    dice = np.random.default_rng(seed)
    walk = np.cumsum(dice.standard_normal(len(times)))
    for values in (noisy(np.ones(len(times)), seed), walk, np.zeros(len(times))):
        assert recognised(times, values) == [NO_CHANGE]


def test_only_the_series_that_changed_is_taken_by_another_clock() -> None:
    times = times_around(SPRING)
    moved, still = opening_hours(local(times)), opening_hours(times)
    past = Past.of(history_of(times, noisy(moved), noisy(still), noisy(moved)))
    found = {change: slots.tolist() for change, slots in clock_changes(past, np.arange(3))}
    assert found == {NO_CHANGE: [1], ClockChange(at=SPRING, seconds=-HOUR): [0, 2]}
