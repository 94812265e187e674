"""What a delivery says: the one place that knows which record each kind of sink tells of."""

from collections.abc import Mapping
from typing import Any

from aiops.domain.changes import CHANGE_PREFIX
from aiops.domain.digests import DIGEST_PREFIX
from aiops.domain.errors import InputError
from aiops.domain.time import utc
from aiops.ports import (
    ChangeNotifier,
    Clock,
    DigestNotifier,
    Notifier,
    PictureNotifier,
    PulseNotifier,
    Sender,
    UpdateNotifier,
)
from aiops.store.changes import ChangeStore
from aiops.store.deliveries import Delivery
from aiops.store.digests import DigestStore
from aiops.store.incidents import IncidentStore
from aiops.store.outbox import Outbox
from aiops.store.pictures import PictureStore
from aiops.store.updates import StatusUpdateStore


class Contents:
    """Renders deliveries in the form of the sink each is for."""

    def __init__(
        self,
        *,
        outbox: Outbox,
        incidents: IncidentStore,
        digests: DigestStore,
        pictures: PictureStore,
        changes: ChangeStore,
        updates: StatusUpdateStore,
        clock: Clock,
    ) -> None:
        self._outbox = outbox
        self._incidents = incidents
        self._digests = digests
        self._pictures = pictures
        self._changes = changes
        self._updates = updates
        self._clock = clock

    def payload(self, sink: Sender, delivery: Delivery) -> Mapping[str, Any]:
        """Return what a delivery says.

        Raises:
            InputError: it can never be said.
        """
        match sink:
            case PulseNotifier():
                return sink.pulse_payload(utc(delivery.revision), self._clock.now())
            case PictureNotifier():
                return self._picture(sink, delivery)
            case UpdateNotifier():
                return self._update(sink, delivery)
            case ChangeNotifier():
                return self._change(sink, delivery)
            case _ if delivery.notification.incident_id.startswith(DIGEST_PREFIX):
                return self._digest(sink, delivery)
            case _:
                return self._incident(sink, delivery)

    def _incident(self, sink: Sender, delivery: Delivery) -> Mapping[str, Any]:
        note = delivery.notification
        incident = self._incidents.revision(note.incident_id, note.episode, delivery.revision)
        if incident is None or not isinstance(sink, Notifier):
            raise InputError(f"{note.incident_id} has no revision {delivery.revision}")
        return sink.payload(incident, note, delivery.reference)

    def _digest(self, sink: Sender, delivery: Delivery) -> Mapping[str, Any]:
        note = delivery.notification
        digest = self._digests.get(note.incident_id)
        if digest is None or not isinstance(sink, DigestNotifier):
            raise InputError(f"{note.sink} takes no digest, or there is no {note.incident_id}")
        return sink.digest_payload(digest, note, delivery.reference)

    def _change(self, sink: ChangeNotifier, delivery: Delivery) -> Mapping[str, Any]:
        name = delivery.notification.incident_id
        change = self._changes.get(name.removeprefix(CHANGE_PREFIX))
        if change is None:
            raise InputError(f"there is no {name} any more")
        return sink.change_payload(change)

    def _picture(self, sink: PictureNotifier, delivery: Delivery) -> Mapping[str, Any]:
        note = delivery.notification
        picture = self._pictures.get(note.incident_id, note.episode, note.revision)
        told = self._outbox.reference(note.incident_id, note.episode, sink.shown_on)
        if picture is None or not told:
            raise InputError(f"{note.incident_id} has no picture {note.revision} to show there")
        return sink.picture_payload(picture, told)

    def _update(self, sink: UpdateNotifier, delivery: Delivery) -> Mapping[str, Any]:
        note = delivery.notification
        update = self._updates.get(note.incident_id, note.revision)
        told = update and self._outbox.reference(update.incident_id, update.episode, sink.shown_on)
        if update is None or not told:
            raise InputError(f"{sink.shown_on} has nothing that {note.incident_id} could go to")
        return sink.update_payload(update, told)
