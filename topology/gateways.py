"""Services that only pass calls on to systems which have nothing else to do with each other."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from topology.graph import ServiceGraph

SYSTEM_SERVICES: Final = 3
"""So many services that hang together are a system of their own."""

SYSTEM_HOPS: Final = 4
"""How far is looked for what holds two parts together."""

MAX_NEIGHBOURS: Final = 50
"""A service with more callers and callees is shared by everyone, and holds nothing together."""


def parts_systems(graph: ServiceGraph, name: str) -> bool:
    """Return whether systems part where a service is left out, or everyone shares it anyway.

    A shared gateway calls services that have nothing to do with each other beyond it. The front of
    one shop calls what is connected behind it, too, and a few leaves.
    """
    if name in graph.shared_by_all:
        return True
    parts = [_Part(callee) for callee in graph.callees(name)]
    for _ in range(SYSTEM_HOPS):
        if sum(part.is_system or bool(part.edge) for part in parts) < 2:
            return False
        for part in parts:
            part.grow(graph, name)
        parts = _met(parts)
    return sum(part.is_system for part in parts) > 1


class _Part:
    """What hangs together with a callee: all of it, its edge, and what lies next to that."""

    def __init__(self, callee: str) -> None:
        self.services = {callee}
        self.edge = {callee}
        self.seen = {callee}

    @property
    def is_system(self) -> bool:
        return len(self.services) >= SYSTEM_SERVICES

    def grow(self, graph: ServiceGraph, name: str) -> None:
        """Go one call further, past `name` and what everyone shares."""
        beyond = graph.neighbours(self.edge)
        self.seen = self.services | beyond
        self.edge = beyond - self.services - graph.shared_by_all - {name}
        self.services |= self.edge

    def join(self, other: _Part) -> None:
        self.services |= other.services
        self.edge |= other.edge
        self.seen |= other.seen


def _met(parts: list[_Part]) -> list[_Part]:
    """Return the parts, those joined of which one has seen a service of the other."""
    apart: list[_Part] = []
    for part in parts:
        for other in [one for one in apart if _meet(one, part)]:
            part.join(other)
            apart.remove(other)
        apart.append(part)
    return apart


def _meet(one: _Part, other: _Part) -> bool:
    return not (one.services.isdisjoint(other.seen) and other.services.isdisjoint(one.seen))
