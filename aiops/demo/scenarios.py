"""The measure of the product: weeks of a generated shop with planted faults and a quiet week."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import Any, Final

import numpy as np

from aiops.demo.blueprint import Blueprint
from aiops.demo.estate import build_estate
from aiops.demo.faults import Fault, FaultKind, Plan
from aiops.demo.gauges import build_gauges
from aiops.demo.happenings import draw_happenings
from aiops.demo.recipes import ROOT_KIND, plan_fault
from aiops.demo.scene import Scene
from aiops.demo.simulation import Simulation
from aiops.demo.tellings import draw_ref
from aiops.domain.changes import Change, ChangeKind
from aiops.domain.series import Series
from aiops.domain.ticks import History, Packed
from aiops.domain.time import utc
from topology.attributes import ServiceKind

STEP_SECONDS: Final = 60
BASELINE_DAYS: Final = 21
_OVERLAPPING: Final = 7
"""Every so many faults one begins while the one before still lasts, in another region."""

_DAY: Final = 86_400


@dataclass(frozen=True, kw_only=True)
class Scenario:
    """A shop, what happens to it, and the truth about it.

    Args:
        seed: of everything.
        shop: the blueprint.
        simulation: its values.
        starts_at: first live tick, aware UTC; faults happen from a few hours later on.
        quiet_from: beginning of the fault-free span at the end.
        ends_at: last live tick; also the end of the fault-free span.
        faults: the planted faults, in order.
        changes: every change, by start; most are innocent.
        step_seconds: distance of two ticks.
    """

    seed: int
    shop: Blueprint
    simulation: Simulation
    starts_at: datetime
    quiet_from: datetime
    ends_at: datetime
    faults: tuple[Fault, ...]
    changes: tuple[Change, ...]
    step_seconds: int = STEP_SECONDS

    @property
    def quiet_until(self) -> datetime:
        """End of the fault-free span."""
        return self.ends_at

    @cached_property
    def series(self) -> tuple[Series, ...]:
        """Every series, in the order of the columns of all values."""
        return self.simulation.series

    def topology_yaml(self) -> str:
        """Return the shop's topology file."""
        return self.shop.topology_yaml()

    def config(self) -> dict[str, Any]:
        """Return the shop's `aiops.yaml` as data."""
        return self.shop.config()

    def values(self, start: datetime, end: datetime, step_seconds: int | None = None) -> Packed:
        """Return all series at start, start + step … end (inclusive), float32.

        Args:
            start: aware.
            end: aware; ask for a day at a time, 2000 series make 11 MB of it.
            step_seconds: distance of two rows; None for the scenario's own.
        """
        return self.history(start, end, step_seconds).values

    def history(self, start: datetime, end: datetime, step_seconds: int | None = None) -> History:
        """Return times and values from start to end (inclusive)."""
        step = step_seconds or self.step_seconds
        first, last = int(start.timestamp()), int(end.timestamp())
        times = np.arange(first, last + 1, step, dtype=np.int64)
        return History(times=times, values=self.simulation.values(times))

    def baseline(self, days: int = BASELINE_DAYS, step_seconds: int = 300) -> History:
        """Return fault-free history from before the first live tick, to fit on.

        Args:
            days: how much, at most 21; longer ones have no happenings before that.
            step_seconds: distance of two rows.
        """
        start = self.starts_at - timedelta(days=days)
        return self.history(start, self.starts_at - timedelta(seconds=1), step_seconds)

    def chunks(self, hours: int = 24) -> Iterator[History]:
        """Yield every live tick in order, so many hours at a time; each read costs its own time."""
        step = timedelta(seconds=self.step_seconds)
        start = self.starts_at
        while start <= self.ends_at:
            end = min(start + timedelta(hours=hours) - step, self.ends_at)
            yield self.history(start, end)
            start = end + step


def quiet_scenario(seed: int, series: int = 2000, days: int = 14) -> Scenario:
    """Return a generated shop with planted faults, harmless happenings and a fault-free end.

    About three faults a day (20 in two weeks) fill the time before the quiet span, which is the
    last week, or the last half of shorter scenarios. Harmless things happen all the time.

    Args:
        seed: any number; names, shape, kinds, sizes and times all depend on it.
        series: about how many series.
        days: live days, at least 2; three more weeks of history lie before them.

    Raises:
        ValueError: fewer than 2 days or 50 series.
    """
    if days < 2 or series < 50:
        raise ValueError(f"a scenario needs 2 days and 50 series; got {days} and {series}")
    shop = build_estate(seed, series)
    rng = np.random.Generator(np.random.PCG64([seed, 5]))
    starts_at = datetime(2026, 1, 5, tzinfo=UTC) + timedelta(days=int(rng.integers(0, 200)))
    ends_at = starts_at + timedelta(days=days)
    quiet_from = ends_at - timedelta(days=min(7.0, days / 2))
    plans = _plant(shop, rng, starts_at, quiet_from)
    first = starts_at.timestamp() - BASELINE_DAYS * _DAY
    span = (BASELINE_DAYS + days) * _DAY
    effects, changes = draw_happenings(shop, rng, first, span, STEP_SECONDS)
    effects += [effect for plan in plans for effect in plan.effects]
    changes += [change for plan in plans for change in plan.changes]
    gauges = build_gauges(shop, rng)
    return Scenario(
        seed=seed,
        shop=shop,
        simulation=Simulation.build(gauges, shop.cohorts, seed, effects),
        starts_at=starts_at,
        quiet_from=quiet_from,
        ends_at=ends_at,
        faults=tuple(plan.fault for plan in plans),
        changes=tuple(sorted(changes, key=lambda change: (change.started_at, change.id))),
    )


