"""Digests: one message for what an owner is not told of one by one."""

from dataclasses import dataclass
from datetime import datetime

DIGEST_PREFIX = "DIG-"
"""What the id of a digest begins with; in the outbox it stands where else an incident's does."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldBack:
    """An episode of an incident that waits for its owner's next digest.

    Args:
        incident_id: which incident.
        episode: which episode of it.
        owner: the role that answers for it.
        held_at: when it was held back, aware UTC.
    """

    incident_id: str
    episode: int
    owner: str
    held_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Queued:
    """A call that nobody has begun to make: its sink has too much to tell.

    Args:
        delivery_id: of the outbox.
        incident_id: which incident.
        episode: which episode of it.
        decided_at: when it was decided, aware UTC.
    """

    delivery_id: int
    incident_id: str
    episode: int
    decided_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class DigestEntry:
    """One incident in a digest: its id, its severity, and how it stands, in words."""

    incident_id: str
    severity: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Digest:
    """What an owner was not told of one by one, told in one message.

    Args:
        id: `DIG-7`; empty until it is stored.
        owner: the role it is for.
        owner_title: how a message says it.
        at: when it was made, aware UTC.
        since: when the first of it was held back, aware UTC.
        why: why it was not told one by one, in words.
        entries: the worst first.
    """

    id: str = ""
    owner: str
    owner_title: str
    at: datetime
    since: datetime
    why: str
    entries: tuple[DigestEntry, ...]

    @property
    def title(self) -> str:
        """What it is, as in "3 more incidents for Payments team"."""
        number = len(self.entries)
        return f"{number} more incident{'' if number == 1 else 's'} for {self.owner_title}"
