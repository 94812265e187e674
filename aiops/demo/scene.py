"""A fault in the making: where and when it happens, and what has been written about it."""

from dataclasses import dataclass, field, replace
from datetime import timedelta

import numpy as np

from aiops.demo.blueprint import Blueprint
from aiops.demo.faults import Fault, FaultKind, Plan, Span, Spread
from aiops.demo.metrics import Role
from aiops.demo.simulation import Effect, Shape
from aiops.domain.changes import Change, ChangeKind
from aiops.domain.journeys import Journey
from aiops.domain.time import utc


@dataclass(slots=True, kw_only=True)
class Scene:
    """Where and when a fault happens, and what has been written about it so far.

    Args:
        id: of the fault.
        kind: what goes wrong.
        shop: the shop.
        root: the service it begins at.
        start: epoch seconds of its first sign.
        end: epoch seconds at which it is taken back or over.
        rng: draws its size.
        region: one region, or None for all.
        segment: one customer segment, or None for all; only KPIs are known by segment.
        ref: version, flag name or key of the change behind it.
        lead_seconds: how long before the first sign that change was made.
        least: draws stay above this share of their range, in [0, 1).
    """

    id: str
    kind: FaultKind
    shop: Blueprint
    root: str
    start: float
    end: float
    rng: np.random.Generator
    ref: str
    region: str | None = None
    segment: str | None = None
    lead_seconds: float = 120.0
    least: float = 0.0
    spread: Spread = field(init=False)
    effects: list[Effect] = field(default_factory=list)
    changes: list[Change] = field(default_factory=list)
    also: tuple[str, ...] = ()
    hurt_seconds: float = 0.0

    def __post_init__(self) -> None:
        self.spread = Spread(self.shop, self.span())

    def span(self, after: float = 0.0) -> Span:
        """Return the fault's span, beginning some seconds after its first sign."""
        return Span(start=self.start + after, end=self.end, region=self.region)

    def draw(self, low: float, high: float) -> float:
        """Draw a size."""
        return float(self.rng.uniform(low + self.least * (high - low), high))

    def move(
        self,
        service: str,
        role: Role,
        *,
        factor: float = 1.0,
        add: float = 0.0,
        shape: Shape = Shape.STEP,
        rise: float = 30.0,
        fall: float = 60.0,
    ) -> None:
        """Let one metric of a service move for as long as the fault lasts."""
        self.effects.append(
            Effect(
                service=service,
                role=role,
                start=self.start,
                end=self.end,
                region=self.region,
                factor=factor,
                add=add,
                shape=shape,
                rise_seconds=rise,
                fall_seconds=fall,
            )
        )

    def blame(self, kind: ChangeKind, service: str | None = None) -> None:
        """Report the change behind it, and what takes it back when the fault ends."""
        target = service or self.root
        made, taken_back = utc(self.start - self.lead_seconds), utc(self.end - 50)
        first = Change(
            id=f"{kind.value}-{target}-{self.ref}",
            kind=kind,
            service=target,
            ref=self.ref,
            started_at=made,
            ended_at=made + timedelta(seconds=60) if kind is ChangeKind.DEPLOY else None,
            region=self.region,
            segment=self.segment if kind is ChangeKind.FLAG else None,
            status="on" if kind is ChangeKind.FLAG else "finished",
            source="shop",
        )
        if kind is ChangeKind.FLAG:
            self.changes.append(replace(first, ended_at=taken_back))
            return
        back = Change(
            id=f"{kind.value}-{target}-{self.ref}-reverted",
            kind=kind,
            service=target,
            ref=f"{self.ref}-reverted",
            started_at=taken_back,
            region=self.region,
            reverts=self.ref,
            status="finished",
            source="shop",
        )
        self.changes += [first, back]

    def finish(self, kpi_relative: float) -> Plan:
        """Return the plan: let the KPIs of every journey hit lose, and write down the truth.

        Args:
            kpi_relative: what the KPIs lose, as in -0.24; 0 for none.
        """
        hit = frozenset(self.spread.reached) | {effect.service for effect in self.effects}
        journeys = self.shop.journeys_through(frozenset({self.root}))
        journeys = journeys or self.shop.journeys_through(self._clearly_hit())
        kpis = self.shop.kpis_of(journeys) if kpi_relative else ()
        hurts = self.start + self.hurt_seconds
        losses = tuple(
            Effect(
                service=kpi.service or "",
                role=Role.MONEY if kpi.unit == self.shop.currency else Role.SUCCESSES,
                start=hurts + 30,
                end=self.end + 20,
                region=self.region,
                segment=self.segment if kpi.unit == self.shop.currency else None,
                factor=1 + kpi_relative,
                rise_seconds=45,
                fall_seconds=60,
            )
            for kpi in kpis
        )
        graph = self.shop.graph
        near = {*graph.callers(self.root), *graph.callees(self.root)}
        fault = Fault(
            id=self.id,
            kind=self.kind,
            service=self.root,
            started_at=utc(self.start),
            ended_at=utc(self.end),
            hurts_at=utc(hurts) if losses or self._entry_is_hit(journeys) else None,
            change_ref=self.ref if self.changes else None,
            also=self.also,
            regions=(self.region,) if self.region else (),
            segments=(self.segment,) if self.segment else (),
            services=tuple(sorted(hit | {kpi.service for kpi in kpis if kpi.service})),
            neighbours=tuple(sorted(near)),
            kpi=kpis[0].name if kpis else None,
            kpi_relative=kpi_relative if kpis else 0.0,
        )
        effects = (*self.spread.effects, *self.effects, *losses)
        return Plan(fault=fault, effects=effects, changes=tuple(self.changes))

    def _clearly_hit(self) -> frozenset[str]:
        """Return the services that answer so much worse that whoever waits for them notices."""
        return frozenset(
            name
            for name, trouble in self.spread.reached.items()
            if trouble.errors >= 0.01 or trouble.slowdown >= 2.0
        )

    def _entry_is_hit(self, journeys: tuple[Journey, ...]) -> bool:
        """Whether users of a journey wait for a service that answers clearly worse."""
        met = {journey.entry for journey in journeys}
        met |= {step.service for journey in journeys for step in journey.steps}
        return bool(met & self._clearly_hit())
