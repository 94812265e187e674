"""Accepted logs and traces → templates, counts and examples."""

from aiops.clues.digest import digest
from aiops.domain.errors import StaleStateError
from aiops.ports import Lease, Queue
from aiops.store.clues import ClueStore
from aiops.telemetry import Telemetry
from workers.leases import DirtyFlags, kept

FLAG = "(telemetry)"
"""Raised when logs or traces were accepted; no environment is called so."""

BODIES_AT_ONCE = 200

LEASE_SECONDS = 3.0
"""After a kill, another worker takes over in so long; renewed while a group takes longer."""


class Digest:
    """Digests what was accepted, at most once at a time."""

    def __init__(
        self,
        *,
        clues: ClueStore,
        lease: Lease,
        flags: DirtyFlags,
        queue: Queue,
        telemetry: Telemetry,
    ) -> None:
        self._clues = clues
        self._lease = lease
        self._flags = flags
        self._queue = queue
        self._telemetry = telemetry
        self._crowded: set[tuple[str, str]] = set()

    def run(self) -> None:
        """Digest the oldest bodies that wait; what is left is asked for again."""
        self._flags.lower(FLAG)
        with kept(self._lease, "digest", LEASE_SECONDS) as mine:
            if not mine:
                return
            try:
                is_more = self._digest()
            except StaleStateError:
                is_more = True
        if is_more and self._flags.raise_flag(FLAG):
            self._queue.enqueue("ingest.digest")

    def _digest(self) -> bool:
        """Digest one group of bodies; return whether more may wait."""
        waiting = self._clues.waiting(BODIES_AT_ONCE)
        if not waiting.ids and not waiting.broken:
            return False
        changed = digest(waiting.kept, waiting.batches)
        self._clues.commit(waiting, changed)
        for _, why in waiting.broken:
            self._telemetry.fault("digest", why)
        for place in sorted({*changed.crowded} - self._crowded):
            self._crowded.add(place)
            self._telemetry.fault(
                "logs",
                f"{place[1]} ({place[0]}) logs too many different statements: further ones count "
                "as one; mask what differs from line to line where they are written",
            )
        return len(waiting.ids) + len(waiting.broken) == BODIES_AT_ONCE
