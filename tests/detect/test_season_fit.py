"""Seasons of series whose step is longer than a bin: every bin as it was, nothing in between."""

from dataclasses import replace

import numpy as np
import pytest

from aiops.detect import engine
from aiops.detect.band import season_at
from aiops.detect.calendar import WEEK_BINS
from aiops.detect.protocol import Frame
from aiops.detect.season_medians import DAILY, WEEKLY
from tests.detect.made import (
    DAY,
    MONDAY,
    POLICY,
    Grid,
    Run,
    history_of,
    series_of,
    shard_of,
    times_of,
    week_curve,
)

HOUR = 3600
SERIES = series_of("orders")


def nine_oclock(days: float, step: int) -> tuple[np.ndarray, Grid]:
    """Return 10, and 50 at nine o'clock."""
    times = times_of(days, step)
    return times, np.where(times % DAY == 9 * HOUR, 50.0, 10.0)


def expected(run: Run, at: int) -> float:
    """Return what the profile says of a moment."""
    frame = engine.frame_of(
        run.shard, run.profile, run.state, at, np.zeros(1, dtype=np.float32), POLICY
    )
    assert isinstance(frame, Frame)
    season = season_at(run.profile.fitted["seasonal"], frame, at)
    assert season.lowest[0] == season.value[0] == season.highest[0]
    return float(season.value[0])


@pytest.mark.parametrize("step", [1200, 1800, HOUR, 3 * HOUR])
def test_an_hour_is_expected_as_it_was_not_as_its_neighbours_are(step: int) -> None:
    times, values = nine_oclock(15, step)
    run = Run(shard_of([SERIES], step), history_of(times, values))
    assert run.profile.fitted["seasonal"]["kind"].tolist() == [DAILY]
    for at in times[-DAY // step :].tolist():
        assert expected(run, at + DAY) == (50 if at % DAY == 9 * HOUR else 10)


def test_an_hour_nobody_measured_is_expected_like_the_one_before() -> None:
    times, values = nine_oclock(15, HOUR)
    measured = times % DAY != 10 * HOUR
    run = Run(shard_of([SERIES], HOUR), history_of(times[measured], values[measured]))
    assert expected(run, MONDAY + 15 * DAY + 10 * HOUR) == 50


def test_hourly_values_of_three_weeks_tell_their_week() -> None:
    times = times_of(21, HOUR)
    fitted = engine.fit(
        shard_of([SERIES], HOUR), history_of(times, 10 * week_curve(times)), POLICY
    ).fitted["seasonal"]
    assert fitted["kind"].tolist() == [WEEKLY]
    assert fitted["days"].tolist() == [21]


def test_a_day_without_any_hourly_values_of_a_series_leaves_it_young() -> None:
    times = times_of(15, HOUR)
    nothing = np.full(len(times), np.nan)
    other = replace(SERIES, key=replace(SERIES.key, service="other"))
    fitted = engine.fit(
        shard_of([SERIES, other], HOUR), history_of(times, 10 * week_curve(times), nothing), POLICY
    ).fitted["seasonal"]
    assert fitted["days"].tolist() == [15, 0]
    assert fitted["season"].shape == (WEEK_BINS, 2)
    assert np.isfinite(fitted["season"][:, 0]).all()
