"""The title of an incident: whom it hits, what happens, and after or because of what."""

from collections.abc import Sequence

from aiops.domain.changes import ChangeKind
from aiops.domain.environment import Knowledge
from aiops.domain.incidents import Cause, Impact
from aiops.domain.reach import BlastRadius
from aiops.domain.series import Direction, Family
from aiops.domain.symptoms import Symptom, SymptomKind
from aiops.domain.visibility import is_load
from aiops.incident.headline import headline, journey_of
from aiops.incident.wording import (
    CHANGE_WORDS,
    capital,
    display,
    left_words,
    listed,
    metric_title,
    moved_words,
    report_words,
    scope_words,
    telemetry_words,
)

LONGEST = 120
"""Characters a title may have, so that every sink can show it whole."""

_HAPPENS = {
    Family.ERRORS: "failures",
    Family.AVAILABILITY: "unavailable",
    Family.LATENCY: "slow",
}


def title(
    symptoms: Sequence[Symptom],
    blast: BlastRadius,
    causes: Sequence[Cause],
    impacts: Sequence[Impact],
    knowledge: Knowledge,
    *,
    told: Symptom | None = None,
) -> str:
    """Return the title, as in "EU checkout failures after payment-service deploy".

    The scope stands first only when the problem is confined to a few regions or segments.
    At most 120 characters.

    Args:
        symptoms: members of one incident, at least one.
        blast: whom it reaches.
        causes: best first; empty when unknown.
        impacts: what it costs, worst first.
        knowledge: journeys and topology, for names.
        told: the symptom it is told by, where that is known already.
    """
    told = told or headline(symptoms, blast, knowledge)
    happens = _happens(told, symptoms, blast, impacts, knowledge)
    return _fitting(happens + _because(told, causes, knowledge))


def _happens(
    told: Symptom,
    symptoms: Sequence[Symptom],
    blast: BlastRadius,
    impacts: Sequence[Impact],
    knowledge: Knowledge,
) -> str:
    if told.kind is SymptomKind.TELEMETRY_GAP:
        return f"{_missing(told)} telemetry from {listed(_silent(symptoms, knowledge), limit=2)}"
    if told.is_telemetry:
        return capital(f"{telemetry_words(told)} of {display(told.service, knowledge)}")
    if told.kind is SymptomKind.RELATION:
        return f"{display(told.service, knowledge)} {_what(told)}"
    if told.kind is SymptomKind.REPORT:
        return f"{display(told.service, knowledge)}: {report_words(told)}"
    if told.series.kpi is not None or told.family is Family.KPI:
        return _moved(told, symptoms, blast, impacts)
    journey = journey_of(told, blast, knowledge)
    subject = journey.name if journey else display(told.service, knowledge)
    scope = scope_words(blast.regions, blast.segments)
    text = f"{scope} {subject}" if scope else capital(subject) if journey else subject
    return f"{text} {_what(told)}"


def _what(told: Symptom) -> str:
    if told.kind is SymptomKind.RELATION:
        return f"{metric_title(told)} at odds with its other metrics"
    if told.kind is SymptomKind.SLO_BURN:
        return "is burning its error budget"
    if told.kind is SymptomKind.ALERT:
        return f"alert {told.series.key.metric}"
    if told.kind is SymptomKind.PROCESS_EXCEPTION:
        return metric_title(told)
    if told.family in _HAPPENS:
        return _HAPPENS[told.family]
    return f"{metric_title(told)} {'low' if told.direction is Direction.DOWN else 'high'}"


def _moved(
    told: Symptom, symptoms: Sequence[Symptom], blast: BlastRadius, impacts: Sequence[Impact]
) -> str:
    impact = next((one for one in impacts if one.kpi == told.series.kpi), None)
    way = "down" if told.direction is Direction.DOWN else "up"
    scope = scope_words(blast.regions, blast.segments)
    plain = f"{metric_title(told)}{f' in {scope}' if scope else ''} {way}"
    text = capital(moved_words(impact) if impact else plain)
    only = all(one.family is Family.KPI or is_load(one) for one in symptoms)
    return f"{text} while everything technical is healthy" if only else text


def _missing(told: Symptom) -> str:
    left = left_words(told)
    return f"Only {left.removesuffix(' of it')} of the" if left else "No"


def _silent(symptoms: Sequence[Symptom], knowledge: Knowledge) -> list[str]:
    gaps = [one for one in symptoms if one.kind is SymptomKind.TELEMETRY_GAP]
    return sorted({display(one.service, knowledge) for one in gaps})


def _because(told: Symptom, causes: Sequence[Cause], knowledge: Knowledge) -> str:
    if not causes:
        return ""
    first = causes[0]
    if first.change is None:
        own = first.service == told.service
        return "" if own else f" caused by {display(first.service, knowledge)}"
    what = CHANGE_WORDS[first.change.kind]
    if first.change.kind is ChangeKind.MAINTENANCE:
        return f" during {what} {first.change.ref}".rstrip()
    service = first.change.service
    if service and service != told.service:
        return f" after {display(service, knowledge)} {what}"
    return f" after {what} {first.change.ref}".rstrip()


def _fitting(text: str) -> str:
    if len(text) <= LONGEST:
        return text
    return text[: LONGEST - 1].rsplit(" ", 1)[0].rstrip(",") + "…"
