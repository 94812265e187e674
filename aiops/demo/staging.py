"""What happens in each case: the fault it is about, and the changes that mislead."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from typing import Any, Final

import numpy as np

from aiops.demo.blueprint import Blueprint
from aiops.demo.faults import FaultKind, Plan
from aiops.demo.recipes import ROOT_KIND, plan_fault
from aiops.demo.scene import Scene
from aiops.domain.changes import Change, ChangeKind
from aiops.domain.time import utc
from topology.attributes import ServiceKind

_LEAST: Final = 0.3
"""Faults are clearly there; `bench quiet` has the faint ones."""


class CaseKind(StrEnum):
    """What a case is about."""

    CULPRIT_CHANGE = "culprit_change"
    INNOCENT_IN_TIME = "innocent_in_time"
    INNOCENT_IN_GRAPH = "innocent_in_graph"
    OLD_DEPLOY = "old_deploy"
    TWO_DEPLOYS = "two_deploys"
    REGION_FLAG = "region_flag"
    SHARED_CONFIG = "shared_config"
    LATE_LEAK = "late_leak"
    PROVIDER = "provider"
    SURGE = "surge"
    KPI_ONLY = "kpi_only"
    TWO_FAULTS = "two_faults"
    RELAPSE = "relapse"
    CALM_DAY = "calm_day"
    HOLIDAY = "holiday"


@dataclass(slots=True, kw_only=True)
class Stage:
    """A case while it is written: `at` is the first sign of its first fault, epoch seconds."""

    shop: Blueprint
    rng: np.random.Generator
    at: float
    plans: list[Plan] = field(default_factory=list)
    changes: list[Change] = field(default_factory=list)

    def one_of(self, names: tuple[str, ...]) -> str:
        """Draw one of some names."""
        return names[int(self.rng.integers(len(names)))]

    def play(self, kind: FaultKind, *, after: float = 0.0, **changed: Any) -> Plan:
        """Let a fault happen some seconds after `at`, in one region more often than in all."""
        number = len(self.plans) + 1
        region = self.one_of(self.shop.regions) if self.rng.random() < 0.7 else None
        start = self.at + after
        minutes = self.rng.uniform(90, 150) if kind is FaultKind.MEMORY_LEAK else 0.0
        seconds = 60 * float(minutes or self.rng.uniform(25, 60))
        scene = Scene(
            **{
                "id": f"fault-{number}",
                "kind": kind,
                "shop": self.shop,
                "root": self.one_of(roots(self.shop, kind)),
                "start": start,
                "end": start + seconds,
                "rng": self.rng,
                "ref": f"v{number}.{int(self.rng.integers(1, 99))}",
                "region": region,
                "lead_seconds": float(self.rng.uniform(45, 420)),
                "least": _LEAST,
                **changed,
            }
        )
        plan = plan_fault(scene)
        self.plans.append(plan)
        return plan

    def innocent(self, service: str, minutes: float, kind: ChangeKind = ChangeKind.DEPLOY) -> None:
        """Report a change that does nothing, some minutes after `at` (or before)."""
        when = utc(self.at + 60 * minutes)
        number = len(self.changes) + 1
        self.changes.append(
            Change(
                id=f"innocent-{number}",
                kind=kind,
                service=service,
                ref=f"i{number}.{int(self.rng.integers(1, 99))}",
                started_at=when,
                ended_at=when + timedelta(seconds=60) if kind is ChangeKind.DEPLOY else None,
                status="finished",
                source="shop",
            )
        )

    def apps_apart(self, root: str) -> tuple[str, ...]:
        """Return the apps that neither depend on a service nor serve it."""
        graph = self.shop.graph
        near = {root, *graph.reach(root, 9, "callers"), *graph.reach(root, 9)}
        return tuple(name for name in self.shop.of_kind(ServiceKind.APP) if name not in near)

    def apps_around(self, root: str) -> tuple[str, ...]:
        """Return the apps that call a service or are called by it."""
        graph = self.shop.graph
        near = {*graph.callers(root), *graph.callees(root)} - {root}
        return tuple(name for name in self.shop.of_kind(ServiceKind.APP) if name in near)


def roots(shop: Blueprint, kind: FaultKind) -> tuple[str, ...]:
    """Return the services on journeys with money at which a fault of a kind may begin."""
    paid = {kpi.journey for kpi in shop.kpis if kpi.unit == shop.currency}
    journeys = [one for one in shop.journeys if one.name in paid]
    if kind is FaultKind.KPI_DROP:
        return tuple(one.entry for one in journeys)
    on = {name for one in journeys for name in one.services}
    return tuple(name for name in shop.of_kind(ROOT_KIND[kind]) if name in on)


def play(kind: CaseKind, stage: Stage) -> None:
    """Write a case of a kind; on a calm one nothing happens."""
    if kind in _WRITERS:
        _WRITERS[kind](stage)


def _culprit_change(stage: Stage) -> None:
    stage.play(FaultKind.DEPLOY_ERRORS)


def _innocent_in_time(stage: Stage) -> None:
    """Nobody changed what fails, but others deployed elsewhere right then."""
    plan = stage.play(FaultKind.DB_SATURATION)
    apart = stage.apps_apart(plan.fault.service)
    for minutes in (-4.0, -1.5, 1.0)[: len(apart)]:
        stage.innocent(stage.one_of(apart), minutes)


def _innocent_in_graph(stage: Stage) -> None:
    """The neighbours of what fails were changed too: earlier on, and when it had begun."""
    plan = stage.play(FaultKind.DEPLOY_ERRORS)
    around = stage.apps_around(plan.fault.service)
    for minutes in (-38.0, -22.0, 2.0)[: len(around)]:
        stage.innocent(stage.one_of(around), minutes)


def _old_deploy(stage: Stage) -> None:
    """What fails was last changed three weeks ago."""
    plan = stage.play(FaultKind.DB_SATURATION)
    stage.innocent(plan.fault.service, -21 * 24 * 60, ChangeKind.CONFIG)


def _two_deploys(stage: Stage) -> None:
    """A caller of what fails was deployed a minute before or after it."""
    root = stage.one_of(roots(stage.shop, FaultKind.DEPLOY_ERRORS))
    plan = stage.play(FaultKind.DEPLOY_ERRORS, root=root, lead_seconds=150.0)
    around = stage.apps_around(plan.fault.service) or stage.apps_apart(plan.fault.service)
    stage.innocent(stage.one_of(around), -3.5 if stage.rng.random() < 0.5 else -1.5)


def _region_flag(stage: Stage) -> None:
    segment = stage.one_of(stage.shop.segments) if stage.rng.random() < 0.4 else None
    region = stage.one_of(stage.shop.regions)
    stage.play(FaultKind.FLAG_REGION, region=region, segment=segment)


def _shared_config(stage: Stage) -> None:
    stage.play(FaultKind.SHARED_CONFIG)


def _late_leak(stage: Stage) -> None:
    stage.play(FaultKind.MEMORY_LEAK)


def _provider(stage: Stage) -> None:
    stage.play(FaultKind.PROVIDER_OUTAGE)


def _surge(stage: Stage) -> None:
    stage.play(FaultKind.SURGE)


def _kpi_only(stage: Stage) -> None:
    stage.play(FaultKind.KPI_DROP)


def _two_faults(stage: Stage) -> None:
    """Two unrelated faults begin in one minute, each in a region of its own."""
    first, second = (stage.shop.regions[int(n)] for n in stage.rng.permutation(2))
    plan = stage.play(FaultKind.DEPLOY_ERRORS, region=first)
    kinds = (FaultKind.DB_SATURATION, FaultKind.PROVIDER_OUTAGE, FaultKind.LATENCY_REGRESSION)
    kind = kinds[int(stage.rng.integers(len(kinds)))]
    possible = roots(stage.shop, kind)
    others = tuple(one for one in possible if one != plan.fault.service) or possible
    after = float(stage.rng.uniform(0, 50))
    stage.play(kind, region=second, root=stage.one_of(others), after=after)


def _relapse(stage: Stage) -> None:
    """The same fault comes back: inside the watch, or after it."""
    kind = FaultKind.DB_SATURATION if stage.rng.random() < 0.5 else FaultKind.DEPLOY_ERRORS
    region = stage.one_of(stage.shop.regions)
    plan = stage.play(kind, region=region)
    calm = 60 * float(stage.rng.uniform(35, 50) if stage.rng.random() < 0.5 else 100)
    after = (plan.fault.ended_at - plan.fault.started_at).total_seconds() + calm
    stage.play(kind, region=region, root=plan.fault.service, after=after)


_WRITERS: Final[dict[CaseKind, Callable[[Stage], None]]] = {
    CaseKind.CULPRIT_CHANGE: _culprit_change,
    CaseKind.INNOCENT_IN_TIME: _innocent_in_time,
    CaseKind.INNOCENT_IN_GRAPH: _innocent_in_graph,
    CaseKind.OLD_DEPLOY: _old_deploy,
    CaseKind.TWO_DEPLOYS: _two_deploys,
    CaseKind.REGION_FLAG: _region_flag,
    CaseKind.SHARED_CONFIG: _shared_config,
    CaseKind.LATE_LEAK: _late_leak,
    CaseKind.PROVIDER: _provider,
    CaseKind.SURGE: _surge,
    CaseKind.KPI_ONLY: _kpi_only,
    CaseKind.TWO_FAULTS: _two_faults,
    CaseKind.RELAPSE: _relapse,
}
