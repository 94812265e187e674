"""An incident as the loopback of PagerDuty's REST API keeps it, with its log of status updates."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

MAX_PAGE = 100
"""So many entries of a log are listed at most, says "Pagination"."""

_DEFAULT_PAGE = 25
_EPOCH = datetime.fromtimestamp(0, UTC)


@dataclass(frozen=True, slots=True)
class SentUpdate:
    """A status update: what it says, when it was sent and in whose name, an e-mail address."""

    message: str
    at: datetime
    by: str


@dataclass(slots=True)
class RestIncident:
    """One incident there.

    Args:
        id: PagerDuty's own.
        key: its dedup key, where an alert opened it.
        opened_at: when it was opened, aware UTC.
        status: triggered, acknowledged or resolved.
        notes: what they say, in order.
        sent: the status updates that were sent, in order.
        by: e-mail addresses of who changed its status, in order.
        merged_into: the incident it went into.
        assignees: ids of the users it is assigned to.
        priority: id of its priority.
    """

    id: str
    key: str = ""
    opened_at: datetime = _EPOCH
    status: str = "triggered"
    notes: list[str] = field(default_factory=list)
    sent: list[SentUpdate] = field(default_factory=list)
    by: list[str] = field(default_factory=list)
    merged_into: str = ""
    assignees: list[str] = field(default_factory=list)
    priority: str = ""

    @property
    def updates(self) -> list[str]:
        """Return what the status updates say, in order."""
        return [one.message for one in self.sent]

    def to_json(self) -> dict[str, Any]:
        """Return it as PagerDuty shows it."""
        return {
            "id": self.id,
            "type": "incident",
            "incident_key": self.key,
            "created_at": self.opened_at.isoformat(),
            "status": self.status,
            "assignments": [{"assignee": {"id": one}} for one in self.assignees],
        }

    def log(self, asked: Mapping[str, str]) -> dict[str, Any] | str:
        """Return a page of its log, the newest first, or what is wrong with what was asked."""
        try:
            since = datetime.fromisoformat(asked.get("since") or _EPOCH.isoformat())
            limit = int(asked.get("limit") or _DEFAULT_PAGE)
        except ValueError:
            return "since is no date and time, or limit is no number"
        if since.tzinfo is None or not 1 <= limit <= MAX_PAGE:
            return f"since names no zone, or limit is not between 1 and {MAX_PAGE}"
        found = [_entry(one) for one in reversed(self.sent) if one.at >= since]
        return {"log_entries": found[:limit], "limit": limit, "more": len(found) > limit}


def update_error(content: Mapping[str, Any]) -> str:
    """Return what PagerDuty would object to in a status update, "" for nothing."""
    message = content.get("message")
    if not isinstance(message, str) or not message.strip():
        return "Message cannot be empty"
    if ("subject" in content) != ("html_message" in content):
        return "Subject and html_message must come together"
    return ""


def _entry(sent: SentUpdate) -> dict[str, Any]:
    return {
        "type": "status_update_log_entry",
        "created_at": sent.at.isoformat(),
        "message": sent.message,
        "agent": {"summary": sent.by},
    }
