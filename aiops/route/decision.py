"""Page, ticket or record: from what users meet, where, and in which mode."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from aiops.domain.changes import Change, ChangeKind
from aiops.domain.environment import Knowledge
from aiops.domain.incidents import Decision, Incident, Reason, Severity
from aiops.domain.policies import Mode
from aiops.domain.series import Family
from aiops.domain.symptoms import Symptom, SymptomKind
from aiops.domain.visibility import stands

AFTERWARDS = timedelta(minutes=10)
"""How long after its window planned work may take to show that all is well again."""

_WOULD_PAGE = frozenset(
    {
        Reason.OBSERVE_MODE,
        Reason.BESIDE_MODE,
        Reason.ENVIRONMENT_DOES_NOT_PAGE,
        Reason.ENVIRONMENT_UNKNOWN,
    }
)
"""Why nobody is paged for what is bad enough to page."""

_ORDER = (Decision.NONE, Decision.TICKET, Decision.PAGE)


def react(
    incident: Incident, changes: Sequence[Change], at: datetime, knowledge: Knowledge
) -> Incident:
    """Return an incident with what people get for it, and since when it is one to call them for."""
    decision, reason = decide(incident, changes, at, knowledge)
    calls = decision is Decision.PAGE or reason in _WOULD_PAGE
    return replace(
        incident,
        decision=decision,
        decision_reason=reason,
        called_at=incident.called_at or (at if calls else None),
    )


def decide(
    incident: Incident, changes: Sequence[Change], at: datetime, knowledge: Knowledge
) -> tuple[Decision, Reason]:
    """Return what people get for an incident, and why.

    What planned work does to itself is one step quieter: a ticket for what would page, else a
    record. What was decided for an episode never becomes quieter: a page stays one until it ends,
    and once it has ended the decision stands.
    """
    if not incident.is_live:
        return incident.decision, incident.decision_reason
    decision, reason = _wanted(incident)
    if decision is Decision.PAGE:
        decision, reason = _allowed(reason, incident, changes, at, knowledge)
    elif decision is Decision.TICKET and _is_planned(incident, changes, at):
        decision, reason = Decision.NONE, Reason.PLANNED_WORK
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
    if _is_planned(incident, changes, at):
        return Decision.TICKET, Reason.PLANNED_WORK
    if paging.mode is Mode.OBSERVE:
        return Decision.TICKET, Reason.OBSERVE_MODE
    if paging.mode is Mode.BESIDE:
        return Decision.TICKET, Reason.BESIDE_MODE
    return Decision.PAGE, reason


def _is_planned(incident: Incident, changes: Sequence[Change], at: datetime) -> bool:
    """Return whether all that is sick is under declared maintenance, and was well after it."""
    windows = [
        change
        for change in changes
        if change.kind is ChangeKind.MAINTENANCE and change.env == incident.env
    ]
    if not windows:
        return False
    standing = [one for one in incident.symptoms if stands(one)]
    sick = [one for one in standing if one.family is not Family.KPI] or standing
    return bool(sick) and all(any(_covers(window, one, at) for window in windows) for one in sick)


def _covers(window: Change, symptom: Symptom, at: datetime) -> bool:
    if window.service not in ("", symptom.service) or window.started_at > symptom.onset:
        return False
    if window.region not in (None, symptom.region):
        return False
    over = at if symptom.is_open else symptom.ended_at or symptom.last_seen
    return window.ended_at is None or (
        symptom.onset <= window.ended_at and over <= window.ended_at + AFTERWARDS
    )
