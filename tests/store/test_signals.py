from dataclasses import replace
from datetime import datetime, timedelta

import numpy as np
import pytest
from sqlalchemy import Engine, func, select

from aiops.domain.errors import InputError, StateFormatError, StoreError
from aiops.domain.ticks import KpiTick, Tick
from aiops.store.engine import reading
from aiops.store.history_tables import PROFILES
from aiops.store.migrate import Database
from aiops.store.signals import HistoryStore
from aiops.store.vectors import pack_kpis, pack_tick, unpack_kpis, unpack_tick
from tests.builders import minute, revenue, series
from tests.store.processes import writers

LATENCY = series("checkout", "latency_seconds", unit="s")
ERRORS = series("checkout", "error_ratio", unit="1")
REVENUE_EU, REVENUE_US = revenue("EU"), revenue("US")
SHARD = "pull.prod.0"


@pytest.fixture
def store(history: Engine) -> HistoryStore:
    store = HistoryStore(history)
    store.add_series(SHARD, "prod", "pull", 60, [LATENCY, REVENUE_EU])
    return store


def tick(at: float, *values: float) -> Tick:
    return Tick(at=minute(at), values=np.array(values, dtype=np.float32))


def kpi_tick(at: float, *observed: float) -> KpiTick:
    value = np.array(observed)
    columns = (REVENUE_EU, REVENUE_US)[: len(observed)]
    return KpiTick(
        at=minute(at), series=columns, observed=value, expected=value + 1, scale=value * 2
    )


def values(store: HistoryStore, since: datetime, until: datetime) -> list[list[float]]:
    found: list[list[float]] = store.history(SHARD, since, until).values.tolist()
    return found


def test_a_slot_never_moves_and_further_series_come_behind(store: HistoryStore) -> None:
    shard = store.add_series(SHARD, "prod", "pull", 60, [ERRORS, LATENCY, REVENUE_US])
    assert shard.series == (LATENCY, REVENUE_EU, ERRORS, REVENUE_US)
    assert store.shard(SHARD) == shard
    assert store.add_series(SHARD, "prod", "pull", 60, []) == shard


def test_processes_that_add_the_same_series_give_each_one_slot(
    store: HistoryStore, urls: dict[Database, str]
) -> None:
    writers("grow", urls[Database.HISTORY], 10, processes=3)
    names = [one.key.service for one in store.shard("push.prod.0").series]
    assert len(names) == len(set(names)) == 13


def test_what_is_known_of_a_series_is_brought_up_to_date(store: HistoryStore) -> None:
    named = replace(LATENCY, title="checkout latency")
    shard = store.add_series(SHARD, "prod", "pull", 60, [named])
    assert shard.series == (named, REVENUE_EU)


def test_a_shard_keeps_its_environment_and_step(store: HistoryStore) -> None:
    with pytest.raises(InputError, match=r"pull\.prod\.0 holds prod every 60 s, not prod every 15"):
        store.add_series(SHARD, "prod", "pull", 15, [])
    with pytest.raises(InputError, match=r"there is no shard pull\.x\.0"):
        store.shard("pull.x.0")
    with pytest.raises(InputError, match=r"there is no shard pull\.x\.0"):
        store.load_state("pull.x.0")


def test_shards_are_found_by_environment(store: HistoryStore) -> None:
    staging = store.add_series("pull.staging.0", "staging", "pull", 60, [])
    assert store.shards("staging") == (staging,)
    assert store.shards() == (store.shard(SHARD), staging)
    assert store.shards("test") == ()


def test_ticks_come_back_in_order_after_the_cursor(store: HistoryStore) -> None:
    store.append_ticks(SHARD, [tick(3, 3, 30), tick(1, 1, 10), tick(2, 2, 20)])
    found = store.ticks_after(SHARD, None)
    assert [one.at for one in found] == [minute(1), minute(2), minute(3)]
    assert [one.values.tolist() for one in store.ticks_after(SHARD, minute(1), limit=1)] == [
        [2, 20]
    ]
    assert store.ticks_after(SHARD, minute(3)) == ()


