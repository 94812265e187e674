"""Who answers for an incident: the cause's owner, else the journey's, else the default."""

from dataclasses import dataclass, replace
from datetime import datetime

from aiops.domain.environment import Knowledge
from aiops.domain.incidents import Incident
from aiops.domain.journeys import Team


@dataclass(frozen=True, slots=True, kw_only=True)
class Ownership:
    """The owner role of an incident, how to say it, and why it is theirs."""

    owner: str
    title: str
    reason: str


def with_owner(incident: Incident, knowledge: Knowledge) -> Incident:
    """Return an incident with its owner and why it is theirs."""
    found = owner_of(incident, knowledge)
    return replace(incident, owner=found.owner, owner_title=found.title, owner_reason=found.reason)


def owner_of(incident: Incident, knowledge: Knowledge) -> Ownership:
    """Return the owner of an incident.

    The owner of the first cause answers; where nobody owns it, the owners of the sick services
    in order of strength, then the owner of a journey that is hit. An incident nobody owns goes to
    the default owner, and the reason says so: it is a finding of its own.
    """
    cause = incident.causes[0].service if incident.causes else None
    places = [(cause, "owns the likely cause")] if cause else []
    places += [(name, "owns the sickest service") for name in incident.blast.sick]
    for service, why in places:
        owner = knowledge.graph.service(service).owner
        if owner:
            return _named(owner, f"{why}, {service}", knowledge)
    for journey in knowledge.journeys:
        if journey.owner and journey.name in incident.blast.journeys:
            return _named(journey.owner, f"owns the journey {journey.name}", knowledge)
    nobody = ", ".join(service for service, _ in places) or "these services"
    return _named(
        knowledge.policies.paging.default_owner,
        f"default owner: nobody is named as the owner of {nobody}",
        knowledge,
    )


def on_call(team: Team, at: datetime) -> str | None:
    """Return the member of a rotation whose turn it is, or None where none is declared.

    Examples:
        >>> from datetime import UTC
        >>> start = datetime(2026, 1, 5, tzinfo=UTC)
        >>> team = Team(name="a", title="A", members=("ann", "bob"), rotation_start=start)
        >>> on_call(team, datetime(2026, 1, 13, tzinfo=UTC))
        'bob'
    """
    if not team.members or team.rotation_start is None:
        return None
    turns = (at - team.rotation_start) // team.rotation_length
    return team.members[turns % len(team.members)]


def _named(owner: str, reason: str, knowledge: Knowledge) -> Ownership:
    titles = {team.name: team.title for team in knowledge.teams}
    fallback = f"{owner[:1].upper()}{owner[1:]} team"
    return Ownership(owner=owner, title=titles.get(owner, fallback), reason=reason)
