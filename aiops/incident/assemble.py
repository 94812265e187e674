"""Candidate → incident: built once, then brought up to date while it lives."""

import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from aiops.domain.affected import Affected
from aiops.domain.changes import Change
from aiops.domain.clues import NO_CLUES, Clues
from aiops.domain.cost import NOT_ASSESSED, Cost
from aiops.domain.environment import Knowledge
from aiops.domain.incidents import (
    Candidate,
    Cause,
    Decision,
    Impact,
    Incident,
    IncidentState,
    Reason,
    Severity,
)
from aiops.domain.reach import BlastRadius
from aiops.domain.slos import UNHURT, ServiceLevels
from aiops.domain.symptoms import Symptom, SymptomKind, SymptomState
from aiops.domain.visibility import is_harmful, is_load, is_met, stands, user_visible
from aiops.incident import severity, timeline
from aiops.incident.aftermath import find_rollback
from aiops.incident.blips import is_blip, is_confirmed, is_merely_load
from aiops.incident.clues import told_by_logs, with_clues
from aiops.incident.difference import culprit, is_costlier, materially_differs
from aiops.incident.headline import headline
from aiops.incident.narrative import narrative
from aiops.incident.nearby import around, culprits
from aiops.incident.title import title

__all__ = ["assemble", "deserves_incident", "materially_differs"]

_BLINDING = (SymptomKind.TELEMETRY_GAP, SymptomKind.FROZEN_VALUE)
_NUMBER = re.compile(r"\d[\d.,]*")


def deserves_incident(members: Sequence[Symptom], knowledge: Knowledge) -> bool:
    """Return whether symptoms are a problem of their own, and not a blip or mere load.

    They are with a symptom users meet, with telemetry of a journey missing, with two services or
    families sick, or with one symptom of `policies.life.open_strength`; in every case in more
    than one tick or signal, and on one service alone for more than a moment.
    """
    symptoms = [
        one
        for one in members
        if stands(one) and one.state is not SymptomState.PENDING and is_harmful(one)
    ]
    if not is_confirmed(symptoms) or is_blip(symptoms, knowledge):
        return False
    if any(user_visible(one, knowledge) or _blinds(one, knowledge) for one in symptoms):
        return True
    if is_merely_load(symptoms):
        return False
    sick = {(one.service, one.family) for one in symptoms if not is_load(one)}
    strong = max(one.strength for one in symptoms) >= knowledge.policies.life.open_strength
    return len(sick) > 1 or strong


def assemble(  # noqa: PLR0917  # one argument per thing an incident is made of
    candidate: Candidate,
    previous: Incident | None,
    blast: BlastRadius,
    impacts: Sequence[Impact],
    changes: Sequence[Change],
    at: datetime,
    knowledge: Knowledge,
    *,
    incident_id: str,
    cost: Cost = NOT_ASSESSED,
    affected: Sequence[Affected] = (),
    levels: ServiceLevels = UNHURT,
    clues: Clues = NO_CLUES,
) -> Incident:
    """Build an incident, or bring one up to date; the same inputs twice change nothing.

    Identity, episode, state and what people decided are kept. The cause and title of a paged
    incident change only when a new first cause is clearly more certain (`life.cause_odds`).
    `revision` grows only when something worth telling changed. Decision, owner, runbook and
    suggestions are other stages' work: they are carried over.

    Args:
        candidate: what belongs to it now, with ranked causes.
        previous: its last revision, None for a new one.
        blast: whom it reaches.
        impacts: what it costs, worst first.
        changes: every change young enough to explain something.
        at: event time, aware UTC.
        knowledge: journeys, topology and policies.
        incident_id: its id; that of `previous`, where there is one.
        cost: how what it costs is known.
        affected: requests of its users that failed.
        levels: what it took of error budgets.
        clues: what logs and traces add; without any the ones told before stay.
    """
    symptoms = _members(candidate.symptoms, previous)
    causes, is_new_cause = _causes(candidate.causes, previous, at, knowledge)
    base = previous or _fresh(symptoms, at, knowledge, incident_id)
    level, why = _severity(symptoms, blast, impacts, knowledge, previous, levels=levels)
    told = headline(symptoms, blast, knowledge)
    name = title(symptoms, blast, causes, impacts, knowledge, told=told)
    incident = replace(
        base,
        severity=level,
        severity_reason=why,
        title=_settled_title(name, previous, impacts, at, is_new_cause=is_new_cause),
        started_at=_started(symptoms, base),
        updated_at=at,
        symptoms=symptoms,
        causes=causes,
        ruled_out=candidate.ruled_out,
        blast=blast,
        impacts=tuple(impacts),
        cost=cost,
        affected=tuple(affected),
        levels=levels,
        rolled_back=_rollback(causes, changes, base),
    )
    return _revised(_in_words(with_clues(incident, clues), told, changes, knowledge), previous)


def _revised(incident: Incident, previous: Incident | None) -> Incident:
    """Return the incident as a new revision where it says something new."""
    if previous is None or not materially_differs(previous, incident):
        return incident
    return replace(incident, revision=previous.revision + 1)


