"""What an environment measured around a moment, from its stored ticks."""

import numpy as np
import pytest
from sqlalchemy import Engine

from aiops.detect.tick_log import TickLog
from aiops.domain.samples import MOST_TICKS_SINCE, TICKS_BEFORE
from aiops.domain.ticks import Tick
from aiops.store.late import LateTicks
from aiops.store.signals import HistoryStore
from tests.builders import minute, series

SHARD, OTHER = "pull.prod.0", "pull.prod.1"
SERIES = [series("shop", "a"), series("db", "b"), series("shop", "c"), series("shop:eu", "d")]


@pytest.fixture
def store(history: Engine) -> HistoryStore:
    store = HistoryStore(history)
    store.add_series(SHARD, "prod", "pull", 60, SERIES)
    return store


def tick(at: float, *values: float) -> Tick:
    return Tick(at=minute(at), values=np.array(values, dtype=np.float32))


def test_it_tells_what_the_backtest_would_have_told(store: HistoryStore) -> None:
    shard = store.shard(SHARD)
    log = TickLog(shard, None)
    ticks = [tick(at, at, 10 * at, 100 * at, -at) for at in range(TICKS_BEFORE + 300)]
    store.append_ticks(SHARD, ticks)
    for one in ticks:
        log.append(one)
    for since, until in ((5, 8), (TICKS_BEFORE + 20, TICKS_BEFORE + 20 + MOST_TICKS_SINCE + 9)):
        (stored,) = store.samples("prod").around({"db", "shop"}, minute(since), minute(until))
        (kept,) = log.around({"db", "shop"}, minute(since), minute(until))
        assert (stored.series, stored.step_seconds) == (kept.series, kept.step_seconds)
        np.testing.assert_array_equal(stored.times, kept.times)
        np.testing.assert_array_equal(stored.values, kept.values)


def test_a_service_whose_name_only_begins_alike_is_another(store: HistoryStore) -> None:
    store.append_ticks(SHARD, [tick(1, 1, 2, 3, 4)])
    (found,) = store.samples("prod").around({"shop"}, minute(1), minute(1))
    assert [one.key.metric for one in found.series] == ["a", "c"]
    (found,) = store.samples("prod").around({"shop:eu"}, minute(1), minute(1))
    assert [one.key.metric for one in found.series] == ["d"]


def test_values_that_came_late_are_in_their_ticks(store: HistoryStore, history: Engine) -> None:
    store.append_ticks(SHARD, [tick(1, 1), tick(2), tick(3, 3, 30, 300)])
    LateTicks(history).append(SHARD, [tick(2, 2, 20, 200)])
    (found,) = store.samples("prod").around({"shop"}, minute(2), minute(3))
    np.testing.assert_array_equal(found.values, [[1, np.nan], [2, 200], [3, 300]])


def test_every_shard_of_the_environment_answers_and_no_other(store: HistoryStore) -> None:
    store.add_series(OTHER, "prod", "pull", 30, [series("db", "z")])
    store.add_series("pull.test.0", "test", "pull", 60, [series("db", "b", env="test")])
    for name in (SHARD, OTHER, "pull.test.0"):
        store.append_ticks(name, [tick(1, 1, 2, 3, 4)])
    found = store.samples("prod").around({"db"}, minute(1), minute(1))
    assert [(one.step_seconds, one.values.tolist()) for one in found] == [(60, [[2]]), (30, [[1]])]


def test_who_measures_nothing_or_nothing_then_is_not_told_of(store: HistoryStore) -> None:
    store.append_ticks(SHARD, [tick(9, 1, 2, 3, 4)])
    samples = store.samples("prod")
    assert samples.around({"nobody"}, minute(9), minute(9)) == ()
    assert samples.around((), minute(9), minute(9)) == ()
    assert samples.around({"db"}, minute(3), minute(5)) == ()


def test_the_first_tick_of_every_hour_is_what_the_backtest_would_have_told(
    store: HistoryStore, history: Engine
) -> None:
    log = TickLog(store.shard(SHARD), None)
    ticks = [tick(at, at, 10 * at, 100 * at, -at) for at in range(-130, 131) if at != 0]
    store.append_ticks(SHARD, ticks)
    for one in ticks:
        log.append(one)
    LateTicks(history).append(SHARD, [tick(61, 7, 7, 7, 7)])
    (stored,) = store.samples("prod").hourly({"shop"}, minute(-125), minute(125))
    (kept,) = log.hourly({"shop"}, minute(-125), minute(125))
    assert [int(at) for at in stored.times] == [
        int(minute(at).timestamp()) for at in (-120, -60, 60, 120)
    ]
    np.testing.assert_array_equal(stored.times, kept.times)
    np.testing.assert_array_equal(stored.values, kept.values)
    assert store.samples("prod").hourly({"shop"}, minute(1), minute(59)) == ()
