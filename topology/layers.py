"""A place for every service by call depth: the layout of a picture, without drawing it."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Final, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    import networkx as nx

Slot: TypeAlias = "str | tuple[str, str]"
"""What takes up room in a layer: a service, or a call (caller, callee) that passes it."""

_SWEEPS: Final = 8
"""Each goes over all layers there or back; more change little."""


def layers(calls: nx.DiGraph[str]) -> list[list[Slot]]:
    """Return the services by call depth: everyone is deeper than all who call them.

    Calls that close a circle are passed over, so that every circle has a beginning. A call over
    several layers has a slot in each between, so that it need not run through services. Within a
    layer each slot stands near those it is connected with, so that few lines cross.

    Args:
        calls: caller -> callee, as `ServiceGraph.neighbourhood` returns.

    Returns:
        Layers from the outside in; the same graph gives the same layers.

    Examples:
        >>> import networkx as nx
        >>> layers(nx.DiGraph([("web", "cart"), ("web", "db"), ("cart", "db")]))
        [['web'], ['cart', ('web', 'db')], ['db']]

    References:
        Sugiyama, Tagawa, Toda, "Methods for Visual Understanding of Hierarchical System
        Structures" (1981): layers, then barycentres.
    """
    import networkx as nx  # noqa: PLC0415 - 13 MB that most processes never need

    called = {callee for _, callee in calls.edges}
    whole: nx.DiGraph[str] = nx.DiGraph()
    whole.add_nodes_from(sorted(map(str, calls), key=lambda name: (name in called, name)))
    whole.add_edges_from(sorted(calls.edges))
    done = {name: place for place, name in enumerate(nx.dfs_postorder_nodes(whole))}
    deeper: nx.DiGraph[str] = nx.DiGraph()
    deeper.add_nodes_from(whole)
    deeper.add_edges_from(
        (caller, callee) for caller, callee in whole.edges if done[caller] > done[callee]
    )
    found: list[list[Slot]] = [sorted(layer) for layer in nx.topological_generations(deeper)]
    around = _connected(found, sorted(deeper.edges))
    for sweep in range(_SWEEPS):
        for layer in found if sweep % 2 == 0 else found[::-1]:
            _settle(layer, around, _places(found))
    return found


def _connected(
    found: list[list[Slot]], calls: Iterable[tuple[str, str]]
) -> Mapping[Slot, list[Slot]]:
    """Give calls over several layers their slots; return what each slot is connected with."""
    depth = {slot: place for place, layer in enumerate(found) for slot in layer}
    around: dict[Slot, list[Slot]] = {slot: [] for slot in depth}
    for caller, callee in calls:
        between = range(depth[caller] + 1, depth[callee])
        for place in between:
            found[place].append((caller, callee))
        if between:
            around[caller, callee] = [caller, callee]
        chain: list[Slot] = [caller, *([(caller, callee)] if between else []), callee]
        for one, other in pairwise(chain):
            if isinstance(one, str):
                around[one].append(other)
            if isinstance(other, str):
                around[other].append(one)
    return around


def _places(found: Iterable[list[Slot]]) -> dict[Slot, float]:
    """Return where each slot stands in its layer, from the middle; the mean of a call's slots."""
    places: dict[Slot, list[float]] = {}
    for layer in found:
        for place, slot in enumerate(layer):
            places.setdefault(slot, []).append(place - (len(layer) - 1) / 2)
    return {slot: sum(several) / len(several) for slot, several in places.items()}


def _settle(
    layer: list[Slot], around: Mapping[Slot, list[Slot]], places: Mapping[Slot, float]
) -> None:
    """Sort one layer by the mean place of what its slots are connected with."""

    def pull(slot: Slot) -> tuple[float, float, str]:
        others = [places[one] for one in around[slot]]
        mean = sum(others) / len(others) if others else places[slot]
        return (mean, places[slot], str(slot))

    layer.sort(key=pull)
