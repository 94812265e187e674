"""How an incident lives by itself: quiet, mitigated, resolved, and back in a new episode.

What people say of it is in `words`.

Every function is pure, returns the incident unchanged where there is nothing to do, and adds a
revision and a timeline entry where there is.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from aiops.domain.environment import Knowledge
from aiops.domain.incidents import Candidate, Decision, Incident, IncidentState, Reason
from aiops.domain.policies import LifePolicy
from aiops.domain.reach import BlastRadius
from aiops.domain.symptoms import Symptom, SymptomKind, SymptomState
from aiops.domain.timeline import TimelineEntry, TimelineKind
from aiops.domain.visibility import stands, user_visible
from aiops.incident.blips import is_blip
from aiops.incident.repeats import beginnings
from aiops.incident.timeline import extend

_REPORT = SymptomKind.REPORT


def advance_life(
    incident: Incident, at: datetime, policy: LifePolicy, knowledge: Knowledge
) -> Incident:
    """Return the incident as time alone moves it: quiet, mitigated, resolved.

    Quiet means that no symptom users meet is open; where none ever was, or only a blip that nobody
    was called for, that none at all is open. A telemetry gap ends nothing: while one is open the
    incident is not quiet. What a person reported has no measurement of its own: it goes with what
    was measured, and alone until a person ends the incident. `resolved_at` is when it became quiet,
    not the end of the watch.

    Args:
        incident: with its symptoms as they stand at `at`.
        at: event time, aware UTC.
        policy: how long quiet mitigates, and how long the watch lasts.
        knowledge: for what users meet.
    """
    if not incident.is_live:
        incident = _without_reports(incident)
    if incident.state in (IncidentState.RESOLVED, IncidentState.MERGED):
        return incident
    quiet = _quiet_since(incident, at, knowledge)
    if quiet != incident.quiet_since:
        incident = replace(incident, quiet_since=quiet, updated_at=at)
    if quiet is None:
        return incident
    if incident.is_live:
        if at - quiet < timedelta(seconds=policy.mitigated_after_seconds):
            return incident
        text = f"mitigated: quiet for {policy.mitigated_after_seconds // 60} minutes"
        return _move(incident, IncidentState.MITIGATED, at, text, mitigated_at=at)
    watched_since = incident.mitigated_at or quiet
    if at - watched_since < timedelta(seconds=policy.watch_seconds):
        return incident
    text = f"resolved: nothing returned in {policy.watch_seconds // 60} minutes of watch"
    return _move(incident, IncidentState.RESOLVED, at, text, resolved_at=quiet)


def returning(
    candidate: Candidate, incidents: Sequence[Incident], at: datetime, knowledge: Knowledge
) -> Incident | None:
    """Return the watched incident that a candidate brings back, or None.

    It does when it shows a service and family the incident had, in a region and segment it had,
    and users meet it if they met the incident. Of several the last mitigated one.

    Args:
        candidate: open symptoms of no incident.
        incidents: of the same environment, in any state.
        at: event time, aware UTC.
        knowledge: for what users meet.
    """
    watched = [
        one
        for one in incidents
        if one.state is IncidentState.MITIGATED and (one.mitigated_at or at) <= at
    ]
    back = [one for one in watched if _brings_back(candidate, one, knowledge)]
    return max(back, key=lambda one: (one.mitigated_at or at, one.id), default=None)


def reopen(incident: Incident, at: datetime) -> Incident:
    """Return a new episode of a mitigated incident; a live one is returned unchanged.

    Its symptoms that are open go with it; costs, decisions and who was told begin anew.

    Raises:
        ValueError: it is resolved or merged; a new incident repeats it instead.
    """
    if incident.is_live:
        return incident
    if incident.state is not IncidentState.MITIGATED:
        raise ValueError(f"{incident.id} is {incident.state}; only a watched incident can return")
    episode = incident.episode + 1
    entry = _entry(at, f"returned: episode {episode}", f"episode:{episode}")
    return replace(
        incident,
        episode=episode,
        revision=incident.revision + 1,
        state=IncidentState.OPEN,
        decision=Decision.NONE,
        decision_reason=Reason.MINOR,
        decision_note="",
        started_at=at,
        detected_at=at,
        updated_at=at,
        earlier=beginnings(incident, at),
        rolled_back=None,
        reported_at=None,
        reported_by="",
        symptoms=tuple(one for one in incident.symptoms if one.is_open),
        blast=BlastRadius(),
        impacts=(),
        timeline=extend(incident.timeline, [entry]),
        escalated=0,
        told=(),
        adopted=(),
        paged_at=None,
        follows=incident.mitigated_at or at,
        acknowledged_at=None,
        acknowledged_by="",
        fixed_at=None,
        fixed_by="",
        quiet_since=None,
        mitigated_at=None,
        mitigated_by="",
        resolved_at=None,
    )


def _without_reports(incident: Incident) -> Incident:
    """End what people reported of an incident that is over: nothing else would."""
    if not any(one.kind is _REPORT and one.is_open for one in incident.symptoms):
        return incident
    at = incident.mitigated_at or incident.resolved_at or incident.updated_at
    symptoms = tuple(
        replace(one, state=SymptomState.ENDED, ended_at=max(at, one.onset))
        if one.kind is _REPORT and one.is_open
        else one
        for one in incident.symptoms
    )
    return replace(incident, symptoms=symptoms)


def _quiet_since(incident: Incident, at: datetime, knowledge: Knowledge) -> datetime | None:
    standing = [one for one in incident.symptoms if stands(one)]
    standing = [one for one in standing if one.kind is not _REPORT] or standing
    # Whatever counts, something of it is open: most incidents are not looked at further.
    if standing and all(one.is_open for one in standing):
        return None
    if any(one.is_open and user_visible(one, knowledge) for one in standing):
        return None
    visible = [one for one in standing if not one.is_open and user_visible(one, knowledge)]
    if incident.called_at is None and is_blip(visible, knowledge):
        visible = []
    gaps = [one for one in standing if one.is_telemetry]
    counted = [*visible, *gaps] if visible else standing
    if any(one.is_open for one in counted):
        return None
    ends = [one.ended_at or one.last_seen for one in (visible or standing)]
    return max(ends, default=incident.quiet_since or at)


def _move(
    incident: Incident,
    state: IncidentState,
    at: datetime,
    text: str,
    *,
    mitigated_at: datetime | None = None,
    resolved_at: datetime | None = None,
) -> Incident:
    entry = _entry(at, text, f"state:{state}")
    return replace(
        incident,
        state=state,
        revision=incident.revision + 1,
        updated_at=at,
        timeline=extend(incident.timeline, [entry]),
        mitigated_at=mitigated_at or incident.mitigated_at,
        resolved_at=resolved_at or incident.resolved_at,
    )


def _entry(at: datetime, text: str, source: str) -> TimelineEntry:
    return TimelineEntry(at=at, kind=TimelineKind.STATE, text=text, source=source)


def _brings_back(candidate: Candidate, incident: Incident, knowledge: Knowledge) -> bool:
    was_visible = any(user_visible(one, knowledge) for one in incident.symptoms)
    seen = {_sign(one) for one in incident.symptoms if stands(one)}
    return any(
        one.is_open and _sign(one) in seen and (user_visible(one, knowledge) or not was_visible)
        for one in candidate.symptoms
    )


def _sign(symptom: Symptom) -> tuple[str, str, str | None, str | None]:
    return symptom.service, symptom.family, symptom.region, symptom.segment
