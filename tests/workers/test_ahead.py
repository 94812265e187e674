"""A process that detects ahead of a backtest."""

import os
from typing import Any, cast

import pytest

from aiops.backtest import run
from aiops.domain.errors import AiopsError
from aiops.domain.ticks import History
from tests.backtest.test_ahead import KNOWLEDGE, WEEK, in_turn, replay, story
from workers.offline.ahead import ahead_of


def test_a_process_beside_tells_the_same_story() -> None:
    recorded = replay([100])
    with ahead_of(recorded, KNOWLEDGE) as beside:
        behind = run(recorded, KNOWLEDGE, ahead=beside)
    assert story(behind) == in_turn(0)


class Deadly:
    """Ends the process that unpickles it."""

    def __reduce__(self) -> tuple[Any, ...]:
        return os._exit, (1,)


def test_a_process_that_ends_before_its_time_is_named() -> None:
    with ahead_of(replay([]), KNOWLEDGE) as beside:
        promise = beside(History(times=WEEK.times, values=cast(Any, Deadly())), None)
        with pytest.raises(AiopsError, match="ended before its time"):
            promise()


def test_what_goes_wrong_in_it_is_told_as_it_is() -> None:
    narrow = History(times=WEEK.times[:1], values=WEEK.values[:0])
    with ahead_of(replay([]), KNOWLEDGE) as beside:
        promise = beside(narrow, None)
        with pytest.raises(ValueError, match="zip"):
            promise()
