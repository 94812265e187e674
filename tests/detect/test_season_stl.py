"""Days of KPIs that shift: expected as they have become, and only where that tells them better."""

import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from aiops.detect import engine
from aiops.detect.band import season_at
from aiops.detect.season_medians import DAILY, WEEKLY
from aiops.detect.season_stl import WINDOW_DAYS
from aiops.domain.series import Series
from aiops.domain.ticks import Times
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
    week_curve,
)

STEP = 300
DAYS = 21
KPI = series_of("orders", kpi="orders")
PLAIN = series_of("requests_per_second")


def wandering(times: Times, minutes_a_day: float = 8) -> Grid:
    """Return a peak two hours wide that comes later every day, over a base of 30."""
    day = (times - MONDAY) // DAY
    peak = 10 * 3600 + day * minutes_a_day * 60
    return np.asarray(30 + 100 * np.exp(-0.5 * ((times % DAY - peak) / 7200) ** 2))


def noisy(values: Grid, share: float = 0.03) -> Grid:
    return values * (1 + share * np.random.default_rng(5).standard_normal(len(values)))


def fitted(values: Grid, series: Series = KPI, days: int = DAYS) -> Run:
    return Run(shard_of([series], STEP), history_of(times_of(days, STEP), values))


def follows_the_day(run: Run) -> bool:
    return bool(run.profile.fitted["seasonal"]["days"][0] == WINDOW_DAYS)


def error_on_the_next_day(run: Run, days: int = DAYS) -> float:
    """Return the mean distance of the season from a day without noise, each around its middle."""
    times = times_of(1, STEP, MONDAY + days * DAY)
    nothing = np.zeros(1, dtype=np.float32)
    frame = engine.frame_of(run.shard, run.profile, run.state, int(times[0]), nothing, POLICY)
    profile = run.profile.fitted["seasonal"]
    season = np.array([season_at(profile, frame, at).value[0] for at in times.tolist()])
    rest = wandering(times) - season
    return float(np.abs(rest - np.median(rest)).mean())


@pytest.fixture(scope="module")
def history() -> Grid:
    return noisy(wandering(times_of(DAYS, STEP)))


@pytest.fixture(scope="module")
def followed(history: Grid) -> Run:
    return fitted(history)


def test_a_peak_that_wanders_is_expected_where_it_has_got_to(history: Grid, followed: Run) -> None:
    medians = fitted(history, PLAIN)
    assert follows_the_day(followed)
    assert not follows_the_day(medians)
    assert error_on_the_next_day(followed) < 0.3 * error_on_the_next_day(medians)


def test_the_usual_distance_is_that_of_the_days_it_was_learnt_from(
    history: Grid, followed: Run
) -> None:
    medians = fitted(history, PLAIN)
    scales = [run.profile.fitted["seasonal"]["scale"].mean() for run in (followed, medians)]
    assert scales[0] < 0.7 * scales[1]


def test_it_is_said_which_days_it_was_compared_with(followed: Run) -> None:
    times = times_of(1, STEP, MONDAY + DAYS * DAY)
    lost = wandering(times)
    lost[120:] *= 0.3
    opened = followed.feed_all(history_of(times, lost))
    assert "10:00-10:15 of the last 7 days" in {fact.symptom.compared_with for fact in opened}


def test_a_week_whose_days_shift_keeps_its_weekends() -> None:
    times = times_of(DAYS + 7, STEP)
    weekend = np.where(((times - MONDAY) // DAY) % 7 >= 5, 0.5, 1.0)
    run = fitted(noisy(weekend * wandering(times, 6)), days=DAYS + 7)
    profile = run.profile.fitted["seasonal"]
    assert follows_the_day(run)
    assert profile["kind"].tolist() == [WEEKLY]
    days = profile["season"].reshape(7, -1)
    assert days[5:].max() == pytest.approx(0.5 * days[:5].max(), rel=0.1)
    peak = 10 * 60 + 6 * (DAYS + 7)
    assert np.abs(15 * days.argmax(axis=1) - peak).max() < 45


@pytest.mark.parametrize("share", [0.03, 0.1, 0.3])
@pytest.mark.parametrize("curve", [day_curve, week_curve])
def test_a_steady_day_or_week_is_left_to_its_medians(
    curve: Callable[[Times], Grid], share: float
) -> None:
    run = fitted(noisy(100 * curve(times_of(DAYS, STEP)), share))
    profile = run.profile.fitted["seasonal"]
    assert profile["days"].astype(int).tolist() == [DAYS]
    assert profile["kind"].tolist() == [DAILY if curve is day_curve else WEEKLY]


def test_noise_without_a_season_is_left_to_its_level() -> None:
    assert not follows_the_day(fitted(noisy(np.full(DAYS * DAY // STEP, 100.0), 0.5)))


@pytest.mark.parametrize("days_ago", [0, 1, 2, 3, 5])
def test_an_incident_of_hours_does_not_bend_the_day(
    history: Grid, followed: Run, days_ago: int
) -> None:
    times, values = times_of(DAYS, STEP), history.copy()
    begin = MONDAY + (DAYS - 1 - days_ago) * DAY + 12 * 3600
    values[(times >= begin) & (times < begin + 2 * 3600)] *= 0.2
    run = fitted(values)
    assert follows_the_day(run)
    assert error_on_the_next_day(run) < 1.3 * error_on_the_next_day(followed)


def test_a_hole_of_hours_is_filled_and_a_lost_day_is_none(history: Grid, followed: Run) -> None:
    times, holed = times_of(DAYS, STEP), history.copy()
    noon = MONDAY + 18 * DAY + 12 * 3600
    holed[(times >= noon) & (times < noon + 4 * 3600)] = np.nan
    run = fitted(holed)
    assert follows_the_day(run)
    assert error_on_the_next_day(run) < 1.2 * error_on_the_next_day(followed)
    holed[(times >= noon) & (times < noon + DAY)] = np.nan
    assert not follows_the_day(fitted(holed))


def test_less_than_two_weeks_are_not_enough(history: Grid) -> None:
    few = 13 * DAY // STEP
    assert not follows_the_day(fitted(history[:few], days=13))


def test_only_the_first_twenty_kpis_of_a_shard_are_tried(history: Grid) -> None:
    many = [
        replace(KPI, key=replace(KPI.key, service=f"shop-{number}"), kpi=f"orders {number}")
        for number in range(21)
    ]
    shard = shard_of([PLAIN, *many], STEP)
    profile = engine.fit(shard, history_of(times_of(DAYS, STEP), *[history] * 22), POLICY)
    days = profile.fitted["seasonal"]["days"].astype(int)
    assert days.tolist() == [DAYS, *[WINDOW_DAYS] * 20, DAYS]


LOOK = """
import sys
import numpy as np
from aiops.detect import engine
from tests.detect.made import POLICY, history_of, series_of, shard_of, times_of, week_curve
for kpi, days in ((None, 21), ("orders", 13)):
    times = times_of(days, 900)
    shard = shard_of([series_of("orders", kpi=kpi)], 900)
    engine.fit(shard, history_of(times, week_curve(times)), POLICY)
print("statsmodels" in sys.modules)
"""


def test_statsmodels_is_loaded_only_for_kpis_with_two_weeks_behind_them() -> None:
    found = subprocess.run([sys.executable, "-c", LOOK], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "False"
