"""Topology text -> service graph, with every problem named by file and line.

Three forms, told apart by their content: the product's own YAML and the nodes-and-edges JSON of
recordings (`topology.declared`), and Backstage catalogs (`topology.catalog`).
"""

from typing import Final

from topology.catalog import is_entity, read_catalog
from topology.declared import SECTIONS, read_declared
from topology.document import Fields, read_documents
from topology.draft import Draft, Parsed

_FORMS: Final = "expected `services:`, or `nodes:` and `edges:`, or Backstage entities"


def parse_topology(text: str, filename: str) -> Parsed:
    """Read a topology file of any supported form.

    What cannot be understood is left out and reported; the rest is read. Cycles are legal.

    Args:
        text: the whole file, YAML (one or several documents) or JSON.
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
    documents, problems = read_documents(text, filename)
    draft = Draft(filename)
    draft.add_problems(problems)
    entities: list[Fields] = []
    for document in documents:
        if not isinstance(document, Fields):
            draft.error(document.line, "this is no topology; it is left out", _FORMS)
        elif is_entity(document):
            entities.append(document)
        elif document.entries.keys().isdisjoint(SECTIONS):
            keys = ", ".join(list(document.entries)[:5]) or "none"
            draft.error(document.line, f"no topology under these keys: {keys}", _FORMS)
        else:
            read_declared(document, draft)
    read_catalog(entities, draft)
    return draft.finish()
