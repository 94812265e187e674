"""YAML or JSON text -> plain trees that know their lines.

A loader of our own over PyYAML's events, for three reasons: problems need line numbers; no
Python object is ever made from a tag; and every scalar stays the text that was written, so the
region `NO` is not False. JSON, JSON lines and plain block YAML take faster ways to the same trees.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, NoReturn

import yaml

from topology.block_text import read_block
from topology.json_text import read_json
from topology.nodes import MAX_CHARACTERS, MAX_DEPTH, MAX_NODES, NULLS, Fields, Items, Node, Scalar
from topology.problems import Problem, TopologyError

if TYPE_CHECKING:
    from collections.abc import Iterator

_LOADER: Final[type[yaml.SafeLoader]] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_MERGE_KEY: Final = "<<"


def read_documents(text: str, filename: str) -> tuple[list[Node], list[Problem]]:
    """Return the documents of a YAML or JSON text, and what is wrong with them short of syntax.

    Args:
        text: the whole file.
        filename: its name, for messages.

    Returns:
        The documents that are not empty, in order, and problems such as a repeated key.

    Raises:
        TopologyError: when the text is neither YAML nor JSON, or larger, deeper or (with its
            aliases expanded) longer than a topology can be.
    """
    if len(text) > MAX_CHARACTERS:
        message = f"the text has {len(text)} characters, more than the {MAX_CHARACTERS} allowed"
        raise TopologyError(
            [Problem(file=filename, line=1, message=message, hint="split the topology by domain")]
        )
    text = text.removeprefix("\ufeff")
    if text.lstrip()[:1] in ("{", "[") and (read := read_json(text, filename)) is not None:
        return read
    if (node := read_block(text)) is not None:
        return [node], []
    composer = _Composer(filename=filename)
    try:
        for event in yaml.parse(text, Loader=_LOADER):
            composer.take(event)
    except yaml.YAMLError as error:
        raise TopologyError([_syntax_problem(error, text, filename)]) from error
    return composer.documents, composer.problems


def _syntax_problem(error: yaml.YAMLError, text: str, filename: str) -> Problem:
    line, message = 1, str(error)
    if isinstance(error, yaml.MarkedYAMLError):
        mark = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark else 1
        message = " ".join(part for part in (error.context, error.problem) if part)
    elif isinstance(error, yaml.reader.ReaderError):
        line = text.count("\n", 0, error.position) + 1
        message = error.reason
    return Problem(
        file=filename,
        line=line,
        message=f"this is neither YAML nor JSON: {message}",
        hint="check quotes, brackets and indentation at and above this line",
    )


@dataclass(slots=True)
class _Frame:
    """A list or mapping still being read."""

    line: int
    anchor: str | None
    is_mapping: bool
    nodes_before: int
    children: list[Node] = field(default_factory=list)


@dataclass(slots=True)
class _Composer:
    """Builds trees from events, iteratively, counting nodes as if aliases were copies."""

    filename: str
    documents: list[Node] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    _open: list[_Frame] = field(default_factory=list)
    _anchors: dict[str, tuple[Node, int]] = field(default_factory=dict)
    _nodes: int = 0

    def take(self, event: yaml.Event) -> None:
        """Take the next event of the parser."""
        line = event.start_mark.line + 1 if event.start_mark else 1
        if isinstance(event, yaml.DocumentStartEvent):
            self._anchors.clear()
        elif isinstance(event, yaml.AliasEvent):
            self._alias(event.anchor or "", line)
        elif isinstance(event, yaml.ScalarEvent):
            self._tag(event.tag, line)
            is_plain = not event.style  # None from Python's scanner, "" from libyaml's
            is_null = is_plain and event.value in NULLS
            self._count(1, line)
            self._add(Scalar(line, None if is_null else event.value), event.anchor, 1)
        elif isinstance(event, yaml.CollectionStartEvent):
            self._start(event, line)
        elif isinstance(event, yaml.CollectionEndEvent):
            self._end()

    def _start(self, event: yaml.CollectionStartEvent, line: int) -> None:
        self._tag(event.tag, line)
        if len(self._open) >= MAX_DEPTH:
            self._refuse(line, f"values are nested more than {MAX_DEPTH} deep")
        is_mapping = isinstance(event, yaml.MappingStartEvent)
        self._open.append(_Frame(line, event.anchor, is_mapping, self._nodes))
        self._count(1, line)

    def _end(self) -> None:
        frame = self._open.pop()
        node: Node
        if frame.is_mapping:
            node = Fields(frame.line, dict(self._entries(frame.children)))
        else:
            node = Items(frame.line, tuple(frame.children))
        self._add(node, frame.anchor, self._nodes - frame.nodes_before)

    def _alias(self, anchor: str, line: int) -> None:
        if anchor not in self._anchors:
            self._refuse(line, f"alias *{anchor} has no finished anchor &{anchor} above it")
        node, size = self._anchors[anchor]
        self._count(size, line)
        self._add(node, None, size)

    def _add(self, node: Node, anchor: str | None, size: int) -> None:
        if anchor is not None:
            self._anchors[anchor] = (node, size)
        if self._open:
            self._open[-1].children.append(node)
        elif not (isinstance(node, Scalar) and node.text is None):
            self.documents.append(node)

    def _entries(self, children: list[Node]) -> Iterator[tuple[str, tuple[int, Node]]]:
        """Yield merged entries first, so that those written here replace them."""
        written: dict[str, tuple[int, Node]] = {}
        for key, value in zip(children[::2], children[1::2], strict=True):
            if not isinstance(key, Scalar) or key.text is None:
                self._report(key.line, "a key must be a text; this entry is left out")
            elif key.text == _MERGE_KEY:
                yield from _merged(value)
            else:
                if key.text in written:
                    first = written[key.text][0]
                    self._report(key.line, f"key {key.text!r} again (first on line {first})")
                written[key.text] = (key.line, value)
        yield from written.items()

    def _tag(self, tag: str | None, line: int) -> None:
        if tag is not None and tag != "!" and not tag.startswith("tag:yaml.org,2002:"):
            self._report(line, f"tag {tag} means nothing here; its value is read as plain text")

    def _count(self, size: int, line: int) -> None:
        self._nodes += size
        if self._nodes > MAX_NODES:
            self._refuse(line, f"more than {MAX_NODES} values, aliases expanded")

    def _report(self, line: int, message: str) -> None:
        self.problems.append(Problem(file=self.filename, line=line, message=message))

    def _refuse(self, line: int, message: str) -> NoReturn:
        raise TopologyError([Problem(file=self.filename, line=line, message=message)])


def _merged(value: Node) -> Iterator[tuple[str, tuple[int, Node]]]:
    """Yield the entries a `<<` brings in; of several sources the first counts, so it comes last."""
    sources = value.nodes[::-1] if isinstance(value, Items) else (value,)
    for source in sources:
        if isinstance(source, Fields):
            yield from source.entries.items()
