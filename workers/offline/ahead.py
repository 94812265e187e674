"""Detection in a process of its own, ahead of a backtest that works on what it finds."""

from collections.abc import Iterator, Sequence
from concurrent.futures import Future
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from typing import Any

from aiops.backtest import Ahead, Found, Promise, Replay, Watch
from aiops.domain.environment import Knowledge
from aiops.domain.errors import AiopsError
from aiops.domain.ticks import History, Span
from workers.offline.pool import pool_of

_SHARED: dict[str, Any] = {}
"""What the process beside was given when it began, and the watch it keeps from then on."""


@contextmanager
def ahead_of(replay: Replay, knowledge: Knowledge) -> Iterator[Ahead]:
    """Yield who detects in the ticks of a replay in a process beside; it ends with the block.

    Raises:
        AiopsError: by a promise of it: the process ended before its time.
    """
    given = (replay.shard, replay.baseline, knowledge.policies.detect, knowledge.origin)
    pool = pool_of(1, _begin, *given)

    def play(ticks: History, masked: Sequence[Span] | None) -> Promise:
        future = pool.submit(_play, ticks, masked)
        return lambda: _kept(future)

    try:
        yield play
    finally:
        pool.shutdown(wait=False, cancel_futures=True)


def _begin(*given: Any) -> None:
    """Keep what a watch is made of; it is made in the first stretch, whose errors are told."""
    _SHARED["given"] = given


def _play(ticks: History, masked: Sequence[Span] | None) -> list[Found]:
    if "watch" not in _SHARED:
        _SHARED["watch"] = Watch(*_SHARED["given"])
    watch: Watch = _SHARED["watch"]
    return watch.play(ticks, masked)


def _kept(promise: Future[list[Found]]) -> list[Found]:
    try:
        return promise.result()
    except BrokenProcessPool:
        raise AiopsError(
            "the process that detects ended before its time; is there enough memory?"
        ) from None
