"""The intake: accepted bodies committed in groups, so that many senders share one sync to disk."""

import queue
import threading
from concurrent.futures import Future
from types import TracebackType

from aiops.domain.errors import StoreError
from aiops.store.accepted import AcceptedBody, BodyStore

_Waiting = tuple[AcceptedBody, "Future[int]"]

GROUP = 1000
"""Bodies in one commit at most."""

ROOM = 10_000
"""Bodies waiting at most; a sender beyond that is told to come again."""


class Intake:
    """One thread that commits whatever queued up while the commit before was under way.

    No timer: a lone body is committed at once, a thousand that came together in one go.

    Examples:
        ``with Intake(store) as intake: await asyncio.wrap_future(intake.accept(body))``
    """

    def __init__(self, store: BodyStore) -> None:
        self._store = store
        self._queue: queue.Queue[_Waiting | None] = queue.Queue()
        self._closed = False
        self._gate = threading.Lock()
        self._thread = threading.Thread(target=self._run, name="aiops-intake", daemon=True)

    def __enter__(self) -> "Intake":
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

    def accept(self, body: AcceptedBody) -> "Future[int]":
        """Hand a body over; the future gives its id once it is committed, or the error.

        Raises:
            StoreError: too many bodies wait, or the intake is closed; nothing was taken.
        """
        future: Future[int] = Future()
        with self._gate:
            if self._closed:
                raise StoreError("the intake is closed; send the body again to a running one")
            if self._queue.qsize() >= ROOM:
                raise StoreError(f"{ROOM} bodies wait for the database; send this one again later")
            self._queue.put((body, future))
        return future

    def _run(self) -> None:
        while first := self._queue.get():
            group = [first, *self._further()]
            self._commit([one for one in group if one[1].set_running_or_notify_cancel()])

    def _further(self) -> list[_Waiting]:
        found: list[_Waiting] = []
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

    def _commit(self, group: list[_Waiting]) -> None:
        try:
            ids = self._store.accept([body for body, _ in group])
        except Exception as error:  # noqa: BLE001 - the thread's outer edge: every sender is told
            for _, future in group:
                future.set_exception(error)
            return
        for body, future in group:
            future.set_result(ids[body.idempotency_key])
