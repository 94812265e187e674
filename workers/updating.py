"""A status update on a person's word: stored, shown on its incident and told, all in one step."""

from aiops.domain.errors import InputError
from aiops.domain.incidents import Incident
from aiops.domain.notifications import DeliveryAction, Notification
from aiops.domain.status_updates import UPDATES, StatusUpdate
from aiops.domain.words import Effect
from aiops.incident.status_updates import approved_text, with_update
from aiops.notify.phrases import clean
from aiops.ports import UpdateNotifier
from aiops.store.audit import AuditEntry
from aiops.store.words import Deed
from workers.regrouping import find
from workers.wiring import Parts

_NAME_CHARACTERS = 80
_NEWS = 5
"""How urgent it is: behind every call of people."""


def send(parts: Parts, name: str, sink: str, text: str, *, by: str, public: bool) -> Effect:
    """Send stakeholders an update of an incident, word for word as a person approved it.

    The same text for the same incident and sink within the same minute is sent once.

    Args:
        parts: of this installation.
        name: id of the incident.
        sink: name of the sink it goes to.
        text: what stakeholders read.
        by: who sends it.
        public: whether it is worded for everybody.

    Raises:
        InputError: nobody sends it, the text cannot be sent, or the sink cannot send it.
    """
    said, who, incident = approved_text(text), clean(by, _NAME_CHARACTERS), find(parts, name)
    if not who:
        raise InputError("say who sends the update")
    sender = sender_on(parts, sink)

    def step(held: Incident) -> Deed:
        if held.merged_into or held.dismissed_by:
            raise InputError(f"{held.id} is told with another incident, or is none: not sent")
        if not parts.outbox.reference(held.id, held.episode, sink):
            raise InputError(
                f"{sink} was not told of {held.id}: there is nothing the update could go to"
            )
        update = StatusUpdate(
            incident_id=held.id,
            episode=held.episode,
            revision=held.revision + 1,
            sink=sink,
            text=said,
            by=who,
            at=parts.clock.now(),
            public=public,
            origin=held.origin,
        )
        return _deed(held, update, sender.name)

    return parts.words.take(incident.id, step).effect


def sender_on(parts: Parts, sink: str) -> UpdateNotifier:
    """Return what sends updates on a sink.

    Raises:
        InputError: the sink takes none, or its settings lack something.
    """
    sender = parts.update_sinks.get(sink + UPDATES)
    if sender is None:
        known = ", ".join(one.shown_on for one in parts.update_sinks.values()) or "none here"
        raise InputError(f"no sink {sink!r} takes status updates; those that do: {known}")
    if sender.lacks:
        raise InputError(f"sink {sink} cannot send status updates yet: it needs {sender.lacks}")
    return sender


def _deed(held: Incident, update: StatusUpdate, address: str) -> Deed:
    after = with_update(held, update)
    is_news = after != held
    effect = Effect.DONE if is_news else Effect.ALREADY
    wording = "public" if update.public else "internal"
    entry = AuditEntry(
        at=update.at,
        actor=update.by,
        action="status update",
        subject=update.incident_id,
        detail=f"to {update.sink} ({wording}), {effect}: {update.text}",
        origin=update.origin,
    )
    told = Notification(
        incident_id=update.id,
        episode=update.episode,
        revision=update.revision,
        sink=address,
        action=DeliveryAction.TRIGGER,
        not_before=update.at,
        reason=f"{update.by} sends it",
        urgency=_NEWS,
        origin=update.origin,
    )
    return Deed(
        incident=after,
        effect=effect,
        entry=entry,
        notifications=(told,) if is_news else (),
        is_news=is_news,
        update=update if is_news else None,
    )
