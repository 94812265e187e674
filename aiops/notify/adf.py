"""Atlassian's document format: text as a tree, so nothing in it can be markup. Pure.

References:
    developer.atlassian.com, "Atlassian Document Format", version 1.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from aiops.notify.phrases import clean

Node = Mapping[str, Any]


def document(nodes: Iterable[Node]) -> Node:
    """Return a whole document."""
    return {"version": 1, "type": "doc", "content": list(nodes)}


def paragraph(text: str, limit: int, *, lead: str = "", url: str = "") -> list[Node]:
    """Return a paragraph, or nothing where there is no text: the format has no empty text.

    Args:
        text: as people read it.
        limit: at most so many characters of it.
        lead: in bold before it.
        url: where the text leads, if anywhere.

    Examples:
        >>> paragraph("x", 9)
        [{'type': 'paragraph', 'content': [{'type': 'text', 'text': 'x'}]}]
        >>> paragraph(" ", 9, lead="Owner")
        []
    """
    words = clean(text, limit)
    if not words:
        return []
    marks = [{"type": "link", "attrs": {"href": url}}] if url else []
    parts = [_text(f"{lead}: ", [{"type": "strong"}])] if lead else []
    return [{"type": "paragraph", "content": [*parts, _text(words, marks)]}]


def bullets(texts: Iterable[str], limit: int) -> list[Node]:
    """Return a list of points, or nothing where there are none.

    Args:
        texts: one a point; empty ones are left out.
        limit: at most so many characters of each.
    """
    points = [node for text in texts for node in paragraph(text, limit)]
    if not points:
        return []
    items = [{"type": "listItem", "content": [point]} for point in points]
    return [{"type": "bulletList", "content": items}]


def _text(words: str, marks: Sequence[Node]) -> Node:
    return {"type": "text", "text": words, **({"marks": marks} if marks else {})}
