"""The shop of the demo: a storefront with checkout, payments, orders and sign-ups."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

import numpy as np

from aiops.demo.blueprint import Blueprint, Cohort
from aiops.demo.metrics import STYLES
from aiops.demo.seasons import Season
from aiops.domain.journeys import Journey, Kpi, Step, Team
from aiops.domain.slos import Budgeting, Sli, Slo
from topology.attributes import Service, ServiceKind

_K: Final = ServiceKind


@dataclass(frozen=True, slots=True)
class _Node:
    """A service of the shop: kind, owner, tier, mean requests per second, usual p95 in seconds."""

    kind: ServiceKind
    owner: str
    tier: int
    rate: float
    latency: float
    calls: tuple[str, ...] = ()


_NODES: Final[dict[str, _Node]] = {
    "edge-gateway": _Node(
        _K.EDGE,
        "platform",
        1,
        900,
        0.24,
        ("cart", "checkout", "catalog", "search", "recommendation", "account"),
    ),
    "checkout": _Node(
        _K.APP, "storefront", 1, 60, 0.42, ("payment-service", "inventory", "cart", "orders-queue")
    ),
    "payment-service": _Node(_K.APP, "payments", 1, 42, 0.18, ("payments-db", "cardpay")),
    "cart": _Node(_K.APP, "storefront", 1, 150, 0.09, ("session-cache", "inventory")),
    "catalog": _Node(_K.APP, "catalog", 2, 420, 0.11, ("catalog-db",)),
    "search": _Node(_K.APP, "catalog", 2, 240, 0.2, ("catalog-db",)),
    "recommendation": _Node(_K.APP, "growth", 3, 260, 0.15, ("session-cache", "catalog")),
    "inventory": _Node(_K.APP, "fulfilment", 1, 170, 0.06, ("orders-db",)),
    "account": _Node(_K.APP, "growth", 2, 70, 0.13, ("session-cache", "subscription")),
    "subscription": _Node(_K.APP, "growth", 2, 22, 0.21, ("payment-service", "mailer")),
    "orders-queue": _Node(_K.QUEUE, "fulfilment", 1, 38, 0.02, ("orders-worker",)),
    "orders-worker": _Node(_K.WORKER, "fulfilment", 1, 38, 0.3, ("orders-db", "mailer")),
    "payments-db": _Node(_K.DB, "payments", 1, 90, 0.012),
    "orders-db": _Node(_K.DB, "fulfilment", 1, 210, 0.009),
    "catalog-db": _Node(_K.DB, "catalog", 2, 660, 0.008),
    "session-cache": _Node(_K.CACHE, "platform", 1, 700, 0.002),
    "cardpay": _Node(_K.EXTERNAL, "payments", 1, 42, 0.35),
    "mailer": _Node(_K.EXTERNAL, "growth", 3, 45, 0.28),
}

_IN_TIME: Final = Slo(
    sli=Sli.LATENCY, objective=0.99, budgeting=Budgeting.TIMESLICES, threshold_seconds=0.8
)

_OTHER_NAMES: Final[dict[str, tuple[str, ...]]] = {
    "edge-gateway": ("web-gateway", "front-door", "ingress"),
    "checkout": ("checkout-api", "purchase", "order-flow"),
    "payment-service": ("billing-core", "pay-svc", "charges"),
    "cart": ("basket", "cart-api", "trolley"),
    "catalog": ("products", "assortment", "item-api"),
    "search": ("finder", "search-api", "lookup"),
    "recommendation": ("suggestions", "similar-items", "recs"),
    "inventory": ("stock", "availability-api", "warehouse-api"),
    "account": ("customers", "identity", "profile-api"),
    "subscription": ("memberships", "plans", "subs-svc"),
    "orders-queue": ("order-events", "purchase-topic", "orders-mq"),
    "orders-worker": ("order-processor", "fulfiller", "order-consumer"),
    "payments-db": ("ledger-pg", "billing-db", "payments-sql"),
    "orders-db": ("orders-pg", "stock-db", "fulfilment-sql"),
    "catalog-db": ("products-pg", "item-store-db", "catalog-sql"),
    "session-cache": ("redis-sessions", "session-store", "kv-cache"),
    "cardpay": ("paybridge", "acquirer", "card-network"),
    "mailer": ("postbird", "mail-provider", "notify-ext"),
}

_REGION_SETS: Final = (("EU", "US"), ("eu-west", "us-east"), ("emea", "amer"), ("north", "south"))

_TITLES: Final = {
    "payments": "Payments team",
    "storefront": "Storefront team",
    "catalog": "Catalog team",
    "fulfilment": "Fulfilment team",
    "growth": "Growth team",
    "platform": "Platform team",
}

_PEOPLE: Final = (
    "amara ben chiara dmitri elif farid grace hugo ines jonas kenji lena mateo nadia oskar priya "
    "quentin rosa"
)


@dataclass(frozen=True, slots=True)
class Storefront:
    """The storefront's blueprint with the names this telling of the story uses.

    Args:
        blueprint: the shop.
        names: this telling's name of each part, by its name in the story of the README.
    """

    blueprint: Blueprint
    names: Mapping[str, str]


def build_storefront(seed: int | None) -> Storefront:
    """Return the shop of the README's story, or the same shop under other names.

    Args:
        seed: None for the story itself.
    """
    rng = np.random.Generator(np.random.PCG64(0 if seed is None else seed))
    names = {name: name for name in _NODES}
    regions, style = _REGION_SETS[0], STYLES[0]
    if seed is not None:
        names = {name: _pick(rng, (name, *others)) for name, others in _OTHER_NAMES.items()}
        regions = _REGION_SETS[int(rng.integers(len(_REGION_SETS)))]
        style = STYLES[int(rng.integers(len(STYLES)))]
    blueprint = Blueprint(
        services=tuple(
            Service(
                name=names[name],
                kind=node.kind,
                owner=node.owner,
                tier=node.tier,
                regions=regions,
                segments=("vip", "regular"),
            )
            for name, node in _NODES.items()
        ),
        calls=tuple(
            (names[name], names[callee]) for name, node in _NODES.items() for callee in node.calls
        ),
        rates={names[name]: node.rate for name, node in _NODES.items()},
        latencies={names[name]: node.latency for name, node in _NODES.items()},
        metric_names=style,
        teams=_teams(rng),
        journeys=_journeys(names),
        kpis=_kpis(names),
        kpi_levels={
            "revenue per minute": 9200.0,
            "orders per minute": 168.0,
            "signups per minute": 74.0,
        },
        cohorts=_cohorts(regions, 0 if seed is None else seed),
        operations=(
            (names["checkout"], "/checkout"),
            (names["cart"], "/cart/add"),
            (names["account"], "/signup"),
        ),
        peers=(
            (names["payment-service"], names["cardpay"]),
            (names["subscription"], names["mailer"]),
            (names["orders-worker"], names["mailer"]),
        ),
        segments=("vip", "regular"),
    )
    return Storefront(blueprint, names)


def _pick(rng: np.random.Generator, choices: tuple[str, ...]) -> str:
    return choices[int(rng.integers(len(choices)))]


def _teams(rng: np.random.Generator) -> tuple[Team, ...]:
    people = list(rng.permutation(_PEOPLE.split()))
    begin = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
    return tuple(
        Team(
            name=name,
            title=title,
            members=tuple(str(person) for person in people[3 * number : 3 * number + 3]),
            rotation_start=begin + timedelta(days=number % 5),
        )
        for number, (name, title) in enumerate(_TITLES.items())
    )


def _journeys(names: Mapping[str, str]) -> tuple[Journey, ...]:
    def named(*services: str) -> tuple[str, ...]:
        return tuple(names[service] for service in services)

    return (
        Journey(
            name="checkout",
            entry=names["checkout"],
            steps=(
                Step(service=names["cart"], operation="/cart/add"),
                Step(service=names["checkout"], operation="/checkout"),
            ),
            services=named(
                "cart",
                "checkout",
                "payment-service",
                "inventory",
                "orders-queue",
                "orders-worker",
                "payments-db",
                "orders-db",
                "session-cache",
                "cardpay",
            ),
            kpis=("revenue per minute", "orders per minute"),
            owner="storefront",
            value_per_success=55.0,
            slos=(Slo(objective=0.995), _IN_TIME),
        ),
        Journey(
            name="signup",
            entry=names["account"],
            steps=(
                Step(service=names["account"], operation="/signup"),
                Step(service=names["subscription"], operation="/subscribe"),
            ),
            services=named("account", "subscription", "session-cache", "mailer"),
            kpis=("signups per minute",),
            owner="growth",
            value_per_success=18.0,
            slos=(Slo(objective=0.995),),
        ),
    )


def _kpis(names: Mapping[str, str]) -> tuple[Kpi, ...]:
    return (
        Kpi(
            name="revenue per minute",
            metric="revenue_per_minute",
            service=names["checkout"],
            unit="EUR",
            journey="checkout",
        ),
        Kpi(
            name="orders per minute",
            metric="orders_per_minute",
            service=names["orders-worker"],
            unit="1/min",
            journey="checkout",
        ),
        Kpi(
            name="signups per minute",
            metric="signups_per_minute",
            service=names["account"],
            unit="1/min",
            journey="signup",
        ),
    )


def _cohorts(regions: tuple[str, ...], seed: int) -> tuple[Cohort, ...]:
    seasons = (
        Season(seed=seed + 11, offset_hours=2, weekend=0.86),
        Season(seed=seed + 23, offset_hours=-4, weekend=0.92, day_amplitude=0.36),
    )
    shares = ((0.58, seasons[0]), (0.42, seasons[1]))
    whole = [
        Cohort(region=region, share=share, season=season)
        for region, (share, season) in zip(regions, shares, strict=True)
    ]
    parts = [
        Cohort(region=one.region, segment=segment, share=one.share * part, season=one.season)
        for one in whole
        for segment, part in (("vip", 0.38), ("regular", 0.62))
    ]
    return (*whole, *parts)
