"""Updates for stakeholders that a person sends: the exact text they approved, and where it goes."""

from dataclasses import dataclass
from datetime import datetime

from aiops.domain.symptoms import Origin

UPDATES = " updates"
"""Follows a sink's name where its status updates go: no sink can be named so. They are delivered
beside its messages, and hold none of them up."""

UPDATE_PREFIX = "UPD-"
"""What stands before an incident's id in the outbox where a status update is told: so no silence,
merge or end of the incident holds back what a person approved, and the order is kept."""

MOST_CHARACTERS = 3000
"""What one block of a Slack message takes; PagerDuty names no limit for its own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StatusUpdate:
    """What stakeholders are told of an incident; never changed once it is stored.

    Args:
        incident_id: which incident.
        episode: which episode of it.
        revision: of the incident whose timeline tells of it: its number.
        sink: name of the sink it is sent on.
        text: word for word.
        by: who sends it.
        at: when they did, aware UTC.
        public: whether it is worded for everybody.
    """

    incident_id: str
    episode: int
    revision: int
    sink: str
    text: str
    by: str
    at: datetime
    public: bool = False
    origin: Origin = Origin.LIVE

    @property
    def id(self) -> str:
        """What it is called in the outbox, as in "UPD-INC-1001"; with its revision it is unique."""
        return f"{UPDATE_PREFIX}{self.incident_id}"
