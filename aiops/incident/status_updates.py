"""What an incident says of the updates for stakeholders that people sent. Pure."""

from dataclasses import replace
from datetime import datetime
from hashlib import sha256

from aiops.domain.errors import InputError
from aiops.domain.incidents import Incident
from aiops.domain.status_updates import MOST_CHARACTERS, StatusUpdate
from aiops.domain.timeline import TimelineEntry, TimelineKind
from aiops.incident.timeline import extend

_SHOWN_CHARACTERS = 300
_SOURCE = "update"


def approved_text(text: str) -> str:
    r"""Return a text as it will be sent: word for word, without blank ends.

    Raises:
        InputError: it is empty or too long, or holds what not every sink can carry.

    Examples:
        >>> approved_text("Checkout works again.\n")
        'Checkout works again.'
    """
    said = text.strip()
    if not said:
        raise InputError("the update is empty; say what stakeholders are to read")
    if len(said) > MOST_CHARACTERS:
        raise InputError(
            f"the update has {len(said)} characters; at most {MOST_CHARACTERS} can be sent"
        )
    odd = next((one for one in said if not (one.isprintable() or one == "\n")), "")
    if odd:
        raise InputError(f"the update holds U+{ord(odd):04X}; expected plain text and line breaks")
    return said


def with_update(incident: Incident, update: StatusUpdate) -> Incident:
    """Return an incident whose timeline tells of an update, as it was where it does so already.

    The same text for the same sink within the same minute is the same update.

    Args:
        incident: as it stands.
        update: about it.
    """
    said = sha256(update.text.encode()).hexdigest()[:12]
    source = f"{_SOURCE}:{update.sink}:{said}"
    minute = _minute(update.at)
    if any(one.source == source and _minute(one.at) == minute for one in incident.timeline):
        return incident
    words = " ".join(update.text.split())
    shown = words if len(words) <= _SHOWN_CHARACTERS else f"{words[: _SHOWN_CHARACTERS - 1]}…"
    wording = "public" if update.public else "internal"
    entry = TimelineEntry(
        at=update.at,
        kind=TimelineKind.PERSON,
        text=f'{update.by} sent an update ({wording}) to {update.sink}: "{shown}"',
        source=source,
    )
    return replace(incident, revision=update.revision, timeline=extend(incident.timeline, [entry]))


def _minute(at: datetime) -> datetime:
    return at.replace(second=0, microsecond=0)
