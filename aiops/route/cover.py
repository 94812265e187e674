"""What a page already covers: another incident that the same cause explains."""

from collections.abc import Iterable

from aiops.domain.environment import Knowledge
from aiops.domain.incidents import Incident


def cover_of(
    incident: Incident, others: Iterable[Incident], knowledge: Knowledge
) -> Incident | None:
    """Return the incident whose page tells people of this one's cause too, None where none does.

    It goes on, people were called for it, and it is as bad at least and reaches as far. Its cause
    is known, and is the other's as well; where the other has none, it is what all that is sick
    there depends on. What a person has split stays two problems.

    Args:
        incident: that people would be called for.
        others: of the same environment, in any state.
        knowledge: for the topology, and from when on a cause is known.
    """
    covering = [
        one
        for one in others
        if one.id != incident.id and _holds(one, incident) and _explains(one, incident, knowledge)
    ]
    return min(covering, key=lambda one: (one.paged_at, one.id), default=None)


def _holds(other: Incident, incident: Incident) -> bool:
    is_heard = other.is_live and other.paged_at is not None and other.quiet_since is None
    is_apart = other.id in incident.apart_from or incident.id in other.apart_from
    return (
        is_heard
        and not is_apart
        and other.severity <= incident.severity
        and _reaches(other.blast.regions, incident.blast.regions)
        and _reaches(other.blast.segments, incident.blast.segments)
    )


def _reaches(wide: tuple[str, ...], narrow: tuple[str, ...]) -> bool:
    """Return whether one reach holds the other; no names mean all there are."""
    return not wide or (bool(narrow) and set(narrow) <= set(wide))


def _explains(other: Incident, incident: Incident, knowledge: Knowledge) -> bool:
    cause = _known_cause(other, knowledge)
    if cause is None:
        return False
    own = _known_cause(incident, knowledge)
    if own is not None:
        return own == cause
    policy = knowledge.policies.correlate
    reached = {cause, *knowledge.graph.reach(cause, policy.hops, "callers")}
    return bool(incident.blast.sick) and set(incident.blast.sick) <= reached


def _known_cause(incident: Incident, knowledge: Knowledge) -> str | None:
    first = incident.causes[0] if incident.causes else None
    bar = knowledge.policies.correlate.unknown_below
    return first.service if first is not None and first.confidence >= bar else None
