"""What happens all the time and harms nobody: blips, bumps, peaks, changes, planned work."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from aiops.demo.blueprint import Blueprint
from aiops.demo.faults import Span, load_effects
from aiops.demo.metrics import Role
from aiops.demo.simulation import Effect, Shape
from aiops.domain.changes import Change, ChangeKind
from aiops.domain.time import utc
from topology.attributes import ServiceKind

PER_DAY: Final = 200 / 14
"""So many harmless happenings a day."""

_DAY_SECONDS: Final = 86_400
_FOR_GOOD_SECONDS: Final = 365 * 86_400

_INNOCENT: Final = (
    ChangeKind.DEPLOY,
    ChangeKind.DEPLOY,
    ChangeKind.DEPLOY,
    ChangeKind.FLAG,
    ChangeKind.CONFIG,
    ChangeKind.SCALING,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Happening:
    """Something harmless: what shows in series, and what is reported as a change."""

    effects: tuple[Effect, ...] = ()
    changes: tuple[Change, ...] = ()


def draw_happenings(
    shop: Blueprint, rng: np.random.Generator, start: float, seconds: int, step_seconds: int
) -> tuple[list[Effect], list[Change]]:
    """Draw what harmless things do and report over a span, its last 240 ticks free of new ones.

    Args:
        shop: where.
        rng: draws when and which.
        start: epoch seconds, on a tick.
        seconds: length of the span.
        step_seconds: length of a tick.
    """
    effects: list[Effect] = []
    changes: list[Change] = []
    count = round(PER_DAY * seconds / _DAY_SECONDS)
    ticks = np.sort(rng.integers(60, seconds // step_seconds - 240, count))
    for number, tick in enumerate(ticks):
        at = float(int(start) + int(tick) * step_seconds)
        happening = draw_happening(shop, rng, at, step_seconds, f"h{number}")
        effects += happening.effects
        changes += happening.changes
    return effects, changes


def draw_happening(
    shop: Blueprint, rng: np.random.Generator, at: float, step_seconds: int, name: str
) -> Happening:
    """Draw one harmless happening.

    Args:
        shop: where.
        rng: draws which.
        at: epoch seconds, on a tick.
        step_seconds: length of a tick; a blip is one.
        name: unique, for the ids of its changes.
    """
    draw = rng.random()
    for share, write in _KINDS:
        if draw < share:
            return write(_Moment(shop, rng, at, step_seconds, name))
        draw -= share
    return _innocent_change(_Moment(shop, rng, at, step_seconds, name))


@dataclass(frozen=True, slots=True)
class _Moment:
    shop: Blueprint
    rng: np.random.Generator
    at: float
    step_seconds: int
    name: str

    def one_of(self, names: tuple[str, ...]) -> str:
        return names[int(self.rng.integers(len(names)))]

    def region(self) -> str:
        return self.one_of(self.shop.regions)

    def effect(
        self, service: str, role: Role, seconds: float, *, factor: float = 1.0, add: float = 0.0
    ) -> Effect:
        return Effect(
            service=service,
            role=role,
            start=self.at,
            end=self.at + seconds,
            region=self.region(),
            fall_seconds=1,
            factor=factor,
            add=add,
        )


def _blip(moment: _Moment) -> Happening:
    """One tick off, seldom two, and over: a restart, a garbage collection, a lost packet."""
    app = moment.one_of(moment.shop.of_kind(ServiceKind.APP))
    seconds = moment.step_seconds * (2 if moment.rng.random() < 0.2 else 1) - 1
    if moment.rng.random() < 0.5:
        size = float(moment.rng.uniform(0.01, 0.06))
        return Happening(effects=(moment.effect(app, Role.ERRORS, seconds, add=size),))
    factor = float(moment.rng.uniform(1.8, 6.0))
    return Happening(effects=(moment.effect(app, Role.LATENCY, seconds, factor=factor),))


def _bump(moment: _Moment) -> Happening:
    """A little slower or busier for some minutes: a batch job, a cold cache."""
    minutes = float(moment.rng.integers(4, 25))
    apps = moment.shop.of_kind(ServiceKind.APP)
    databases = moment.shop.of_kind(ServiceKind.DB)
    service, role = (
        (moment.one_of(apps), Role.LATENCY)
        if moment.rng.random() < 0.5
        else (moment.one_of(databases), Role.CPU)
    )
    factor = float(moment.rng.uniform(1.08, 1.25))
    return Happening(effects=(moment.effect(service, role, 60 * minutes, factor=factor),))


def _late_report(moment: _Moment) -> Happening:
    """Money booked a minute late: one tick too low, the next one too high, nothing lost."""
    shop = moment.shop
    kpi = shop.kpis[int(moment.rng.integers(len(shop.kpis)))]
    role = Role.MONEY if kpi.unit == shop.currency else Role.SUCCESSES
    missing = float(moment.rng.uniform(0.2, 0.6))
    low = moment.effect(kpi.service or "", role, moment.step_seconds - 1, factor=1 - missing)
    high = replace(
        low,
        start=low.start + moment.step_seconds,
        end=low.end + moment.step_seconds,
        factor=1 + missing,
    )
    return Happening(effects=(low, high))


def _peak(moment: _Moment) -> Happening:
    """More customers for an hour or two: lunch, a newsletter, rain. They all buy, too."""
    journey = moment.shop.journeys[int(moment.rng.integers(len(moment.shop.journeys)))]
    region = moment.region()
    factor = float(moment.rng.uniform(1.2, 1.55))
    end = moment.at + 60 * float(moment.rng.integers(50, 130))
    span = Span(start=moment.at, end=end, region=region)
    effects = list(load_effects(moment.shop, journey.entry, factor, span))
    effects += [
        Effect(
            service=kpi.service or journey.entry,
            role=Role.MONEY if kpi.unit == moment.shop.currency else Role.SUCCESSES,
            start=moment.at,
            end=end,
            region=region,
            factor=1 + 0.9 * (factor - 1),
        )
        for kpi in moment.shop.kpis_of((journey,))
    ]
    return Happening(effects=tuple(replace(one, shape=Shape.HILL) for one in effects))


def _maintenance(moment: _Moment) -> Happening:
    """Announced work on a service outside the journeys: its traffic is drained, as planned."""
    shop = moment.shop
    journeyed = {name for journey in shop.journeys for name in journey.services}
    apps = shop.of_kind(ServiceKind.APP)
    quiet = tuple(name for name in apps if name not in journeyed)
    service = moment.one_of(quiet or apps[-1:])
    region = moment.region()
    end = moment.at + 60 * float(moment.rng.integers(20, 70))
    planned = Change(
        id=f"maintenance-{moment.name}",
        kind=ChangeKind.MAINTENANCE,
        service=service,
        ref=f"MW-{moment.name}",
        started_at=utc(moment.at - 120),
        ended_at=utc(end + 300),
        region=region,
        description="planned work; traffic is drained",
        source="shop",
    )
    drained = replace(moment.effect(service, Role.REQUESTS, 0, factor=0.1), end=end, region=region)
    return Happening(effects=(drained,), changes=(planned,))


def _innocent_change(moment: _Moment) -> Happening:
    """A change that does no harm, as nearly all do: a busy tick, or a slightly other level."""
    kind = _INNOCENT[int(moment.rng.integers(len(_INNOCENT)))]
    service = moment.one_of(moment.shop.of_kind(ServiceKind.APP))
    when = utc(moment.at)
    change = Change(
        id=f"{kind.value}-{moment.name}",
        kind=kind,
        service=service,
        ref=f"{when:%Y.%m.%d}-{moment.name}" if kind is ChangeKind.DEPLOY else f"x-{moment.name}",
        started_at=when,
        ended_at=utc(moment.at + 90) if kind is ChangeKind.DEPLOY else None,
        status="on" if kind is ChangeKind.FLAG else "finished",
        source="shop",
    )
    effects: tuple[Effect, ...] = ()
    draw = moment.rng.random()
    if kind is ChangeKind.DEPLOY and draw < 0.15:
        factor = float(moment.rng.uniform(0.88, 1.12))
        effects = (moment.effect(service, Role.LATENCY, _FOR_GOOD_SECONDS, factor=factor),)
    elif kind is ChangeKind.DEPLOY and draw < 0.5:
        factor = float(moment.rng.uniform(1.2, 1.6))
        effects = (moment.effect(service, Role.CPU, moment.step_seconds - 1, factor=factor),)
    return Happening(effects=effects, changes=(change,))


_KINDS: Final[tuple[tuple[float, Callable[[_Moment], Happening]], ...]] = (
    (0.37, _blip),
    (0.03, _late_report),
    (0.20, _bump),
    (0.07, _peak),
    (0.05, _maintenance),
    (0.28, _innocent_change),
)
