"""The topology being read: collects services, edges and problems, then builds the graph."""

from __future__ import annotations

from dataclasses import dataclass
from difflib import get_close_matches
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from topology.circles import circles
from topology.discover import FORGET_AFTER, stale
from topology.graph import Edge, ServiceGraph
from topology.problems import Place, Problem, ProblemLevel

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping
    from datetime import datetime

    from topology.attributes import Service

_MAX_SUGGESTIONS: Final = 20
_MAX_NAMES_TO_COMPARE: Final = 2_000
_MAX_NAMES_SHOWN: Final = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Parsed:
    """A topology as read: the graph of everything that could be understood, and what could not.

    Attributes:
        graph: all services and edges that were readable.
        problems: errors and warnings in the order of the files and their lines.
        places: where each service is declared or was first seen, by name.
        unreadable: those of the problems for which a whole file was left out.
    """

    graph: ServiceGraph
    problems: tuple[Problem, ...]
    places: Mapping[str, Place]
    unreadable: tuple[Problem, ...] = ()


class Draft:
    """Collects what the readers of the different forms find in one file after the other."""

    def __init__(self, filename: str) -> None:
        self._file = filename
        self._files = {filename: 0}
        self._declared: dict[str, tuple[Service, Place]] = {}
        self._seen: dict[str, tuple[Service, Place]] = {}
        self._edges: list[tuple[Edge, Place]] = []
        self._owners: set[str] = set()
        self._problems: list[Problem] = []

    def begin(self, filename: str) -> None:
        """Go on with another file, or one of before: what comes is at lines of it."""
        self._file = filename
        self._files.setdefault(filename, len(self._files))

    def declare(self, service: Service, line: int) -> None:
        """Add a service; of two declarations of one name the first counts."""
        if service.name in self._declared:
            first = self._declared[service.name][1]
            where = f"on line {first.line}" if first.file == self._file else f"at {first}"
            self.error(
                line,
                f"service {service.name!r} is declared again (first {where}); "
                "the first declaration counts",
                "keep one of the two",
            )
            return
        self._declared[service.name] = (service, self._place(line))

    def observe(self, service: Service, line: int) -> None:
        """Add a service that was seen at work; what is declared of it counts more."""
        self._seen.setdefault(service.name, (service, self._place(line)))

    def know_owner(self, role: str) -> None:
        """Note a role that exists; once one is known, an owner who is none is reported."""
        self._owners.add(role)

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
        self._edges.append((edge, self._place(line)))

    def error(self, line: int, message: str, hint: str = "") -> None:
        """Report something that had to be left out."""
        self._report(self._place(line), message, hint, ProblemLevel.ERROR)

    def warn(self, line: int, message: str, hint: str = "") -> None:
        """Report something doubtful that was read all the same."""
        self._report(self._place(line), message, hint, ProblemLevel.WARNING)

    def add_problems(self, problems: Iterable[Problem]) -> None:
        """Take over problems found elsewhere in the same file."""
        self._problems.extend(problems)

    def finish(self) -> Parsed:
        """Check the whole, build the graph and return both."""
        services = self._seen | self._declared
        if not services and not self._edges:
            self.warn(
                1,
                "the topology is empty: every service stands alone and nothing is correlated "
                "along calls",
                "declare `services:`, or `nodes:` and `edges:`",
            )
        self._warn_of_undeclared(services)
        self._warn_of_owners()
        self._drop_stale()
        self._warn_of_circles()
        graph = ServiceGraph.from_edges(
            (service for service, _ in services.values()), (edge for edge, _ in self._edges)
        )
        problems = sorted(
            self._problems, key=lambda one: (self._files[one.file], one.line, one.message)
        )
        places = {name: place for name, (_, place) in services.items()}
        for edge, place in self._edges:
            places.setdefault(edge.caller, place)
            places.setdefault(edge.callee, place)
        return Parsed(graph=graph, problems=tuple(problems), places=MappingProxyType(places))

    def _place(self, line: int) -> Place:
        return Place(self._file, line)

    def _report(self, place: Place, message: str, hint: str, level: ProblemLevel) -> None:
        problem = Problem(file=place.file, line=place.line, message=message, hint=hint, level=level)
        self._problems.append(problem)

    def _warn_of_undeclared(self, services: Collection[str]) -> None:
        """Name the ends of edges nobody declared, once each; silent when nothing is declared."""
        if not services:
            return
        reported: set[str] = set()
        for edge, place in self._edges:
            for end in (edge.callee, edge.caller):
                if end not in services and end not in reported:
                    reported.add(end)
                    message = f"service {end!r} is not declared; it is added without an owner"
                    hint = self._suggestion(end, services, len(reported))
                    self._report(place, message, hint, ProblemLevel.WARNING)

    def _suggestion(self, name: str, services: Collection[str], asked: int) -> str:
        # Comparing every unknown name with every known one is quadratic; help with the first few.
        if asked <= _MAX_SUGGESTIONS and len(services) <= _MAX_NAMES_TO_COMPARE:
            for close in get_close_matches(name, sorted(services), n=1, cutoff=0.8):
                return f"declare it, or did you mean {close!r}?"
        return "declare it to give it a kind and an owner"

    def _warn_of_owners(self) -> None:
        """Name the owners that do not exist, at every service of theirs."""
        if not self._owners:
            return
        for service, place in self._declared.values():
            if service.owner is not None and service.owner not in self._owners:
                close = get_close_matches(service.owner, sorted(self._owners), n=1)
                known = ", ".join(sorted(self._owners)[:_MAX_NAMES_SHOWN])
                self._report(
                    place,
                    f"the owner {service.owner!r} of service {service.name!r} does not exist",
                    f"did you mean {close[0]!r}?" if close else f"known: {known}",
                    ProblemLevel.WARNING,
                )

    def _drop_stale(self) -> None:
        """Take away the calls that were seen once and not any more, and name them."""
        if all(edge.last_seen is None for edge, _ in self._edges):
            return
        merged = ServiceGraph.from_edges((), (edge for edge, _ in self._edges)).edges
        old = {(edge.caller, edge.callee): edge for edge in stale(merged)}
        for edge, place in self._edges:
            if edge == old.get((edge.caller, edge.callee)):
                message = (
                    f"the call {edge.caller} -> {edge.callee} was last seen "
                    f"{edge.last_seen:%Y-%m-%d}, more than {FORGET_AFTER.days} days before the "
                    "newest; it is left out"
                )
                hint = "declare it without confidence if it still exists"
                self._report(place, message, hint, ProblemLevel.WARNING)
        self._edges = [
            (edge, place) for edge, place in self._edges if (edge.caller, edge.callee) not in old
        ]

    def _warn_of_circles(self) -> None:
        places = {(edge.caller, edge.callee): place for edge, place in reversed(self._edges)}
        order = {pair: number for number, pair in enumerate(reversed(list(places)))}
        for circle in circles(places):
            shown = [*(caller for caller, _ in circle), circle[0][0]]
            if len(shown) > _MAX_NAMES_SHOWN:
                shown[_MAX_NAMES_SHOWN // 2 : -_MAX_NAMES_SHOWN // 2] = ["…"]
            self._report(
                places[min(circle, key=order.__getitem__)],
                f"services call each other in a circle: {' -> '.join(shown)}",
                "legal; where one does not really call the next, remove that edge: "
                "causes inside a circle are harder to tell apart",
                ProblemLevel.WARNING,
            )
