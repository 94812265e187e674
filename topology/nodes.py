"""What a topology text is made of, whatever its form: values that know their lines, and limits."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Iterator

MAX_CHARACTERS: Final = 32 * 1024 * 1024
MAX_NODES: Final = 4_000_000
"""Values in one text with every alias expanded; 100,000 services with 300,000 edges need 2 M."""
MAX_DEPTH: Final = 64
NULLS: Final = frozenset({"", "~", "null", "Null", "NULL"})
"""What a value without quotes is where there is none."""


class Scalar(NamedTuple):
    """A single value as written; `text` is None for null."""

    line: int
    text: str | None


class Items(NamedTuple):
    """A list of values."""

    line: int
    nodes: tuple[Node, ...]


class Fields(NamedTuple):
    """A mapping; each value comes with the line of its key."""

    line: int
    entries: dict[str, tuple[int, Node]]

    def get(self, key: str) -> Node | None:
        """Return the value of `key`; None when it is absent or null."""
        _, node = self.entries.get(key, (0, None))
        return None if isinstance(node, Scalar) and node.text is None else node

    def text(self, key: str) -> str:
        """Return the text of `key`, stripped; empty when it is absent, null or no single value."""
        node = self.get(key)
        return (node.text or "").strip() if isinstance(node, Scalar) else ""

    def mappings(self, key: str) -> Iterator[Fields]:
        """Yield the mappings in the list of `key`; whatever else is there is passed over."""
        node = self.get(key)
        for item in node.nodes if isinstance(node, Items) else ():
            if isinstance(item, Fields):
                yield item

    def line_of(self, key: str) -> int:
        """Return the line of `key`, or of the mapping when the key is absent."""
        return self.entries[key][0] if key in self.entries else self.line


Node: TypeAlias = Scalar | Items | Fields
