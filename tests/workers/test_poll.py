"""Source → closed ticks."""

from datetime import timedelta

import numpy as np
import pytest

from aiops.domain.errors import SourceError
from aiops.domain.symptoms import SymptomKind
from tests.builders import minute, series
from tests.workers.installation import Installation, TableSource
from tests.workers.tables import SERIES, source

SHARD = "shop.prod.0"
SPAN = timedelta(hours=3)


@pytest.fixture
def shop(parts: Installation) -> TableSource:
    made = source()
    parts.fed["shop"] = made
    return made


def poll_at(parts: Installation, minutes: float) -> None:
    parts.hand.at = minute(minutes) + timedelta(seconds=2)
    parts.poll.run("shop")


def times(parts: Installation, shard: str = SHARD) -> list[float]:
    ticks = parts.history.ticks_after(shard, None)
    return [(tick.at - minute(0)) / timedelta(minutes=1) for tick in ticks]


def test_the_first_poll_closes_one_tick_and_wakes_detection(
    parts: Installation, shop: TableSource
) -> None:
    parts.poll.run("shop")
    assert times(parts) == [0]
    assert list(parts.tasks.tasks) == [("detect.advance", (SHARD,))]
    shard = parts.history.shard(SHARD)
    assert {one.key for one in shard.series} == {one.key for one in SERIES}
    (tick,) = parts.history.ticks_after(SHARD, None)
    for slot, one in enumerate(shard.series):
        assert tick.values[slot] == shop.values[240, SERIES.index(one)]


def test_a_tick_is_asked_for_once_its_values_are_complete(
    parts: Installation, shop: TableSource
) -> None:
    parts.poll.run("shop")
    parts.hand.at = minute(1) + timedelta(seconds=1)
    parts.poll.run("shop")
    assert times(parts) == [0]
    parts.hand.move(1)
    parts.poll.run("shop")
    assert times(parts) == [0, 1]


def test_polling_again_asks_for_nothing(parts: Installation, shop: TableSource) -> None:
    parts.poll.run("shop")
    parts.poll.run("shop")
    assert len(shop.asked) == 1


def test_the_same_answer_twice_changes_nothing(parts: Installation, shop: TableSource) -> None:
    parts.poll.run("shop")
    shard = parts.history.shard(SHARD)
    (before,) = parts.history.ticks_after(SHARD, None)
    other = type(before)(at=before.at, values=before.values + 1)
    parts.history.append_ticks(SHARD, [other])
    (after,) = parts.history.ticks_after(SHARD, None)
    assert after.values.tolist() == before.values.tolist()
    assert parts.history.shard(SHARD) == shard


def test_new_series_get_the_next_slots_and_old_ones_keep_theirs(
    parts: Installation, shop: TableSource
) -> None:
    parts.poll.run("shop")
    before = parts.history.shard(SHARD).series
    shop.series.append(series("a-new-service", "latency_seconds"))
    shop.values = np.column_stack([shop.values, np.full(len(shop.values), 7, np.float32)])
    poll_at(parts, 1)
    assert parts.history.shard(SHARD).series[:-1] == before
    history = parts.history.history(SHARD, minute(0), minute(1))
    assert np.isnan(history.values[0, -1])
    assert history.values[1, -1] == 7


