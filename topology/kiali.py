"""Kiali graphs -> services seen in the mesh and edges with confidence and last-seen.

Read: the JSON of Kiali's graph API (`/api/namespaces/graph`), of any graph type. Versions and
workloads of an app are one service; a service node stands for the app behind it. What Kiali could
not name ("unknown") is left out and reported.

Source: the cytoscape configuration in Kiali's server, graph/config/cytoscape (kiali/kiali).
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final, NamedTuple

from topology.attributes import Service, ServiceKind, guess_kind
from topology.discover import Call, edges_from_calls
from topology.nodes import Fields, Node

if TYPE_CHECKING:
    from collections.abc import Iterator

    from topology.draft import Draft

_BYTES_A_CALL: Final = 1024.0
"""Of a TCP edge Kiali knows bytes only; about as many as a small request count as one."""
_REQUEST_PROTOCOLS: Final = ("http", "grpc")
_UNNAMED: Final = ("", "unknown")


class _Meshed(NamedTuple):
    """A service by the names Istio gives it."""

    namespace: str
    name: str


def is_kiali(document: Node) -> bool:
    """Say whether a document is a graph of Kiali."""
    elements = document.get("elements") if isinstance(document, Fields) else None
    return isinstance(elements, Fields) and "nodes" in elements.entries


def read_kiali(document: Fields, draft: Draft) -> None:
    """Read one graph into the draft."""
    elements = document.get("elements")
    if not isinstance(elements, Fields):  # pragma: no cover - is_kiali has looked
        return
    until = _until(document, draft)
    nodes = [node for node in _data(elements, "nodes") if node.text("nodeType") != "box"]
    meshed = _meshed(nodes)
    called = _called(set(meshed.values()), draft, document.line)
    for node in nodes:
        if (found := meshed.get(node.text("id"))) is not None:
            name = called[found]
            draft.observe(Service(name=name, kind=_kind(node, name)), node.line)
    known = {node.text("id") for node in nodes}
    names = {id_: called[found] for id_, found in meshed.items()}
    traffic = _Traffic(names, known, until, _number(document, "duration") or 60.0, draft)
    for edge in _data(elements, "edges"):
        traffic.take(edge)
    traffic.finish()


def _until(document: Fields, draft: Draft) -> datetime | None:
    """Return the end of the time the graph covers."""
    epoch = _number(document, "timestamp")
    try:
        return datetime.fromtimestamp(epoch, tz=UTC) if epoch else None
    except (OverflowError, ValueError, OSError):
        line = document.line_of("timestamp")
        draft.error(
            line, f"timestamp {epoch:g} is no time; its edges have no last-seen", "epoch seconds"
        )
        return None


def _meshed(nodes: list[Fields]) -> dict[str, _Meshed]:
    """Return which service each node belongs to, without those that Kiali could not name."""
    found: dict[str, _Meshed] = {}
    behind: defaultdict[_Meshed, set[_Meshed]] = defaultdict(set)
    for node in nodes:
        name = node.text("app") or node.text("workload")
        if node.text("nodeType") != "service" and name not in _UNNAMED:
            found[node.text("id")] = own = _Meshed(node.text("namespace"), name)
            for asked in node.mappings("destServices"):
                behind[_Meshed(asked.text("namespace"), asked.text("name"))].add(own)
    for node in nodes:
        asked_for = _Meshed(node.text("namespace"), node.text("service"))
        if node.text("nodeType") == "service" and asked_for.name not in _UNNAMED:
            apps = behind.get(asked_for, set())
            found[node.text("id")] = next(iter(apps)) if len(apps) == 1 else asked_for
    return found


def _called(found: set[_Meshed], draft: Draft, line: int) -> dict[_Meshed, str]:
    """Return how each service is called in the graph; namespaces part those of one name."""
    spaces: defaultdict[str, list[str]] = defaultdict(list)
    for one in sorted(found):
        if one.namespace not in _UNNAMED:
            spaces[one.name].append(one.namespace)
    for name, several in spaces.items():
        if len(several) > 1:
            draft.warn(
                line,
                f"{name!r} stands for several services, in the namespaces {', '.join(several)}; "
                f"they become {', '.join(f'{name}.{space}' for space in several)}",
                "give their telemetry the same names",
            )
    return {
        one: one.name if len(spaces[one.name]) <= 1 else f"{one.name}.{one.namespace}"
        for one in found
    }


def _kind(node: Fields, name: str) -> ServiceKind:
    if "isServiceEntry" in node.entries:
        return ServiceKind.EXTERNAL
    return ServiceKind.EDGE if "isGateway" in node.entries else guess_kind(name)


@dataclass(slots=True)
class _Traffic:
    """Turns the edges of a graph into calls."""

    names: dict[str, str]
    known: set[str]
    until: datetime | None
    seconds: float
    draft: Draft

    _calls: dict[tuple[str, str], float] = field(default_factory=dict)
    _lines: dict[tuple[str, str], int] = field(default_factory=dict)
    _unnamed: list[int] = field(default_factory=list)

    def take(self, edge: Fields) -> None:
        ends = [edge.text(key) for key in ("source", "target")]
        for key, end in zip(("source", "target"), ends, strict=True):
            if end not in self.known:
                what = f"{key} {end!r} is no node of this graph" if end else f"{key} missing"
                self.draft.error(edge.line, f"an edge: {what}; it is left out")
                return
        if not all(end in self.names for end in ends):
            self._unnamed.append(edge.line)
            return
        pair = (self.names[ends[0]], self.names[ends[1]])
        if pair[0] != pair[1]:  # versions of one app, or a service node and its app
            self._calls[pair] = self._calls.get(pair, 0.0) + self._count(edge)
            self._lines.setdefault(pair, edge.line)

    def finish(self) -> None:
        if self._unnamed:
            count = f"{len(self._unnamed)} edges have" if len(self._unnamed) > 1 else "1 edge has"
            self.draft.warn(
                self._unnamed[0],
                f"{count} an end that Kiali could not name; left out",
                "traffic from outside the mesh, or to no known host",
            )
        for (caller, callee), calls in self._calls.items():
            self._connect(caller, callee, round(calls))

    def _connect(self, caller: str, callee: str, count: int) -> None:
        line = self._lines[caller, callee]
        seen_at = self.until or datetime.fromtimestamp(0, tz=UTC)
        call = Call(caller=caller, callee=callee, count=max(count, 1), seen_at=seen_at)
        (edge,) = edges_from_calls([call])
        last_seen = self.until and edge.last_seen
        self.draft.connect(caller, callee, line, confidence=edge.confidence, last_seen=last_seen)

    def _count(self, edge: Fields) -> float:
        """Return how many calls an edge carried in the graph's time."""
        traffic = edge.get("traffic")
        rates = traffic.get("rates") if isinstance(traffic, Fields) else None
        if not isinstance(traffic, Fields) or not isinstance(rates, Fields):
            return 0.0
        protocol = traffic.text("protocol")
        per_second = _number(rates, protocol) or 0.0
        a_call = 1.0 if protocol in _REQUEST_PROTOCOLS else _BYTES_A_CALL
        return min(per_second * self.seconds / a_call, 1e12)


def _data(elements: Fields, key: str) -> Iterator[Fields]:
    """Yield the `data` of each node or edge."""
    for item in elements.mappings(key):
        data = item.get("data")
        if isinstance(data, Fields):
            yield data


def _number(fields: Fields, key: str) -> float | None:
    """Return a number from 0 up; None where none is written."""
    try:
        value = float(fields.text(key))
    except ValueError:
        return None
    return value if 0.0 <= value < float("inf") else None
