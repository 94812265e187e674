"""Which incidents a KPI's loss belongs to, so that no loss is counted twice."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from aiops.domain.environment import Knowledge
from aiops.domain.incidents import Incident
from aiops.domain.symptoms import Symptom
from aiops.domain.visibility import is_felt, is_harmful, stands

Met = Mapping[str, tuple[Symptom, ...]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """A KPI that an incident may have cost.

    Args:
        incident_id: which incident.
        kpi: name of the KPI.
        proven: whether a series of the KPI is itself among the incident's symptoms; else only
            what users of its journey meet is.
        regions: where the incident hits; empty means all or unknown.
    """

    incident_id: str
    kpi: str
    proven: bool
    regions: tuple[str, ...] = ()


def moved(symptom: Symptom) -> bool:
    """Return whether it says that a KPI left its band in the way that hurts."""
    return (
        symptom.series.kpi is not None
        and not symptom.is_telemetry
        and stands(symptom)
        and is_harmful(symptom)
    )


def met_kpis(symptoms: Iterable[Symptom], knowledge: Knowledge) -> Met:
    """Return the KPIs of journeys whose users meet a problem, each with what they meet.

    They meet errors, slowness or absence at the journey's entry or at one of its steps.
    """
    felt: defaultdict[str, list[Symptom]] = defaultdict(list)
    for symptom in symptoms:
        series = symptom.series
        if series.key.service in knowledge.doors and series.kpi is None and is_felt(symptom):
            felt[series.key.service].append(symptom)
    met: dict[str, tuple[Symptom, ...]] = {}
    for journey in knowledge.journeys if felt else ():
        found = tuple(one for service in journey.doors for one in felt.get(service, ()))
        names = {one.name for one in knowledge.kpis if one.journey == journey.name}
        for name in sorted(names | set(journey.kpis)) if found else ():
            met[name] = (*met.get(name, ()), *found)
    return met


def claims(incidents: Iterable[Incident], knowledge: Knowledge) -> tuple[Claim, ...]:
    """Return what live incidents may have cost."""
    found: list[Claim] = []
    for incident in incidents:
        if not incident.is_live:
            continue
        proven = {one.series.kpi for one in incident.symptoms if moved(one)}
        names = {*(name for name in proven if name), *met_kpis(incident.symptoms, knowledge)}
        found += [
            Claim(
                incident_id=incident.id,
                kpi=name,
                proven=name in proven,
                regions=incident.blast.regions,
            )
            for name in sorted(names)
        ]
    return tuple(found)


def sharers(
    kpi: str, regions: Sequence[str], others: Iterable[Claim], *, proven: bool
) -> tuple[str, ...] | None:
    """Return the ids of the incidents a loss is shared with; None where it is all theirs.

    A KPI's own symptom proves a claim, and a proven claim comes before one that is not; equals
    share where they hit the same region.
    """
    rivals = [
        one
        for one in others
        if one.kpi == kpi
        and (not regions or not one.regions or not set(regions).isdisjoint(one.regions))
    ]
    if not proven and any(one.proven for one in rivals):
        return None
    return tuple(one.incident_id for one in rivals if one.proven is proven)
