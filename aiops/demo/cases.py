"""One short scenario for each situation in which an incident goes wrong easily.

Each plays in a generated shop of its own: three weeks of history, then a few hours in which
harmless things happen as everywhere, and the one thing the case is about.
"""

import itertools
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final

import numpy as np

from aiops.demo.blueprint import Blueprint
from aiops.demo.estate import build_estate
from aiops.demo.faults import FaultKind, Plan
from aiops.demo.gauges import build_gauges
from aiops.demo.happenings import draw_happenings
from aiops.demo.metrics import Role
from aiops.demo.scenarios import BASELINE_DAYS, STEP_SECONDS, Scenario
from aiops.demo.simulation import Simulation
from aiops.demo.staging import CaseKind, Stage, play, roots

_SERIES: Final = 150
_DAY: Final = 86_400
_HOUR: Final = 3600
_AFTERMATH_SECONDS: Final = 80 * 60
"""Long enough for the regression watch to end."""

_RECOVERY_SECONDS: Final = 900
"""Money is missing for a little longer than the fault lasts."""


@dataclass(frozen=True, kw_only=True)
class Case:
    """A scenario about one thing, and what its faults cost.

    Args:
        kind: what it is about.
        scenario: shop, values, changes and faults.
        lost: money lost by fault id, in the shop's currency, over all cohorts and KPIs.
        holidays: dates that are like Sundays.
    """

    kind: CaseKind
    scenario: Scenario
    lost: Mapping[str, float]
    holidays: tuple[date, ...] = ()

    def config(self) -> dict[str, Any]:
        """Return the `aiops.yaml` of its shop as data."""
        return {**self.scenario.config(), "holidays": list(self.holidays)}


def build_case(kind: CaseKind, seed: int) -> Case:
    """Return a case in a shop of its own.

    Args:
        kind: what it is about.
        seed: any number ≥ 0; shop, places, sizes and times all depend on it.
    """
    place = list(CaseKind).index(kind)
    numbers = (10_000 * seed + 100 * place + attempt for attempt in itertools.count())
    shop = next(one for one in (build_estate(n, _SERIES) for n in numbers) if _has_all(one))
    rng = np.random.Generator(np.random.PCG64([seed, place, 7]))
    starts_at = datetime(2026, 1, 5, tzinfo=UTC) + timedelta(
        days=int(rng.integers(0, 200)), hours=int(rng.integers(0, 24))
    )
    if kind in (CaseKind.CALM_DAY, CaseKind.HOLIDAY):
        return _calm(kind, seed, shop, rng, starts_at.replace(hour=0))
    stage = Stage(
        shop=shop, rng=rng, at=starts_at.timestamp() + 2 * _HOUR + float(rng.uniform(0, 600))
    )
    play(kind, stage)
    ends_at = max(plan.fault.ended_at for plan in stage.plans)
    ends_at += timedelta(seconds=_AFTERMATH_SECONDS)
    return _case(kind, seed, stage, starts_at, ends_at.replace(second=0, microsecond=0))


def _has_all(shop: Blueprint) -> bool:
    """Whether every kind of fault can happen on a journey that earns money."""
    return all(roots(shop, kind) for kind in FaultKind)


def _case(kind: CaseKind, seed: int, stage: Stage, starts_at: datetime, ends_at: datetime) -> Case:
    shop, rng = stage.shop, stage.rng
    first = starts_at.timestamp() - BASELINE_DAYS * _DAY
    # Four hours more than are played: the last ones have no harmless happenings.
    seconds = int(ends_at.timestamp() - first) + 4 * _HOUR
    effects, changes = draw_happenings(shop, rng, first, seconds, STEP_SECONDS)
    changes += [*stage.changes, *(change for plan in stage.plans for change in plan.changes)]
    gauges = build_gauges(shop, rng)
    calm = Simulation.build(gauges, shop.cohorts, seed, effects)
    real = Simulation.build(
        gauges,
        shop.cohorts,
        seed,
        [*effects, *(effect for plan in stage.plans for effect in plan.effects)],
    )
    scenario = Scenario(
        seed=seed,
        shop=shop,
        simulation=real,
        starts_at=starts_at,
        quiet_from=ends_at,
        ends_at=ends_at,
        faults=tuple(plan.fault for plan in stage.plans),
        changes=tuple(sorted(changes, key=lambda change: (change.started_at, change.id))),
    )
    lost = {plan.fault.id: _lost(plan, calm, real) for plan in stage.plans}
    return Case(kind=kind, scenario=scenario, lost=lost)


def _calm(
    kind: CaseKind, seed: int, shop: Blueprint, rng: np.random.Generator, starts_at: datetime
) -> Case:
    """Return a day on which nothing is wrong; a holiday is a working day by the calendar."""
    ends_at = starts_at + timedelta(days=1)
    holidays: tuple[date, ...] = ()
    if kind is CaseKind.HOLIDAY:
        starts_at -= timedelta(days=max(0, starts_at.weekday() - 4))
        ends_at = starts_at + timedelta(days=1)
        holidays = (starts_at.date(),)
        days = frozenset({int(starts_at.timestamp()) // _DAY})
        cohorts = tuple(
            replace(one, season=replace(one.season, holidays=days)) for one in shop.cohorts
        )
        shop = replace(shop, cohorts=cohorts)
    stage = Stage(shop=shop, rng=rng, at=starts_at.timestamp())
    return replace(_case(kind, seed, stage, starts_at, ends_at), holidays=holidays)


def _lost(plan: Plan, calm: Simulation, real: Simulation) -> float:
    """Return the money that is missing while a fault lasts, in the regions it hit."""
    fault = plan.fault
    columns = [
        column
        for column, gauge in enumerate(real.gauges)
        if gauge.role is Role.MONEY
        and (not fault.regions or gauge.series.key.region in fault.regions)
    ]
    start, end = int(fault.started_at.timestamp()), int(fault.ended_at.timestamp())
    times = np.arange(start, end + _RECOVERY_SECONDS, STEP_SECONDS, dtype=np.int64)
    missing = calm.values(times, columns) - real.values(times, columns)
    return float(missing.sum(dtype=np.float64)) * STEP_SECONDS / 60
