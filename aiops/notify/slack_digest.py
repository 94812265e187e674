"""A digest as a Slack message: one line for each incident an owner was not told of by itself."""

from typing import Any

from aiops.domain.digests import Digest, DigestEntry
from aiops.domain.time import clock_time
from aiops.notify.mrkdwn import context, escaped, header, link, section

EVENT_TYPE = "aiops_digest"
"""The type of the metadata by which a repeat finds what is there already."""

_LINE_CHARACTERS = 250
_LINES = 40
_LINES_TOGETHER = 8
# Together below the 13,200 characters a message may have, eight lines within a section's 3,000.


def message(digest: Digest, base_url: str) -> dict[str, Any]:
    """Return what the message says: text, blocks and metadata.

    Args:
        digest: what to tell; of more than forty incidents the worst are named, the rest counted.
        base_url: where our pages are, for links; empty for none.
    """
    lines = [_line(one, base_url) for one in digest.entries[:_LINES]]
    parts = [lines[at : at + _LINES_TOGETHER] for at in range(0, len(lines), _LINES_TOGETHER)]
    rest = len(digest.entries) - len(lines)
    more = f" And {rest} more: `aiops incident list` has them." if rest else ""
    small = f"{digest.id} · since {clock_time(digest.since)} · {digest.why}.{more}"
    return {
        "text": escaped(digest.title, _LINE_CHARACTERS),
        "blocks": [
            header(digest.title),
            *(section("\n".join(part)) for part in parts),
            context(escaped(small, _LINE_CHARACTERS)),
        ],
        "metadata": {
            "event_type": EVENT_TYPE,
            "event_payload": {"digest": digest.id, "at": digest.at.isoformat()},
        },
    }


def _line(entry: DigestEntry, base_url: str) -> str:
    text = escaped(entry.text, _LINE_CHARACTERS - 60)
    name = entry.incident_id
    if base_url:
        name = link(f"{base_url.rstrip('/')}/incidents/{name}", name)
    return f"• *{entry.severity}* {name}: {text}"
