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


class _Group(Generic[B]):
    """Bodies of one commit, and the one future all their senders wait for."""

    def __init__(self) -> None:
        self.bodies: list[B] = []
        self.kept: Future[None] = Future()
        self.kept.set_running_or_notify_cancel()  # no sender can give up for the others


class Intake(Generic[B]):
    """One thread that commits whatever queued up while the commit before was under way.

    No timer: a lone body is committed at once, a thousand that came together in one go.

    Examples:
        ``with Intake(store) as intake: await asyncio.wrap_future(intake.accept(body))``
    """

    def __init__(self, store: Keeper[B], room: int | None = None) -> None:
        self._store = store
        self._room = room or ROOM
        self._queue: queue.SimpleQueue[_Group[B] | None] = queue.SimpleQueue()
        self._open: _Group[B] | None = None
        self._count = 0
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

        It is that of all bodies of the same commit: it cannot be cancelled.

        Raises:
            BusyError: too many bodies wait; nothing was taken.
            StoreError: the intake is closed; nothing was taken.
        """
        with self._gate:
            if self._closed:
                raise StoreError("the intake is closed; send the body again to a running one")
            if self._count >= self._room or self._bytes >= ROOM_BYTES:
                many = f"{self._count:,} bodies of {self._bytes:,} bytes"
                raise BusyError(f"{many} wait for the database; send this one again later")
            self._count += 1
            self._bytes += body.size
            group = self._open
            if group is None or len(group.bodies) >= GROUP:
                group = self._open = _Group()
                self._queue.put(group)
            group.bodies.append(body)
        return group.kept

    def _run(self) -> None:
        while group := self._queue.get():
            with self._gate:
                if self._open is group:
                    self._open = None
                self._count -= len(group.bodies)
                self._bytes -= sum(body.size for body in group.bodies)
            self._commit(group)

    def _commit(self, group: _Group[B]) -> None:
        try:
            self._store.keep_all(group.bodies)
        except Exception as error:  # noqa: BLE001 - the thread's outer edge: every sender is told
            group.kept.set_exception(error)
        else:
            group.kept.set_result(None)
