"""Service graph -> the product's own YAML, whatever form it was read from."""

from typing import Any

import yaml

from topology.attributes import Service
from topology.graph import Edge, ServiceGraph


def to_yaml(graph: ServiceGraph) -> str:
    """Return a topology as the text of a file; what is read from it is the same graph.

    Calls that are only declared stand with their caller, those that were seen in a list of their
    own with confidence and last-seen.

    Examples:
        >>> from topology.parse import parse_topology
        >>> print(to_yaml(parse_topology("edges: [[web, db]]", "t.yaml").graph), end="")
        services:
          db:
            kind: db
          web:
            kind: edge
            calls:
            - db
    """
    calls: dict[str, list[str]] = {}
    seen: list[dict[str, Any]] = []
    for edge in graph.edges:
        if edge.confidence == 1.0 and edge.last_seen is None:
            calls.setdefault(edge.caller, []).append(edge.callee)
        else:
            seen.append(_edge(edge))
    services = {name: _service(one, calls.get(name)) for name, one in graph.services.items()}
    document: dict[str, Any] = {"services": services}
    if seen:
        document["edges"] = seen
    return yaml.safe_dump(document, sort_keys=False, allow_unicode=True)


def _service(service: Service, calls: list[str] | None) -> dict[str, Any]:
    entry: dict[str, Any] = {
        "kind": service.kind.value,
        "owner": service.owner,
        "tier": service.tier,
        "regions": list(service.regions),
        "segments": list(service.segments),
        "display": service.display,
        "calls": calls,
    }
    return {key: value for key, value in entry.items() if value is not None and value != []}


def _edge(edge: Edge) -> dict[str, Any]:
    entry: dict[str, Any] = {"caller": edge.caller, "callee": edge.callee}
    if edge.confidence < 1.0:
        entry["confidence"] = edge.confidence
    if edge.last_seen is not None:
        entry["last_seen"] = edge.last_seen.isoformat()
    return entry
