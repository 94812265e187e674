"""The story of the README, written out: a bad payment deploy in EU, then a backlog in US."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Final

import numpy as np

from aiops.demo.blueprint import Blueprint
from aiops.demo.faults import Fault, FaultKind, Plan
from aiops.demo.metrics import Role
from aiops.demo.simulation import Effect, Shape
from aiops.demo.storefront import Storefront
from aiops.demo.tellings import Telling, past_deploys
from aiops.domain.changes import Change, ChangeKind

_DAY: Final = datetime(2026, 4, 18, tzinfo=UTC)
"""A Saturday: the shop sells otherwise than on the working days before."""


def classic_telling(front: Storefront) -> Telling:
    """Return the story of the README: a bad payment deploy in EU, then a backlog in US."""
    live_from = _DAY.replace(hour=9, minute=55)
    flag = Change(
        id="flag-catalog-new-search-ranking",
        kind=ChangeKind.FLAG,
        service="catalog",
        ref="new-search-ranking",
        started_at=_DAY.replace(hour=10),
        percentage=50.0,
        status="on",
        description="new ranking of search results for half of the visitors",
        actor="lena",
        source="shop",
    )
    rng = np.random.Generator(np.random.PCG64(18))
    past = past_deploys(front.blueprint, live_from, rng)
    return Telling(
        live_from=live_from,
        plans=(_bad_payment_deploy(front.blueprint), _orders_backlog(front.blueprint)),
        harmless=(*past, flag),
    )


def _bad_payment_deploy(shop: Blueprint) -> Plan:
    deploy = Change(
        id="deploy-payment-service-2026.04.18-3",
        kind=ChangeKind.DEPLOY,
        service="payment-service",
        ref="2026.04.18-3",
        started_at=_at("10:01"),
        ended_at=_at("10:02"),
        region="EU",
        status="finished",
        description="smaller connection pool per pod, new retry policy",
        actor="dmitri",
        source="shop",
    )
    rollback = replace(
        deploy,
        id="deploy-payment-service-2026.04.18-3-rollback",
        ref="2026.04.17-5",
        started_at=_at("10:16"),
        ended_at=_at("10:16:40"),
        reverts=deploy.ref,
        description="roll back 2026.04.18-3",
    )
    begin, end = _at("10:02:40"), _at("10:16:40")
    effects = [
        _effect("payment-service", Role.LATENCY, begin, end, "EU", factor=4.1),
        _effect("payment-service", Role.ERRORS, begin, end, "EU", add=0.096),
        _effect("payments-db", Role.CONNECTION_ERRORS, begin, end, "EU", add=38),
        _effect("payments-db", Role.CONNECTIONS, begin, end, "EU", factor=1.9),
        _effect("payments-db", Role.QUERY_LATENCY, begin, end, "EU", factor=1.7),
    ]
    begin, end = _at("10:03"), _at("10:16:50")
    effects += [
        _effect("checkout", Role.ERRORS, begin, end, "EU", operation="/checkout", add=0.069),
        _effect("checkout", Role.LATENCY, begin, end, "EU", factor=2.3),
        _effect("edge-gateway", Role.ERRORS, begin, end, "EU", add=0.0045),
        _effect("checkout", Role.MONEY, begin, end, "EU", factor=0.76),
        _effect("orders-worker", Role.SUCCESSES, begin, end, "EU", factor=0.76),
        _effect("orders-worker", Role.PROCESSED, begin, end, "EU", factor=0.76),
    ]
    # The service's total holds other calls too, so it moves less than the operation.
    effects[5:6] = [effects[5], replace(effects[5], operation="", add=0.052)]
    fault = Fault(
        id="payment-deploy",
        kind=FaultKind.DEPLOY_ERRORS,
        service="payment-service",
        started_at=_at("10:03"),
        ended_at=_at("10:17"),
        hurts_at=_at("10:03"),
        change_ref=deploy.ref,
        regions=("EU",),
        services=("checkout", "edge-gateway", "orders-worker", "payment-service", "payments-db"),
        neighbours=_neighbours(shop, "payment-service"),
        kpi="revenue per minute",
        kpi_relative=-0.24,
    )
    return Plan(fault=fault, effects=tuple(effects), changes=(deploy, rollback))


def _orders_backlog(shop: Blueprint) -> Plan:
    config = Change(
        id="config-orders-worker-consumer-concurrency",
        kind=ChangeKind.CONFIG,
        service="orders-worker",
        ref="consumer-concurrency=2",
        started_at=_at("10:32:30"),
        region="US",
        status="finished",
        description="consumer concurrency from 16 to 2",
        actor="ines",
        source="shop",
    )
    revert = replace(
        config,
        id="config-orders-worker-consumer-concurrency-revert",
        ref="consumer-concurrency=16",
        started_at=_at("10:46"),
        reverts=config.ref,
        description="consumer concurrency back to 16",
    )
    begin, end = _at("10:33:40"), _at("10:46:30")
    effects = (
        _effect("orders-worker", Role.PROCESSED, begin, end, "US", factor=0.35),
        _effect("orders-worker", Role.CPU, begin, end, "US", factor=0.0, add=0.97),
        _effect("orders-worker", Role.SUCCESSES, begin, end, "US", factor=0.55),
        _effect("orders-queue", Role.QUEUE_LENGTH, begin, end, "US", factor=60.0, shape=Shape.RAMP),
        _effect("orders-queue", Role.QUEUE_AGE, begin, end, "US", factor=150.0, shape=Shape.RAMP),
        _effect("checkout", Role.LATENCY, _at("10:34"), end, "US", factor=2.8),
        _effect("checkout", Role.ERRORS, _at("10:34"), end, "US", add=0.024),
        _effect("checkout", Role.MONEY, _at("10:34"), end, "US", factor=0.8),
    )
    fault = Fault(
        id="orders-backlog",
        kind=FaultKind.QUEUE_BACKLOG,
        service="orders-worker",
        started_at=_at("10:34"),
        ended_at=_at("10:46:30"),
        hurts_at=_at("10:34"),
        change_ref=config.ref,
        also=("orders-queue",),
        regions=("US",),
        services=("checkout", "orders-queue", "orders-worker"),
        neighbours=_neighbours(shop, "orders-worker"),
        kpi="revenue per minute",
        kpi_relative=-0.2,
    )
    return Plan(fault=fault, effects=effects, changes=(config, revert))


def _at(clock: str) -> datetime:
    hour, minute, *second = (int(part) for part in clock.split(":"))
    return _DAY.replace(hour=hour, minute=minute, second=second[0] if second else 0)


def _effect(
    service: str,
    role: Role,
    start: datetime,
    end: datetime,
    region: str,
    *,
    factor: float = 1.0,
    add: float = 0.0,
    operation: str | None = None,
    shape: Shape = Shape.STEP,
) -> Effect:
    return Effect(
        service=service,
        role=role,
        start=start.timestamp(),
        end=end.timestamp(),
        region=region,
        operation=operation,
        factor=factor,
        add=add,
        shape=shape,
        fall_seconds=45,
    )


def _neighbours(shop: Blueprint, service: str) -> tuple[str, ...]:
    return tuple(sorted({*shop.graph.callers(service), *shop.graph.callees(service)}))