def _plant(
    shop: Blueprint, rng: np.random.Generator, start: datetime, end: datetime
) -> tuple[Plan, ...]:
    """Spread faults of all kinds over the time, each with room to be recovered from."""
    begin = start.timestamp() + 3 * 3600
    length = end.timestamp() - 6 * 3600 - begin
    count = max(2, min(20, round(20 * length / (6.6 * _DAY))))
    possible = [kind for kind in FaultKind if shop.of_kind(ROOT_KIND[kind])]
    kinds: list[FaultKind] = []
    while len(kinds) < count:
        kinds += [possible[place] for place in rng.permutation(len(possible))]
    slot = length / count
    plans: list[Plan] = []
    for number, kind in enumerate(kinds[:count]):
        onset = begin + slot * (number + float(rng.uniform(0.05, 0.5)))
        avoid = None
        if number % _OVERLAPPING == _OVERLAPPING - 1:
            avoid = plans[-1].fault
            onset = avoid.started_at.timestamp() + float(rng.uniform(120, 900))
        name = f"fault-{number + 1}"
        plans.append(_plant_one(shop, rng, kind, name=name, start=onset, slot=slot, avoid=avoid))
    return tuple(plans)


def _plant_one(
    shop: Blueprint,
    rng: np.random.Generator,
    kind: FaultKind,
    *,
    name: str,
    start: float,
    slot: float,
    avoid: Fault | None,
) -> Plan:
    minutes = rng.uniform(70, 130) if kind is FaultKind.MEMORY_LEAK else rng.uniform(15, 60)
    seconds = min(60 * float(minutes), 0.4 * slot)
    regions = [one for one in shop.regions if avoid is None or one not in avoid.regions]
    region = regions[int(rng.integers(len(regions)))] if regions else shop.regions[0]
    everywhere = kind is not FaultKind.FLAG_REGION and avoid is None and rng.random() < 0.25
    by_segment = kind in (FaultKind.FLAG_REGION, FaultKind.KPI_DROP) and rng.random() < 0.4
    segment = shop.segments[int(rng.integers(len(shop.segments)))] if by_segment else None
    when = utc(start)
    scene = Scene(
        id=name,
        kind=kind,
        shop=shop,
        root=_draw_root(shop, rng, kind),
        start=start,
        end=start + seconds,
        rng=rng,
        ref=f"{draw_ref(kind, when, rng)}.{name.removeprefix('fault-')}",
        region=None if everywhere else region,
        segment=segment,
        lead_seconds=float(rng.uniform(45, 420)),
    )
    plan = plan_fault(scene)
    return replace(plan, changes=(*plan.changes, *_decoys(shop, rng, scene)))


def _decoys(shop: Blueprint, rng: np.random.Generator, scene: Scene) -> Iterator[Change]:
    """Yield innocent changes around the onset: somebody always deploys something."""
    for number in range(int(rng.integers(0, 3))):
        when = utc(scene.start + float(rng.uniform(-1500, 300)))
        apps = [name for name in shop.of_kind(ServiceKind.APP) if name != scene.root]
        yield Change(
            id=f"deploy-decoy-{scene.id}-{number}",
            kind=ChangeKind.DEPLOY,
            service=apps[int(rng.integers(len(apps)))],
            ref=f"{when:%Y.%m.%d}-d{scene.id.removeprefix('fault-')}.{number}",
            started_at=when,
            ended_at=when + timedelta(seconds=80),
            status="finished",
            source="shop",
        )


def _draw_root(shop: Blueprint, rng: np.random.Generator, kind: FaultKind) -> str:
    """Draw where it begins: mostly on a journey, sometimes where no user ever looks."""
    roots = shop.of_kind(ROOT_KIND[kind])
    if kind is FaultKind.KPI_DROP:
        roots = tuple(journey.entry for journey in shop.journeys)
    journeyed = {name for journey in shop.journeys for name in journey.services}
    met = tuple(name for name in roots if name in journeyed)
    choices = met if met and (kind is FaultKind.KPI_DROP or rng.random() < 0.85) else roots
    return choices[int(rng.integers(len(choices)))]