def _in_words(
    incident: Incident, told: Symptom, changes: Sequence[Change], knowledge: Knowledge
) -> Incident:
    """Return the incident with its narrative, and its timeline extended."""
    symptoms, blast, causes = incident.symptoms, incident.blast, incident.causes
    back = (incident.rolled_back,) if incident.rolled_back else ()
    near = (*_told_changes(symptoms, causes, changes, blast, knowledge), *back)
    return replace(
        incident,
        narrative=narrative(
            symptoms,
            blast,
            causes,
            changes,
            impacts=incident.impacts,
            knowledge=knowledge,
            ruled_out=incident.ruled_out,
            cost=incident.cost,
            levels=incident.levels,
            told=told,
        ),
        timeline=timeline.extend(
            timeline.timeline(incident.timeline, symptoms, near, knowledge),
            told_by_logs(incident.clues),
        ),
    )


def _rollback(causes: Sequence[Cause], changes: Sequence[Change], base: Incident) -> Change | None:
    """Return what took the blamed change back; what was found before may be too old by now."""
    known = () if base.rolled_back is None else (base.rolled_back,)
    return find_rollback(causes, (*known, *changes), base.started_at)


def _blinds(symptom: Symptom, knowledge: Knowledge) -> bool:
    """Return whether its silence, or the value it repeats, hides a journey."""
    hides = symptom.series.kpi is not None or is_met(symptom.service, knowledge)
    return symptom.kind in _BLINDING and hides


def _fresh(
    symptoms: Sequence[Symptom], at: datetime, knowledge: Knowledge, incident_id: str
) -> Incident:
    return Incident(
        id=incident_id,
        env=symptoms[0].series.key.env,
        episode=1,
        revision=1,
        state=IncidentState.OPEN,
        severity=Severity.P4,
        severity_reason="",
        decision=Decision.NONE,
        decision_reason=Reason.MINOR,
        title="",
        started_at=symptoms[0].onset,
        detected_at=at,
        updated_at=at,
        symptoms=(),
        origin=knowledge.origin,
    )


def _members(symptoms: Sequence[Symptom], previous: Incident | None) -> tuple[Symptom, ...]:
    """Return old and new members with their latest state, by onset then id."""
    members = {one.id: one for one in previous.symptoms} if previous else {}
    floor = previous.follows if previous else None
    for symptom in symptoms:
        over = symptom.ended_at
        # What had ended before this episode began belongs to the one before.
        if symptom.id in members or floor is None or over is None or over > floor:
            members[symptom.id] = symptom
    return tuple(sorted(members.values(), key=lambda one: (one.onset, one.id)))


def _started(symptoms: Sequence[Symptom], base: Incident) -> datetime:
    """Return the earliest onset of what hurts; a later episode begins where it returned.

    More load than usual is no trouble by itself: it may have been there for long.
    """
    standing = [one for one in symptoms if stands(one)]
    hurting = [one for one in standing if is_harmful(one) and not is_load(one)]
    onsets = [one.onset for one in hurting or standing]
    floor = base.follows
    if floor is None:
        return min(onsets, default=base.started_at)
    return min([base.started_at, *(onset for onset in onsets if onset > floor)])


def _causes(
    fresh: tuple[Cause, ...], previous: Incident | None, at: datetime, knowledge: Knowledge
) -> tuple[tuple[Cause, ...], bool]:
    """Return the causes to tell, and whether the first of them is another than before."""
    if previous is None or not previous.causes:
        return fresh, bool(fresh)
    if culprit(fresh) == culprit(previous.causes):
        return fresh, False
    life_policy = knowledge.policies.life
    age = (at - previous.detected_at).total_seconds()
    if previous.paged_at is None or (fresh and age <= life_policy.cause_settle_seconds):
        return fresh, True
    held = culprit(previous.causes)
    again = (one.confidence for one in fresh if culprit((one,)) == held)
    by_now = next(again, previous.causes[0].confidence)
    if fresh and _odds(fresh[0].confidence) >= life_policy.cause_odds * _odds(by_now):
        return fresh, True
    return previous.causes, False


def _odds(confidence: float) -> float:
    return confidence / max(1.0 - confidence, 1e-6)


def _severity(
    symptoms: Sequence[Symptom],
    blast: BlastRadius,
    impacts: Sequence[Impact],
    knowledge: Knowledge,
    previous: Incident | None,
    *,
    levels: ServiceLevels,
) -> severity.Verdict:
    if previous is None:
        return severity.classify(symptoms, blast, impacts, knowledge, levels)
    level, why = severity.keep(
        previous.severity, symptoms, blast, impacts, knowledge, levels=levels
    )
    paged = previous.paged_at is not None or previous.decision is Decision.PAGE
    if paged and level > Severity.P2:
        return Severity.P2, f"{why}; P2 because people were called"
    return level, why


def _settled_title(
    fresh: str,
    previous: Incident | None,
    impacts: Sequence[Impact],
    at: datetime,
    *,
    is_new_cause: bool,
) -> str:
    """Return the old title unless there is a reason to tell another one."""
    if previous is None or not previous.title or is_new_cause:
        return fresh
    if previous.paged_at is not None:
        return previous.title
    same_words = _NUMBER.sub("#", fresh) == _NUMBER.sub("#", previous.title)
    if same_words and not is_costlier(previous, impacts, at):
        return previous.title
    return fresh


def _told_changes(
    symptoms: Sequence[Symptom],
    causes: Sequence[Cause],
    changes: Sequence[Change],
    blast: BlastRadius,
    knowledge: Knowledge,
) -> tuple[Change, ...]:
    onset = symptoms[0].onset
    near = around(changes, blast.sick, onset, knowledge)
    found = {one.id: one for one in (*near, *culprits(causes, changes, onset, knowledge))}
    return tuple(found.values())
