"""How a story goes: its time, its faults and its harmless changes, drawn from a seed."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

import numpy as np

from aiops.demo.blueprint import Blueprint
from aiops.demo.faults import Fault, FaultKind, Plan
from aiops.demo.recipes import ROOT_KIND, plan_fault
from aiops.demo.scene import Scene
from aiops.demo.storefront import Storefront
from aiops.domain.changes import Change, ChangeKind
from aiops.domain.time import utc
from topology.attributes import ServiceKind

_FROM_DAY: Final = datetime(2026, 4, 18, tzinfo=UTC)

_FIRST: Final = (
    FaultKind.DEPLOY_ERRORS,
    FaultKind.FLAG_REGION,
    FaultKind.SHARED_CONFIG,
    FaultKind.PROVIDER_OUTAGE,
    FaultKind.DB_SATURATION,
    FaultKind.LATENCY_REGRESSION,
    FaultKind.MEMORY_LEAK,
    FaultKind.SURGE,
)
_SECOND: Final = (
    FaultKind.QUEUE_BACKLOG,
    FaultKind.DEPLOY_ERRORS,
    FaultKind.FLAG_REGION,
    FaultKind.PROVIDER_OUTAGE,
    FaultKind.DB_SATURATION,
    FaultKind.LATENCY_REGRESSION,
)
_FLAGS: Final = ("one-click-pay", "new-totals", "async-stock-check", "fast-lane", "smart-retry")
_KEYS: Final = ("max-connections", "pool-size", "consumer-concurrency", "statement-timeout")


@dataclass(frozen=True, slots=True, kw_only=True)
class Telling:
    """When a story plays and what happens in it."""

    live_from: datetime
    plans: tuple[Plan, ...]
    harmless: tuple[Change, ...]


def past_deploys(
    shop: Blueprint, live_from: datetime, rng: np.random.Generator
) -> Iterator[Change]:
    """Yield deploys of the weeks before that did no harm: most changes are innocent."""
    apps = shop.of_kind(ServiceKind.APP)
    for day in range(20, 0, -1):
        when = live_from - timedelta(days=day, minutes=float(rng.integers(0, 400)))
        service = apps[int(rng.integers(len(apps)))]
        ref = f"{when:%Y.%m.%d}-{int(rng.integers(1, 6))}"
        yield Change(
            id=f"deploy-{service}-{ref}",
            kind=ChangeKind.DEPLOY,
            service=service,
            ref=ref,
            started_at=when,
            ended_at=when + timedelta(minutes=2),
            status="finished",
            source="shop",
        )


def seeded_telling(front: Storefront, seed: int) -> Telling:
    """Return a story with its own time, culprits, regions and kinds of fault."""
    shop = front.blueprint
    rng = np.random.Generator(np.random.PCG64([seed, 7]))
    live_from = _FROM_DAY + timedelta(days=int(rng.integers(0, 60)), hours=int(rng.integers(7, 21)))
    live_from += timedelta(minutes=5 * int(rng.integers(0, 12)))
    order = [shop.regions[place] for place in rng.permutation(len(shop.regions))]
    first_kind = _FIRST[int(rng.integers(len(_FIRST)))]
    rest = [kind for kind in _SECOND if kind is not first_kind]
    second_kind = rest[int(rng.integers(len(rest)))]
    first_start = live_from + timedelta(minutes=int(rng.integers(7, 12)))
    second_start = first_start + timedelta(minutes=int(rng.integers(29, 34)))
    first = _draw_plan(shop, rng, first_kind, first_start, order[0], after=None)
    second = _draw_plan(shop, rng, second_kind, second_start, order[1], after=first.fault)
    innocent = Change(
        id="flag-harmless",
        kind=ChangeKind.FLAG,
        service=front.names["recommendation"],
        ref="new-card-layout",
        started_at=first_start - timedelta(minutes=4),
        status="on",
        source="shop",
    )
    past = past_deploys(shop, live_from, rng)
    return Telling(live_from=live_from, plans=(first, second), harmless=(*past, innocent))


def _draw_plan(
    shop: Blueprint,
    rng: np.random.Generator,
    kind: FaultKind,
    start: datetime,
    region: str,
    *,
    after: Fault | None,
) -> Plan:
    """Draw a culprit that users meet, away from that of the fault before."""
    money = frozenset(shop.journeys[0].services)
    roots = [one for one in shop.of_kind(ROOT_KIND[kind]) if one in money]
    if after is not None:
        others = [one for one in roots if one != after.service] or roots
        roots = [one for one in others if one not in after.neighbours] or others
    minutes = int(rng.integers(12, 15))
    scene = Scene(
        id="first" if after is None else "second",
        kind=kind,
        shop=shop,
        root=roots[int(rng.integers(len(roots)))],
        start=(start - timedelta(seconds=20)).timestamp(),
        end=(start + timedelta(minutes=minutes)).timestamp(),
        rng=rng,
        ref=draw_ref(kind, start, rng),
        region=region,
        least=0.5,
    )
    return plan_fault(scene)


def draw_ref(kind: FaultKind, when: datetime, rng: np.random.Generator) -> str:
    """Draw what people call the change behind a fault of some kind."""
    number = int(rng.integers(1, 9))
    if kind is FaultKind.FLAG_REGION:
        return f"{_FLAGS[number % len(_FLAGS)]}-{number}"
    if kind in (FaultKind.SHARED_CONFIG, FaultKind.QUEUE_BACKLOG):
        return f"{_KEYS[number % len(_KEYS)]}={2**number}"
    return f"{utc(when.timestamp()):%Y.%m.%d}-{number}"
