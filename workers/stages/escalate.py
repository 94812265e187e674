"""Pages nobody acknowledges → the next level of their escalation path, by the product's clock."""

from collections.abc import Callable

from aiops.domain.environment import Knowledge
from aiops.domain.errors import StaleStateError
from aiops.domain.incidents import Incident
from aiops.domain.words import Effect
from aiops.escalate import escalate
from aiops.ports import Clock
from aiops.store.audit import AuditEntry
from aiops.store.incidents import IncidentStore
from aiops.store.silences import SilenceStore
from aiops.store.words import Deed, WordStore


class Escalate:
    """Looks for pages that wait for too long; every level is told once, however often it looks."""

    def __init__(
        self,
        incidents: IncidentStore,
        words: WordStore,
        silences: SilenceStore,
        knowledge: Callable[[], Knowledge],
        clock: Clock,
    ) -> None:
        self._incidents = incidents
        self._words = words
        self._silences = silences
        self._knowledge = knowledge
        self._clock = clock

    def run(self) -> None:
        """Tell the next level of every page that nobody acknowledged in time."""
        for incident in self._incidents.unacknowledged():
            if self._step(incident) is None:
                continue
            try:
                self._words.take(incident.id, self._taken)
            except StaleStateError:  # somebody acknowledged, or another worker was faster
                continue

    def _taken(self, incident: Incident) -> Deed:
        deed = self._step(incident)
        if deed is None:
            raise StaleStateError(f"{incident.id} waits for nobody any more")
        return deed

    def _step(self, incident: Incident) -> Deed | None:
        """Return what is to be done about a page, None where there is nothing."""
        now = self._clock.now()
        silences = self._silences.holding(now)
        after, told = escalate(incident, now, self._knowledge(), silences)
        if after == incident:
            return None
        entry = AuditEntry(
            at=now,
            actor="aiops",
            action="escalate",
            subject=incident.id,
            detail=f"level {after.escalated}: {', '.join(one.sink for one in told)}",
            origin=incident.origin,
        )
        return Deed(incident=after, effect=Effect.DONE, entry=entry, notifications=told)
