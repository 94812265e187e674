"""Waiting in the event loop for what another thread commits, in groups."""

import asyncio
from collections import deque
from concurrent.futures import Future


class Committed:
    """Wakes the event loop once for all that was committed together.

    `asyncio.wrap_future` wakes it once for each, which costs more than the commit.

    Examples:
        >>> async def take() -> str:
        ...     kept: Future[None] = Future()
        ...     kept.set_result(None)
        ...     await Committed().wait(kept, 1.0)
        ...     return "durable"
        >>> asyncio.run(take())
        'durable'
    """

    def __init__(self) -> None:
        self._loop: asyncio.AbstractEventLoop | None = None
        self._told: deque[tuple[asyncio.Future[None], Future[None]]] = deque()
        self._is_called = False

    async def wait(self, kept: "Future[None]", seconds: float) -> None:
        """Return when `kept` is done, or raise what it has to say.

        Raises:
            TimeoutError: it was not done in that time; it may still be.
        """
        loop = asyncio.get_running_loop()
        if loop is not self._loop:
            self._loop, self._told, self._is_called = loop, deque(), False
        answer = loop.create_future()
        timer = loop.call_later(seconds, _give_up, answer)
        kept.add_done_callback(lambda done: self._tell(loop, answer, done))
        try:
            await answer
        finally:
            timer.cancel()

    def _tell(
        self,
        loop: asyncio.AbstractEventLoop,
        answer: "asyncio.Future[None]",
        done: "Future[None]",
    ) -> None:
        """Note, in the thread that commits, what is done."""
        self._told.append((answer, done))
        if not self._is_called:
            self._is_called = True
            loop.call_soon_threadsafe(self._bring)

    def _bring(self) -> None:
        """Answer, in the event loop, all that were told of; who is told of from now on calls."""
        self._is_called = False
        while self._told:
            answer, done = self._told.popleft()
            if answer.done():
                continue
            if done.cancelled():
                answer.cancel()
            elif (error := done.exception()) is not None:
                answer.set_exception(error)
            else:
                answer.set_result(None)


def _give_up(answer: "asyncio.Future[None]") -> None:
    if not answer.done():
        answer.set_exception(TimeoutError("the database did not answer in time"))
