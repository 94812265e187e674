"""Who answers for an incident: the cause's owner, else the journey's, else who did before."""

from collections.abc import Set
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import islice

from aiops.domain.environment import Knowledge
from aiops.domain.incidents import Incident
from aiops.domain.journeys import Team
from aiops.domain.outcomes import PastIncident

_LOOKED_AT = 500
"""So many of the last incidents are asked who was given them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ownership:
    """The owner role of an incident, how to say it, and why it is theirs."""

    owner: str
    title: str
    reason: str


def with_owner(incident: Incident, at: datetime, knowledge: Knowledge) -> Incident:
    """Return an incident with its owner, why it is theirs, and who of them is on call."""
    found = owner_of(incident, knowledge)
    return replace(
        incident,
        owner=found.owner,
        owner_title=found.title,
        owner_reason=found.reason,
        on_call=person_on_call(found.owner, at, knowledge),
    )


def person_on_call(owner: str, at: datetime, knowledge: Knowledge) -> str:
    """Return who is on call for an owner: as their schedule says, else by their rotation.

    Empty where neither is declared, or nobody can say.
    """
    team = next((one for one in knowledge.teams if one.name == owner), None)
    if team is None:
        return ""
    if team.schedule is not None:
        return dict(knowledge.on_call).get(owner, "")
    return on_call(team, at) or ""


def owner_of(incident: Incident, knowledge: Knowledge) -> Ownership:
    """Return the owner of an incident.

    The owner of the first cause answers; where nobody owns it, the owners of the sick services
    in order of strength, then the owner of a journey that is hit; then the team that was given the
    last incident with one of these services as its cause. An incident nobody owns goes to the
    default owner, and the reason says so: it is a finding of its own.
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
    before = _before({service for service, _ in places}, knowledge)
    if before is not None:
        team, past = before
        reason = f"was given {past.incident_id}, which was {past.cause_service} too"
        return _named(team, reason, knowledge)
    nobody = ", ".join(service for service, _ in places) or "these services"
    return _named(
        knowledge.policies.paging.default_owner,
        f"default owner: nobody is named as the owner of {nobody}",
        knowledge,
    )


def _before(services: Set[str], knowledge: Knowledge) -> tuple[str, PastIncident] | None:
    """Return the team that was given the last incident of some services, and that incident."""
    teams = {name: team.name for team in knowledge.teams for name in (*team.members, team.name)}
    given = (
        (teams[one.assignee], one)
        for one in islice(knowledge.remembered(), _LOOKED_AT if teams else 0)
        if one.real and one.cause_service in services and one.assignee in teams
    )
    return next(given, None)


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
