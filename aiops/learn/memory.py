"""Ended incident → what is kept of it for the next one like it."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from aiops.domain.changes import Change, ChangeKind
from aiops.domain.incidents import Incident
from aiops.domain.outcomes import Outcome, PastIncident

BEFORE_QUIET = timedelta(minutes=30)
"""A change that ended an incident lies at most this long before the quiet."""


def infer_outcome(incident: Incident, changes: Sequence[Change], at: datetime) -> Outcome:
    """Return what the record says ended an incident, until a person judges it.

    A change that takes back the blamed one, or any rollback on the blamed service, shortly before
    the symptoms ended is taken as the fix; otherwise it went by itself.

    Args:
        incident: an ended incident.
        changes: changes from before its start until now.
        at: when this is judged, aware UTC.
    """
    fix = _fix(incident, changes)
    if fix is None:
        return Outcome(incident_id=incident.id, at=at)
    text = f"{fix.kind.value} {fix.ref} of {fix.service}".strip()
    return Outcome(incident_id=incident.id, at=at, fixed_by=text, action=_action(fix))


def remember(incident: Incident, outcome: Outcome, signature: tuple[str, ...]) -> PastIncident:
    """Return what memory keeps of an ended incident.

    Args:
        incident: its last revision.
        outcome: what ended it.
        signature: what it looked like, from `aiops.correlate.signature`.
    """
    return PastIncident(
        incident_id=incident.id,
        ended_at=incident.resolved_at or incident.mitigated_at or incident.updated_at,
        signature=signature,
        cause_service=incident.causes[0].service if incident.causes else "",
        fixed_by=outcome.fixed_by,
        action=outcome.action,
        assignee=incident.assignee,
    )


def _fix(incident: Incident, changes: Sequence[Change]) -> Change | None:
    quiet = incident.quiet_since or incident.mitigated_at
    if quiet is None or not incident.causes:
        return None
    cause = incident.causes[0]
    earliest = max(quiet - BEFORE_QUIET, incident.started_at)
    fixes = [
        change
        for change in (*changes, *([incident.rolled_back] if incident.rolled_back else []))
        if earliest <= change.started_at <= quiet and cause.is_taken_back_by(change)
    ]
    return max(fixes, key=lambda change: (change.started_at, change.id), default=None)


def _action(change: Change) -> str:
    return {
        ChangeKind.DEPLOY: "roll_back",
        ChangeKind.MIGRATION: "roll_back",
        ChangeKind.FLAG: "flag_off",
        ChangeKind.CONFIG: "revert_config",
        ChangeKind.SCALING: "scale",
        ChangeKind.MAINTENANCE: "",
    }[change.kind]