def test_a_closed_tick_stays_as_it_was_written_first(store: HistoryStore) -> None:
    store.append_ticks(SHARD, [])
    store.append_ticks(SHARD, [tick(1, 1, 10)])
    store.append_ticks(SHARD, [tick(1, 7, 70), tick(2, 2, 20)])
    assert values(store, minute(0), minute(9)) == [[1, 10], [2, 20]]


def test_history_is_as_wide_as_the_shard_and_nan_where_nothing_was(store: HistoryStore) -> None:
    store.append_ticks(SHARD, [tick(1, 1, np.nan)])
    store.add_series(SHARD, "prod", "pull", 60, [ERRORS])
    store.append_ticks(SHARD, [tick(2, 2, 20, 200), tick(3, 3, 30, 300)])
    found = store.history(SHARD, minute(1), minute(2))
    assert found.times.tolist() == [int(minute(1).timestamp()), int(minute(2).timestamp())]
    assert found.values.dtype == np.float32
    np.testing.assert_array_equal(found.values, [[1, np.nan, np.nan], [2, 20, 200]])
    assert store.history(SHARD, minute(7), minute(8)).values.shape == (0, 3)


def test_ticks_of_an_unknown_shard_are_refused(store: HistoryStore) -> None:
    with pytest.raises(StoreError):
        store.append_ticks("pull.x.0", [tick(1, 1)])


def test_a_profile_comes_back_in_its_newest_version(store: HistoryStore, history: Engine) -> None:
    assert store.load_profile(SHARD) is None
    large = bytes(range(256)) * 20_000
    for version, blob in enumerate((b"first", b"", large), start=1):
        assert store.save_profile(SHARD, blob, fitted_at=minute(0)) == version
        assert store.load_profile(SHARD) == (version, blob)
    with reading(history) as connection:
        largest = connection.scalar(select(func.max(func.length(PROFILES.c.blob))))
        versions = connection.scalars(select(PROFILES.c.version).distinct()).all()
    assert largest == 4_000_000
    assert sorted(versions) == [2, 3]


def test_the_cursor_moves_only_from_where_it_is(store: HistoryStore) -> None:
    assert store.load_state(SHARD) == (None, None, 0, 0)
    kpis = [kpi_tick(1, 10)]
    assert store.advance_cursor(SHARD, None, minute(1), b"one", profile_version=1, kpi_ticks=kpis)
    assert store.load_state(SHARD) == (minute(1), b"one", 1, 0)
    late = [kpi_tick(2, 99)]
    for old in (None, minute(0), minute(2)):
        assert not store.advance_cursor(
            SHARD, old, minute(2), b"two", profile_version=2, kpi_ticks=late
        )
    assert store.load_state(SHARD) == (minute(1), b"one", 1, 0)
    window = store.kpi_window("prod", minute(0), minute(9))
    assert window is not None
    assert window.observed.tolist() == [[10]]
    assert store.advance_cursor(SHARD, minute(1), minute(3), b"two", profile_version=2)
    assert store.load_state(SHARD) == (minute(3), b"two", 2, 0)


def test_the_watermark_is_what_every_shard_was_worked_through_to(store: HistoryStore) -> None:
    assert store.watermark("prod") is None
    store.append_ticks(SHARD, [tick(1, 1, 10)])
    assert store.watermark("prod") is None
    store.advance_cursor(SHARD, None, minute(5), b"", profile_version=0)
    assert store.watermark("prod") == minute(5)
    store.add_series("push.prod.0", "prod", "push", 60, [ERRORS])
    assert store.watermark("prod") == minute(5)
    store.append_ticks("push.prod.0", [tick(1, 1)])
    assert store.watermark("prod") is None
    store.advance_cursor("push.prod.0", None, minute(3), b"", profile_version=0)
    assert store.watermark("prod") == minute(3)
    assert store.watermark("staging") is None


