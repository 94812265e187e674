"""A topology as text: each service below those that call it."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING

from topology.compare import describe, sight

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from topology.graph import Direction, ServiceGraph

_ELSEWHERE = " …"
"""What is below the service stands where it was shown first, or begins a tree of its own."""

_DEEPEST = 20
"""Calls below each other that still fit a terminal."""


def tree(
    graph: ServiceGraph, start: Iterable[str] = (), *, direction: Direction = "callees"
) -> Iterator[str]:
    """Yield the lines of a tree, from those nobody calls down to those who call nobody.

    A service that was shown above stands again without what is below it and ends in `…`, so a
    circle ends and the text has no more lines than there are services and calls. So does one that
    lies too deep; it begins a tree of its own further down.

    Args:
        graph: all services, or a neighbourhood.
        start: where to begin; else at all services without a caller, and where only circles are
            left, at the first by name.
        direction: "callees" goes down the calls, "callers" up.

    Examples:
        >>> from topology.parse import parse_topology
        >>> text = "services: {web: {calls: [cart, db]}, cart: {calls: [db]}, db: }"
        >>> for line in tree(parse_topology(text, "t.yaml").graph):
        ...     print(line)
        web (edge)
        ├── cart (app)
        │   └── db (db)
        └── db (db)
    """
    shown: set[str] = set()
    for root in start or _roots(graph, shown):
        if root not in shown:
            shown.add(root)
            yield describe(graph.service(root))
            yield from _below(graph, root, direction, shown)


def _roots(graph: ServiceGraph, shown: set[str]) -> Iterator[str]:
    yield from (name for name in graph.services if not graph.callers(name))
    yield from (name for name in graph.services if name not in shown)


def _below(graph: ServiceGraph, root: str, direction: Direction, shown: set[str]) -> Iterator[str]:
    """Yield what is below a service; with a stack of its own, since chains can be long."""
    step = graph.callees if direction == "callees" else graph.callers
    stack = [("", step(root), root, 0)]
    while stack:
        indent, names, above, place = stack.pop()
        if place == len(names):
            continue
        stack.append((indent, names, above, place + 1))
        name, is_last = names[place], place + 1 == len(names)
        pair = (above, name) if direction == "callees" else (name, above)
        edge = graph.edge(*pair)
        deferred = bool(step(name)) and (name in shown or len(stack) > _DEEPEST)
        mark = _ELSEWHERE if deferred else ""
        branch = "└── " if is_last else "├── "
        yield f"{indent}{branch}{describe(graph.service(name))}{sight(edge) if edge else ''}{mark}"
        if not deferred:
            shown.add(name)
            stack.append((indent + ("    " if is_last else "│   "), step(name), name, 0))


def shortened(lines: Iterator[str], most: int) -> Iterator[str]:
    """Yield the first lines, and how many there would be more."""
    yield from islice(lines, most)
    more = sum(1 for _ in lines)
    if more:
        yield f"… and {more} more lines; choose a part with --service and --hops"
