"""Planned work: what it may do to itself without calling people, and what breaks through."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from aiops.domain.changes import Change, ChangeKind
from aiops.domain.incidents import Incident, Severity
from aiops.domain.series import Family
from aiops.domain.symptoms import Symptom
from aiops.domain.visibility import stands
from aiops.domain.windows import Window
from aiops.route.silence import labels_of

AFTERWARDS = timedelta(minutes=10)
"""How long after its window planned work may take to show that all is well again."""

BREAK_THROUGH_BURN = 14.0
"""How many times faster than allowed a budget is spent that calls people inside a window."""


def breaks_through(incident: Incident) -> bool:
    """Return whether an incident calls people whatever is planned.

    It does when it is a P1, when money is lost, or when a declared SLO's budget burns 14 times as
    fast as it may.
    """
    burns = (one.burn_rate for one in incident.levels.budgets if not one.slo.assumed)
    return (
        incident.severity is Severity.P1
        or any(one.is_money for one in incident.impacts)
        or any(rate >= BREAK_THROUGH_BURN for rate in burns)
    )


def planned_work(
    incident: Incident, changes: Sequence[Change], windows: Sequence[Window], at: datetime
) -> str:
    """Return the work whose windows all that is sick is under, and was well after; empty if none.

    KPIs follow what their services do; they count where nothing else is sick.

    Args:
        incident: as it stands.
        changes: those that are known; declared maintenance is one of them.
        windows: those of the settings.
        at: event time, aware UTC.
    """
    under_way = [
        change
        for change in changes
        if change.kind is ChangeKind.MAINTENANCE and change.env == incident.env
    ]
    if not (under_way or windows):
        return ""
    standing = [one for one in incident.symptoms if stands(one)]
    sick = [one for one in standing if one.family is not Family.KPI] or standing
    found = [
        next(_names(symptom, incident, under_way, windows=windows, at=at), "") for symptom in sick
    ]
    return ", ".join(dict.fromkeys(found)) if found and all(found) else ""


def _names(
    symptom: Symptom,
    incident: Incident,
    changes: Sequence[Change],
    *,
    windows: Sequence[Window],
    at: datetime,
) -> Iterator[str]:
    """Yield the work that a symptom is under."""
    over = at if symptom.is_open else symptom.ended_at or symptom.last_seen
    for change in changes:
        if _is_about(change, symptom) and _is_within(symptom, over, change.ended_at):
            yield f"maintenance {change.ref}".rstrip()
    for window in windows:
        span = window.span_of(symptom.onset)
        if span is not None and _is_within(symptom, over, span[1]):
            labels = labels_of(incident, symptom)
            if all(matcher.matches(labels) for matcher in window.matchers):
                yield f"{window.kind} window {window.name}"


def _is_about(change: Change, symptom: Symptom) -> bool:
    return (
        change.service in ("", symptom.service)
        and change.region in (None, symptom.region)
        and change.segment in (None, symptom.series.key.segment)
        and change.started_at <= symptom.onset
    )


def _is_within(symptom: Symptom, over: datetime, end: datetime | None) -> bool:
    return end is None or (symptom.onset <= end and over <= end + AFTERWARDS)
