"""How many bodies wait to be worked, and how many were sent away because too many did."""

import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping

from aiops.domain.errors import BusyError, StoreError

MOST_WAITING = 500_000
"""Bodies that wait to be worked at most; a sender beyond that is told to come again."""

LOOK_SECONDS = 1.0


class Backlog:
    """What this process knows of the bodies that wait, and what it sent away.

    Args:
        count: counts those that wait; asked once a second at most.
        note: keeps how many bodies of each source were sent away; told as often.
        most: how many may wait.
    """

    def __init__(
        self,
        count: Callable[[], int],
        note: Callable[[Mapping[str, int]], None],
        most: int = MOST_WAITING,
    ) -> None:
        self._count = count
        self._note = note
        self._most = most
        self._gate = threading.Lock()
        self._waiting = 0
        self._looked_at = float("-inf")
        self._shed: Counter[str] = Counter()

    def add(self) -> None:
        """Note that a body is about to be taken.

        Raises:
            BusyError: too many wait.
        """
        with self._gate:
            if self._waiting >= self._most:
                raise BusyError(f"{self._waiting:,} bodies wait to be worked; come again later")
            self._waiting += 1

    def shed(self, source: str) -> None:
        """Note that a body of a source was sent away."""
        with self._gate:
            self._shed[source] += 1

    def look(self) -> None:
        """Count anew what waits, and hand on what was sent away; by a thread that may wait.

        Raises:
            StoreError: the database does not answer; the next look hands it on.
        """
        now = time.monotonic()
        if now - self._looked_at < LOOK_SECONDS:
            return
        self._looked_at = now
        waiting = self._count()
        with self._gate:
            self._waiting = waiting
            shed, self._shed = self._shed, Counter()
        if not shed:
            return
        try:
            self._note(shed)
        except StoreError:
            with self._gate:
                self._shed += shed
            raise
