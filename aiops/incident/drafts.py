"""Drafts of updates for stakeholders: what a person may send after reading it. Pure.

The states are those of public status pages: investigating, identified, monitoring, resolved.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from types import MappingProxyType

from aiops.domain.errors import InputError
from aiops.domain.incidents import Incident, IncidentState, Severity
from aiops.domain.series import Family
from aiops.domain.symptoms import Symptom
from aiops.domain.time import clock_time
from aiops.domain.visibility import is_felt
from aiops.incident.wording import capital, cause_words, impact_words, listed, scope_words

NEXT_UPDATE: Mapping[Severity, timedelta] = MappingProxyType(
    {
        Severity.P1: timedelta(minutes=30),
        Severity.P2: timedelta(hours=1),
        Severity.P3: timedelta(hours=4),
        Severity.P4: timedelta(days=1),
    }
)
"""How long stakeholders wait for the next word at most, by severity."""

KNOWN_FROM = 0.5
"""From this confidence on the cause counts as found."""


class Audience(StrEnum):
    """Who reads it: people of the company, or everybody."""

    INTERNAL = "internal"
    PUBLIC = "public"


class Status(StrEnum):
    """Where an incident is, as status pages say it."""

    INVESTIGATING = "investigating"
    IDENTIFIED = "identified"
    MONITORING = "monitoring"
    RESOLVED = "resolved"


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """An update nobody has sent yet.

    Args:
        status: for the status page.
        title: of the update.
        text: in whole sentences.
    """

    status: Status
    title: str
    text: str


def draft(incident: Incident, audience: Audience, at: datetime) -> Draft:
    """Return an update that says how an incident is.

    In public it names journeys, regions and segments only: no service, change, number, severity
    or amount of money.

    Args:
        incident: as it is now.
        audience: who will read it.
        at: when it is written, aware UTC; says when the next word comes.

    Raises:
        InputError: there is nothing to tell: it is no incident, or another one tells of it.
    """
    if incident.dismissed_by or incident.merged_into:
        where = f"is told with {incident.merged_into}" if incident.merged_into else "is no incident"
        raise InputError(f"{incident.id} {where}; there is nothing to draft")
    status = _status(incident)
    if audience is Audience.PUBLIC:
        trouble = f"{capital(_subject(incident))}: {_happens(incident)}"
        return Draft(status=status, title=trouble, text=_PUBLIC[status](incident))
    title = f"{incident.id} ({incident.severity.value}) {incident.title}"
    return Draft(status=status, title=title, text=_internal(incident, status, at))


def _status(incident: Incident) -> Status:
    if incident.state is IncidentState.MITIGATED:
        return Status.MONITORING
    if not incident.is_live:
        return Status.RESOLVED
    is_known = bool(incident.causes) and incident.causes[0].confidence >= KNOWN_FROM
    return Status.IDENTIFIED if is_known else Status.INVESTIGATING


def _internal(incident: Incident, status: Status, at: datetime) -> str:
    sentences, over = [incident.story] if incident.story else [], not incident.is_live
    sentences += [f"Impact: {impact_words(one, over=over)}." for one in incident.impacts[:2]]
    if status is Status.INVESTIGATING:
        sentences.append("The cause is not known yet.")
    elif incident.causes:
        sentences.append(f"Likely cause: {cause_words(incident.causes[0])}.")
    owner = incident.assignee or incident.acknowledged_by
    team = incident.owner_title or incident.owner or "nobody is named"
    sentences.append(f"Owner: {team}" + (f", {owner} is on it." if owner else "."))
    if incident.is_live:
        sentences.append(f"Next update by {clock_time(at + NEXT_UPDATE[incident.severity])}.")
    return " ".join(sentences)


def _subject(incident: Incident) -> str:
    journeys = listed(incident.blast.journeys, limit=3) or "our service"
    scope = scope_words(incident.blast.regions, incident.blast.segments)
    return f"{journeys} in {scope}" if scope else journeys


def _happens(incident: Incident) -> str:
    felt = {one.family for one in incident.symptoms if _is_telling(one)}
    if felt & {Family.ERRORS, Family.AVAILABILITY}:
        return "requests may fail"
    return "slower than usual" if Family.LATENCY in felt else "not working as usual"


def _is_telling(symptom: Symptom) -> bool:
    return is_felt(symptom) and symptom.family is not Family.KPI


def _looking(incident: Incident) -> str:
    since = clock_time(incident.started_at)
    return (
        f"Since {since} {_subject(incident)} has trouble: {_happens(incident)}. "
        "We are looking into it and will write again here."
    )


def _working(incident: Incident) -> str:
    since = clock_time(incident.started_at)
    return (
        f"Since {since} {_subject(incident)} has trouble: {_happens(incident)}. "
        "We have found the likely reason and are working on it."
    )


def _watching(incident: Incident) -> str:
    over = clock_time(incident.quiet_since or incident.mitigated_at or incident.updated_at)
    return (
        f"Since {over} {_subject(incident)} works again. We are watching it. "
        f"The trouble began at {clock_time(incident.started_at)}."
    )


def _over(incident: Incident) -> str:
    over = clock_time(incident.quiet_since or incident.mitigated_at or incident.updated_at)
    return (
        f"{capital(_subject(incident))} works as usual. "
        f"It had trouble from {clock_time(incident.started_at)} to {over}. We are sorry for it."
    )


_PUBLIC: Mapping[Status, Callable[[Incident], str]] = MappingProxyType(
    {
        Status.INVESTIGATING: _looking,
        Status.IDENTIFIED: _working,
        Status.MONITORING: _watching,
        Status.RESOLVED: _over,
    }
)
