"""Incidents that turn out to be one: the older or already paged survives, the rest link to it."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime

from aiops.domain.errors import InputError
from aiops.domain.incidents import Decision, Incident, IncidentState
from aiops.domain.timeline import TimelineEntry, TimelineKind
from aiops.domain.words import Word
from aiops.incident.timeline import extend

_LOUDNESS = (Decision.NONE, Decision.TICKET, Decision.PAGE)


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


def are_apart(first: Incident, second: Incident) -> bool:
    """Return whether a person split them: then only a person merges them."""
    return first.id in second.apart_from or second.id in first.apart_from


def merge(
    survivor: Incident, others: Sequence[Incident], at: datetime
) -> tuple[Incident, tuple[Incident, ...]]:
    """Move the symptoms of `others` into the survivor and close them as links to it.

    Only what nobody has acknowledged, and nobody has split, is merged; the rest is left alone and
    not returned. The survivor's causes, cost and narrative are brought up to date by the next
    `assemble`.

    Args:
        survivor: as `survivor_of` chose it.
        others: incidents of the same environment.
        at: event time, aware UTC.

    Returns:
        The survivor, and the incidents that became links (state MERGED), in their order.
    """
    joining: list[Incident] = []
    for one in others:
        apart = any(are_apart(one, other) for other in (survivor, *joining))
        if may_merge(one) and one.id != survivor.id and not apart:
            joining.append(one)
    if not joining or not may_merge(survivor):
        return survivor, ()
    return _moved(survivor, joining, at, TimelineKind.STATE, "")


def merge_by_word(
    incidents: Sequence[Incident], word: Word
) -> tuple[Incident, tuple[Incident, ...]]:
    """Make incidents one because a person says so, also acknowledged and once split ones.

    The one that was paged, else the older, keeps its name and its pages. Whoever took one of them
    has taken it; it is as bad as the worst of them until it is assembled anew.

    Args:
        incidents: at least two, in any order.
        word: who says so, why and when.

    Returns:
        The survivor, and the others as links to it, in their order.

    Raises:
        InputError: they are not all live, of one environment, and two at least.
    """
    unlike = {one.env for one in incidents}
    over = [one for one in incidents if not one.is_live]
    if len({one.id for one in incidents}) < 2:
        raise InputError("it takes two different incidents to merge; name both")
    if len(unlike) > 1:
        raise InputError(f"they are of several environments ({', '.join(sorted(unlike))})")
    if over:
        raise InputError(f"{over[0].id} is {over[0].state}; only what is still open can be merged")
    survivor = survivor_of(incidents)
    others = [one for one in incidents if one.id != survivor.id]
    reason = f" by {word.who}: {word.why}"
    merged, links = _moved(survivor, others, word.at, TimelineKind.PERSON, reason)
    worst = min(incidents, key=lambda one: (one.severity, one.id))
    loudest = max(incidents, key=lambda one: (_LOUDNESS.index(one.decision), one.id == survivor.id))
    return _taken(
        replace(
            merged,
            severity=worst.severity,
            severity_reason=worst.severity_reason,
            decision=loudest.decision,
            decision_reason=loudest.decision_reason,
            called_at=min((one.called_at for one in incidents if one.called_at), default=None),
        ),
        incidents,
    ), links


def _moved(
    survivor: Incident, joining: Sequence[Incident], at: datetime, kind: TimelineKind, reason: str
) -> tuple[Incident, tuple[Incident, ...]]:
    """Move everything of others into the survivor; return it, and them as links."""
    members = {one.id: one for other in joining for one in other.symptoms}
    members.update({one.id: one for one in survivor.symptoms})
    texts = ((f"{other.id} merged into this{reason}", other.id) for other in joining)
    told = extend(
        survivor.timeline,
        [
            *(entry for other in joining for entry in other.timeline),
            *(_entry(at, kind, text, name) for text, name in texts),
        ],
    )
    gone = {survivor.id, *(other.id for other in joining)}
    apart = {name for one in (survivor, *joining) for name in one.apart_from} - gone
    merged = replace(
        survivor,
        revision=survivor.revision + 1,
        updated_at=at,
        started_at=min([survivor.started_at, *(other.started_at for other in joining)]),
        symptoms=tuple(sorted(members.values(), key=lambda one: (one.onset, one.id))),
        timeline=told,
        quiet_since=None,
        alerted=tuple(sorted(at for one in (survivor, *joining) for at in one.alerted)),
        apart_from=tuple(sorted(apart)),
    )
    entry = _entry(at, kind, f"merged into {survivor.id}{reason}", survivor.id)
    return merged, tuple(_link(other, survivor.id, entry) for other in joining)


def _taken(merged: Incident, incidents: Sequence[Incident]) -> Incident:
    """Return an incident as taken by, and given to, who had one of those it was made of."""
    given = [(one.assigned_at, one.assignee) for one in incidents if one.assigned_at is not None]
    if given:
        assigned_at, assignee = max(given)
        merged = replace(merged, assigned_at=assigned_at, assignee=assignee)
    taken = [(one.acknowledged_at, one) for one in incidents if one.acknowledged_at is not None]
    if merged.state is not IncidentState.OPEN or not taken:
        return merged
    at, first = min(taken, key=lambda pair: (pair[0], pair[1].id))
    return replace(
        merged,
        state=IncidentState.ACKNOWLEDGED,
        acknowledged_at=at,
        acknowledged_by=first.acknowledged_by,
    )


def _link(other: Incident, survivor_id: str, entry: TimelineEntry) -> Incident:
    return replace(
        other,
        state=IncidentState.MERGED,
        revision=other.revision + 1,
        updated_at=entry.at,
        merged_into=survivor_id,
        timeline=extend(other.timeline, [entry]),
    )


def _entry(at: datetime, kind: TimelineKind, text: str, other_id: str) -> TimelineEntry:
    return TimelineEntry(at=at, kind=kind, text=text, source=f"merge:{other_id}")
