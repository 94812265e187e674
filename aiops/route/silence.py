"""Which silence covers an incident: one whose matchers hold for all of it that is still sick."""

from collections.abc import Iterable

from aiops.domain.incidents import Incident
from aiops.domain.silences import Labels, Matcher, Silence
from aiops.domain.symptoms import Symptom
from aiops.domain.visibility import stands


def silence_of(incident: Incident, silences: Iterable[Silence]) -> Silence | None:
    """Return the silence that covers an incident for the longest, None where none does.

    Args:
        incident: as it stands.
        silences: those that are in force.
    """
    covering = [one for one in silences if is_covered(incident, one.matchers)]
    return max(covering, key=lambda one: (one.ends_at, one.id), default=None)


def is_covered(incident: Incident, matchers: Iterable[Matcher]) -> bool:
    """Return whether matchers hold for every symptom of an incident that is open.

    Where none is, those that have ended count. One service outside is enough to tell people: they
    silenced what they knew of.
    """
    conditions = tuple(matchers)
    standing = [one for one in incident.symptoms if stands(one)]
    sick = [one for one in standing if one.is_open] or standing
    labels = (labels_of(incident, one) for one in sick)
    return bool(sick) and all(matcher.matches(every) for every in labels for matcher in conditions)


def labels_of(incident: Incident, symptom: Symptom) -> Labels:
    """Return what a symptom of an incident is, by label."""
    return {**_of_symptom(symptom), **_of_incident(incident)}


def _of_incident(incident: Incident) -> Labels:
    return {
        "incident": frozenset({incident.id}),
        "severity": frozenset({incident.severity.value}),
        "journey": frozenset(incident.blast.journeys),
        "owner": frozenset({incident.owner or ""}),
        "env": frozenset({incident.env}),
    }


def _of_symptom(symptom: Symptom) -> Labels:
    key = symptom.series.key
    known = {
        **dict(key.labels),
        "service": key.service,
        "metric": key.metric,
        "region": key.region or "",
        "segment": key.segment or "",
        "family": symptom.family.value,
        "kind": symptom.kind.value,
        "detector": symptom.detector,
    }
    return {name: frozenset({value}) for name, value in known.items()}
