"""Who is told next of a page that nobody acknowledges: levels by severity, each once.

Pure, as `hear` is; the stage that asks brings the time.
"""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta

from aiops.domain.environment import Knowledge
from aiops.domain.incidents import Incident, IncidentState
from aiops.domain.notifications import DeliveryAction, Notification
from aiops.domain.policies import EscalationLevel
from aiops.domain.silences import Silence
from aiops.domain.time import duration_words
from aiops.domain.timeline import TimelineEntry, TimelineKind
from aiops.incident.timeline import extend
from aiops.route.notifications import notification
from aiops.route.silence import silence_of


def levels_of(incident: Incident, knowledge: Knowledge) -> tuple[EscalationLevel, ...]:
    """Return the escalation path of an incident of this severity, the soonest level first."""
    path = knowledge.policies.paging.escalation
    own = (one for one in path if one.severity == incident.severity.value)
    return tuple(sorted(own, key=lambda one: one.after_seconds))


def escalate(
    incident: Incident, now: datetime, knowledge: Knowledge, silences: Iterable[Silence] = ()
) -> tuple[Incident, tuple[Notification, ...]]:
    """Return an incident with every level told whose time is over, and whom that tells.

    A level is told once. Its sinks are called where they have not heard of the episode, and will
    hear of its end; who was told before hears that nobody has acknowledged. Nothing happens once
    somebody has, while it is quiet, or inside a silence.

    Args:
        incident: as it stands.
        now: the product's time, aware UTC: people wait by the clock, not by measurements.
        knowledge: for the path.
        silences: those that are in force.
    """
    if incident.state is not IncidentState.OPEN or incident.paged_at is None:
        return incident, ()
    waited = now - incident.paged_at
    levels = levels_of(incident, knowledge)
    over = [one for one in levels if waited >= timedelta(seconds=one.after_seconds)]
    due = over[incident.escalated :]
    if not due or incident.quiet_since is not None or silence_of(incident, silences) is not None:
        return incident, ()
    fresh = tuple(
        dict.fromkeys(sink for level in due for sink in level.sinks if sink not in incident.told)
    )
    after = replace(
        incident,
        revision=incident.revision + 1,
        updated_at=max(incident.updated_at, now),
        escalated=len(over),
        told=incident.told + fresh,
        timeline=extend(incident.timeline, [_entry(due, fresh, now)]),
    )
    updates = (notification(after, sink, DeliveryAction.UPDATE, now) for sink in incident.told)
    calls = (notification(after, sink, DeliveryAction.TRIGGER, now) for sink in fresh)
    return after, (*updates, *calls)


def _entry(due: Iterable[EscalationLevel], fresh: tuple[str, ...], now: datetime) -> TimelineEntry:
    longest = max(one.after_seconds for one in due)
    told = f"{', '.join(fresh)} told" if fresh else "nobody further is named to be told"
    text = f"not acknowledged within {duration_words(timedelta(seconds=longest))}: {told}"
    return TimelineEntry(at=now, kind=TimelineKind.ACTION, text=text, source="escalation")
