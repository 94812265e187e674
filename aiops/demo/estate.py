"""Bigger shops, generated: domains of services, each house with its own way of naming things."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final

import numpy as np

from aiops.demo.blueprint import Blueprint, Cohort
from aiops.demo.metrics import STYLES
from aiops.demo.seasons import Season
from aiops.domain.journeys import Journey, Kpi, Step, Team
from topology.attributes import Service, ServiceKind
from topology.graph import Edge, ServiceGraph

_K: Final = ServiceKind

_DOMAINS: Final = (
    "billing orders pricing delivery stock returns loyalty search media reviews identity tickets "
    "offers fraud tax invoices ledger claims routing parcels vouchers wishlist chat alerts quotes "
    "bookings seats menus tables rides fleet drivers maps payouts consent audit forms surveys "
    "catalogue content translate themes"
)
_PARTS: Final = "api core engine rules planner lookup writer sync index view broker resolver"
_CODENAMES: Final = (
    "falcon heron osprey lynx otter badger marten ibex tapir puma gecko newt raven finch wren "
    "cedar birch maple rowan aspen basalt slate flint quartz onyx comet nova orbit zenith delta"
)
_REGION_SETS: Final = (
    ("EU", "US"),
    ("eu-central", "us-west", "ap-south"),
    ("dublin", "oregon"),
    ("DACH", "Nordics", "Benelux"),
    ("r1", "r2", "r3"),
)
_SEGMENT_SETS: Final = (("vip", "regular"), ("business", "private"), ("gold", "basic"))
_TAILS: Final[dict[ServiceKind, tuple[str, ...]]] = {
    _K.DB: ("db", "pg", "store"),
    _K.CACHE: ("cache", "kv", "redis"),
    _K.QUEUE: ("queue", "events", "topic"),
    _K.WORKER: ("worker", "consumer", "runner"),
    _K.EXTERNAL: ("provider", "partner", "gate"),
}


def _codename(number: int) -> str:
    names = _CODENAMES.split()
    return names[number % len(names)]


Namer = Callable[[str, str, int], str]
_NAMERS: Final[tuple[Namer, ...]] = (
    lambda domain, part, number: f"{domain}-{part}",
    lambda domain, part, number: f"{domain.title()}{part.title()}",
    lambda domain, part, number: f"svc_{domain}_{part}",
    lambda domain, part, number: f"{_codename(number)}-{part}-{number}",
    lambda domain, part, number: f"{part[:3]}{number:03d}",
)


@dataclass(slots=True)
class _Draft:
    """A shop while it is drawn."""

    rng: np.random.Generator
    namer: Namer
    regions: tuple[str, ...]
    services: dict[str, Service] = field(default_factory=dict)
    calls: list[tuple[str, str]] = field(default_factory=list)
    fronts: list[str] = field(default_factory=list)

    def add(self, domain: str, part: str, kind: ServiceKind) -> str:
        """Add a service; return its name."""
        name = self.namer(domain, part, len(self.services))
        if name in self.services:
            name = f"{name}{len(self.services)}"
        tier = int(self.rng.integers(1, 4))
        self.services[name] = Service(
            name=name, kind=kind, owner=f"team-{domain}", tier=tier, regions=self.regions
        )
        return name

    def tail(self, kind: ServiceKind) -> str:
        """Return a house word for a kind of service that is no app."""
        return self.one_of(_TAILS[kind])

    def one_of(self, choices: tuple[str, ...]) -> str:
        """Draw one of some words."""
        return choices[int(self.rng.integers(len(choices)))]

    def chance(self, share: float) -> bool:
        """Draw whether something with this probability is so."""
        return bool(self.rng.random() < share)

    def add_domain(self, domain: str) -> None:
        """Add one team's services: a front, apps behind it, and what they keep data in."""
        parts = [str(part) for part in self.rng.permutation(_PARTS.split())]
        front = self.add(domain, parts[0], _K.APP)
        database = self.add(domain, self.tail(_K.DB), _K.DB)
        apps = [front]
        for part in parts[1 : int(self.rng.integers(3, 6))]:
            app = self.add(domain, part, _K.APP)
            self.calls.append((apps[int(self.rng.integers(len(apps)))], app))
            apps.append(app)
        for app in apps[1:]:
            if self.chance(0.6):
                self.calls.append((app, database))
        self.calls.append((apps[-1], database))
        if self.chance(0.5):
            self.calls.append((front, self.add(domain, self.tail(_K.CACHE), _K.CACHE)))
        if self.chance(0.5):
            queue = self.add(domain, self.tail(_K.QUEUE), _K.QUEUE)
            worker = self.add(domain, self.tail(_K.WORKER), _K.WORKER)
            self.calls += [(apps[len(apps) // 2], queue), (queue, worker), (worker, database)]
        if self.chance(0.45):
            self.calls.append((apps[-1], self.add(domain, self.tail(_K.EXTERNAL), _K.EXTERNAL)))
        if self.fronts:
            # Calls between domains point one way, so the shop has no cycles.
            for _ in range(int(self.rng.integers(1, 3))):
                other = self.fronts[int(self.rng.integers(len(self.fronts)))]
                if (other, front) not in self.calls:
                    self.calls.append((other, front))
        self.fronts.append(front)


def build_estate(seed: int, series: int) -> Blueprint:
    """Return a shop of about so many series; the same seed gives the same shop.

    Args:
        seed: any number.
        series: how many series it should have; met to within one domain.
    """
    rng = np.random.Generator(np.random.PCG64([seed, 3]))
    regions = _REGION_SETS[int(rng.integers(len(_REGION_SETS)))]
    draft = _Draft(rng, _NAMERS[int(rng.integers(len(_NAMERS)))], regions)
    gateway = draft.add("edge", "gateway", _K.EDGE)
    words = [str(word) for word in rng.permutation(_DOMAINS.split())]
    per_service = 4.1 * len(regions)
    number = 0
    while number < 3 or len(draft.services) * per_service < series:
        again = number // len(words)
        draft.add_domain(words[number % len(words)] + (str(again + 1) if again else ""))
        number += 1
    entries = draft.fronts[: max(3, len(draft.fronts) // 3)]
    draft.calls += [(gateway, front) for front in entries]
    return _finish(draft, gateway, entries, seed)


def _finish(draft: _Draft, gateway: str, entries: list[str], seed: int) -> Blueprint:
    rng = draft.rng
    segments = _SEGMENT_SETS[int(rng.integers(len(_SEGMENT_SETS)))]
    graph = ServiceGraph.from_edges(
        draft.services.values(),
        (Edge(caller=caller, callee=callee) for caller, callee in draft.calls),
    )
    journeys, kpis = _journeys(graph, entries[:6])
    owners = sorted({service.owner for service in draft.services.values() if service.owner})
    return Blueprint(
        services=tuple(draft.services.values()),
        calls=tuple(draft.calls),
        rates=_rates(graph, gateway, rng),
        latencies=_latencies(graph, rng),
        metric_names=STYLES[int(rng.integers(len(STYLES)))],
        teams=tuple(
            Team(name=owner, title=f"{owner.removeprefix('team-').title()} team", members=(owner,))
            for owner in owners
        ),
        journeys=journeys,
        kpis=kpis,
        kpi_levels={kpi.name: float(np.exp(rng.uniform(5, 9))) for kpi in kpis},
        cohorts=_cohorts(draft.regions, segments, rng, seed),
        operations=tuple((journey.entry, f"/{journey.name}") for journey in journeys),
        peers=tuple(
            (caller, callee)
            for caller, callee in draft.calls
            if draft.services[callee].kind is _K.EXTERNAL
        ),
        segments=segments,
    )


def _rates(graph: ServiceGraph, gateway: str, rng: np.random.Generator) -> dict[str, float]:
    """Return requests per second of every service: what its callers ask of it."""
    rates = dict.fromkeys(graph.services, 0.0)
    rates[gateway] = float(rng.uniform(800, 5000))
    waiting = {name: len(graph.callers(name)) for name in graph.services}
    ready = sorted(name for name, callers in waiting.items() if not callers)
    while ready:
        caller = ready.pop()
        rates[caller] = max(rates[caller], 2.0)
        callees = graph.callees(caller)
        for callee in callees:
            part = 1.6 / len(callees) if caller == gateway else float(rng.uniform(0.3, 0.95))
            rates[callee] += rates[caller] * part
            waiting[callee] -= 1
            if not waiting[callee]:
                ready.append(callee)
    return rates


def _latencies(graph: ServiceGraph, rng: np.random.Generator) -> dict[str, float]:
    usual = {_K.DB: 0.01, _K.CACHE: 0.002, _K.EDGE: 0.25, _K.EXTERNAL: 0.4}
    return {
        name: usual.get(service.kind, 0.12) * float(np.exp(rng.uniform(-0.7, 0.7)))
        for name, service in graph.services.items()
    }


def _journeys(
    graph: ServiceGraph, entries: list[str]
) -> tuple[tuple[Journey, ...], tuple[Kpi, ...]]:
    journeys, kpis = [], []
    for number, entry in enumerate(entries):
        owner = graph.service(entry).owner
        name = f"{(owner or 'shop').removeprefix('team-')}-journey"
        is_money = number % 2 == 0
        words = "revenue per minute" if is_money else "completed per minute"
        kpi = Kpi(
            name=f"{name} {words}",
            metric=f"{name}_{words}".replace(" ", "_").replace("-", "_"),
            service=entry,
            unit="EUR" if is_money else "1/min",
            journey=name,
        )
        kpis.append(kpi)
        journeys.append(
            Journey(
                name=name,
                entry=entry,
                steps=(Step(service=entry, operation=f"/{name}"),),
                services=tuple(graph.reach(entry, limit=3)),
                kpis=(kpi.name,),
                owner=owner,
            )
        )
    return tuple(journeys), tuple(kpis)


def _cohorts(
    regions: tuple[str, ...], segments: tuple[str, ...], rng: np.random.Generator, seed: int
) -> tuple[Cohort, ...]:
    weights = np.sort(rng.uniform(0.6, 1.6, len(regions)))[::-1]
    part = float(rng.uniform(0.25, 0.45))
    parts: Mapping[str, float] = dict(zip(segments, (part, 1 - part), strict=True))
    whole = [
        Cohort(
            region=region,
            share=float(weight / weights.sum()),
            season=Season(
                seed=seed * 31 + 2 * number,
                offset_hours=float(rng.integers(-8, 10)),
                weekend=float(rng.uniform(0.55, 1.2)),
                day_amplitude=float(rng.uniform(0.25, 0.5)),
                evening=float(rng.uniform(0.05, 0.18)),
                wander=float(rng.uniform(0.015, 0.05)),
            ),
        )
        for number, (region, weight) in enumerate(zip(regions, weights, strict=True))
    ]
    split = [
        Cohort(region=one.region, segment=name, share=one.share * share, season=one.season)
        for one in whole
        for name, share in parts.items()
    ]
    return (*whole, *split)
