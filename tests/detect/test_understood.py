"""What a fit made of every series, for people."""

import numpy as np

from aiops.detect import engine
from aiops.detect.understood import Understood, understood
from tests.detect.made import DAY, POLICY, day_curve, history_of, series_of, shard_of, times_of

SHARD = shard_of(
    [
        series_of("latency_p95", unit="s"),
        series_of("requests_total"),
        series_of("error_ratio"),
        series_of("orders"),
        series_of("queue_length"),
    ]
)
"""Daily, a counter, a share, weekly, and one without any season at half the ticks."""


def fitted(days: float) -> list[Understood]:
    times = times_of(days)
    rng = np.random.default_rng(5)
    noise = rng.normal(0, 0.02, (len(times), 5))
    day = day_curve(times)
    weekend = np.where((times // DAY + 3) % 7 >= 5, 0.4, 1.0)
    values = np.column_stack(
        [
            day,
            np.cumsum(60 * day),
            0.01 + 0 * day,
            day * weekend * 100,
            40 + 0 * day,
        ]
    )
    values[:, [0, 2, 3, 4]] *= 1 + noise[:, [0, 2, 3, 4]]
    values[::2, 4] = np.nan
    profile = engine.fit(SHARD, history_of(times, values), POLICY)
    return list(understood(SHARD, profile, values[-480:].astype(np.float32)))


def test_two_weeks_tell_season_kind_and_presence_of_every_series() -> None:
    latency, requests, errors, orders, queue = fitted(15)
    assert [one.season for one in (latency, errors, orders)] == ["daily", "none", "weekly"]
    assert [one.is_counter for one in (latency, requests, queue)] == [False, True, False]
    assert requests.season == "daily"
    assert [one.upper for one in (latency, errors)] == [None, 1.0]
    assert [one.is_sparse for one in (latency, queue)] == [False, True]
    assert {one.standing for one in (latency, requests, orders)} == {"good"}
    assert latency.expected is not None
    assert abs(latency.expected - 2) < 0.1
    assert {one.step_seconds for one in (latency, requests)} == {60}


def test_a_series_says_how_well_it_is_known() -> None:
    assert {one.standing for one in fitted(0.5)} == {"young"}
    assert {one.expected for one in fitted(0.5)} == {None}
    assert fitted(3)[0].standing == "useful"


def test_a_shard_that_was_never_fitted_is_young() -> None:
    found = list(understood(SHARD, engine.ShardProfile.empty(SHARD), np.empty((0, 5), np.float32)))
    assert {one.standing for one in found} == {"young"}
    assert {one.reporting for one in found} == {None}
