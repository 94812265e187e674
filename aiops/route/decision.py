"""Page, ticket or record: from what users meet, where, and in which mode."""

from collections.abc import Sequence
from datetime import datetime

from aiops.domain.changes import Change, ChangeKind
from aiops.domain.environment import Knowledge
from aiops.domain.incidents import Decision, Incident, Reason, Severity
from aiops.domain.policies import Mode
from aiops.domain.symptoms import SymptomKind

_ORDER = (Decision.NONE, Decision.TICKET, Decision.PAGE)


def decide(
    incident: Incident, changes: Sequence[Change], at: datetime, knowledge: Knowledge
) -> tuple[Decision, Reason]:
    """Return what people get for an incident, and why.

    What was decided for an episode never becomes quieter: a page stays a page until it ends.
    """
    decision, reason = _wanted(incident)
    if decision is Decision.PAGE:
        decision, reason = _allowed(reason, incident, changes, at, knowledge)
    if _ORDER.index(decision) < _ORDER.index(incident.decision):
        return incident.decision, incident.decision_reason
    return decision, reason


def _wanted(incident: Incident) -> tuple[Decision, Reason]:
    if incident.severity is Severity.P4:
        return Decision.NONE, Reason.MINOR
    if all(symptom.young for symptom in incident.symptoms):
        return Decision.TICKET, Reason.YOUNG_SERIES
    if incident.severity in (Severity.P1, Severity.P2):
        return Decision.PAGE, _loudest(incident)
    return Decision.TICKET, Reason.NOT_USER_VISIBLE


def _loudest(incident: Incident) -> Reason:
    kinds = {symptom.kind for symptom in incident.symptoms}
    if any(impact.is_money for impact in incident.impacts):
        return Reason.MONEY_LOST
    if SymptomKind.SLO_BURN in kinds:
        return Reason.SLO_BURNING
    if kinds == {SymptomKind.TELEMETRY_GAP}:
        return Reason.TELEMETRY_LOST
    return Reason.JOURNEY_HIT


def _allowed(
    reason: Reason,
    incident: Incident,
    changes: Sequence[Change],
    at: datetime,
    knowledge: Knowledge,
) -> tuple[Decision, Reason]:
    paging = knowledge.policies.paging
    if incident.env not in paging.known_environments:
        return Decision.NONE, Reason.ENVIRONMENT_UNKNOWN
    if incident.env not in paging.paging_environments:
        return Decision.TICKET, Reason.ENVIRONMENT_DOES_NOT_PAGE
    if _planned(incident, changes, at):
        return Decision.TICKET, Reason.PLANNED_WORK
    if paging.mode is Mode.OBSERVE:
        return Decision.TICKET, Reason.OBSERVE_MODE
    return Decision.PAGE, reason


def _planned(incident: Incident, changes: Sequence[Change], at: datetime) -> bool:
    """Return whether every sick service is under declared maintenance that covers the onset."""
    covered = {
        change.service
        for change in changes
        if change.kind is ChangeKind.MAINTENANCE
        and change.env == incident.env
        and change.started_at <= incident.started_at
        and (change.ended_at is None or at <= change.ended_at)
        and (change.region is None or incident.blast.regions == (change.region,))
    }
    return "" in covered or (bool(incident.blast.sick) and set(incident.blast.sick) <= covered)
