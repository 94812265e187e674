"""Services that call each other in a circle: found and named by a shortest one."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

Pair = tuple[str, str]
"""Caller, callee."""


def circles(pairs: Iterable[Pair]) -> Iterator[tuple[Pair, ...]]:
    """Yield one circle of calls per group of services that can reach each other.

    It is a shortest one through the group's first service by name, and begins there; groups come
    by that name. A service calling itself is no circle.

    Args:
        pairs: caller, callee.

    Examples:
        >>> list(circles([("c", "a"), ("a", "b"), ("b", "c"), ("c", "d")]))
        [(('a', 'b'), ('b', 'c'), ('c', 'a'))]
    """
    calls = _without_ends(pairs)
    if not calls:
        return
    import networkx as nx  # noqa: PLC0415 - 13 MB that most topologies never need

    graph: nx.DiGraph[str] = nx.DiGraph()
    graph.add_edges_from((caller, callee) for caller, called in calls.items() for callee in called)
    groups = [group for group in nx.strongly_connected_components(graph) if len(group) > 1]
    for group in sorted(groups, key=min):
        yield _through(min(group), group, calls)


def _without_ends(pairs: Iterable[Pair]) -> dict[str, list[str]]:
    """Return the calls left when what calls nothing has been taken away, again and again."""
    callees: dict[str, list[str]] = {}
    callers: dict[str, list[str]] = {}
    for caller, callee in sorted(pairs):
        if caller != callee:
            callees.setdefault(caller, []).append(callee)
            callers.setdefault(callee, []).append(caller)
    left = {caller: len(called) for caller, called in callees.items()}
    ends = [name for name in callers if name not in callees]
    gone = set(ends)
    while ends:
        for caller in callers.get(ends.pop(), ()):
            left[caller] -= 1
            if not left[caller]:
                ends.append(caller)
                gone.add(caller)
    return {
        caller: [callee for callee in called if callee not in gone]
        for caller, called in callees.items()
        if caller not in gone
    }


def _through(start: str, group: set[str], calls: dict[str, list[str]]) -> tuple[Pair, ...]:
    """Return a shortest circle through a service of a group."""
    came_from: dict[str, str] = {}
    ring = [start]
    while start not in came_from:
        found = []
        for caller in ring:
            for callee in calls[caller]:
                if callee in group and callee not in came_from:
                    came_from[callee] = caller
                    found.append(callee)
        ring = found
    path = [start]
    while len(path) == 1 or path[-1] != start:
        path.append(came_from[path[-1]])
    path.reverse()
    return tuple(pairwise(path))
