"""Plain block YAML -> the tree that knows its lines, several times faster than from its events.

Plain is what `yaml.dump` and most generators of topologies write: one key, or one value of a list,
on a line, and short values as they are or in quotes. All else YAML has (comments behind a value,
flow lists, anchors, tags, texts over several lines) is left to the reader of events.
"""

from __future__ import annotations

import re
from typing import Final, TypeAlias

from topology.nodes import MAX_DEPTH, MAX_NODES, NULLS, Fields, Items, Node, Scalar

_WORD: Final = r"[A-Za-z0-9_./](?:[-A-Za-z0-9_./:@+]*[-A-Za-z0-9_./@+])?"
_QUOTED: Final = r"'[ -&(-~]{0,999}'|\"[ !#-\[\]-~]{0,999}\""
_KEY: Final = rf"[A-Za-z0-9_./][-A-Za-z0-9_./]{{0,999}}|{_QUOTED}"  # YAML allows no longer ones
_VALUE: Final = rf"{_WORD}(?: {_WORD})*|{_QUOTED}"
_LINE: Final = re.compile(
    rf"^( *)(?:(- )?({_KEY}):(?: ({_VALUE}))?|- ({_VALUE}))$|^ *(?:#[ -~]*)?$", re.MULTILINE
)
"""Column, dash, key and its value, or a value of a list; or nothing on this line."""
_QUOTES: Final = ("'", '"')

_Row: TypeAlias = tuple[int, int, bool, str, str]
"""Line, column, whether it is an item of a list, its key ("" for none), its value ("" for none)."""

_END: Final[_Row] = (0, -1, False, "", "")


def read_block(text: str) -> Node | None:
    r"""Return the tree of a text that is plain block YAML from its first to its last line.

    Returns:
        None where it is not, where a key is repeated, and beyond the limits of a topology: from its
        events it is read all the same, or refused with its line.

    Examples:
        >>> read_block("shop:\n  owner: web\n").get("shop").entries["owner"]
        (2, Scalar(line=2, text='web'))
        >>> read_block("services: {shop: {calls: [db]}}")
    """
    text = text.removesuffix("\n")
    found = _LINE.findall(text)
    lines = text.count("\n") + 1
    if len(found) != lines or 3 * lines >= MAX_NODES:  # an item, a key and its value on each
        return None
    rows = [
        (line, len(indent), (dash or single) != "", key, value or single)
        for line, (indent, dash, key, value, single) in enumerate(found, 1)
        if key or single
    ]
    return _Rows(rows).read()


class _Rows:
    """Builds the tree; a row that does not fit where it stands and all after it stay unread."""

    def __init__(self, rows: list[_Row]) -> None:
        self._rows = [*rows, _END]
        self._at = 0

    def read(self) -> Node | None:
        """Return the tree of all rows; None when there are none or one is left over."""
        root = self._collection(self._rows[0], 1)
        return root if 0 < self._at == len(self._rows) - 1 else None

    def _collection(self, row: _Row, depth: int) -> Node:
        line, column, is_item, _, _ = row
        return (self._list if is_item else self._mapping)(line, column, depth)

    def _mapping(self, began: int, column: int, depth: int) -> Fields:
        rows, at = self._rows, self._at
        entries: dict[str, tuple[int, Node]] = {}
        while depth <= MAX_DEPTH:
            line, indent, is_item, key, value = rows[at]
            name = _written(key)
            if indent != column or is_item or name is None or name in entries:
                break
            at += 1
            if value:
                entries[name] = line, Scalar(line, _written(value))
                continue
            below = rows[at]
            if below[1] > column or (below[1] == column and below[2]):
                self._at = at
                entries[name] = line, self._collection(below, depth + 1)
                at = self._at
            else:
                entries[name] = line, Scalar(line, None)
        self._at = at
        return Fields(began, entries)

    def _list(self, began: int, column: int, depth: int) -> Items:
        rows = self._rows
        nodes: list[Node] = []
        while depth <= MAX_DEPTH:
            line, indent, is_item, key, value = rows[self._at]
            if indent != column or not is_item:
                break
            if key:
                rows[self._at] = (line, column + 2, False, key, value)
                nodes.append(self._mapping(line, column + 2, depth + 1))
            else:
                self._at += 1
                nodes.append(Scalar(line, _written(value)))
        return Items(began, tuple(nodes))


def _written(value: str) -> str | None:
    """Return the text that a plain or quoted value stands for; None for null."""
    if value.startswith(_QUOTES):
        return value[1:-1]
    return None if value in NULLS else value
