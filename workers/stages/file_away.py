"""Memory → archive: ended incidents indexed for the search; in the slow worker."""

from aiops import pipeline
from aiops.ports import Queue
from aiops.store.archives import ArchiveStore
from aiops.store.memory import MemoryStore

OVERLAP = 50
"""So many of the last judgements are read again by who searches: ids commit out of order."""

ENOUGH = 20
"""So many new judgements are worth a new archive; until then they are compared one by one."""

CAPACITY = 10_000
"""So many ended incidents are searched; older ones describe another system."""


class FileAway:
    """Indexes ended incidents anew when enough have ended, or were judged otherwise, since."""

    def __init__(self, *, memory: MemoryStore, archives: ArchiveStore, queue: Queue) -> None:
        self._memory = memory
        self._archives = archives
        self._queue = queue

    def due(self) -> None:
        """Enqueue the indexing when there is enough that is new."""
        if self._is_due():
            self._queue.enqueue("learn.index")

    def run(self) -> None:
        """Index everything that is remembered; without effect where little is new."""
        if not self._is_due():
            return
        # Read before the incidents: what is judged meanwhile is read again by who searches.
        judged = self._memory.judged()[0]
        archive = pipeline.file_away(self._memory.recall(CAPACITY))
        self._archives.save(archive, max(0, judged - OVERLAP))

    def _is_due(self) -> bool:
        standing = self._archives.standing()
        known = standing.judged + OVERLAP if standing else 0
        return self._memory.judged()[0] >= known + ENOUGH
