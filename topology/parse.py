"""Topology texts -> service graph, with every problem named by file and line.

Five forms, told apart by their content: the product's own YAML and the nodes-and-edges JSON of
recordings (`topology.declared`), Backstage catalogs (`topology.catalog`), Kiali graphs
(`topology.kiali`) and OTLP traces (`topology.spans`). The first three declare; the last two tell
what was seen, with confidence and last-seen.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Final

from topology.catalog import is_entity, read_catalog
from topology.declared import SECTIONS, read_declared
from topology.document import read_documents
from topology.draft import Draft, Parsed
from topology.kiali import is_kiali, read_kiali
from topology.nodes import Fields
from topology.problems import Problem, TopologyError
from topology.spans import is_traces, read_traces

_FORMS: Final = (
    "expected `services:`, or `nodes:` and `edges:`, or Backstage entities, "
    "or a Kiali graph, or OTLP traces"
)


def parse_topology(text: str, filename: str) -> Parsed:
    """Read a topology file of any supported form.

    What cannot be understood is left out and reported; the rest is read. Cycles are legal.

    Args:
        text: the whole file, YAML (one or several documents), JSON or JSON lines.
        filename: its name, for the messages.

    Returns:
        The graph and the problems, in the order of their lines.

    Raises:
        TopologyError: when the text is neither YAML nor JSON, or beyond the size limits.

    Examples:
        >>> parsed = parse_topology('{"nodes": ["shop"], "edges": [["shop", "db"]]}', "t.json")
        >>> parsed.graph.callees("shop")
        ('db',)
        >>> print(parsed.problems[0])
        t.json:1: warning: service 'db' is not declared; it is added without an owner \
(declare it to give it a kind and an owner)
    """
    reading = _Reading(Draft(filename))
    reading.take(text, filename)
    return reading.finish()


def parse_topologies(sources: Iterable[tuple[str, str]], owners: Iterable[str] = ()) -> Parsed:
    """Read several files of any form into one graph.

    What one file declares another may call, and what was seen (traces, Kiali) joins what is
    declared: of an edge in both the declared confidence and the last sight are kept. A text that
    cannot be read at all is reported like any other problem, and the rest is read.

    Args:
        sources: text and file name, at least one; of a service declared twice the first counts.
        owners: roles that exist, such as the teams of `aiops.yaml`. Where any is known, from here
            or from a catalog's groups and users, an owner who is none of them is reported.

    Raises:
        ValueError: when there is no source.

    Examples:
        >>> seen = 'edges: [{caller: a, callee: b, confidence: 0.5}]'
        >>> parsed = parse_topologies([("services: {a: {owner: web}, b: }", "own.yaml"),
        ...                            (seen, "seen.yaml")], owners=["payments"])
        >>> parsed.graph.callees("a")
        ('b',)
        >>> print(parsed.problems[0])
        own.yaml:1: warning: the owner 'web' of service 'a' does not exist (known: payments)
    """
    reading: _Reading | None = None
    unreadable: list[Problem] = []
    for text, filename in sources:
        reading = reading or _Reading(Draft(filename))
        try:
            reading.take(text, filename)
        except TopologyError as error:
            unreadable += error.problems
    if reading is None:
        raise ValueError("there is no topology text to read; give at least one")
    for role in owners:
        reading.draft.know_owner(role)
    reading.draft.add_problems(unreadable)
    return replace(reading.finish(), unreadable=tuple(unreadable))


@dataclass(frozen=True, slots=True)
class _Reading:
    """Files being read: what spans several of them is kept until all are there."""

    draft: Draft
    _entities: list[tuple[str, Fields]] = field(default_factory=list)
    _traces: list[tuple[str, Fields]] = field(default_factory=list)

    def take(self, text: str, filename: str) -> None:
        """Read one more file."""
        self.draft.begin(filename)
        documents, problems = read_documents(text, filename)
        self.draft.add_problems(problems)
        for document in documents:
            if not isinstance(document, Fields):
                self.draft.error(document.line, "this is no topology; it is left out", _FORMS)
            elif is_entity(document):
                self._entities.append((filename, document))
            elif is_traces(document):
                self._traces.append((filename, document))
            elif is_kiali(document):
                read_kiali(document, self.draft)
            elif document.entries.keys().isdisjoint(SECTIONS):
                keys = ", ".join(list(document.entries)[:5]) or "none"
                self.draft.error(document.line, f"no topology under these keys: {keys}", _FORMS)
            else:
                read_declared(document, self.draft)

    def finish(self) -> Parsed:
        """Read what had to wait, and build the graph."""
        read_catalog(self._entities, self.draft)
        read_traces(self._traces, self.draft)
        return self.draft.finish()
