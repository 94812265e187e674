"""What a fault is, and how its trouble travels: errors and latency to callers, load to callees."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from aiops.demo.blueprint import Blueprint
from aiops.demo.metrics import Role
from aiops.demo.simulation import Effect
from aiops.domain.changes import Change
from topology.attributes import ServiceKind

HOP_SECONDS = 20
"""How much later the next caller feels it: time-outs and retries fill up first."""

_LEAST_ERRORS = 0.0015
_LEAST_SLOWDOWN = 1.08


class FaultKind(StrEnum):
    """What goes wrong."""

    DEPLOY_ERRORS = "deploy_errors"
    FLAG_REGION = "flag_region"
    SHARED_CONFIG = "shared_config"
    PROVIDER_OUTAGE = "provider_outage"
    DB_SATURATION = "db_saturation"
    QUEUE_BACKLOG = "queue_backlog"
    LATENCY_REGRESSION = "latency_regression"
    MEMORY_LEAK = "memory_leak"
    SURGE = "surge"
    KPI_DROP = "kpi_drop"
    TRAFFIC_LOSS = "traffic_loss"


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """The truth about one planted fault: what a judge must find.

    Args:
        id: unique in its story or scenario.
        kind: what goes wrong.
        service: where it comes from.
        started_at: its first sign in any series, aware UTC.
        ended_at: when it was taken back or over; recovery takes a minute or two more.
        hurts_at: when users or a KPI first meet it; None for a fault they never meet.
        change_ref: `ref` of the change behind it, or None.
        also: further services that are right as a cause.
        regions: regions hit; empty means all.
        segments: customer segments hit; empty means all.
        services: every service with a visible sign, sorted.
        neighbours: direct callers and callees of `service`, sorted.
        kpi: the KPI that suffers most, if one does.
        kpi_relative: its relative change while it lasts, as in -0.24.
        env: the environment.
    """

    id: str
    kind: FaultKind
    service: str
    started_at: datetime
    ended_at: datetime
    hurts_at: datetime | None = None
    change_ref: str | None = None
    also: tuple[str, ...] = ()
    regions: tuple[str, ...] = ()
    segments: tuple[str, ...] = ()
    services: tuple[str, ...] = ()
    neighbours: tuple[str, ...] = ()
    kpi: str | None = None
    kpi_relative: float = 0.0
    env: str = "prod"

    @property
    def user_visible(self) -> bool:
        """Whether users or a KPI meet it, so that somebody should be called."""
        return self.hurts_at is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """A fault with everything it does: what series show and which changes are reported."""

    fault: Fault
    effects: tuple[Effect, ...]
    changes: tuple[Change, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """When and where something is felt: epoch seconds, and one region or all."""

    start: float
    end: float
    region: str | None = None
    fall_seconds: float = 60.0

    def later(self, seconds: float) -> "Span":
        """Return the same span felt a little later."""
        return Span(
            start=self.start + seconds,
            end=self.end + seconds / 2,
            region=self.region,
            fall_seconds=self.fall_seconds,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Trouble:
    """How badly a service answers: added share of errors, and its latency's factor."""

    errors: float = 0.0
    slowdown: float = 1.0

    @property
    def is_visible(self) -> bool:
        """Whether anything of it shows."""
        return self.errors >= _LEAST_ERRORS or self.slowdown >= _LEAST_SLOWDOWN


@dataclass(slots=True)
class Spread:
    """Trouble at every service it reaches, and the effects that show it."""

    shop: Blueprint
    span: Span
    reached: dict[str, Trouble] = field(default_factory=dict)
    shown: dict[str, tuple[Effect, ...]] = field(default_factory=dict)

    @property
    def effects(self) -> tuple[Effect, ...]:
        """What the series of every service it reaches show."""
        return tuple(effect for effects in self.shown.values() for effect in effects)

    def at(self, service: str, trouble: Trouble, hops: int = 0) -> None:
        """Let a service answer badly, as far as it measures how it answers."""
        known = self.reached.get(service)
        if known is not None:
            trouble = Trouble(
                errors=max(known.errors, trouble.errors),
                slowdown=max(known.slowdown, trouble.slowdown),
            )
        self.reached[service] = trouble
        span = self.span.later(hops * HOP_SECONDS)
        kind = self.shop.graph.service(service).kind
        self.shown[service] = tuple(_answers(self.shop, service, kind, trouble, span))

    def upwards(self, root: str) -> None:
        """Let the trouble of `root` reach its callers, and theirs, each less than the one before.

        A caller suffers by the share of its requests that pass the callee; a queue's producers do
        not wait for it, so nothing travels from a queue to its callers here.
        """
        ring = [root]
        for hops in range(1, 5):
            reached = sorted(
                {(caller, callee) for callee in ring for caller in self.shop.graph.callers(callee)}
            )
            ring = []
            for caller, callee in reached:
                trouble = self._passed_on(caller, callee)
                if caller != root and trouble.is_visible and caller not in ring:
                    self.at(caller, trouble, hops)
                    ring.append(caller)

    def _passed_on(self, caller: str, callee: str) -> Trouble:
        if self.shop.graph.service(callee).kind is ServiceKind.QUEUE:
            return Trouble()
        trouble = self.reached.get(callee, Trouble())
        share = min(
            1.0, self.shop.rates.get(callee, 1.0) / max(self.shop.rates.get(caller, 1.0), 1e-9)
        )
        # A p95 moves only when a fair share of requests is slow; errors add up at any share.
        slow = (trouble.slowdown - 1) * 0.75 * min(1.0, 1.6 * share) if share > 0.05 else 0.0
        return Trouble(errors=0.85 * share * trouble.errors, slowdown=1 + slow)


