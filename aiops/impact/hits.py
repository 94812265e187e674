"""Since when and how badly each service, region, segment, journey and KPI is hit."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime

from aiops.domain.environment import Knowledge
from aiops.domain.incidents import Impact
from aiops.domain.journeys import Journey
from aiops.domain.reach import BlastRadius, Hit, ReachKind
from aiops.domain.symptoms import Symptom
from aiops.domain.visibility import user_visible
from aiops.impact.blast import hurting, telling_places
from topology.graph import ServiceGraph

MOST = 100
"""Of each kind so many are told one by one: the worst services, the others by name."""

BySubject = Mapping[str, Sequence[Symptom]]

Order = Mapping[str, int]
"""The place of each symptom, by its id: the worst comes first."""


def hits(
    blast: BlastRadius,
    symptoms: Iterable[Symptom],
    impacts: Sequence[Impact],
    knowledge: Knowledge,
) -> tuple[Hit, ...]:
    """Return what an incident reaches, each since when, until when and by which worst symptom.

    Args:
        blast: the names, as `blast_radius` and `confine` found them.
        symptoms: members of the incident.
        impacts: what it costs.
        knowledge: topology and journeys.
    """
    harmful = hurting(symptoms)
    order = _by_mildness(harmful, knowledge)
    at = _by(harmful, lambda one: one.service)
    sick = [
        one for name in blast.sick[:MOST] for one in _hit(ReachKind.SICK, name, at[name], order)
    ]
    telling = telling_places(harmful, knowledge)
    return (
        *sick,
        *_reached(blast, sick, knowledge),
        *_places(ReachKind.REGION, blast.regions, telling, order),
        *_places(ReachKind.SEGMENT, blast.segments, telling, order),
        *_journeys(blast, at, harmful, order, knowledge),
        *_kpis(blast, harmful, impacts, order),
    )


def paths_to(
    sick: Sequence[str], reached: Iterable[str], graph: ServiceGraph, hops: int
) -> dict[str, tuple[str, ...]]:
    """Return for each reached service the calls that lead to the nearest sick one.

    Args:
        sick: worst first; of several equally near the worse counts.
        reached: services whose paths are asked for.
        graph: who calls whom.
        hops: how far to look.

    Returns:
        By reached service: from the next service to the sick one, both included.
    """
    wanted = set(reached)
    paths: dict[str, tuple[str, ...]] = dict.fromkeys(sick, ())
    ring = list(sick)
    for _ in range(hops):
        beyond: list[str] = []
        for name in ring:
            for caller in graph.callers(name):
                if caller not in paths:
                    paths[caller] = (name, *paths[name])
                    beyond.append(caller)
        ring = beyond
    return {name: path for name, path in paths.items() if path and name in wanted}


def _by_mildness(symptoms: Iterable[Symptom], knowledge: Knowledge) -> Order:
    """Order symptoms once for all that they hit: what users meet, then what is strongest."""

    def mildness(symptom: Symptom) -> tuple[bool, bool, float, str]:
        unseen = not user_visible(symptom, knowledge)
        return symptom.is_telemetry, unseen, -symptom.strength, symptom.id

    return {one.id: place for place, one in enumerate(sorted(symptoms, key=mildness))}


def _reached(blast: BlastRadius, sick: Sequence[Hit], knowledge: Knowledge) -> Iterator[Hit]:
    hops = knowledge.policies.correlate.hops
    known = {one.name: one for one in sick}
    paths = paths_to(blast.sick, blast.reached, knowledge.graph, hops)
    for name in sorted(paths, key=lambda name: (len(paths[name]), name))[:MOST]:
        source = known.get(paths[name][-1])
        if source is not None:
            yield Hit(
                kind=ReachKind.REACHED,
                name=name,
                since=source.since,
                until=source.until,
                through=paths[name],
            )


def _places(
    kind: ReachKind, names: Sequence[str], telling: Sequence[Symptom], order: Order
) -> Iterator[Hit]:
    """Yield the places that are hit; where all are, those that show it by themselves."""
    of = _by(telling, lambda one: one.region if kind is ReachKind.REGION else one.segment)
    for name in (names or sorted(of))[:MOST]:
        yield from _hit(kind, name, of[name], order)


def _journeys(
    blast: BlastRadius,
    at: BySubject,
    harmful: Sequence[Symptom],
    order: Order,
    knowledge: Knowledge,
) -> Iterator[Hit]:
    """Yield journeys by what their users meet and what they bring in, else by what is behind."""
    moved = _by(harmful, lambda one: one.series.kpi)
    for journey in knowledge.journeys:
        if journey.name not in blast.journeys:
            continue
        doors = dict.fromkeys((journey.entry, *(step.service for step in journey.steps)))
        names = _kpi_names(journey, knowledge)
        met = [one for name in doors for one in at[name] if user_visible(one, knowledge)]
        met += [one for name in names for one in moved[name]]
        behind = [name for name in dict.fromkeys((*doors, *journey.services)) if at[name]]
        felt = met or [one for name in behind for one in at[name]]
        through = tuple(sorted(name for name in behind if name not in doors))
        yield from _hit(ReachKind.JOURNEY, journey.name, felt, order, through)


def _kpis(
    blast: BlastRadius, harmful: Sequence[Symptom], impacts: Sequence[Impact], order: Order
) -> Iterator[Hit]:
    """Yield KPIs since their loss began, also those that lose without a symptom of their own."""
    of = _by(harmful, lambda one: one.series.kpi)
    for name in blast.kpis[:MOST]:
        began = [one.since for one in impacts if one.kpi == name]
        own = next(_hit(ReachKind.KPI, name, of[name], order), None)
        since = min(began, default=own.since if own else None)
        if since is not None:
            yield Hit(
                kind=ReachKind.KPI,
                name=name,
                since=since,
                until=own.until if own else _until(harmful),
                worst=own.worst if own else "",
            )


def _hit(
    kind: ReachKind,
    name: str,
    symptoms: Sequence[Symptom],
    order: Order,
    through: tuple[str, ...] = (),
) -> Iterator[Hit]:
    """Yield what symptoms tell of one thing; nothing where there are none."""
    if symptoms:
        yield Hit(
            kind=kind,
            name=name,
            since=min(one.onset for one in symptoms),
            until=_until(symptoms),
            worst=min((one.id for one in symptoms), key=order.__getitem__),
            through=through,
        )


def _until(symptoms: Sequence[Symptom]) -> datetime | None:
    """Return when the last of some symptoms had ended, None while one goes on."""
    if any(one.is_open for one in symptoms):
        return None
    return max(one.ended_at or one.last_seen for one in symptoms)


def _kpi_names(journey: Journey, knowledge: Knowledge) -> list[str]:
    measuring = {one.name for one in knowledge.kpis if one.journey == journey.name}
    return sorted(measuring | set(journey.kpis))


def _by(symptoms: Iterable[Symptom], subject: Callable[[Symptom], str | None]) -> BySubject:
    found: defaultdict[str, list[Symptom]] = defaultdict(list)
    for one in symptoms:
        name = subject(one)
        if name is not None:
            found[name].append(one)
    return found
