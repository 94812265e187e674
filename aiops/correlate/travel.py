"""Whose trouble comes from whom: up to callers as trouble, down to callees as load."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from aiops.correlate.calls import Calls
from aiops.correlate.culprits import TICK
from aiops.correlate.sickness import Sickness
from aiops.domain.series import Direction, Family
from topology.attributes import ServiceKind

ORDER_TOLERANCE = 2 * TICK
"""An effect may show this long before its cause: persistence and sensitivity differ by metric."""

ORDER_SECONDS = 300.0
"""How fast suspicion of a service, and its excuse for its callers, fade the later it fell ill."""

CHANGED_KEEPS_RATIO = 0.7
"""A service changed just before keeps this much of the blame that its callee would take over:
what it calls may be sick because of the change (a deploy exhausts a database's connections)."""

CALM_CHANGE_EXCUSE = 0.5
"""A calm callee that was changed just before may still be what makes its caller sick."""

MOST_EXPLAINED = 500
"""Whoever explains so many has as much for it as it can have; nobody goes on to look for more."""

_RESOURCES = (ServiceKind.DB, ServiceKind.CACHE, ServiceKind.QUEUE, ServiceKind.EXTERNAL)

LATER_TICK_WEIGHT = 0.4
"""A cause that shows one tick after its effect is possible, but the less likely order."""

LOADED_EXCUSE_RATIO = 0.25
"""A callee that fell ill when more requests arrived is the victim; retries are the exception."""

LOAD_EXCUSE = 0.8
"""More requests than usual explain most of what the called service shows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Travel:
    """The sick part of the topology and how trouble moves in it."""

    sick: Mapping[str, Sickness]
    calls: Calls
    hops: int
    _above: dict[str, tuple[str, ...]] = field(default_factory=dict)

    def explains(self, name: str, *, changed: bool) -> tuple[str, ...]:
        """Return the other sick services whose trouble can come from `name`, sorted.

        Of more than `MOST_EXPLAINED` some.

        Args:
            name: a sick service, or a calm one.
            changed: whether it was changed just before; then what it calls may suffer from it.
        """
        own = self.sick.get(name)
        if own is None:
            return tuple(sorted(self._upwards({name}, None) - {name}))
        found: set[str] = set()
        if own.has_trouble:
            found |= self._upwards({name}, own.onset)
        if own.load_since is not None:
            found |= self._upwards(self._downwards(name, own.load_since), own.load_since)
        if is_starved(own):  # it may have gone, which is what its callers fail at
            found |= {one for one in self.calls.callers(name) if self._is_failing(one)}
        found |= self._starving(name)
        if changed:
            found |= {one for one in self.calls.callees(name) if self._exhausted(own, one) > 0}
        return tuple(sorted(found - {name}))

    def is_load_root(self, name: str) -> bool:
        """Tell whether more requests than usual enter here and are passed on.

        They do not where a caller has more as well.
        """
        own = self.sick.get(name)
        if own is None or own.load_since is None:
            return False
        callers = (self.sick.get(caller) for caller in self.calls.callers(name))
        if any(one is not None and one.load_since is not None for one in callers):
            return False
        return len(self._downwards(name, own.load_since)) > 1

    def comes_with_load(self, name: str) -> bool:
        """Tell whether a service gets more requests than usual when more enter the system.

        They enter there, or have entered elsewhere by then.
        """
        own = self.sick.get(name)
        if own is None or own.load_since is None:
            return False
        return any(
            one.load_since is not None
            and one.load_since <= own.load_since
            and self.is_load_root(other)
            for other, one in self.sick.items()
        )

    def excuse(self, name: str, changes: Mapping[str, float]) -> tuple[float, str]:
        """Return how far another service explains a sick one, in [0, 1], and which.

        Args:
            name: a sick service.
            changes: weight of the likeliest change by service.
        """
        own = self.sick[name]
        offers = [(0.0, "")]
        for callee in self.calls.below(name, self.hops):
            if callee == name:
                continue
            blame = changes.get(callee, 0.0)
            kept = CHANGED_KEEPS_RATIO * changes.get(name, 0.0) * (1 - blame)
            if callee in self.sick:
                kept *= self._exhausted(own, callee)
                offers.append((self._handed_down(own, self.sick[callee]) * (1 - kept), callee))
            else:
                offers.append((CALM_CHANGE_EXCUSE * blame * (1 - kept), callee))
        offers += [
            (self._handed_up(own, self.sick[caller], changes.get(caller, 0.0)), caller)
            for caller in self.calls.callers(name)
            if caller in self.sick
        ]
        return min(offers, key=lambda offer: (-offer[0], offer[1]))

    def _upwards(self, names: set[str], since: datetime | None) -> set[str]:
        found = set(names)
        open_ends = sorted(names)
        while open_ends and len(found) <= MOST_EXPLAINED:
            for caller in self._sick_above(open_ends.pop()):
                if caller not in found and (
                    since is None or self.sick[caller].onset >= since - ORDER_TOLERANCE
                ):
                    found.add(caller)
                    open_ends.append(caller)
        return found

    def _sick_above(self, name: str) -> tuple[str, ...]:
        if name not in self._above:
            reached = self.calls.above(name, self.hops)
            self._above[name] = tuple(one for one in reached if one in self.sick and one != name)
        return self._above[name]

    def _downwards(self, name: str, since: datetime) -> set[str]:
        found = {name}
        open_ends = [name]
        while open_ends and len(found) <= MOST_EXPLAINED:
            for callee in self.calls.callees(open_ends.pop()):
                other = self.sick.get(callee)
                if callee not in found and other is not None and other.onset >= since - TICK:
                    found.add(callee)
                    open_ends.append(callee)
        return found

    def _starving(self, name: str) -> set[str]:
        """Return what gets fewer requests because `name` fails or gets fewer itself."""
        found = {name}
        open_ends = [name]
        while open_ends and len(found) <= MOST_EXPLAINED:
            for callee in self.calls.callees(open_ends.pop()):
                other = self.sick.get(callee)
                if callee not in found and other is not None and is_starved(other):
                    found.add(callee)
                    open_ends.append(callee)
        return found

    def _is_failing(self, name: str) -> bool:
        return name in self.sick and self.sick[name].has_trouble

    def _exhausted(self, own: Sickness, callee: str) -> float:
        """Return how far a sick resource can be sick because of what its caller does to it.

        A changed service exhausts a database, cache, queue or provider it calls directly; another
        service that answers badly is rarely its caller's fault.
        """
        kind = self.calls.service(callee).kind
        if kind not in _RESOURCES or callee not in self.calls.callees(own.service):
            return 0.0
        return _in_order(own, self.sick[callee]) if callee in self.sick else 0.0

    def _handed_down(self, own: Sickness, callee: Sickness) -> float:
        """Return how far a sick callee explains its caller."""
        if not callee.has_trouble:
            return 0.0
        delay = max(0.0, (callee.onset - own.onset - TICK).total_seconds())
        ratio = min(1.0, callee.strength / own.strength) if own.strength > 0 else 1.0
        excuse = math.exp(-delay / ORDER_SECONDS) * ratio
        if own.load_since is not None and own.load_since <= callee.onset + TICK:
            return excuse * LOADED_EXCUSE_RATIO
        return excuse

    def _handed_up(self, own: Sickness, caller: Sickness, blame: float) -> float:
        """Return how far a sick caller explains what it calls: load, starvation, a change."""
        if caller.load_since is not None and caller.load_since <= own.onset + TICK:
            return LOAD_EXCUSE
        if is_starved(own) and (caller.has_trouble or is_starved(caller)):
            return LOAD_EXCUSE
        return CHANGED_KEEPS_RATIO * blame * self._exhausted(caller, own.service)


def _in_order(cause: Sickness, effect: Sickness) -> float:
    """Return how far the onsets allow one service to be the cause of another, in [0, 1]."""
    if cause.onset <= effect.onset:
        return 1.0
    return LATER_TICK_WEIGHT if cause.onset <= effect.onset + TICK else 0.0


def is_starved(one: Sickness) -> bool:
    """Tell whether nothing is wrong but that fewer requests arrive."""
    return bool(one.symptoms) and all(
        symptom.family is Family.TRAFFIC and symptom.direction is Direction.DOWN
        for symptom in one.symptoms
    )
