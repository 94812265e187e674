"""Block Kit within its limits, and text that cannot break out of Slack's markup. Pure.

References:
    docs.slack.dev, "Formatting text for app surfaces" and "Block Kit".
"""

import re
from collections.abc import Iterable
from typing import Any

from slack_sdk.models.blocks import (
    ContextBlock,
    HeaderBlock,
    MarkdownTextObject,
    PlainTextObject,
    SectionBlock,
)

from aiops.notify.phrases import clean

HEADER_CHARACTERS = 150
SECTION_CHARACTERS = 3000
FIELD_CHARACTERS = 2000

Block = dict[str, Any]

_ENTITIES = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}
_MENTION = re.compile(r"@(?=channel|here|everyone)", re.IGNORECASE)
_WORD_JOINER = "\u2060"


def escaped(text: str, limit: int) -> str:
    """Return text as mrkdwn that says the same and mentions nobody, at most `limit` characters.

    It is cut between characters, never inside an entity.

    Examples:
        >>> escaped("<!channel> & co", 40), escaped("a<b", 5)
        ('&lt;!channel&gt; &amp; co', 'a…')
    """
    plain = _MENTION.sub(f"@{_WORD_JOINER}", clean(text, limit))
    parts = [_ENTITIES.get(char, char) for char in plain]
    if sum(map(len, parts)) <= limit:
        return "".join(parts)
    length = 0
    kept: list[str] = []
    for part in parts:
        length += len(part)
        if length > limit - 1:
            break
        kept.append(part)
    return "".join(kept) + "…"


def header(text: str) -> Block:
    """Return a header of plain text."""
    block = HeaderBlock(text=PlainTextObject(text=clean(text, HEADER_CHARACTERS) or "Incident"))
    return dict(block.to_dict())


def section(markup: str) -> Block:
    """Return a paragraph of mrkdwn that is escaped and within 3000 characters already."""
    return dict(SectionBlock(text=_text(markup)).to_dict())


def fields(pairs: Iterable[tuple[str, str]]) -> Block:
    """Return titled values side by side: at most ten, each escaped and short already."""
    texts = [_text(f"*{title}*\n{value}") for title, value in pairs]
    return dict(SectionBlock(fields=texts).to_dict())


def context(markup: str) -> Block:
    """Return small print of mrkdwn that is escaped already."""
    return dict(ContextBlock(elements=[_text(markup)]).to_dict())


def link(url: str, text: str) -> str:
    """Return a link; the address is ours, the text is escaped."""
    return f"<{url}|{escaped(text, 200)}>"


def _text(markup: str) -> MarkdownTextObject:
    # verbatim: Slack makes no links or mentions of its own from what the data says
    return MarkdownTextObject(text=markup, verbatim=True)
