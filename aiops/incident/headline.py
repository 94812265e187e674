"""Which symptom an incident is told by, and on which journey users meet it."""

from collections.abc import Sequence
from typing import Any

from aiops.domain.environment import Knowledge
from aiops.domain.journeys import Journey
from aiops.domain.reach import BlastRadius
from aiops.domain.series import Family
from aiops.domain.symptoms import TELEMETRY_KINDS, Symptom, SymptomKind
from aiops.domain.visibility import is_harmful, is_load, is_met, stands
from aiops.incident.wording import operation_of

_MET = {Family.ERRORS: 0, Family.AVAILABILITY: 0, Family.LATENCY: 3}
_SLO_BURN, _KPI = SymptomKind.SLO_BURN, Family.KPI
_BURNING, _MOVED, _REPORTED, _INFRASTRUCTURE, _SILENT, _LOAD = 2, 5, 6, 7, 8, 9

_BY_KIND = {
    **dict.fromkeys(TELEMETRY_KINDS, _SILENT),
    _SLO_BURN: _BURNING,
    SymptomKind.REPORT: _REPORTED,
}


def headline(symptoms: Sequence[Symptom], blast: BlastRadius, knowledge: Knowledge) -> Symptom:
    """Return the symptom an incident is told by: what users meet first and worst.

    Errors at the entry of a journey, then at its steps, a burning SLO, latency, a KPI, then
    whatever is strongest; a silent source of telemetry before what is only said to be down. Among
    equals the one with the incident's own scope, then the strongest.

    Raises:
        ValueError: there are no symptoms.
    """
    if not symptoms:
        raise ValueError("an incident is told by its symptoms; got none")

    def order(one: Symptom) -> tuple[bool, bool, float]:
        return (
            not _in_scope(one.region, blast.regions),
            not _in_scope(one.segment, blast.segments),
            -one.strength,
        )

    standing = _telling([one for one in symptoms if stands(one)] or symptoms)
    classes = [_class(one, knowledge) for one in standing]
    first_class = _least(standing, classes)
    equals = _least(first_class, [order(one) for one in first_class])
    return min(equals, key=lambda one: (operation_of(one) is None, one.id))


def journey_of(symptom: Symptom, blast: BlastRadius, knowledge: Knowledge) -> Journey | None:
    """Return the one journey a symptom speaks of, or None where it may be several.

    A shared entry is settled by the operation, then by the KPIs that moved.
    """
    service, operation = symptom.service, operation_of(symptom)
    passing = [
        journey
        for journey in knowledge.journeys
        if service == journey.entry or any(step.service == service for step in journey.steps)
    ]
    by_operation = [
        journey
        for journey in passing
        if operation and any(step.operation == operation for step in journey.steps)
    ]
    by_kpi = [journey for journey in passing if not set(journey.kpis).isdisjoint(blast.kpis)]
    for found in (passing, by_operation, by_kpi):
        if len(found) == 1:
            return found[0]
    return None


def _telling(symptoms: Sequence[Symptom]) -> Sequence[Symptom]:
    """Return the silent sources alone, where nothing else says more than that nobody answers."""
    dark = [one for one in symptoms if one.is_source_gap]
    is_all = dark and all(one.is_telemetry or one.says_down for one in symptoms)
    return dark if is_all else symptoms


def _in_scope(value: str | None, named: Sequence[str]) -> bool:
    return value in named if named else value is None


def _least(symptoms: Sequence[Symptom], places: Sequence[Any]) -> list[Symptom]:
    """Return the symptoms whose place, in the same order, is the least there is."""
    least = min(places)
    return [one for one, place in zip(symptoms, places, strict=True) if place == least]


def _class(symptom: Symptom, knowledge: Knowledge) -> int:
    """Return which sort of symptom comes first in telling: 0 is what users meet at the door."""
    series = symptom.series
    if symptom.kind in _BY_KIND:
        return _BY_KIND[symptom.kind]
    if is_load(symptom) or not is_harmful(symptom):
        return _LOAD
    if series.kpi is not None or series.family is _KPI:
        return _MOVED
    if series.family in _MET and is_met(series.key.service, knowledge):
        return _MET[series.family] + (series.key.service not in knowledge.entries)
    return _INFRASTRUCTURE
