"""Waiting in the event loop for what another thread commits, in groups."""

import asyncio
from collections import deque
from concurrent.futures import Future
from typing import Any


class Committed:
    """Wakes the event loop once for all that was committed together.

    Those who wait for the same commit share one callback and one timer. `asyncio.wrap_future` has
    both for each, and wakes the loop for each, which costs more than the commit.

    Args:
        seconds: how long anybody waits at most, from the first who waits for a commit on.

    Examples:
        >>> async def take() -> str:
        ...     kept: Future[None] = Future()
        ...     kept.set_result(None)
        ...     await Committed(1.0).wait(kept)
        ...     return "durable"
        >>> asyncio.run(take())
        'durable'
    """

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._loop: asyncio.AbstractEventLoop | None = None
        self._waiting: dict[Future[Any], _Waiting] = {}
        self._told: deque[Future[Any]] = deque()
        self._is_called = False

    async def wait(self, kept: "Future[Any]") -> None:
        """Return when `kept`, which nobody cancels, is done, or raise what it has to say.

        Raises:
            TimeoutError: it was not done in time; it may still be.
        """
        loop = asyncio.get_running_loop()
        if loop is not self._loop:
            self._loop, self._waiting, self._told = loop, {}, deque()
            self._is_called = False
        waiting = self._waiting.get(kept)
        if waiting is None:
            timer = loop.call_later(self._seconds, self._give_up, kept)
            waiting = self._waiting[kept] = _Waiting(timer)
            kept.add_done_callback(self._tell)
        answer = loop.create_future()
        waiting.answers.append(answer)
        await answer

    def _tell(self, kept: "Future[Any]") -> None:
        """Note, in the thread that commits, what is done."""
        self._told.append(kept)
        if not self._is_called and self._loop is not None:
            self._is_called = True
            self._loop.call_soon_threadsafe(self._bring)

    def _bring(self) -> None:
        """Answer, in the event loop, all that were told of; who is told of from now on calls."""
        self._is_called = False
        while self._told:
            kept = self._told.popleft()
            waiting = self._waiting.pop(kept, None)
            if waiting is not None:
                waiting.timer.cancel()
                waiting.answer(kept.exception())

    def _give_up(self, kept: "Future[Any]") -> None:
        waiting = self._waiting.pop(kept, None)
        if waiting is not None:
            waiting.answer(TimeoutError("the database did not answer in time"))


class _Waiting:
    """Those who wait for one commit, and the timer that ends that."""

    def __init__(self, timer: asyncio.TimerHandle) -> None:
        self.timer = timer
        self.answers: list[asyncio.Future[None]] = []

    def answer(self, error: BaseException | None) -> None:
        for one in self.answers:
            if one.done():  # its sender went away
                continue
            if error is None:
                one.set_result(None)
            else:
                one.set_exception(error)
