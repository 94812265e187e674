"""An incident as other programs read it: the objects of `incidents.json` (DESIGN §8)."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from aiops.domain.affected import Affected
from aiops.domain.changes import Change
from aiops.domain.incidents import Cause, Impact, Incident
from aiops.domain.slos import BudgetUse, Measure, Tally
from aiops.domain.symptoms import Symptom
from aiops.incident.aftermath import aftermath
from aiops.incident.clues import export as clues_export
from aiops.incident.detection import first_detection
from aiops.incident.reach import Reached, reach


def export(incident: Incident) -> dict[str, Any]:
    """Return one episode as a JSON-ready object; times are ISO 8601, UTC."""
    return {
        "id": incident.dedup_key if incident.episode > 1 else incident.id,
        "title": incident.title,
        "severity": incident.severity.value,
        "owner": incident.owner,
        "on_call": incident.on_call,
        "decision": incident.decision.value,
        "decision_reason": incident.decision_reason.value,
        "decision_note": incident.decision_note,
        "started_at": incident.started_at.isoformat(),
        "detected_at": incident.detected_at.isoformat(),
        "detected_by": _detection(incident),
        "paged_at": _time(incident.paged_at),
        "acknowledged_at": _time(incident.acknowledged_at),
        "rolled_back": _rollback(incident),
        "resolved_at": _time(incident.quiet_since if incident.mitigated_at else None),
        "services": list(incident.blast.sick),
        "regions": list(incident.blast.regions),
        "segments": list(incident.blast.segments),
        "kpis": list(incident.blast.kpis),
        "causes": [_cause(cause) for cause in incident.causes],
        "impact": [_impact(impact) for impact in incident.impacts],
        "cost": {"basis": incident.cost.basis.value, "reason": incident.cost.reason},
        "affected_requests": [_affected(one) for one in incident.affected],
        "service_levels": [_budget(one) for one in incident.levels.budgets],
        "journey_measures": [_measure(one) for one in incident.levels.measures],
        "reach": [_reached(one) for one in reach(incident)],
        "symptoms": [_symptom(symptom) for symptom in incident.symptoms],
        "clues": clues_export(incident.clues),
        "narrative": incident.story,
        "repeat_of": incident.id if incident.episode > 1 else incident.repeat_of,
        "times": 1 + len(incident.earlier),
        "earlier": [at.isoformat() for at in incident.earlier],
    }


def export_all(incidents: Iterable[Incident]) -> list[dict[str, Any]]:
    """Return every episode, in order of detection.

    One that was merged is told by the one it went into, unless it had called people by itself.
    """
    own = [one for one in incidents if one.merged_into is None or one.paged_at is not None]
    ordered = sorted(own, key=lambda one: (one.detected_at, one.id, one.episode))
    return [export(incident) for incident in ordered]


def _time(at: datetime | None) -> str | None:
    return None if at is None else at.isoformat()


def _detection(incident: Incident) -> dict[str, Any]:
    first = first_detection(incident)
    return {"source": first.source.value, "at": first.at.isoformat(), "by": first.by or None}


def _rollback(incident: Incident) -> dict[str, Any] | None:
    back, after = incident.rolled_back, aftermath(incident).rolled_back_after
    if back is None or after is None:
        return None
    return {**_change(back), "seconds": after.total_seconds()}


def _affected(affected: Affected) -> dict[str, Any]:
    return {
        "journey": affected.journey or None,
        "service": affected.service,
        "requests": round(affected.requests),
        "low": round(affected.low),
        "high": round(affected.high),
        "per_minute": round(affected.per_minute, 2),
        "share": round(affected.share, 4),
        "since": affected.since.isoformat(),
        "until": affected.until.isoformat(),
        "assumption": affected.assumption,
    }


def _budget(use: BudgetUse) -> dict[str, Any]:
    return {
        "journey": use.journey,
        "sli": use.slo.sli.value,
        "objective": use.slo.objective,
        "window_days": use.slo.window_days,
        "budgeting": use.slo.budgeting.value,
        "assumed": use.slo.assumed,
        "budget_share": round(use.share, 6),
        "burn_rate": round(use.burn_rate, 2),
        "bad_events": round(use.tally.bad, 1),
        "window_events": round(use.window_total),
        "known_days": round(use.known_days, 2),
        **_tally(use.tally),
        "basis": use.basis,
    }


def _measure(measure: Measure) -> dict[str, Any]:
    return {
        "journey": measure.journey,
        "service": measure.service,
        "operation": measure.operation or None,
        "is_step": measure.is_step,
        **_tally(measure.tally),
    }


def _tally(tally: Tally) -> dict[str, Any]:
    return {
        "observed": round(tally.good_share, 6),
        "expected": round(tally.expected, 6),
        "since": tally.since.isoformat(),
        "until": tally.until.isoformat(),
    }


def _change(change: Change) -> dict[str, Any]:
    at = change.started_at.isoformat()
    return {"kind": change.kind.value, "ref": change.ref, "timestamp": at}


def _cause(cause: Cause) -> dict[str, Any]:
    return {
        "service": cause.service,
        "change": None if cause.change is None else _change(cause.change),
        "confidence": round(cause.confidence, 4),
        "evidence": [clause.text for clause in cause.evidence],
    }


def _impact(impact: Impact) -> dict[str, Any]:
    cohort = {"region": impact.region, "segment": impact.segment, **dict(impact.labels)}
    return {
        "kpi": impact.kpi,
        "unit": impact.unit,
        "per_minute": round(impact.per_minute, 4),
        "total": round(impact.total, 2),
        "relative": round(impact.relative, 4),
        "cohort": {name: value for name, value in cohort.items() if value is not None},
        "since": impact.since.isoformat(),
        "low": round(impact.low, 2),
        "high": round(impact.high, 2),
        **({"data_loss": True} if impact.is_data_loss else {}),
        **({"assumption": impact.assumption} if impact.assumption else {}),
        **({"shared_with": list(impact.shared_with)} if impact.shared_with else {}),
    }


def _reached(one: Reached) -> dict[str, Any]:
    hit = one.hit
    return {
        "kind": hit.kind.value,
        "name": hit.name,
        "since": hit.since.isoformat(),
        "until": _time(hit.until),
        "how_bad": one.how_bad,
        "symptom_id": hit.worst or None,
        "through": list(hit.through),
    }


def _symptom(symptom: Symptom) -> dict[str, Any]:
    key = symptom.series.key
    labels = {"env": key.env, "region": key.region, "segment": key.segment, **dict(key.labels)}
    return {
        "kind": symptom.kind.value,
        "service": key.service,
        "metric": key.metric,
        "labels": {name: value for name, value in labels.items() if value},
        "since": symptom.onset.isoformat(),
        "until": _time(symptom.ended_at),
        "observed": symptom.observed,
        "expected": symptom.expected,
    }
