"""From a shop's blueprint to its series, each with the numbers of its own behaviour."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from aiops.demo.blueprint import Blueprint, Cohort
from aiops.demo.metrics import BEHAVIOURS, Behaviour, Role
from aiops.domain.journeys import Kpi
from aiops.domain.series import Series, SeriesKey
from topology.attributes import Service, ServiceKind

SOURCE: Final = "shop"

_OWN_ROLES: Final[dict[ServiceKind, tuple[Role, ...]]] = {
    ServiceKind.EDGE: (Role.REQUESTS, Role.ERRORS, Role.LATENCY, Role.CPU),
    ServiceKind.APP: (Role.REQUESTS, Role.ERRORS, Role.LATENCY, Role.CPU, Role.MEMORY),
    ServiceKind.WORKER: (Role.PROCESSED, Role.ERRORS, Role.CPU, Role.MEMORY),
    ServiceKind.QUEUE: (Role.QUEUE_LENGTH, Role.QUEUE_AGE),
    ServiceKind.DB: (Role.QUERY_LATENCY, Role.CONNECTIONS, Role.CONNECTION_ERRORS, Role.CPU),
    ServiceKind.CACHE: (Role.HIT_RATIO, Role.QUERY_LATENCY, Role.CPU),
    ServiceKind.EXTERNAL: (),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Gauge:
    """One simulated series.

    Args:
        series: what the product sees of it.
        role: what it is to the simulation.
        behaviour: how it moves, with this series' own numbers.
        level: its value at load 1.
        cohort: index of the cohort whose load it follows.
        blip: probability of a harmless one-tick spike at any tick.
        sparse: share of ticks at which nothing is reported.
    """

    series: Series
    role: Role
    behaviour: Behaviour
    level: float
    cohort: int
    blip: float = 0.0
    sparse: float = 0.0


def build_gauges(
    shop: Blueprint, rng: np.random.Generator, *, tidy: bool = False
) -> tuple[Gauge, ...]:
    """Return every series of a shop, in a fixed order.

    Args:
        shop: its blueprint.
        rng: gives each series numbers of its own.
        tidy: levels as the blueprint says, and no sparse series: for a story that is told.
    """
    plain = [*_service_gauges(shop), *_operation_gauges(shop), *_peer_gauges(shop)]
    drawn = [_individual(gauge, rng, tidy=tidy) for gauge in plain]
    return (*drawn, *(_kpi_noise(gauge, rng) for gauge in _kpi_gauges(shop)))


def _service_gauges(shop: Blueprint) -> Iterator[Gauge]:
    for service in shop.services:
        for number, cohort in _regions_of(shop, service):
            for role in _OWN_ROLES[service.kind]:
                yield Gauge(
                    series=_series(shop, service.name, role, cohort),
                    role=role,
                    behaviour=BEHAVIOURS[role],
                    level=_level(shop, service, role, cohort),
                    cohort=number,
                )


def _operation_gauges(shop: Blueprint) -> Iterator[Gauge]:
    for name, operation in shop.operations:
        service = shop.graph.service(name)
        for number, cohort in _regions_of(shop, service):
            for role in (Role.ERRORS, Role.LATENCY):
                yield Gauge(
                    series=_series(shop, name, role, cohort, ("operation", operation)),
                    role=role,
                    behaviour=BEHAVIOURS[role],
                    level=_level(shop, service, role, cohort),
                    cohort=number,
                )


def _peer_gauges(shop: Blueprint) -> Iterator[Gauge]:
    for caller, peer in shop.peers:
        for number, cohort in _regions_of(shop, shop.graph.service(caller)):
            for role in (Role.CLIENT_ERRORS, Role.CLIENT_LATENCY):
                is_errors = role is Role.CLIENT_ERRORS
                yield Gauge(
                    series=_series(shop, caller, role, cohort, ("peer", peer)),
                    role=role,
                    behaviour=BEHAVIOURS[role],
                    level=0.004 if is_errors else shop.latencies.get(peer, 0.3),
                    cohort=number,
                )


def _kpi_gauges(shop: Blueprint) -> Iterator[Gauge]:
    for kpi in shop.kpis:
        for number, cohort in enumerate(shop.cohorts):
            # Money is reported per segment, counts per region: sums never count anybody twice.
            if (cohort.segment is None) == (kpi.unit == shop.currency and bool(shop.segments)):
                continue
            yield _kpi_gauge(shop, kpi, number, cohort)


def _kpi_gauge(shop: Blueprint, kpi: Kpi, number: int, cohort: Cohort) -> Gauge:
    role = Role.MONEY if kpi.unit == shop.currency else Role.SUCCESSES
    behaviour = BEHAVIOURS[role]
    # Smaller cohorts have fewer buyers a minute, so their money is noisier.
    rough = behaviour.rough * min(2.5, (0.35 / cohort.share) ** 0.35)
    return Gauge(
        series=Series(
            key=SeriesKey(
                service=kpi.service or shop.services[0].name,
                metric=kpi.metric,
                region=cohort.region,
                segment=cohort.segment,
            ),
            family=behaviour.family,
            bad_direction=kpi.bad_direction,
            unit=kpi.unit or behaviour.unit,
            title=kpi.name,
            kpi=kpi.name,
            source=SOURCE,
        ),
        role=role,
        behaviour=replace(behaviour, rough=rough),
        level=shop.kpi_levels[kpi.name] * cohort.share,
        cohort=number,
    )


def _regions_of(shop: Blueprint, service: Service) -> Iterator[tuple[int, Cohort]]:
    for number, cohort in enumerate(shop.cohorts):
        if cohort.segment is None and cohort.region in (service.regions or shop.regions):
            yield number, cohort


def _series(
    shop: Blueprint,
    service: str,
    role: Role,
    cohort: Cohort,
    *labels: tuple[str, str],
) -> Series:
    behaviour = BEHAVIOURS[role]
    return Series(
        key=SeriesKey(
            service=service,
            metric=shop.metric_names[role],
            region=cohort.region,
            labels=tuple(sorted(labels)),
        ),
        family=behaviour.family,
        bad_direction=behaviour.bad,
        unit=behaviour.unit,
        title=behaviour.title,
        source=SOURCE,
    )


def _level(shop: Blueprint, service: Service, role: Role, cohort: Cohort) -> float:
    rate = shop.rates.get(service.name, 1.0) * cohort.share
    fixed = {
        Role.REQUESTS: rate,
        Role.PROCESSED: rate,
        Role.ERRORS: 0.003,
        Role.LATENCY: shop.latencies.get(service.name, 0.12),
        Role.QUERY_LATENCY: shop.latencies.get(service.name, 0.012),
        Role.CPU: 0.34,
        Role.MEMORY: 0.55,
        Role.CONNECTIONS: 20 + 0.4 * rate,
        Role.CONNECTION_ERRORS: 0.04,
        Role.QUEUE_LENGTH: 6 + 0.3 * rate,
        Role.QUEUE_AGE: 1.5,
        Role.HIT_RATIO: 0.94,
    }
    return fixed[role]


def _individual(gauge: Gauge, rng: np.random.Generator, *, tidy: bool) -> Gauge:
    """Give a series numbers of its own: no two services are alike."""
    scale, rough, gain, wander, blip = rng.random(5)
    usual = gauge.behaviour
    behaviour = replace(
        usual,
        rough=usual.rough * (0.8 + 0.4 * rough if tidy else 0.6 + 1.2 * rough),
        gain=usual.gain * (0.8 + 0.4 * gain),
        wander=usual.wander * (0.5 + 1.5 * wander),
    )
    named = tidy and gauge.series.key.label("operation") is not None
    level = gauge.level if named else gauge.level * _spread(gauge.role, scale)
    gauge = replace(gauge, behaviour=behaviour, level=level, blip=float(4e-4 * blip**2))
    return gauge if tidy else _untidy(gauge, rng)


def _spread(role: Role, draw: float) -> float:
    """Return the factor between this service's level and the usual one of its role."""
    if role is Role.HIT_RATIO:
        return 0.9 + 0.15 * draw
    if role in (Role.CPU, Role.MEMORY):
        return 0.6 + 0.7 * draw
    return float(np.exp(0.8 * (draw - 0.5)))


def _untidy(gauge: Gauge, rng: np.random.Generator) -> Gauge:
    """Add what real estates have: wild tails, almost error-free services, sparse series."""
    tail, rare, sparse = rng.random(3)
    behaviour = gauge.behaviour
    if tail < 0.12:
        behaviour = replace(behaviour, tail=min(2, behaviour.tail + 1))
    level = gauge.level
    if gauge.role is Role.ERRORS and rare < 0.3:
        level *= 0.15
        behaviour = replace(behaviour, rough=behaviour.rough * 2.5)
    is_sparse = sparse < 0.03 and gauge.role in (Role.MEMORY, Role.CPU, Role.HIT_RATIO)
    share = 0.1 + 5 * sparse if is_sparse else 0.0
    return replace(gauge, behaviour=behaviour, level=level, sparse=share)


def _kpi_noise(gauge: Gauge, rng: np.random.Generator) -> Gauge:
    factor = 0.85 + 0.3 * rng.random()
    behaviour = replace(gauge.behaviour, rough=gauge.behaviour.rough * factor)
    return replace(gauge, behaviour=behaviour)
