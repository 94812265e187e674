"""Who noticed an incident first: we, another monitor, or its customers."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from aiops.domain.errors import InputError
from aiops.domain.incidents import Incident
from aiops.domain.symptoms import REPORTED_BY, Symptom, SymptomKind
from aiops.domain.time import clock_time
from aiops.domain.timeline import TimelineEntry, TimelineKind
from aiops.domain.visibility import stands
from aiops.incident.timeline import extend

REPORTER_LABEL = REPORTED_BY
"""An outside alert with this label saying `customer` is a ticket or a call, and no monitor's."""


class DetectionSource(StrEnum):
    """Who noticed an incident first."""

    SYSTEM = "system-detected first"
    MONITOR = "outside monitor first"
    CUSTOMER = "customer-reported first"


_SOURCES = tuple(DetectionSource)


@dataclass(frozen=True, slots=True, kw_only=True)
class Detection:
    """Who noticed an incident first, when (aware UTC), and which detector, alert or person."""

    source: DetectionSource
    at: datetime
    by: str


def first_detection(incident: Incident) -> Detection:
    """Return who noticed an episode of an incident first, as its record tells.

    A symptom we found counts from when persistence was reached, an outside alert from when it
    began to fire, a customer's report from when it was made. At the same moment we were first.
    """
    found = list(_detections(incident))
    own = Detection(source=DetectionSource.SYSTEM, at=incident.detected_at, by="")
    return min(found, key=lambda one: (one.at, _SOURCES.index(one.source), one.by), default=own)


def detection_words(incident: Incident) -> str:
    """Return who noticed first, as in "customer-reported first (support) at 09:58 UTC"."""
    first = first_detection(incident)
    by = f" ({first.by})" if first.by else ""
    return f"{first.source}{by} at {clock_time(first.at)}"


def reported(incident: Incident, who: str, at: datetime) -> Incident:
    """Return an incident that customers reported; of several reports the earliest counts.

    Args:
        incident: in any state.
        who: through whom, in words: "support, ticket 4711".
        at: when they said so, aware UTC.

    Raises:
        InputError: nobody is named.
    """
    if not who.strip():
        raise InputError("say who reported it, as in 'support, ticket 4711'")
    if incident.reported_at is not None and incident.reported_at <= at:
        return incident
    entry = TimelineEntry(
        at=at, kind=TimelineKind.PERSON, text=f"reported by {who}", source="report"
    )
    return replace(
        incident,
        revision=incident.revision + 1,
        reported_at=at,
        reported_by=who,
        timeline=extend(incident.timeline, [entry]),
    )


def _detections(incident: Incident) -> Iterator[Detection]:
    if incident.reported_at is not None:
        yield Detection(
            source=DetectionSource.CUSTOMER, at=incident.reported_at, by=incident.reported_by
        )
    for one in incident.symptoms:
        if stands(one):
            yield _of(one)


def _of(symptom: Symptom) -> Detection:
    if symptom.kind is SymptomKind.REPORT:
        who = symptom.series.key.label(REPORTED_BY) or ""
        return Detection(source=DetectionSource.CUSTOMER, at=symptom.onset, by=who)
    if symptom.kind is not SymptomKind.ALERT:
        return Detection(source=DetectionSource.SYSTEM, at=symptom.detected_at, by=symptom.detector)
    is_report = symptom.series.key.label(REPORTER_LABEL) == "customer"
    return Detection(
        source=DetectionSource.CUSTOMER if is_report else DetectionSource.MONITOR,
        at=symptom.onset,
        by=symptom.detector,
    )