def test_a_source_that_is_configured_no_longer_holds_nobody_back(store: HistoryStore) -> None:
    store.append_ticks(SHARD, [tick(1, 1, 10)])
    store.advance_cursor(SHARD, None, minute(5), b"", profile_version=0)
    store.add_series("gone.prod.0", "prod", "gone", 60, [ERRORS])
    store.advance_cursor("gone.prod.0", None, minute(1), b"", profile_version=0)
    assert store.watermark("prod") == minute(1)
    assert store.watermark("prod", [SHARD.partition(".")[0]]) == minute(5)


def test_kpi_readings_of_several_shards_are_one_window(store: HistoryStore) -> None:
    store.advance_cursor(
        SHARD,
        None,
        minute(2),
        b"",
        profile_version=0,
        kpi_ticks=[kpi_tick(1, 10), kpi_tick(2, 20)],
    )
    store.add_series("push.prod.0", "prod", "push", 30, [ERRORS, REVENUE_US])
    seen = replace(kpi_tick(2, 7), series=(REVENUE_US,))
    store.advance_cursor("push.prod.0", None, minute(2), b"", profile_version=0, kpi_ticks=[seen])
    window = store.kpi_window("prod", minute(1), minute(2))
    assert window is not None
    assert (window.series, window.step_seconds) == ((REVENUE_EU, REVENUE_US), 30)
    assert window.times.tolist() == [int(minute(1).timestamp()), int(minute(2).timestamp())]
    np.testing.assert_array_equal(window.observed, [[10, np.nan], [20, 7]])
    np.testing.assert_array_equal(window.expected, [[11, np.nan], [21, 8]])
    np.testing.assert_array_equal(window.scale, [[20, np.nan], [40, 14]])
    assert store.kpi_window("prod", minute(3), minute(9)) is None
    assert store.kpi_window("staging", minute(0), minute(9)) is None


def test_a_kpi_the_shard_does_not_have_is_named(store: HistoryStore) -> None:
    with pytest.raises(
        InputError, match=r"pull\.prod\.0 has no series checkout:revenue.*region=US"
    ):
        store.advance_cursor(
            SHARD, None, minute(2), b"", profile_version=0, kpi_ticks=[kpi_tick(1, 10, 11)]
        )
    assert store.load_state(SHARD).cursor is None


def test_old_ticks_are_pruned_and_younger_ones_stay(store: HistoryStore) -> None:
    store.append_ticks(SHARD, [tick(at, at, at) for at in range(1200)])
    store.advance_cursor(
        SHARD,
        None,
        minute(2),
        b"",
        profile_version=0,
        kpi_ticks=[kpi_tick(1, 10), kpi_tick(1199, 20)],
    )
    assert store.prune(minute(1190)) == 1191
    found = store.ticks_after(SHARD, None)
    assert (len(found), found[0].at) == (10, minute(1190))
    assert store.kpi_window("prod", minute(0), minute(1198)) is None
    assert store.prune(minute(0) - timedelta(days=14)) == 0


def test_a_vector_of_an_unknown_form_is_refused() -> None:
    tick_blob = pack_tick(np.array([1, 2], dtype=np.float32))
    kpi_blob = pack_kpis(np.array([3], dtype=np.int32), np.array([[1.0], [2.0], [3.0]]))
    slots, rows = unpack_kpis(kpi_blob)
    assert (slots.tolist(), rows.tolist()) == ([3], [[1.0], [2.0], [3.0]])
    for wrong, why in (
        (b"", "less than its header"),
        (kpi_blob, "unknown here"),
        (tick_blob[:-1], "is cut at 7 bytes"),
        (b"X" + tick_blob[1:], "unknown here"),
    ):
        with pytest.raises(StateFormatError, match=why):
            unpack_tick(wrong)
