"""The intake: accepted bodies committed in groups, so that many senders share one sync to disk."""

import queue
import threading
from collections.abc import Sequence
from concurrent.futures import Future
from types import TracebackType
from typing import Generic, Protocol, TypeVar

from aiops.domain.errors import BusyError, StoreError


class Body(Protocol):
    """What is taken in."""

    @property
    def size(self) -> int:
        """Return how many bytes it holds."""
        ...


B = TypeVar("B", bound=Body)
C_contra = TypeVar("C_contra", bound=Body, contravariant=True)


class Keeper(Protocol[C_contra]):
    """Stores bodies; `aiops.store.accepted.BodyStore` is one."""

    def keep_all(self, bodies: Sequence[C_contra], /) -> None:
        """Store them in one commit."""
        ...


GROUP = 1000
"""Bodies in one commit at most."""

ROOM = 10_000
"""Bodies waiting at most; a sender beyond that is told to come again."""

ROOM_BYTES = 64 * 1024 * 1024
"""How large they are together at most, one further body apart."""


class Intake(Generic[B]):
    """One thread that commits whatever queued up while the commit before was under way.

    No timer: a lone body is committed at once, a thousand that came together in one go.

    Examples:
        ``with Intake(store) as intake: await asyncio.wrap_future(intake.accept(body))``
    """

    def __init__(self, store: Keeper[B], room: int | None = None) -> None:
        self._store = store
        self._room = room or ROOM
        self._queue: queue.SimpleQueue[tuple[B, Future[None]] | None] = queue.SimpleQueue()
        self._bytes = 0
        self._closed = False
        self._gate = threading.Lock()
        self._thread = threading.Thread(target=self._run, name="aiops-intake", daemon=True)

    def __enter__(self) -> "Intake[B]":
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Commit what has queued up, then stop."""
        with self._gate:
            self._closed = True
            self._queue.put(None)
        self._thread.join()

    def accept(self, body: B) -> "Future[None]":
        """Hand a body over; the future is done once it is committed, or has the error.

        Raises:
            BusyError: too many bodies wait; nothing was taken.
            StoreError: the intake is closed; nothing was taken.
        """
        future: Future[None] = Future()
        with self._gate:
            if self._closed:
                raise StoreError("the intake is closed; send the body again to a running one")
            if self._queue.qsize() >= self._room or self._bytes >= ROOM_BYTES:
                many = f"{self._queue.qsize():,} bodies of {self._bytes:,} bytes"
                raise BusyError(f"{many} wait for the database; send this one again later")
            self._bytes += body.size
            self._queue.put((body, future))
        return future

    def _run(self) -> None:
        while first := self._queue.get():
            group = [first, *self._further()]
            with self._gate:
                self._bytes -= sum(body.size for body, _ in group)
            self._commit([one for one in group if one[1].set_running_or_notify_cancel()])

    def _further(self) -> list[tuple[B, Future[None]]]:
        found: list[tuple[B, Future[None]]] = []
        while len(found) < GROUP - 1:
            try:
                one = self._queue.get_nowait()
            except queue.Empty:
                break
            if one is None:
                self._queue.put(None)  # the end, for the loop to see after this group
                break
            found.append(one)
        return found

    def _commit(self, group: list[tuple[B, Future[None]]]) -> None:
        try:
            self._store.keep_all([body for body, _ in group])
        except Exception as error:  # noqa: BLE001 - the thread's outer edge: every sender is told
            for _, future in group:
                future.set_exception(error)
            return
        for _, future in group:
            future.set_result(None)
