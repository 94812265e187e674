"""Changes → the sinks that show them, each once."""

from collections.abc import Collection, Sequence
from datetime import timedelta

from aiops.domain.changes import CHANGE_PREFIX, ChangeKind
from aiops.domain.notifications import DeliveryAction, Notification
from aiops.domain.symptoms import Origin
from aiops.ports import Clock
from aiops.store.changes import ChangeStore
from aiops.store.outbox import Outbox

NEWS_FOR = timedelta(hours=1)
"""What began before that is history: nobody is shown the past of an installation."""

SHOWN = (ChangeKind.DEPLOY, ChangeKind.FLAG, ChangeKind.CONFIG, ChangeKind.MIGRATION)
"""What people did on purpose; scaling by itself would bury it."""

_LEAST_URGENT = 8


class TellChanges:
    """Writes what is new of changes into the outbox, of the environments that page."""

    def __init__(
        self,
        *,
        changes: ChangeStore,
        outbox: Outbox,
        sinks: Sequence[str],
        environments: Collection[str],
        clock: Clock,
        origin: Origin,
    ) -> None:
        self._changes = changes
        self._outbox = outbox
        self._sinks = sinks
        self._environments = environments
        self._clock = clock
        self._origin = origin

    def run(self) -> None:
        """Tell every sink what it has not heard of; running it twice tells nothing more."""
        now = self._clock.now()
        for sink in self._sinks:
            fresh = self._changes.untold(sink, now - NEWS_FOR, self._environments, SHOWN)
            notes = [
                Notification(
                    incident_id=f"{CHANGE_PREFIX}{change.id}",
                    episode=1,
                    revision=1,
                    sink=sink,
                    action=DeliveryAction.TRIGGER,
                    not_before=now,
                    reason="a change",
                    urgency=_LEAST_URGENT,
                    origin=self._origin,
                )
                for change in fresh
            ]
            self._outbox.add(notes, now=now)
