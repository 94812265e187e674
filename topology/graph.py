"""The service graph: who calls whom, answered locally even at 100,000 services."""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from dataclasses import dataclass, field
from itertools import chain
from types import MappingProxyType
from typing import TYPE_CHECKING, Literal, Self, TypeAlias

from topology.attributes import Service, undeclared
from topology.gateways import MAX_NEIGHBOURS, parts_systems

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from datetime import datetime

    import networkx as nx

Direction: TypeAlias = Literal["callees", "callers"]
"""Which way to walk: to the services that are called, or to those that call."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Edge:
    """One service calls another.

    Attributes:
        caller: name of the calling service.
        callee: name of the called service.
        confidence: ratio in [0, 1]; 1 for a declared edge, less for one seen in few calls.
        last_seen: when a call was last observed (aware, UTC); None for an edge only declared.
    """

    caller: str
    callee: str
    confidence: float = 1.0
    last_seen: datetime | None = None

    def __post_init__(self) -> None:
        if not 0.0 <= self.confidence <= 1.0:
            raise ValueError(
                f"edge {self.caller} -> {self.callee}: confidence {self.confidence} "
                "is not a ratio from 0 to 1"
            )
        if self.last_seen is not None and self.last_seen.tzinfo is None:
            raise ValueError(
                f"edge {self.caller} -> {self.callee}: last_seen {self.last_seen} has no time zone"
            )


@dataclass(frozen=True, slots=True, repr=False)
class ServiceGraph:
    """Services and the calls between them, frozen; build it with `from_edges`.

    Every answer comes in a fixed order (by name; by distance, then name), so the same topology
    gives the same incidents. Names that are not in the graph are legal in every question:
    a service missing from the topology still takes part in correlation, on its own.
    """

    _services: dict[str, Service] = field(hash=False)
    edges: tuple[Edge, ...]
    _callees: dict[str, tuple[str, ...]] = field(hash=False, compare=False)
    _callers: dict[str, tuple[str, ...]] = field(hash=False, compare=False)
    _gateways: dict[str, bool] = field(default_factory=dict, hash=False, compare=False)
    regions: frozenset[str] = field(init=False, hash=False, compare=False)
    segments: frozenset[str] = field(init=False, hash=False, compare=False)
    shared_by_all: frozenset[str] = field(init=False, hash=False, compare=False)

    def __post_init__(self) -> None:
        """Work out once in which regions and segments there are services, and what all share."""
        shared = (
            name
            for name in self._services
            if len(self.callees(name)) + len(self.callers(name)) > MAX_NEIGHBOURS
        )
        object.__setattr__(self, "shared_by_all", frozenset(shared))
        services = self._services.values()
        for name, named in (
            ("regions", (one.regions for one in services)),
            ("segments", (one.segments for one in services)),
        ):
            object.__setattr__(self, name, frozenset(chain.from_iterable(named)))

    @classmethod
    def from_edges(cls, services: Iterable[Service], edges: Iterable[Edge]) -> Self:
        """Build a graph.

        Args:
            services: declared services; of two with one name the later counts.
            edges: caller -> callee in any order. Repeated edges become one with the highest
                confidence and the latest `last_seen`, so declared and discovered edges may
                simply be chained. An end nobody declared becomes a service without owner; a
                service calling itself is dropped (it tells nothing about where trouble travels).

        Examples:
            >>> graph = ServiceGraph.from_edges((), [Edge(caller="shop", callee="shop-db")])
            >>> graph.callees("shop"), graph.hops("shop-db", "shop", direction="callers")
            (('shop-db',), 1)
        """
        named = {service.name: service for service in services}
        merged: dict[tuple[str, str], Edge] = {}
        for edge in edges:
            for end in (edge.caller, edge.callee):
                if end not in named:
                    named[end] = undeclared(end)
            if edge.caller != edge.callee:
                pair = (edge.caller, edge.callee)
                merged[pair] = _stronger(merged[pair], edge) if pair in merged else edge
        callees: defaultdict[str, list[str]] = defaultdict(list)
        callers: defaultdict[str, list[str]] = defaultdict(list)
        for caller, callee in sorted(merged):
            callees[caller].append(callee)
            callers[callee].append(caller)
        return cls(
            {name: named[name] for name in sorted(named)},
            tuple(merged[pair] for pair in sorted(merged)),
            {name: tuple(found) for name, found in callees.items()},
            {name: tuple(found) for name, found in callers.items()},
        )

    @property
    def services(self) -> Mapping[str, Service]:
        """All services by name, sorted, read-only."""
        return MappingProxyType(self._services)

    def __contains__(self, name: object) -> bool:
        return name in self._services

    def __len__(self) -> int:
        return len(self._services)

    def __repr__(self) -> str:
        return f"ServiceGraph(services={len(self._services)}, edges={len(self.edges)})"

    def service(self, name: str) -> Service:
        """Return the service, or a plain one without owner for a name nobody declared."""
        return self._services.get(name) or undeclared(name)

    def callees(self, name: str) -> tuple[str, ...]:
        """Return the services that `name` calls directly, sorted."""
        return self._callees.get(name, ())

    def callers(self, name: str) -> tuple[str, ...]:
        """Return the services that call `name` directly, sorted."""
        return self._callers.get(name, ())

    def neighbours(self, names: Iterable[str]) -> set[str]:
        """Return every service that one of some services calls, or that calls one of them."""
        near = list(names)
        callees = (self._callees.get(name, ()) for name in near)
        callers = (self._callers.get(name, ()) for name in near)
        return set().union(*callees, *callers)

    def edge(self, caller: str, callee: str) -> Edge | None:
        """Return the edge between two services in this direction, or None."""
        place = bisect_left(
            self.edges, (caller, callee), key=lambda edge: (edge.caller, edge.callee)
        )
        if place < len(self.edges):
            found = self.edges[place]
            if (found.caller, found.callee) == (caller, callee):
                return found
        return None

    def is_gateway(self, name: str) -> bool:
        """Return whether systems part where this service is left out, or everyone shares it.

        Worked out once for each that is asked about.
        """
        known = self._gateways.get(name)
        if known is None:
            known = self._gateways[name] = parts_systems(self, name)
        return known

    def hops(self, a: str, b: str, limit: int = 2, direction: Direction = "callees") -> int | None:
        """Return the least number of calls from `a` to `b`, or None beyond `limit`.

        Args:
            a: where to start; 0 hops from itself, in the graph or not.
            b: where to arrive.
            limit: how many hops to look, 0 or more.
            direction: "callees" follows calls, "callers" goes against them.

        Raises:
            ValueError: when `limit` is negative.
        """
        for distance, names in enumerate(self._rings((a,), limit, (direction,))):
            if b in names:
                return distance
        return None

    def reach(self, name: str, limit: int = 2, direction: Direction = "callees") -> dict[str, int]:
        """Return every service within `limit` hops with its distance, nearest first.

        The start itself is in it with 0. Bounded breadth-first search: it touches only what it
        returns, never the rest of the graph.

        Raises:
            ValueError: when `limit` is negative.
        """
        rings = self._rings((name,), limit, (direction,))
        return {found: distance for distance, ring in enumerate(rings) for found in sorted(ring)}

    def neighbourhood(self, names: Iterable[str], hops: int = 2) -> nx.DiGraph[str]:
        """Return the induced subgraph around some services, for rankings such as PageRank.

        Args:
            names: the services in question; those not in the graph become isolated nodes.
            hops: how far to go, callers and callees alike, 0 or more.

        Returns:
            A new networkx DiGraph, nodes and edges in sorted order; each edge (caller, callee)
            carries its `confidence`.

        Raises:
            ValueError: when `hops` is negative.
        """
        import networkx as nx  # noqa: PLC0415 - 13 MB that most processes never need

        rings = self._rings(names, hops, ("callees", "callers"))
        inside = sorted({name for ring in rings for name in ring})
        subgraph: nx.DiGraph[str] = nx.DiGraph()
        subgraph.add_nodes_from(inside)
        for caller in inside:
            for callee in self.callees(caller):
                if callee in subgraph:
                    edge = self.edge(caller, callee)
                    subgraph.add_edge(caller, callee, confidence=edge.confidence if edge else 1.0)
        return subgraph

    def part(self, names: Iterable[str]) -> ServiceGraph:
        """Return the graph of some services and the calls between them."""
        inside = set(names)
        return ServiceGraph.from_edges(
            (service for name, service in self._services.items() if name in inside),
            (
                edge
                for caller in sorted(inside)
                for callee in self.callees(caller)
                if callee in inside and (edge := self.edge(caller, callee)) is not None
            ),
        )

    def _rings(
        self, start: Iterable[str], limit: int, directions: tuple[Direction, ...]
    ) -> Iterator[set[str]]:
        """Yield the services at distance 0, 1 … `limit`, until nothing new is found."""
        if limit < 0:
            raise ValueError(f"hops are counted from 0 up; got a limit of {limit}")
        tables = [self._callees if way == "callees" else self._callers for way in directions]
        ring = set(start)
        seen = set(ring)
        for _ in range(limit):
            yield ring
            ring = {found for table in tables for name in ring for found in table.get(name, ())}
            ring -= seen
            if not ring:
                return
            seen |= ring
        yield ring


def _stronger(first: Edge, second: Edge) -> Edge:
    """Merge two observations of one edge; the order does not matter."""
    times = [edge.last_seen for edge in (first, second) if edge.last_seen is not None]
    return Edge(
        caller=first.caller,
        callee=first.callee,
        confidence=max(first.confidence, second.confidence),
        last_seen=max(times, default=None),
    )
