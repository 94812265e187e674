"""A sink that has too much to tell → one message for what it could not tell in a minute."""

from collections.abc import Callable, Mapping
from datetime import datetime
from itertools import groupby

from aiops.domain.digests import Queued
from aiops.domain.environment import Knowledge
from aiops.domain.errors import StaleStateError
from aiops.domain.incidents import Incident
from aiops.ports import Clock, DigestNotifier, Notifier
from aiops.route.attention import overflow_of
from aiops.route.silence import silence_of
from aiops.store.incidents import IncidentStore
from aiops.store.overflow import OverflowStore
from aiops.store.silences import SilenceStore

FEWEST = 2
"""One call by itself says more than a digest of one."""


class Relief:
    """Tells together what would wait for more than a minute, of sinks that take digests.

    A P1 is never among it. What was told together gets a message of its own with its next news.
    """

    def __init__(
        self,
        *,
        overflow: OverflowStore,
        incidents: IncidentStore,
        silences: SilenceStore,
        sinks: Mapping[str, Notifier],
        knowledge: Callable[[], Knowledge],
        clock: Clock,
    ) -> None:
        self._overflow = overflow
        self._incidents = incidents
        self._silences = silences
        self._sinks = sinks
        self._knowledge = knowledge
        self._clock = clock

    def run(self) -> None:
        """Look at every sink once."""
        now = self._clock.now()
        for name, sink in sorted(self._sinks.items()):
            if isinstance(sink, DigestNotifier):
                queued = self._overflow.beyond(name, sink.rate.per_minute, now)
                if len(queued) >= FEWEST:
                    self._relieve(name, queued, now)

    def _relieve(self, sink: str, queued: tuple[Queued, ...], now: datetime) -> None:
        knowledge = self._knowledge()
        together = sorted(self._told_now(queued, now), key=lambda pair: pair[1].owner or "")
        for _, pairs in groupby(together, key=lambda pair: pair[1].owner):
            calls, incidents = zip(*pairs, strict=True)
            since = min(one.decided_at for one in calls)
            digest = overflow_of(incidents, since, sink, now, knowledge)
            try:
                self._overflow.tell(calls, digest, sink, now=now, origin=knowledge.origin)
            except StaleStateError:  # the next look finds what is left
                continue

    def _told_now(self, queued: tuple[Queued, ...], now: datetime) -> list[tuple[Queued, Incident]]:
        """Return the calls with their incidents, without what a silence is about by now."""
        silences = self._silences.holding(now)
        found = ((one, self._incidents.get(one.incident_id)) for one in queued)
        return [
            (call, incident)
            for call, incident in found
            if incident is not None and silence_of(incident, silences) is None
        ]
