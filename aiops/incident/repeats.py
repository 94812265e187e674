"""Whether an incident was there before, and how often."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from aiops.domain.incidents import Incident, IncidentState
from aiops.domain.visibility import stands

REPEAT_WINDOW = timedelta(days=7)
"""An incident that ended longer ago is not repeated by a new one."""

COUNTED = timedelta(days=30)
"""Of the times an incident was there before, those of so long before it are counted."""

_ALIKE = 0.5


def repeating(incident: Incident, recent: Sequence[Incident], at: datetime) -> Incident:
    """Return a new incident, which knows the earlier one it repeats and how often that was there.

    It repeats the latest that ended in the last seven days, in the same environment and a
    compatible scope, whose sick services and families are mostly the same. With the same first
    cause half of the smaller one suffices: when a problem begins, not everything has fallen ill
    yet.

    Args:
        incident: a new one.
        recent: incidents of any environment and state.
        at: event time, aware UTC.
    """
    alike = [
        one
        for one in recent
        if one.id != incident.id
        and one.env == incident.env
        and one.state is IncidentState.RESOLVED
        and (one.resolved_at or one.updated_at) >= at - REPEAT_WINDOW
        and _is_alike(incident, one)
    ]
    latest = max(alike, key=lambda one: (one.resolved_at or one.updated_at, one.id), default=None)
    if latest is None:
        return incident
    before = beginnings(latest, incident.started_at)
    return replace(incident, repeat_of=latest.id, earlier=before)


def beginnings(incident: Incident, at: datetime) -> tuple[datetime, ...]:
    """Return when an incident began, this time and before, as far as it counts at a later one."""
    return tuple(one for one in (*incident.earlier, incident.started_at) if at - COUNTED <= one)


def repeat_words(incident: Incident) -> str:
    """Return how often an incident was there, as in "3rd time in 30 days"; empty the first time.

    A return inside the watch counts as well: people had to do with it again.
    """
    times = len(incident.earlier) + 1
    return f"{_ordinal(times)} time in {COUNTED.days} days" if times > 1 else ""


def _ordinal(number: int) -> str:
    """Return a number as one counts.

    Examples:
        >>> [_ordinal(number) for number in (2, 3, 4, 11, 12, 21, 22)]
        ['2nd', '3rd', '4th', '11th', '12th', '21st', '22nd']
    """
    teen = number % 100 in (11, 12, 13)
    return f"{number}{'th' if teen else {1: 'st', 2: 'nd', 3: 'rd'}.get(number % 10, 'th')}"


def _is_alike(new: Incident, old: Incident) -> bool:
    for here, there in (
        (new.blast.regions, old.blast.regions),
        (new.blast.segments, old.blast.segments),
    ):
        if here and there and set(here).isdisjoint(there):
            return False
    ours = {(one.service, one.family) for one in new.symptoms if stands(one)}
    theirs = {(one.service, one.family) for one in old.symptoms if stands(one)}
    same_cause = bool(new.causes and old.causes and new.causes[0].service == old.causes[0].service)
    everything = min(len(ours), len(theirs)) if same_cause else len(ours | theirs)
    return len(ours & theirs) >= _ALIKE * max(everything, 1)
