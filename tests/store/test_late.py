"""Values that came after their tick had closed."""

import numpy as np
import pytest
from sqlalchemy import Engine

from aiops.domain.ticks import KpiTick, Tick
from aiops.store.extents import Extents
from aiops.store.late import LateTicks
from aiops.store.signals import HistoryStore
from tests.builders import minute, revenue, series

SHARD, OTHER = "pull.prod.0", "pull.prod.1"
NAN = float("nan")


@pytest.fixture
def store(history: Engine) -> HistoryStore:
    store = HistoryStore(history)
    store.add_series(SHARD, "prod", "pull", 60, [series("checkout", "latency"), revenue("EU")])
    store.add_series(OTHER, "prod", "pull", 60, [series("search", "latency")])
    return store


@pytest.fixture
def late(history: Engine, store: HistoryStore) -> LateTicks:
    return LateTicks(history)


def tick(at: float, *values: float) -> Tick:
    return Tick(at=minute(at), values=np.array(values, dtype=np.float32))


def rows(late: LateTicks, number: int = 0) -> list[tuple[int, float, float, list[float]]]:
    return [
        (
            one.number,
            (one.taken_at - minute(0)).total_seconds() / 60,
            (one.tick.at - minute(0)).total_seconds() / 60,
            one.tick.values.tolist(),
        )
        for one in late.after(SHARD, number)
    ]


def test_late_values_stand_beside_the_closed_tick_and_say_when_they_came(
    store: HistoryStore, late: LateTicks
) -> None:
    store.append_ticks(SHARD, [tick(1), tick(2), tick(3)])
    assert late.append(SHARD, [tick(2, 2, 20), tick(1, 1, 10)]) == 2
    assert rows(late) == [(1, 3, 1, [1, 10]), (2, 3, 2, [2, 20])]
    assert rows(late, 1) == [(2, 3, 2, [2, 20])]
    assert [len(one.values) for one in store.ticks_after(SHARD, None)] == [0, 0, 0]


def test_the_first_value_of_a_series_and_tick_stands(store: HistoryStore, late: LateTicks) -> None:
    store.append_ticks(SHARD, [tick(1, 1, NAN)])
    assert late.append(SHARD, [tick(1, 7, 10)]) == 1
    assert late.append(SHARD, [tick(1, 7, 70)]) == 0
    np.testing.assert_array_equal(rows(late)[0][3], [NAN, 10])
    assert store.history(SHARD, minute(0), minute(2)).values.tolist() == [[1, 10]]


def test_a_history_in_parts_is_the_history_day_by_day(store: HistoryStore, late: LateTicks) -> None:
    day = 24 * 60
    store.append_ticks(SHARD, [tick(1, 1), tick(day - 1, 2, 3), tick(day, NAN, 4), tick(2 * day)])
    late.append(SHARD, [tick(day, 5, 40)])
    whole = store.history(SHARD, minute(1), minute(2 * day))
    in_parts = store.history_in_parts(SHARD, minute(1), minute(2 * day))
    parts = list(in_parts.parts)
    assert [len(part.times) for part in parts] == [1, 2, 1]
    np.testing.assert_array_equal(in_parts.times, whole.times)
    assert in_parts.width == whole.values.shape[1]
    np.testing.assert_array_equal(np.concatenate([part.values for part in parts]), whole.values)
    assert parts[1].values.tolist() == [[2, 3], [5, 4]]


def test_a_history_in_parts_may_be_empty(store: HistoryStore) -> None:
    in_parts = store.history_in_parts(SHARD, minute(0), minute(1))
    assert (len(in_parts.times), list(in_parts.parts)) == (0, [])


def test_the_same_late_values_again_add_nothing(store: HistoryStore, late: LateTicks) -> None:
    store.append_ticks(SHARD, [tick(1), tick(2)])
    ticks = [tick(1, 1, NAN), tick(2, NAN, NAN)]
    assert [late.append(SHARD, ticks) for _ in range(3)] == [1, 0, 0]


def test_a_tick_that_is_not_closed_is_not_late(store: HistoryStore, late: LateTicks) -> None:
    store.append_ticks(SHARD, [tick(1)])
    assert late.append(SHARD, [tick(2, 2, 20)]) == 0
    assert late.append(SHARD, []) == 0


def test_fits_read_closed_and_late_values_as_one(store: HistoryStore, late: LateTicks) -> None:
    store.append_ticks(SHARD, [tick(1, 1, 10), tick(2), tick(4, 4, NAN)])
    late.append(SHARD, [tick(2, NAN, 20), tick(4, NAN, 40)])
    found = store.history(SHARD, minute(1), minute(4))
    np.testing.assert_array_equal(found.values, [[1, 10], [NAN, 20], [4, 40]])


def test_a_silence_begins_after_the_last_answer_of_any_shard(
    store: HistoryStore, late: LateTicks
) -> None:
    assert late.silent_since("pull") is None
    store.append_ticks(SHARD, [tick(1, 1, 10), tick(2), tick(3)])
    store.append_ticks(OTHER, [tick(1, 1), tick(2), tick(3)])
    assert late.silent_since("pull") == minute(2)
    store.append_ticks(OTHER, [tick(4, 4)])
    assert late.silent_since("pull") is None


def test_an_answer_without_values_is_no_silence(store: HistoryStore, late: LateTicks) -> None:
    store.append_ticks(SHARD, [tick(1, 1, 10), tick(2, NAN, NAN)])
    assert late.silent_since("pull") is None


def test_late_values_wait_to_be_judged_until_the_state_has_taken_them_in(
    store: HistoryStore, late: LateTicks, history: Engine
) -> None:
    store.append_ticks(SHARD, [tick(1)])
    store.advance_cursor(SHARD, None, minute(1), b"", profile_version=0)
    assert Extents(history).unscored() == ()
    late.append(SHARD, [tick(1, 1, 10)])
    assert Extents(history).unscored() == (SHARD,)
    move = {"profile_version": 0, "late": (0, 1)}
    assert store.advance_cursor(SHARD, minute(1), minute(1), b"one", **move)  # type: ignore[arg-type]
    assert store.load_state(SHARD).late == 1
    assert Extents(history).unscored() == ()
    assert not store.advance_cursor(SHARD, minute(1), minute(1), b"two", **move)  # type: ignore[arg-type]


def test_a_late_reading_of_a_kpi_fills_what_was_missing_and_nothing_else(
    store: HistoryStore,
) -> None:
    def reading(value: float) -> KpiTick:
        one = np.array([value])
        return KpiTick(
            at=minute(1), series=(revenue("EU"),), observed=one, expected=one * 0 + 9, scale=one
        )

    def observed() -> list[float]:
        window = store.kpi_window("prod", minute(0), minute(2))
        assert window is not None
        return [float(value) for value in window.observed[:, 0]]

    def late(value: float) -> None:
        assert store.advance_cursor(
            SHARD, minute(1), minute(1), b"", profile_version=0, kpi_ticks=[reading(value)]
        )

    store.advance_cursor(SHARD, None, minute(1), b"", profile_version=0, kpi_ticks=[reading(NAN)])
    late(70.0)
    assert observed() == [70]
    late(80.0)
    assert observed() == [70]


def test_late_values_are_forgotten_with_their_ticks(store: HistoryStore, late: LateTicks) -> None:
    store.append_ticks(SHARD, [tick(1), tick(2)])
    late.append(SHARD, [tick(1, 1, 10), tick(2, 2, 20)])
    assert store.prune(minute(2)) == 2
    assert [row[2] for row in rows(late)] == [2]
