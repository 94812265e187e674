"""Every tick so far, and what was measured around a moment."""

import numpy as np

from aiops.detect.tick_log import TickLog
from aiops.domain.samples import MOST_TICKS_SINCE, TICKS_BEFORE
from aiops.domain.ticks import History, Shard, Tick
from tests.builders import minute, series

SHARD = Shard(
    id="pull.prod.0",
    env="prod",
    step_seconds=60,
    series=(series("shop", "a"), series("db", "b"), series("shop", "c")),
)


def log(first: int, last: int, baseline: History | None = None) -> TickLog:
    made = TickLog(SHARD, baseline)
    for at in range(first, last + 1):
        made.append(Tick(at=minute(at), values=np.array([at, 10 * at, 100 * at], np.float32)))
    return made


def test_a_log_without_a_tick_has_no_span_and_tells_nothing() -> None:
    empty = TickLog(SHARD, None)
    assert empty.span is None
    assert empty.around({"shop"}, minute(0), minute(5)) == ()


def test_it_keeps_more_ticks_than_it_first_had_room_for() -> None:
    full = log(0, 3000)
    assert full.span == (minute(0), minute(3000))
    assert full.history().values[3000].tolist() == [3000, 30_000, 300_000]


def test_the_series_of_the_services_are_told_before_a_moment_and_since() -> None:
    (told,) = log(0, 9).around({"shop", "nobody"}, minute(4), minute(6))
    assert [one.key.metric for one in told.series] == ["a", "c"]
    assert told.values[:, 0].tolist() == [0, 1, 2, 3, 4, 5, 6]


def test_neither_the_past_nor_what_goes_on_is_told_for_ever() -> None:
    since = TICKS_BEFORE + 50
    (told,) = log(0, since + MOST_TICKS_SINCE + 50).around({"db"}, minute(since), minute(9999))
    assert told.values[0, 0] == 10 * 50
    assert len(told.times) == TICKS_BEFORE + MOST_TICKS_SINCE


def test_a_baseline_is_what_was_before() -> None:
    times = np.array([int(minute(at).timestamp()) for at in range(-5, 0)])
    past = History(times=times, values=np.full((5, 3), 7, np.float32))
    (told,) = log(0, 2, past).around({"db"}, minute(1), minute(2))
    assert told.values[:, 0].tolist() == [7, 7, 7, 7, 7, 0, 10, 20]
