"""The topology with what traces have shown of it: who calls whom, also where nobody declared it."""

from collections.abc import Callable, Sequence
from dataclasses import replace

from aiops.domain.environment import Knowledge
from topology.graph import Edge, ServiceGraph

LEAST_CALLS = 20
"""Calls after which an edge is believed: its confidence is 0.8 then."""


class LearnedTopology:
    """Adds the edges learned from traces to the declared ones.

    The graph is made anew where an edge has come or gone; another call of a known one changes
    nothing but when it was last seen.

    Args:
        edges: gives the edges that are believed.
    """

    def __init__(self, edges: Callable[[], Sequence[Edge]]) -> None:
        self._edges = edges
        self._known: Knowledge | None = None
        self._pairs: frozenset[tuple[str, str]] = frozenset()
        self._with_learned: Knowledge | None = None

    def added_to(self, known: Knowledge) -> Knowledge:
        """Return what is known, its topology extended; the same object while nothing changes."""
        edges = self._edges()
        pairs = frozenset((edge.caller, edge.callee) for edge in edges)
        if self._with_learned is None or known is not self._known or pairs != self._pairs:
            self._known, self._pairs = known, pairs
            self._with_learned = _extended(known, edges) if edges else known
        return self._with_learned


def _extended(known: Knowledge, edges: Sequence[Edge]) -> Knowledge:
    declared = known.graph
    graph = ServiceGraph.from_edges(declared.services.values(), (*declared.edges, *edges))
    return replace(known, graph=graph)
