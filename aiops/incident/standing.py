"""Where an environment stands: taking in what is new, and letting go of what is over."""

from dataclasses import replace
from datetime import timedelta

from aiops.domain.environment import EnvState, EnvTick, Knowledge
from aiops.domain.incidents import Incident, IncidentState
from aiops.domain.symptoms import FactKind, Symptom, SymptomKind
from aiops.incident import life
from aiops.incident.repeats import REPEAT_WINDOW


def absorb(env: EnvState, tick: EnvTick) -> EnvState:
    """Take in the tick's facts: symptoms as they now stand, also inside their incidents."""
    if not tick.facts:
        return env
    latest = {symptom.id: symptom for symptom in env.symptoms}
    facts = sorted(tick.facts, key=lambda fact: (fact.at, fact.symptom.id, fact.kind))
    latest.update((fact.symptom.id, fact.symptom) for fact in facts)
    return replace(
        env,
        symptoms=tuple(sorted(latest.values(), key=lambda symptom: (symptom.onset, symptom.id))),
        incidents=tuple(
            _reopen_if_back(_refresh(incident, latest), tick) for incident in env.incidents
        ),
    )


def _refresh(incident: Incident, latest: dict[str, Symptom]) -> Incident:
    if incident.state in (IncidentState.RESOLVED, IncidentState.MERGED):
        return incident
    members = tuple(latest.get(symptom.id, symptom) for symptom in incident.symptoms)
    return incident if members == incident.symptoms else replace(incident, symptoms=members)


def _reopen_if_back(incident: Incident, tick: EnvTick) -> Incident:
    """Begin a new episode when a symptom of a watched incident is back."""
    if incident.state is not IncidentState.MITIGATED:
        return incident
    back = {fact.symptom.id for fact in tick.facts if fact.kind is FactKind.REOPENED}
    if any(symptom.id in back for symptom in incident.symptoms):
        return life.reopen(incident, tick.at)
    return incident


def forget(env: EnvState, knowledge: Knowledge) -> EnvState:
    """Drop what no later tick can need."""
    assert env.at is not None  # noqa: S101 - set by the caller
    horizon = env.at - REPEAT_WINDOW
    incidents = tuple(
        incident
        for incident in env.incidents
        if incident.state is not IncidentState.MERGED
        and (incident.state is not IncidentState.RESOLVED or incident.updated_at >= horizon)
    )
    needed = {
        symptom.id
        for incident in incidents
        if incident.state is not IncidentState.RESOLVED
        for symptom in incident.symptoms
    }
    over = {
        symptom.id: symptom
        for incident in incidents
        if not incident.is_live
        for symptom in incident.symptoms
        if symptom.kind is SymptomKind.REPORT and not symptom.is_open
    }
    flap = env.at - timedelta(seconds=knowledge.policies.detect.flap_seconds)
    symptoms = tuple(
        symptom
        for symptom in (over.get(one.id, one) for one in env.symptoms)
        if symptom.is_open or symptom.id in needed or symptom.last_seen >= flap
    )
    return replace(env, incidents=incidents, symptoms=symptoms)
