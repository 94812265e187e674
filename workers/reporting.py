"""What customers said of an incident: kept on it, and in the audit log."""

from datetime import datetime

from aiops.domain.errors import InputError
from aiops.domain.incidents import Incident
from aiops.domain.words import Effect
from aiops.incident.detection import reported
from aiops.store.audit import AuditEntry
from aiops.store.words import Deed
from workers.regrouping import find
from workers.wiring import Parts


def report(parts: Parts, name: str, *, through: str, at: datetime | None, by: str) -> Incident:
    """Store that customers reported an incident and return it; the earliest report counts.

    Args:
        parts: of this installation.
        name: id of the incident, in any state.
        through: whom they told, in words.
        at: when they did, aware UTC; None: now.
        by: who says so.

    Raises:
        InputError: there is no such incident, nobody is named, or the time is yet to come.
    """
    incident = find(parts, name)
    now = parts.clock.now()
    moment = at or now
    if moment > now:
        raise InputError(f"{moment:%Y-%m-%d %H:%M} UTC is yet to come; say when it was reported")
    entry = AuditEntry(
        at=now,
        actor=by,
        action="report",
        subject=incident.id,
        detail=f"{through}, at {moment.isoformat()}",
        origin=incident.origin,
    )

    def step(held: Incident) -> Deed:
        after = reported(held, through, moment)
        effect = Effect.ALREADY if after == held else Effect.DONE
        return Deed(incident=after, effect=effect, entry=entry, is_news=after != held)

    return parts.words.take(incident.id, step).incident
