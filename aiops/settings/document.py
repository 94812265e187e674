"""The text of `aiops.yaml` -> plain values that can be traced back to their lines.

Every scalar stays the text that was written, so the region `NO` is not False; the schema turns
texts into numbers, dates and truth values where it expects them.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from aiops.settings.problems import Problem
from topology.document import read_documents
from topology.nodes import Fields, Items, Node, Scalar
from topology.problems import TopologyError

Loc = Sequence[str | int]


@dataclass(frozen=True, slots=True)
class Document:
    """A settings file that was read: its values, and where each stands."""

    filename: str
    root: Fields

    @property
    def values(self) -> dict[str, Any]:
        """The settings as nested dicts, lists and texts; None where nothing was written."""
        return {key: _plain(node) for key, (_, node) in self.root.entries.items()}

    def place(self, loc: Loc) -> str:
        """Return `file:line` of a setting, or of the nearest one around it."""
        node: Node = self.root
        line = self.root.line
        for part in loc:
            if isinstance(node, Fields) and part in node.entries:
                line, node = node.entries[str(part)]
            elif isinstance(node, Items) and isinstance(part, int) and part < len(node.nodes):
                node = node.nodes[part]
                line = node.line
            else:
                break
        return f"{self.filename}:{line}"


def path_of(loc: Loc) -> str:
    """Return a place in the file as people write it.

    Examples:
        >>> path_of(("journeys", 0, "steps", 1, "service"))
        'journeys[0].steps[1].service'
    """
    text = ""
    for part in loc:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
    return text


def read(text: str, filename: str) -> tuple[Document, list[Problem]]:
    """Read the text of a settings file.

    Returns:
        The document, empty where the text cannot be read, and what is wrong with it.
    """
    empty = Document(filename, Fields(1, {}))
    try:
        documents, problems = read_documents(text, filename)
    except TopologyError as error:
        return empty, [
            _problem(problem.line, filename, problem.message) for problem in error.problems
        ]
    found = [_problem(problem.line, filename, problem.message) for problem in problems]
    if not documents:
        return empty, found
    first, *more = documents
    if more:
        found.append(_problem(more[0].line, filename, "a second document; expected one"))
    if not isinstance(first, Fields):
        message = "expected settings as `name: value` lines"
        return empty, [*found, _problem(first.line, filename, message)]
    return Document(filename, first), found


def _problem(line: int, filename: str, message: str) -> Problem:
    return Problem(place=f"{filename}:{line}", path="", message=message)


def _plain(node: Node) -> Any:
    if isinstance(node, Scalar):
        return node.text
    if isinstance(node, Items):
        return [_plain(item) for item in node.nodes]
    return {key: _plain(value) for key, (_, value) in node.entries.items()}
