"""What users meet: the question that parts a page from a ticket, a reach from a rumour."""

from aiops.domain.environment import Knowledge
from aiops.domain.series import Direction, Family
from aiops.domain.symptoms import TELEMETRY_KINDS, Symptom, SymptomKind, SymptomState
from topology.attributes import ServiceKind

_FELT = frozenset({Family.ERRORS, Family.LATENCY, Family.AVAILABILITY})
"""Families a user feels when the service in question answers them."""

# Python 3.11 looks a member up through a descriptor, and these are asked of every symptom of an
# incident at every tick.
_UP, _BOTH = Direction.UP, Direction.BOTH
_TRAFFIC, _KPI = Family.TRAFFIC, Family.KPI
_WITHDRAWN = SymptomState.WITHDRAWN
_SAID = (SymptomKind.SLO_BURN, SymptomKind.REPORT)
"""Kinds that say by themselves that users, or the business, meet it."""

_INDIRECT = TELEMETRY_KINDS | {SymptomKind.RELATION}
"""Kinds that nobody meets, whatever metric they are about."""


def is_harmful(symptom: Symptom) -> bool:
    """Return whether it left its band in the way that hurts; the other way is at most load."""
    bad, way = symptom.series.bad_direction, symptom.direction
    return way is bad or bad is _BOTH or way is _BOTH


def is_load(symptom: Symptom) -> bool:
    """Return whether it says no more than that there is more to do."""
    return symptom.family is _TRAFFIC and symptom.direction is _UP


def stands(symptom: Symptom) -> bool:
    """Return whether it counts as evidence, open or ended; a withdrawn one never was there."""
    return symptom.state is not _WITHDRAWN


def is_met(service: str, knowledge: Knowledge) -> bool:
    """Return whether users meet a service: it is the entry or a step of a journey.

    Where no journey is declared, whether it stands at the edge of the topology.
    """
    if not knowledge.journeys:
        return knowledge.graph.service(service).kind is ServiceKind.EDGE
    return service in knowledge.doors


def serves_journey(service: str, knowledge: Knowledge) -> bool:
    """Return whether a journey passes a service, met by its users or behind what they meet."""
    return service in knowledge.passed


def is_felt(symptom: Symptom) -> bool:
    """Return whether whoever waits for its service feels it: errors, slowness, absence."""
    return (
        symptom.kind not in _INDIRECT
        and stands(symptom)
        and is_harmful(symptom)
        and symptom.family in _FELT
    )


def user_visible(symptom: Symptom, knowledge: Knowledge) -> bool:
    """Return whether users, or the business, meet this symptom.

    True for a KPI, for an SLO that burns, for what a person reports, and for errors, latency or
    availability of a service at the entry or at a step of a journey, each in its bad direction.
    Silence and other faults of the telemetry are not what users meet, nor is a relation that is
    broken.
    """
    kind, series = symptom.kind, symptom.series
    if kind in _INDIRECT or not stands(symptom):
        return False
    if kind in _SAID:
        return True
    if not is_harmful(symptom):
        return False
    if series.kpi is not None or series.family is _KPI:
        return True
    return series.family in _FELT and is_met(series.key.service, knowledge)