def test_a_full_shard_is_followed_by_another(
    parts: Installation, shop: TableSource, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("workers.stages.slots.SHARD_SERIES", 2)
    parts.poll.run("shop")
    poll_at(parts, 1)
    assert parts.extents.shard_ids() == (SHARD, "shop.prod.1")
    sizes = [len(shard.series) for shard in parts.history.shards()]
    assert sizes == [2, 1]
    assert times(parts, "shop.prod.1") == [0, 1]


def test_each_environment_has_its_own_shard(parts: Installation, shop: TableSource) -> None:
    shop.series[0] = series("checkout", "error_ratio", env="staging")
    parts.poll.run("shop")
    assert parts.extents.shard_ids() == (SHARD, "shop.staging.0")
    assert [shard.env for shard in parts.history.shards()] == ["prod", "staging"]


def test_what_was_missed_while_we_were_away_is_fetched_in_pieces(
    parts: Installation, shop: TableSource, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("workers.stages.poll.PULL_TICKS", 4)
    parts.poll.run("shop")
    poll_at(parts, 10)
    assert times(parts) == list(range(11))
    assert [(stop - start) / timedelta(minutes=1) for start, stop, _ in shop.asked] == [0, 3, 3, 1]


def test_a_series_that_is_missing_is_missing_and_not_zero(
    parts: Installation, shop: TableSource
) -> None:
    shop.values[241, 0] = np.nan
    parts.poll.run("shop")
    poll_at(parts, 1)
    slot = [one.key for one in parts.history.shard(SHARD).series].index(SERIES[0].key)
    first, second = parts.history.ticks_after(SHARD, None)
    assert not np.isnan(first.values).any()
    assert np.flatnonzero(np.isnan(second.values)).tolist() == [slot]


def test_a_source_that_stays_silent_has_its_ticks_closed_empty(
    parts: Installation, shop: TableSource
) -> None:
    parts.poll.run("shop")
    shop.down = True
    for number in range(1, 6):
        poll_at(parts, number)
    assert times(parts) == [0]
    poll_at(parts, 6)
    assert times(parts) == [0, 1]
    assert np.isnan(parts.history.ticks_after(SHARD, minute(0))[0].values).all()
    shop.down = False
    poll_at(parts, 7)
    assert times(parts) == list(range(8))
    assert not np.isnan(parts.history.ticks_after(SHARD, minute(1))[0].values).any()


def test_silence_becomes_a_telemetry_gap(parts: Installation, shop: TableSource) -> None:
    parts.poll.back_fill("shop", SPAN, 60)
    shop.down = True
    for number in range(1, 15):
        poll_at(parts, number)
        parts.drain()
    kinds = {symptom.kind for symptom in parts.symptoms.open_symptoms("prod")}
    assert kinds == {SymptomKind.TELEMETRY_GAP}


def test_a_source_that_fails_when_we_come_back_gets_time_to_answer(
    parts: Installation, shop: TableSource
) -> None:
    parts.poll.run("shop")
    shop.down = True
    poll_at(parts, 120)
    assert times(parts) == [0]
    shop.down = False
    poll_at(parts, 121)
    assert times(parts) == list(range(122))
    history = parts.history.history(SHARD, minute(0), minute(121))
    assert not np.isnan(history.values).any()


def test_a_fault_of_the_source_is_told_once(parts: Installation, shop: TableSource) -> None:
    parts.poll.run("shop")
    shop.down = True
    for number in (1, 2, 3):
        poll_at(parts, number)
    assert parts.heard.faults == [("source", "shop: connection refused")]


def test_only_one_worker_polls_a_source(parts: Installation, shop: TableSource) -> None:
    held = parts.lease.acquire("poll:shop", 5)
    parts.poll.run("shop")
    assert not shop.asked
    assert held is not None
    parts.lease.release("poll:shop", held)
    parts.poll.run("shop")
    assert shop.asked


def test_the_lease_is_given_back_whatever_happens(parts: Installation, shop: TableSource) -> None:
    shop.down = True
    parts.poll.run("shop")
    assert parts.lease.acquire("poll:shop", 5) is not None


def test_a_writer_killed_between_two_shards_leaves_no_hole(
    parts: Installation, shop: TableSource, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("workers.stages.slots.SHARD_SERIES", 2)
    parts.poll.run("shop")
    last = parts.history.ticks_after(SHARD, None)[0]
    parts.history.append_ticks(SHARD, [type(last)(at=minute(1), values=last.values)])
    poll_at(parts, 2)
    assert times(parts) == times(parts, "shop.prod.1") == [0, 1, 2]
    assert parts.history.ticks_after(SHARD, None)[1].values.tolist() == last.values.tolist()


def test_the_past_is_stored_for_fitting_and_never_scored(parts: Installation) -> None:
    parts.fed["shop"] = source(bad_from=-100, bad_until=-50)
    stored = parts.poll.back_fill("shop", SPAN, 300)
    assert stored == len(times(parts)) == 37
    parts.poll.run("shop")
    parts.detect.sweep()
    parts.drain(without=["learn.remember"])
    assert parts.history.load_state(SHARD).cursor == minute(0)
    assert not parts.symptoms.open_symptoms("prod")
    assert not parts.incidents.recent()


def test_a_long_past_is_fetched_in_pieces(
    parts: Installation, shop: TableSource, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("workers.stages.poll.BACK_FILL_TICKS", 10)
    assert parts.poll.back_fill("shop", SPAN, 300) == 37
    assert times(parts) == [5.0 * number for number in range(-36, 1)]
    assert parts.extents.unscored() == ()


def test_where_a_source_has_no_past_its_ticks_are_stored_without_values(
    parts: Installation, shop: TableSource
) -> None:
    parts.poll.back_fill("shop", timedelta(hours=6), 300)
    ticks = parts.history.ticks_after(SHARD, None)
    assert {len(tick.values) for tick in ticks if tick.at < shop.first} == {0}
    assert {len(tick.values) for tick in ticks if tick.at >= shop.first} == {len(SERIES)}


def test_of_many_series_no_more_is_fetched_at_once_than_memory_should_hold(
    parts: Installation, shop: TableSource, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("workers.stages.poll.POINTS_AT_ONCE", 10 * len(SERIES))
    assert parts.poll.back_fill("shop", SPAN, 300) == 37
    asked = [1 + (end - start) // timedelta(seconds=step) for start, end, step in shop.asked]
    assert asked == [1, 10, 10, 10, 7]
    poll_at(parts, 25)
    asked = [1 + (end - start) // timedelta(seconds=step) for start, end, step in shop.asked]
    assert asked[5:] == [10, 10, 5]
    assert times(parts)[-26:] == [float(number) for number in range(26)]


def test_a_past_that_cannot_be_fetched_is_for_the_caller_to_say(
    parts: Installation, shop: TableSource
) -> None:
    shop.down = True
    with pytest.raises(SourceError, match="refused"):
        parts.poll.back_fill("shop", SPAN, 300)
    assert parts.extents.newest_tick("shop") is None


def test_a_clock_of_ours_that_ran_ahead_closes_no_tick_the_source_has_not_seen(
    parts: Installation, shop: TableSource
) -> None:
    parts.poll.run("shop")
    shop.clock = minute(1) + timedelta(seconds=2)
    poll_at(parts, 61)
    assert times(parts) == [0, 1]
    assert parts.health.trouble("shop") == "its clock is 1 h behind ours: set both by NTP"
    shop.clock = minute(2) + timedelta(seconds=2)
    poll_at(parts, 2)
    assert times(parts) == [0, 1, 2]
    assert parts.health.trouble("shop") == ""


def test_a_clock_of_a_source_that_ran_ahead_is_named_and_ticks_close_by_ours(
    parts: Installation, shop: TableSource
) -> None:
    parts.poll.run("shop")
    shop.clock = minute(61) + timedelta(seconds=2)
    poll_at(parts, 1)
    assert times(parts) == [0, 1]
    assert parts.health.trouble("shop") == "its clock is 1 h ahead of ours: set both by NTP"


def test_a_clock_of_ours_that_went_back_is_named_and_nothing_is_asked_twice(
    parts: Installation, shop: TableSource
) -> None:
    poll_at(parts, 10)
    asked = len(shop.asked)
    poll_at(parts, 3)
    assert len(shop.asked) == asked
    assert "our clock went back behind" in parts.health.trouble("shop")
    poll_at(parts, 11)
    assert times(parts)[-2:] == [10, 11]
    assert parts.health.trouble("shop") == ""
