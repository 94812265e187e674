"""What happened when in an incident, and where that is known from."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class TimelineKind(StrEnum):
    """What sort of thing a timeline entry tells."""

    CHANGE = "change"
    ONSET = "onset"
    LOG = "log"
    PEAK = "peak"
    ENDED = "ended"
    DECISION = "decision"
    MESSAGE = "message"
    STATE = "state"
    ACTION = "action"
    PERSON = "person"


@dataclass(frozen=True, slots=True, kw_only=True)
class TimelineEntry:
    """One thing that happened, when, and where we know it from."""

    at: datetime
    kind: TimelineKind
    text: str
    source: str
