"""Detection that runs ahead of the backtest, as far as a fit lets it: nothing comes of it.

Half-hourly ticks of a week: five calm days, then two on which checkout fails for six hours. So
later fits have something that they are not to learn from.
"""

from collections.abc import Sequence
from datetime import datetime
from functools import cache
from itertools import pairwise

import numpy as np
import pytest

from aiops.backtest import Promise, Replay, Result, Watch, next_fit_at, run
from aiops.backtest.fits import FitTimes
from aiops.domain.environment import Knowledge
from aiops.domain.policies import Mode, PagingPolicy, Policies
from aiops.domain.symptoms import Origin
from aiops.domain.ticks import History, Shard, Span
from aiops.domain.time import utc
from tests.builders import minute, series, shop

STEP = 1800
DAY = 86_400
MIDNIGHT = int(minute(0).timestamp()) // DAY * DAY
SHARD = Shard(
    id="s.prod.0",
    env="prod",
    step_seconds=STEP,
    series=(
        series("checkout", "error_ratio"),
        series("checkout", "latency_p95_seconds"),
        series("search", "latency_p95_seconds"),
    ),
)
KNOWLEDGE: Knowledge = shop(policies=Policies(paging=PagingPolicy(mode=Mode.IN_PATH)))


def week() -> History:
    times = np.arange(MIDNIGHT, MIDNIGHT + 7 * DAY, STEP, dtype=np.int64)
    random = np.random.default_rng(7)
    found = np.array([0.004, 0.12, 0.09]) * (1 + 0.05 * random.standard_normal((len(times), 3)))
    hour = times % DAY // 3600
    fails = (times >= MIDNIGHT + 5 * DAY) & (hour >= 10) & (hour < 16)
    found[fails] *= [20, 6, 1]
    return History(times=times, values=found.astype(np.float32))


WEEK = week()


def rows(begin: int, end: int) -> History:
    return History(times=WEEK.times[begin:end], values=WEEK.values[begin:end])


def replay(cuts: Sequence[int], *, baseline_ticks: int = 0) -> Replay:
    """Return the week after a baseline, cut into chunks before some ticks."""
    ends = [baseline_ticks, *cuts, len(WEEK.times)]
    return Replay(
        shard=SHARD,
        chunks=lambda: iter([rows(*cut) for cut in pairwise(ends)]),
        baseline=rows(0, baseline_ticks) if baseline_ticks else None,
    )


class Beside:
    """Detects at once when it is asked to: as far ahead as ever it can be."""

    def __init__(self, recorded: Replay) -> None:
        policy = KNOWLEDGE.policies.detect
        self._watch = Watch(recorded.shard, recorded.baseline, policy, Origin.LIVE)
        self.asked: list[History] = []
        self.masks: list[Sequence[Span] | None] = []

    def __call__(self, ticks: History, masked: Sequence[Span] | None) -> Promise:
        self.asked.append(ticks)
        self.masks.append(masked)
        found = self._watch.play(ticks, masked)
        return lambda: found


def story(result: Result) -> tuple[object, ...]:
    return result.incidents, result.notifications, result.facts, result.next_number


@cache
def in_turn(baseline_ticks: int) -> tuple[object, ...]:
    return story(run(replay([], baseline_ticks=baseline_ticks), KNOWLEDGE))


@pytest.mark.parametrize("baseline_ticks", [0, 96])
def test_what_is_detected_ahead_tells_the_same_story(baseline_ticks: int) -> None:
    recorded = replay([100, 101, 200], baseline_ticks=baseline_ticks)
    beside = Beside(recorded)
    behind = run(recorded, KNOWLEDGE, ahead=beside)
    assert story(behind) == in_turn(baseline_ticks)
    assert behind.incidents
    assert any(beside.masks), "no fit had anything to leave out"


def test_ticks_that_come_twice_are_asked_of_once() -> None:
    again = [rows(0, 100), rows(60, 200), rows(150, 160), rows(200, len(WEEK.times))]
    recorded = Replay(shard=SHARD, chunks=lambda: iter(again))
    beside = Beside(recorded)
    behind = run(recorded, KNOWLEDGE, ahead=beside)
    assert story(behind) == in_turn(0)
    asked = np.concatenate([one.times for one in beside.asked])
    assert asked.tolist() == WEEK.times.tolist()


def test_nothing_is_asked_past_a_fit_before_all_up_to_it_was_worked() -> None:
    waiting, recorded = 0, replay([])
    beside = Beside(recorded)
    told: list[datetime] = []

    def counted(ticks: History, masked: Sequence[Span] | None) -> Promise:
        nonlocal waiting
        assert masked is None or not waiting
        waiting += 1
        promise = beside(ticks, masked)

        def kept() -> Sequence[object]:
            nonlocal waiting
            waiting -= 1
            return promise()

        return kept  # type: ignore[return-value]

    run(recorded, KNOWLEDGE, progress=told.append, ahead=counted)
    assert sum(one is not None for one in beside.masks) == len(fits(WEEK))
    assert told == [utc(int(one.times[-1])) for one in beside.asked]


def fits(history: History) -> list[int]:
    """Return after which ticks a fit is due, if the last of them is not the end."""
    due = FitTimes(SHARD, None)
    return [at for at in history.times[:-1].tolist() if due.passes(utc(at))]


def test_the_first_fit_takes_an_hour_of_ticks_and_later_ones_double_it() -> None:
    first = int(WEEK.times[0])
    expected, fitted = [], next_fit_at(utc(first), None, STEP)
    while fitted < utc(int(WEEK.times[-1])):
        expected.append(int(fitted.timestamp()))
        fitted = next_fit_at(utc(first), fitted, STEP)
    assert fits(WEEK) == expected


def test_after_a_baseline_the_next_fit_counts_from_its_end() -> None:
    due = FitTimes(SHARD, rows(0, 96))
    passed = [at for at in WEEK.times[96:].tolist() if due.passes(utc(at))]
    assert passed[0] == int(WEEK.times[95]) + DAY


def test_an_empty_baseline_is_none() -> None:
    empty, none = FitTimes(SHARD, rows(0, 0)), FitTimes(SHARD, None)
    for at in WEEK.times.tolist():
        assert empty.passes(utc(at)) == none.passes(utc(at))
