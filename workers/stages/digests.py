"""What owners were not told of one by one → one message, some time after the first of it."""

from collections.abc import Callable
from datetime import timedelta
from itertools import groupby

from aiops.domain.environment import Knowledge
from aiops.domain.errors import StaleStateError
from aiops.ports import Clock, Queue
from aiops.route.attention import digest_of
from aiops.store.digests import DigestStore
from aiops.store.incidents import IncidentStore


class Digests:
    """Makes the digest of every owner that waits for one long enough."""

    def __init__(
        self,
        digests: DigestStore,
        incidents: IncidentStore,
        knowledge: Callable[[], Knowledge],
        queue: Queue,
        clock: Clock,
    ) -> None:
        self._digests = digests
        self._incidents = incidents
        self._knowledge = knowledge
        self._queue = queue
        self._clock = clock

    def run(self) -> None:
        """Tell every owner whose first held incident waits long enough of all that waits."""
        waiting = self._digests.waiting()
        if not waiting:
            return
        now, knowledge = self._clock.now(), self._knowledge()
        paging = knowledge.policies.paging
        if not paging.digest_sinks:  # none any more: what is alive is told by itself, see `react`
            return
        due = now - timedelta(seconds=paging.digest_seconds)
        for _, one_owners in groupby(waiting, key=lambda one: one.owner):
            held = tuple(one_owners)
            if held[0].held_at > due:
                continue
            found = (self._incidents.get(name) for name in {one.incident_id for one in held})
            incidents = [one for one in found if one is not None]
            digest = digest_of(held, incidents, now, knowledge)
            try:
                rows = self._digests.tell(
                    held, digest, paging.digest_sinks, now=now, origin=knowledge.origin
                )
            except StaleStateError:  # another worker was faster, and tells of it
                continue
            for row in rows:
                self._queue.enqueue("deliver.send", row)
