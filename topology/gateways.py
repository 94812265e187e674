"""Services that only pass calls on to systems which have nothing else to do with each other."""

from __future__ import annotations

from collections import Counter
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
    if _is_shared_by_all(graph, name):
        return True
    callees = graph.callees(name)
    if len(callees) < 2:
        return False
    part_of = {callee: callee for callee in callees}
    joined = {callee: callee for callee in callees}
    count, ring = len(callees), list(callees)
    for _ in range(SYSTEM_HOPS):
        beyond = []
        for near, far in _calls_of(graph, ring):
            if far in part_of:
                one, other = _root(joined, part_of[near]), _root(joined, part_of[far])
                if one != other:
                    joined[one] = other
                    count -= 1
            elif far != name and not _is_shared_by_all(graph, far):
                part_of[far] = part_of[near]
                beyond.append(far)
        if count == 1:
            return False
        ring = beyond
    sizes = Counter(_root(joined, part) for part in part_of.values())
    return sum(size >= SYSTEM_SERVICES for size in sizes.values()) > 1


def _calls_of(graph: ServiceGraph, names: list[str]) -> list[tuple[str, str]]:
    """Return each service with each of its callees and callers."""
    return [
        (name, other) for name in names for other in (*graph.callees(name), *graph.callers(name))
    ]


def _is_shared_by_all(graph: ServiceGraph, name: str) -> bool:
    return len(graph.callees(name)) + len(graph.callers(name)) > MAX_NEIGHBOURS


def _root(joined: dict[str, str], part: str) -> str:
    while joined[part] != part:
        joined[part] = part = joined[joined[part]]
    return part
