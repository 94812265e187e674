"""The intake: accepted bodies committed in groups, so that many senders share one sync to disk."""

import queue
import threading
from collections.abc import Mapping, Sequence
from concurrent.futures import Future
from types import TracebackType
from typing import Generic, Protocol, TypeVar

from aiops.domain.errors import StoreError


class Keyed(Protocol):
    """A body that is told from others by its key."""

    @property
    def idempotency_key(self) -> str:
        """Return its key."""
        ...


B = TypeVar("B", bound=Keyed)
C_contra = TypeVar("C_contra", bound=Keyed, contravariant=True)


class Keeper(Protocol[C_contra]):
    """Stores bodies; `aiops.store.accepted.BodyStore` is one."""

    def accept(self, bodies: Sequence[C_contra], /) -> Mapping[str, int]:
        """Store them in one commit; return the id of each by its key."""
        ...


GROUP = 1000
"""Bodies in one commit at most."""

ROOM = 10_000
"""Bodies waiting at most; a sender beyond that is told to come again."""


class Intake(Generic[B]):
    """One thread that commits whatever queued up while the commit before was under way.

    No timer: a lone body is committed at once, a thousand that came together in one go.

    Examples:
        ``with Intake(store) as intake: await asyncio.wrap_future(intake.accept(body))``
    """

    def __init__(self, store: Keeper[B], room: int | None = None) -> None:
        self._store = store
        self._room = room or ROOM
        self._queue: queue.Queue[tuple[B, Future[int]] | None] = queue.Queue()
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

    def accept(self, body: B) -> "Future[int]":
        """Hand a body over; the future gives its id once it is committed, or the error.

        Raises:
            StoreError: too many bodies wait, or the intake is closed; nothing was taken.
        """
        future: Future[int] = Future()
        with self._gate:
            if self._closed:
                raise StoreError("the intake is closed; send the body again to a running one")
            if self._queue.qsize() >= self._room:
                raise StoreError(
                    f"{self._room} bodies wait for the database; send this one again later"
                )
            self._queue.put((body, future))
        return future

    def _run(self) -> None:
        while first := self._queue.get():
            group = [first, *self._further()]
            self._commit([one for one in group if one[1].set_running_or_notify_cancel()])

    def _further(self) -> list[tuple[B, Future[int]]]:
        found: list[tuple[B, Future[int]]] = []
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

    def _commit(self, group: list[tuple[B, Future[int]]]) -> None:
        try:
            ids = self._store.accept([body for body, _ in group])
        except Exception as error:  # noqa: BLE001 - the thread's outer edge: every sender is told
            for _, future in group:
                future.set_exception(error)
            return
        for body, future in group:
            future.set_result(ids[body.idempotency_key])