def _answers(
    shop: Blueprint, service: str, kind: ServiceKind, trouble: Trouble, span: Span
) -> Iterator[Effect]:
    """Yield the effects of a service answering badly: errors and slowness where it is measured."""

    def effect(name: str, role: Role, factor: float, add: float, peer: str | None = None) -> Effect:
        return Effect(
            service=name,
            role=role,
            start=span.start,
            end=span.end,
            region=span.region,
            peer=peer,
            factor=factor,
            add=add,
            rise_seconds=30,
            fall_seconds=span.fall_seconds,
        )

    if kind is ServiceKind.EXTERNAL:
        for caller, peer in shop.peers:
            if peer == service:
                yield effect(caller, Role.CLIENT_ERRORS, 1.0, trouble.errors, peer)
                yield effect(caller, Role.CLIENT_LATENCY, trouble.slowdown, 0.0, peer)
        return
    if trouble.slowdown >= _LEAST_SLOWDOWN:
        role = {
            ServiceKind.DB: Role.QUERY_LATENCY,
            ServiceKind.CACHE: Role.QUERY_LATENCY,
            ServiceKind.QUEUE: Role.QUEUE_AGE,
            ServiceKind.WORKER: None,
        }.get(kind, Role.LATENCY)
        if role is not None:
            yield effect(service, role, trouble.slowdown, 0.0)
    if trouble.errors >= _LEAST_ERRORS and kind in (
        ServiceKind.EDGE,
        ServiceKind.APP,
        ServiceKind.WORKER,
    ):
        yield effect(service, Role.ERRORS, 1.0, trouble.errors)


def load_effects(shop: Blueprint, entry: str, factor: float, span: Span) -> tuple[Effect, ...]:
    """Return what more (or less) load on `entry` does to it and to everything it calls.

    A callee feels it by the share of its requests that come from `entry`; an external party's
    own load is not ours to see.
    """
    shares = {entry: 1.0}
    ring = [entry]
    for _ in range(3):
        following: list[str] = []
        for caller in ring:
            for callee in shop.graph.callees(caller):
                if callee not in shares:
                    callers = shop.graph.callers(callee)
                    total = sum(shop.rates.get(name, 1.0) for name in callers)
                    shares[callee] = shares[caller] * shop.rates.get(caller, 1.0) / max(total, 1e-9)
                    following.append(callee)
        ring = following
    effects: list[Effect] = []
    for service, share in shares.items():
        extra = (factor - 1) * share
        if abs(extra) > 0.15:
            effects += _loaded(shop, service, extra, span)
    return tuple(effects)


def _loaded(shop: Blueprint, service: str, extra: float, span: Span) -> Iterator[Effect]:
    moved = {
        ServiceKind.EDGE: ((Role.REQUESTS, 1.0), (Role.CPU, 0.6)),
        ServiceKind.APP: ((Role.REQUESTS, 1.0), (Role.CPU, 0.6), (Role.LATENCY, 0.12)),
        ServiceKind.WORKER: ((Role.PROCESSED, 1.0), (Role.CPU, 0.6)),
        ServiceKind.QUEUE: ((Role.QUEUE_LENGTH, 0.9),),
        ServiceKind.DB: ((Role.CONNECTIONS, 0.6), (Role.CPU, 0.6), (Role.QUERY_LATENCY, 0.12)),
        ServiceKind.CACHE: ((Role.CPU, 0.5),),
    }
    for role, gain in moved.get(shop.graph.service(service).kind, ()):
        yield Effect(
            service=service,
            role=role,
            start=span.start,
            end=span.end,
            region=span.region,
            factor=max(0.0, 1 + gain * extra),
            rise_seconds=120,
            fall_seconds=max(span.fall_seconds, 120),
        )
