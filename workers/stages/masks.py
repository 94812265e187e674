"""Incidents, their symptoms and what people said of them → the time a fit must not learn."""

from datetime import datetime, timedelta

from aiops.domain.policies import DetectPolicy
from aiops.domain.ticks import Shard, Span
from aiops.learn.masks import real_incidents, real_spans
from aiops.store.incidents import IncidentStore
from aiops.store.memory import MemoryStore
from aiops.store.symptoms import SymptomStore


class Masks:
    """Knows in which time of which series an incident was real."""

    def __init__(
        self, *, incidents: IncidentStore, symptoms: SymptomStore, memory: MemoryStore
    ) -> None:
        self._incidents = incidents
        self._symptoms = symptoms
        self._memory = memory

    def known_until(self, shard: Shard) -> datetime | None:
        """Return the last tick whose incidents are known, None where there never were any."""
        return self._incidents.reached(shard.env)

    def of(
        self, shard: Shard, policy: DetectPolicy, at: datetime, span: timedelta
    ) -> tuple[Span, ...]:
        """Return what a fit of a shard on the span before `at` must not learn."""
        incidents = self._incidents.since(shard.env, at - span)
        real = real_incidents(incidents, self._memory.words_of_people(), at)
        if not real:
            return ()
        return real_spans(shard.series, self._symptoms.facts_of(real), policy, at)
