"""Incidents that turn out to be one: the older or already paged survives, the rest link to it."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime

from aiops.domain.incidents import Incident, IncidentState, TimelineEntry, TimelineKind
from aiops.incident.timeline import extend


def survivor_of(incidents: Iterable[Incident]) -> Incident:
    """Return the one whose id is kept: already paged before not, then the older.

    Raises:
        ValueError: there are none.
    """
    return min(
        incidents,
        key=lambda one: (one.paged_at is None, one.paged_at or one.started_at, one.id),
    )


def may_merge(incident: Incident) -> bool:
    """Return whether it may be merged without a person's word: live, and nobody acknowledged it."""
    return incident.state is IncidentState.OPEN and incident.acknowledged_at is None


def merge(
    survivor: Incident, others: Sequence[Incident], at: datetime
) -> tuple[Incident, tuple[Incident, ...]]:
    """Move the symptoms of `others` into the survivor and close them as links to it.

    Only what nobody has acknowledged is merged; the rest is left alone and not returned. The
    survivor's causes, cost and narrative are brought up to date by the next `assemble`.

    Args:
        survivor: as `survivor_of` chose it.
        others: incidents of the same environment.
        at: event time, aware UTC.

    Returns:
        The survivor, and the incidents that became links (state MERGED), in their order.
    """
    joining = [one for one in others if may_merge(one) and one.id != survivor.id]
    if not joining or not may_merge(survivor):
        return survivor, ()
    members = {one.id: one for other in joining for one in other.symptoms}
    members.update({one.id: one for one in survivor.symptoms})
    told = extend(
        survivor.timeline,
        [
            *(entry for other in joining for entry in other.timeline),
            *(_entry(at, f"{other.id} merged into this", other.id) for other in joining),
        ],
    )
    merged = replace(
        survivor,
        revision=survivor.revision + 1,
        updated_at=at,
        started_at=min([survivor.started_at, *(other.started_at for other in joining)]),
        symptoms=tuple(sorted(members.values(), key=lambda one: (one.onset, one.id))),
        timeline=told,
        quiet_since=None,
    )
    return merged, tuple(_link(other, survivor.id, at) for other in joining)


def _link(other: Incident, survivor_id: str, at: datetime) -> Incident:
    entry = _entry(at, f"merged into {survivor_id}", survivor_id)
    return replace(
        other,
        state=IncidentState.MERGED,
        revision=other.revision + 1,
        updated_at=at,
        merged_into=survivor_id,
        timeline=extend(other.timeline, [entry]),
    )


def _entry(at: datetime, text: str, other_id: str) -> TimelineEntry:
    return TimelineEntry(at=at, kind=TimelineKind.STATE, text=text, source=f"merge:{other_id}")
