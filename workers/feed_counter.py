"""What comes at the door, counted by the minute, and stored every few seconds."""

import threading
from collections import Counter
from collections.abc import Callable, Collection
from types import TracebackType

from aiops.detect.feeds import minute_of
from aiops.domain.errors import StoreError
from aiops.domain.feeds import DOOR, Feed
from aiops.ports import Clock
from aiops.store.feeds import FeedStore

STORE_SECONDS = 5.0

_MINUTES_BETWEEN = 3
"""The product's clock may run so far from one time to the next (the demo's does); was it more, we
were away."""


class FeedCounter:
    """Counts records by feed and minute; while it runs, the door counts as open.

    Counts may be lost with the process: they are statistics of what is stored elsewhere.

    Args:
        store: where counts go.
        clock: the product's.
        environments: those that are declared; a sender may name as many others as it likes.
        fault: told when counts cannot be stored; they are kept for the next time.

    Examples:
        ``with FeedCounter(store, clock, {"prod"}, fault) as counter: serve(counter)``
    """

    def __init__(
        self,
        store: FeedStore,
        clock: Clock,
        environments: Collection[str],
        fault: Callable[[str], None],
    ) -> None:
        self._store = store
        self._clock = clock
        self._environments = frozenset(environments)
        self._fault = fault
        self._counts: Counter[tuple[str, str, int]] = Counter()
        self._open_until: int | None = None
        self._gate = threading.Lock()
        self._closed = threading.Event()
        self._thread = threading.Thread(target=self._run, name="aiops-feeds", daemon=True)

    def __enter__(self) -> "FeedCounter":
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Stop, and store what was counted."""
        self._closed.set()
        self._thread.join()

    def count(self, source: str, env: str, records: int = 1) -> None:
        """Count records of a source; those of an environment nobody declared are not counted."""
        if records and env in self._environments:
            with self._gate:
                self._counts[source, env, minute_of(self._clock.now())] += records

    def store(self) -> None:
        """Store what was counted, and that the door is open."""
        with self._gate:
            came, self._counts = self._counts, Counter()
        came.update((DOOR.source, DOOR.env, minute) for minute in self._open_minutes())
        counts = {
            (Feed(source=source, env=env), minute): count
            for (source, env, minute), count in came.items()
        }
        try:
            self._store.add(counts)
        except StoreError as error:
            self._fault(str(error))
            with self._gate:
                self._counts.update(came)

    def _open_minutes(self) -> range:
        """Return the minutes of which it is news that the door is open: since the last time."""
        now, before = minute_of(self._clock.now()), self._open_until
        self._open_until = now
        if before is None or not 0 < now - before <= _MINUTES_BETWEEN:
            return range(now, now + 1)
        return range(before + 1, now + 1)

    def _run(self) -> None:
        while not self._closed.wait(STORE_SECONDS):
            self.store()
        self.store()
