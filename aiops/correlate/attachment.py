"""What is joined last, to one problem at most: business numbers, and services nobody declared.

A KPI of all regions would bridge every fault of the minute, and so would a service of which only
the time is known. They join the one problem that fits best and never join two problems.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import combinations

from aiops.correlate.bundles import Bundle, Nature
from aiops.correlate.calls import Calls
from aiops.correlate.links import Links
from aiops.correlate.relations import (
    CLOSE_SECONDS,
    SAME_ROOT_SECONDS,
    apart,
    concurrent,
    costs,
    share_cohort,
    share_region,
)
from aiops.domain.environment import Knowledge
from aiops.domain.incidents import Clause
from aiops.domain.journeys import Journey
from aiops.domain.series import Series

CLEARLY = 2
"""A problem in at least so many times the places of any other is the one that spreads."""


def journey_of(series: Series, knowledge: Knowledge) -> Journey | None:
    """Return the journey a KPI series measures, if one is declared for it."""
    journey = next(
        (
            kpi.journey
            for kpi in knowledge.kpis
            if kpi.name == series.kpi
            or (kpi.metric == series.key.metric and kpi.service in (None, series.key.service))
        ),
        None,
    )
    for one in knowledge.journeys:
        if one.name == journey or (series.kpi is not None and series.kpi in one.kpis):
            return one
    return None


def territory(series: Series, knowledge: Knowledge, calls: Calls) -> dict[str, int]:
    """Return the services on which a KPI depends, with their distance from its journey.

    Services of the journey have 0, what they depend on has 1 and more. Without a journey: the
    service that reports the KPI, those that call it, and what it depends on.
    """
    home = _home(series, knowledge)
    if journey_of(series, knowledge) is None:
        home = home.union(calls.callers(series.key.service))
    hops = knowledge.policies.correlate.hops
    near: dict[str, int] = {}
    for service in sorted(home):
        for found, distance in calls.below(service, hops).items():
            near[found] = min(distance, near.get(found, distance))
    return near


def attach_kpis(
    bundles: Sequence[Bundle], links: Links, calls: Calls, knowledge: Knowledge
) -> None:
    """Join each KPI to the one problem of its journey that fits best; the rest to each other.

    Those of one region or segment choose first: what falls in EU belongs to the EU's problem.
    """
    kpis = [place for place, one in enumerate(bundles) if one.nature is Nature.KPI]
    kpis.sort(key=lambda place: (bundles[place].region is None, bundles[place].segment is None))
    technical = [place for place, one in enumerate(bundles) if one.nature is Nature.TROUBLE]
    problems = {links.find(place) for place in technical}
    for place in kpis:
        if links.find(place) in problems:
            continue
        best = _best_fit(place, technical, bundles, calls, knowledge)
        if best is not None:
            text = f"{_title(bundles[place])} depends on {bundles[best].service}"
            links.join(place, best, Clause(text=text, source=bundles[place].id))
            problems.add(links.find(place))
    lone = [place for place in kpis if links.find(place) not in problems]
    _join_lone_kpis(lone, bundles, links, knowledge)


def attach_strangers(bundles: Sequence[Bundle], links: Links, calls: Calls) -> None:
    """Join a service missing from the topology to the problem of its moment, if that is clear.

    It is where only one began around it, or where one began in far more places than any other:
    what spreads wide reaches services nobody declared, too.
    """
    if calls.is_blind:
        return
    trouble = [place for place, one in enumerate(bundles) if one.nature is Nature.TROUBLE]
    strangers = [place for place in trouble if bundles[place].service not in calls]
    roots = {place: links.find(place) for place in trouble if bundles[place].service in calls}
    clear: dict[tuple[object, ...], int | None] = {}
    for place in strangers:
        lone = bundles[place]
        moment = (lone.first, lone.last, lone.env, lone.region, lone.segment)
        if moment not in clear:
            clear[moment] = _widest(lone, bundles, roots)
        root = clear[moment]
        if root is not None:
            text = f"{lone.service or 'an unnamed service'} fell ill in the same moment"
            links.join(place, root, Clause(text=text, source=lone.id))


def _widest(lone: Bundle, bundles: Sequence[Bundle], roots: Mapping[int, int]) -> int | None:
    """Return the problem that clearly began in the most places around a bundle."""
    near = Counter(
        root
        for other, root in roots.items()
        if apart(bundles[other], lone) <= CLOSE_SECONDS and share_cohort(bundles[other], lone)
    )
    (root, count), (_, runner_up) = (*near.most_common(2), (0, 0), (0, 0))[:2]
    return root if count and count >= CLEARLY * runner_up else None


def _best_fit(
    place: int,
    technical: Sequence[int],
    bundles: Sequence[Bundle],
    calls: Calls,
    knowledge: Knowledge,
) -> int | None:
    """Return the technical bundle that explains a KPI best: its own region, nearest, closest."""
    kpi = bundles[place]
    near = territory(kpi.symptoms[0].series, knowledge, calls)
    policy = knowledge.policies.correlate
    fits = [
        (one.region != kpi.region, near.get(one.service, 0), apart(one, kpi), -one.strength, other)
        for other in technical
        if ((one := bundles[other]).service in near or calls.is_blind)
        and share_cohort(one, kpi)
        and costs(one, kpi)
        and concurrent(one, kpi, policy, same_place=False)
    ]
    return min(fits)[-1] if fits else None


def _join_lone_kpis(
    kpis: Sequence[int], bundles: Sequence[Bundle], links: Links, knowledge: Knowledge
) -> None:
    """Join KPIs that moved together while nothing technical explains them.

    Of one journey in any cohorts; of several journeys that share services in one region. Which
    segment leaves its band first is chance: it parts nothing that fell in one moment, nor what
    follows in the region of a journey while its incident goes on.
    """
    policy = knowledge.policies.correlate
    homes = {place: _home(bundles[place].symptoms[0].series, knowledge) for place in kpis}
    for a, b in combinations(sorted(kpis), 2):
        first, second = bundles[a], bundles[b]
        if first.env != second.env or homes[a].isdisjoint(homes[b]):
            continue
        one_region = share_region(first, second)
        if homes[a] == homes[b]:
            follows = one_region and concurrent(first, second, policy, same_place=True)
            together = follows or apart(first, second) <= SAME_ROOT_SECONDS
        else:
            together = one_region and apart(first, second) <= CLOSE_SECONDS
        if together:
            text = f"{_title(first)} and {_title(second)} moved together"
            links.join(a, b, Clause(text=text, source=second.id))


def _home(series: Series, knowledge: Knowledge) -> frozenset[str]:
    """Return the services of the journey a KPI measures, or the one that reports it."""
    journey = journey_of(series, knowledge)
    if journey is None:
        return frozenset({series.key.service})
    return frozenset({journey.entry, *journey.services, *(step.service for step in journey.steps)})


def _title(bundle: Bundle) -> str:
    series = bundle.symptoms[0].series
    return series.kpi or series.title or series.key.metric
