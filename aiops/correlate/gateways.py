"""Calm services that many others share: they say nothing about what belongs together."""

from collections import Counter
from collections.abc import Set as AbstractSet

from aiops.correlate.calls import Calls
from aiops.correlate.links import Links

SYSTEM_SERVICES = 3
"""So many services that hang together are a system of their own."""

SYSTEM_HOPS = 4
"""How far is looked for what holds two parts together."""

MAX_NEIGHBOURS = 50
"""A service with more callers and callees is shared by everyone: it is looked at, not passed."""


class Gateways:
    """Which calm services keep systems apart, worked out once for each that is asked about.

    Args:
        calls: who calls whom.
        sick: services that show something; those join what they share.
    """

    def __init__(self, calls: Calls, sick: AbstractSet[str]) -> None:
        self._calls = calls
        self._sick = sick
        self._around: dict[str, tuple[str, ...]] = {}
        self._known: dict[str, bool] = {}

    def neighbours(self, name: str) -> tuple[str, ...]:
        """Return callees and callers of a service, each sorted."""
        found = self._around.get(name)
        if found is None:
            found = (*self._calls.callees(name), *self._calls.callers(name))
            self._around[name] = found
        return found

    def is_shared_by_all(self, name: str) -> bool:
        """Tell whether so many call a service, or are called by it, that it says nothing."""
        return len(self.neighbours(name)) > MAX_NEIGHBOURS

    def part_systems(self, name: str) -> bool:
        """Tell whether a service joins nothing: it is calm, and systems part where it is left out.

        A shared gateway calls services that have nothing to do with each other beyond it. The
        front of one shop calls what is connected behind it, too, and a few leaves.
        """
        if name not in self._known:
            self._known[name] = self._part_systems(name)
        return self._known[name]

    def _part_systems(self, name: str) -> bool:
        if self.is_shared_by_all(name):
            return True
        if name in self._sick or len(self._calls.callees(name)) < 2:
            return False
        sizes = self._part_sizes(name)
        return sum(size >= SYSTEM_SERVICES for size in sizes) > 1

    def _part_sizes(self, name: str) -> list[int]:
        """Return how many services each part below `name` has near it, once it is left out."""
        callees = self._calls.callees(name)
        parts = Links(len(callees))
        part_of = {callee: part for part, callee in enumerate(callees)}
        ring = list(callees)
        for _ in range(SYSTEM_HOPS):
            beyond = []
            for one, other in [(near, far) for near in ring for far in self.neighbours(near)]:
                if other in part_of:
                    parts.join(part_of[one], part_of[other])
                elif other != name and not self.is_shared_by_all(other):
                    part_of[other] = part_of[one]
                    beyond.append(other)
            ring = beyond
        return list(Counter(parts.find(part) for part in part_of.values()).values())
