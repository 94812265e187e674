"""The topology being read: collects services, edges and problems, then builds the graph."""

from __future__ import annotations

from dataclasses import dataclass
from difflib import get_close_matches
from graphlib import CycleError, TopologicalSorter
from typing import TYPE_CHECKING, Final

from topology.graph import Edge, ServiceGraph
from topology.problems import Problem, ProblemLevel

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    import networkx as nx

    from topology.attributes import Service

_MAX_SUGGESTIONS: Final = 20
_MAX_NAMES_TO_COMPARE: Final = 2_000
_MAX_NAMES_SHOWN: Final = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Parsed:
    """A topology as read: the graph of everything that could be understood, and what could not.

    Attributes:
        graph: all services and edges that were readable.
        problems: errors and warnings in the order of their lines.
    """

    graph: ServiceGraph
    problems: tuple[Problem, ...]


class Draft:
    """Collects what the readers of the different forms find in one file."""

    def __init__(self, filename: str) -> None:
        self._filename = filename
        self._services: dict[str, tuple[Service, int]] = {}
        self._edges: list[tuple[Edge, int]] = []
        self._problems: list[Problem] = []

    def declare(self, service: Service, line: int) -> None:
        """Add a service; of two declarations of one name the first counts."""
        if service.name in self._services:
            first = self._services[service.name][1]
            self.error(
                line,
                f"service {service.name!r} is declared again (first on line {first}); "
                "the first declaration counts",
                "keep one of the two",
            )
            return
        self._services[service.name] = (service, line)

    def connect(
        self,
        caller: str,
        callee: str,
        line: int,
        *,
        confidence: float = 1.0,
        last_seen: datetime | None = None,
    ) -> None:
        """Add an edge caller -> callee; a service calling itself is reported and dropped."""
        if caller == callee:
            self.warn(line, f"service {caller!r} calls itself; the edge is dropped")
            return
        edge = Edge(caller=caller, callee=callee, confidence=confidence, last_seen=last_seen)
        self._edges.append((edge, line))

    def error(self, line: int, message: str, hint: str = "") -> None:
        """Report something that had to be left out."""
        self._problems.append(Problem(file=self._filename, line=line, message=message, hint=hint))

    def warn(self, line: int, message: str, hint: str = "") -> None:
        """Report something doubtful that was read all the same."""
        self._problems.append(
            Problem(
                file=self._filename,
                line=line,
                message=message,
                hint=hint,
                level=ProblemLevel.WARNING,
            )
        )

    def add_problems(self, problems: Iterable[Problem]) -> None:
        """Take over problems found elsewhere in the same file."""
        self._problems.extend(problems)

    def finish(self) -> Parsed:
        """Check the whole, build the graph and return both."""
        if not self._services and not self._edges:
            self.warn(
                1,
                "the topology is empty: every service stands alone and nothing is correlated "
                "along calls",
                "declare `services:`, or `nodes:` and `edges:`",
            )
        self._warn_of_undeclared()
        self._warn_of_cycles()
        graph = ServiceGraph.from_edges(
            (service for service, _ in self._services.values()), (edge for edge, _ in self._edges)
        )
        problems = sorted(self._problems, key=lambda problem: (problem.line, problem.message))
        return Parsed(graph=graph, problems=tuple(problems))

    def _warn_of_undeclared(self) -> None:
        """Name the ends of edges nobody declared, once each; silent when nothing is declared."""
        if not self._services:
            return
        reported: set[str] = set()
        for edge, line in self._edges:
            for end in (edge.callee, edge.caller):
                if end not in self._services and end not in reported:
                    reported.add(end)
                    self.warn(
                        line,
                        f"service {end!r} is not declared; it is added without an owner",
                        self._suggestion(end, len(reported)),
                    )

    def _suggestion(self, name: str, asked: int) -> str:
        # Comparing every unknown name with every known one is quadratic; help with the first few.
        if asked <= _MAX_SUGGESTIONS and len(self._services) <= _MAX_NAMES_TO_COMPARE:
            for close in get_close_matches(name, sorted(self._services), n=1, cutoff=0.8):
                return f"declare it, or did you mean {close!r}?"
        return "declare it to give it a kind and an owner"

    def _warn_of_cycles(self) -> None:
        lines = {(edge.caller, edge.callee): line for edge, line in reversed(self._edges)}
        if not _has_cycle(lines):
            return
        import networkx as nx  # noqa: PLC0415 - 13 MB that most topologies never need

        calls: nx.DiGraph[str] = nx.DiGraph()
        calls.add_edges_from(sorted(lines))
        for component in nx.strongly_connected_components(calls):
            if len(component) > 1:
                cycle = _a_cycle(calls, component)
                shown = [*(caller for caller, _ in cycle), cycle[0][0]]
                if len(shown) > _MAX_NAMES_SHOWN:
                    shown[_MAX_NAMES_SHOWN // 2 : -_MAX_NAMES_SHOWN // 2] = ["…"]
                self.warn(
                    min(lines[pair] for pair in cycle),
                    f"services call each other in a circle: {' -> '.join(shown)}",
                    "legal; where one does not really call the next, remove that edge: "
                    "causes inside a circle are harder to tell apart",
                )


def _has_cycle(pairs: Iterable[tuple[str, str]]) -> bool:
    """Return whether one can come back to a service by calling on and on."""
    order: TopologicalSorter[str] = TopologicalSorter()
    for caller, callee in pairs:
        order.add(caller, callee)
    try:
        order.prepare()
    except CycleError:
        return True
    return False


def _a_cycle(calls: nx.DiGraph[str], component: set[str]) -> list[tuple[str, str]]:
    """Return the edges of a cycle inside a strongly connected component, always the same one."""
    import networkx as nx  # noqa: PLC0415

    # Not calls.subgraph(): its order is that of a set, different in every run.
    ring: nx.DiGraph[str] = nx.DiGraph()
    ring.add_edges_from(
        (caller, callee)
        for caller in sorted(component)
        for callee in calls[caller]
        if callee in component
    )
    return [(caller, callee) for caller, callee, *_ in nx.find_cycle(ring)]
