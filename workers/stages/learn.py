"""Ended incident → memory: what it looked like and what fixed it."""

from datetime import timedelta

from aiops import pipeline
from aiops.ports import Queue
from aiops.store.changes import ChangeStore
from aiops.store.incidents import IncidentStore
from aiops.store.memory import MemoryStore


class Learn:
    """Remembers ended incidents; remembering one twice changes nothing."""

    def __init__(
        self,
        *,
        incidents: IncidentStore,
        changes: ChangeStore,
        memory: MemoryStore,
        queue: Queue,
    ) -> None:
        self._incidents = incidents
        self._changes = changes
        self._memory = memory
        self._queue = queue

    def run(self, incident_id: str) -> None:
        """Read from the record what ended an incident, and keep it; a person's word outranks it."""
        incident = self._incidents.get(incident_id)
        if incident is None or incident.is_live:
            return
        since = incident.started_at - timedelta(days=1)
        changes = self._changes.known(incident.env, since, incident.updated_at)
        outcome = pipeline.resolve(incident, changes, incident.updated_at)
        self._memory.remember(pipeline.learn(incident, outcome), origin=incident.origin)
        self._memory.judge(outcome, origin=incident.origin)

    def sweep(self) -> None:
        """Enqueue every ended incident that nobody remembered."""
        for incident_id in self._memory.unremembered():
            self._queue.enqueue("learn.remember", incident_id)
