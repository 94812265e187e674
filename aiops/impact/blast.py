"""Blast radius: the services, regions, segments, journeys and KPIs a problem reaches."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence, Set
from dataclasses import replace

from aiops.domain.environment import Knowledge
from aiops.domain.incidents import Candidate, Impact
from aiops.domain.journeys import Journey
from aiops.domain.reach import BlastRadius
from aiops.domain.series import Family
from aiops.domain.symptoms import Symptom
from aiops.domain.visibility import is_harmful, is_load, stands, user_visible

_SCOPED = frozenset({Family.ERRORS, Family.LATENCY, Family.AVAILABILITY, Family.KPI})
"""Families whose dimensions tell who is hit; saturation of a host tells only where it stands."""

_KPI = Family.KPI  # Python 3.11 looks a member up slowly, and every symptom is asked


def blast_radius(candidate: Candidate, knowledge: Knowledge) -> BlastRadius:
    """Return whom and what a candidate reaches.

    A region is hit when a symptom users meet names it (without such a symptom: any error, latency
    or KPI symptom). A series without a region speaks of none, so it widens the reach to all only
    when no other symptom of its kind names a region; the same holds for segments.

    Args:
        candidate: correlated symptoms; withdrawn ones count for nothing.
        knowledge: topology, journeys, and how far trouble travels (`policies.correlate.hops`).
    """
    harmful = hurting(candidate.symptoms)
    sick = _by_strength(harmful)
    kpis = {one.series.kpi for one in harmful if one.series.kpi is not None}
    scoped = telling_places(harmful, knowledge)
    return BlastRadius(
        sick=sick,
        reached=_reached(sick, knowledge),
        regions=_named(scoped, lambda one: one.region, knowledge.graph.regions),
        segments=_named(scoped, lambda one: one.segment, knowledge.graph.segments),
        journeys=tuple(
            sorted(
                journey.name
                for journey in knowledge.journeys
                if _passes(journey, sick) or kpis & _kpis_of(journey, knowledge)
            )
        ),
        kpis=tuple(sorted(kpis)),
    )


def hurting(symptoms: Iterable[Symptom]) -> tuple[Symptom, ...]:
    """Return the symptoms that stand and hurt; where none does, all that stand."""
    standing = [one for one in symptoms if stands(one)]
    return tuple([one for one in standing if is_harmful(one) and not is_load(one)] or standing)


def telling_places(harmful: Sequence[Symptom], knowledge: Knowledge) -> tuple[Symptom, ...]:
    """Return the symptoms whose region and segment tell who is hit."""
    visible = tuple(one for one in harmful if user_visible(one, knowledge))
    return visible or tuple(one for one in harmful if one.family in _SCOPED)


def confine(
    blast: BlastRadius, symptoms: Iterable[Symptom], impacts: Sequence[Impact]
) -> BlastRadius:
    """Return a reach corrected by what was lost: a cohort whose symptom came first is not alone.

    A KPI measured by segment leaves its band in one segment before the other. Its loss, which is
    summed over all, says whether it is confined to segments.

    Args:
        blast: as its symptoms tell.
        symptoms: members of the incident.
        impacts: what it costs.
    """
    lost = {one.kpi for one in impacts if not one.assumption}
    blast = replace(blast, kpis=tuple(sorted({*blast.kpis, *lost})))
    spoken = {one.series.kpi for one in symptoms if one.segment and stands(one)}
    told = [one.segment for one in impacts if one.kpi in spoken and not one.assumption]
    if not told:
        return blast
    segments = {segment for segment in told if segment is not None}
    return replace(blast, segments=() if None in told else tuple(sorted(segments)))


def _by_strength(symptoms: Sequence[Symptom]) -> tuple[str, ...]:
    """Return the services with technical symptoms, or with any where all of them are KPIs."""
    technical = [one for one in symptoms if one.series.family is not _KPI] or symptoms
    strongest: defaultdict[str, float] = defaultdict(float)
    for symptom in technical:
        service = symptom.series.key.service
        strongest[service] = max(symptom.strength, strongest[service])
    strongest.pop("", None)
    return tuple(sorted(strongest, key=lambda name: (-strongest[name], name)))


def _reached(sick: Sequence[str], knowledge: Knowledge) -> tuple[str, ...]:
    hops = knowledge.policies.correlate.hops
    reached: set[str] = set()
    for service in sick:
        reached.update(knowledge.graph.reach(service, hops, "callers"))
    return tuple(sorted(reached - set(sick)))


def _named(
    symptoms: Iterable[Symptom],
    dimension: Callable[[Symptom], str | None],
    everywhere: Set[str],
) -> tuple[str, ...]:
    """Return the values of a dimension that are hit; empty means all or unknown."""
    named = {value for one in symptoms if (value := dimension(one)) is not None}
    return () if everywhere and everywhere <= named else tuple(sorted(named))


def _passes(journey: Journey, sick: Sequence[str]) -> bool:
    steps = {step.service for step in journey.steps}
    return not {journey.entry, *steps, *journey.services}.isdisjoint(sick)


def _kpis_of(journey: Journey, knowledge: Knowledge) -> set[str]:
    measuring = {kpi.name for kpi in knowledge.kpis if kpi.journey == journey.name}
    return measuring | set(journey.kpis)
