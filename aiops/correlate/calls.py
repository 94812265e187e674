"""Who calls whom, as far as this moment's symptoms and the topology together tell."""

from collections import defaultdict
from collections.abc import Iterable, Iterator

from aiops.domain.symptoms import Symptom
from topology.attributes import Service
from topology.graph import ServiceGraph


def peers_of(symptoms: Iterable[Symptom]) -> frozenset[str]:
    """Return the called services that client-side metrics among some symptoms point to."""
    found = (one.series.key.label("peer") for one in symptoms if one.series.key.labels)
    return frozenset(peer for peer in found if peer)


def seen_by(symptoms: Iterable[Symptom]) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Yield services with the one that a client-side metric among some symptoms points to."""
    for symptom in symptoms:
        key = symptom.series.key
        peer = key.label("peer") if key.labels else None
        if peer:
            yield key.service, (peer,)


class Calls:
    """The topology, and the calls that client-side metrics (label `peer`) prove beside it.

    Args:
        graph: the declared or learned topology; may be empty or miss services.
        seen: services, each with those its client-side metrics say that it calls.
    """

    def __init__(self, graph: ServiceGraph, seen: Iterable[tuple[str, Iterable[str]]]) -> None:
        self._graph = graph
        self._callees: defaultdict[str, set[str]] = defaultdict(set)
        self._callers: defaultdict[str, set[str]] = defaultdict(set)
        for caller, peers in seen:
            for peer in peers:
                if peer != caller:
                    self._callees[caller].add(peer)
                    self._callers[peer].add(caller)

    @property
    def is_blind(self) -> bool:
        """Whether there is no topology to tell whom trouble can reach."""
        return len(self._graph) == 0

    def __contains__(self, name: object) -> bool:
        return name in self._graph or name in self._callees or name in self._callers

    def service(self, name: str) -> Service:
        """Return what is known of a service; a plain one for a name nobody declared."""
        return self._graph.service(name)

    def callees(self, name: str) -> tuple[str, ...]:
        """Return the services that `name` calls, sorted."""
        seen = self._callees.get(name)
        known = self._graph.callees(name)
        return tuple(sorted(seen.union(known))) if seen else known

    def callers(self, name: str) -> tuple[str, ...]:
        """Return the services that call `name`, sorted."""
        seen = self._callers.get(name)
        known = self._graph.callers(name)
        return tuple(sorted(seen.union(known))) if seen else known

    def is_gateway(self, name: str) -> bool:
        """Tell whether a service only passes calls on to systems unconnected without it."""
        return self._graph.is_gateway(name)

    def is_shared_by_all(self, name: str) -> bool:
        """Tell whether a service has so many callers and callees that it holds nothing together."""
        return name in self._graph.shared_by_all

    def above(self, name: str, hops: int) -> dict[str, int]:
        """Return whom trouble of `name` can reach: callers within `hops`, with their distance."""
        return self._walk(name, hops, up=True)

    def below(self, name: str, hops: int) -> dict[str, int]:
        """Return what `name` depends on within `hops`, with the distance."""
        return self._walk(name, hops, up=False)

    def _walk(self, name: str, hops: int, *, up: bool) -> dict[str, int]:
        step = self.callers if up else self.callees
        found = {name: 0}
        ring = [name]
        for distance in range(1, hops + 1):
            ring = sorted({far for near in ring for far in step(near)} - found.keys())
            found.update(dict.fromkeys(ring, distance))
        return found
