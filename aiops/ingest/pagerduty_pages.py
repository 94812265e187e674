"""PagerDuty's webhooks, v3, of incidents that are not ours: what the pager called people for. Pure.

References:
    developer.pagerduty.com, "Webhooks overview" and "Webhook payload".
"""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from aiops.domain.errors import InputError
from aiops.domain.pages import OutsidePage
from aiops.ingest.words import moment, text

KINDS = frozenset({"incident.triggered", "incident.reopened", "incident.resolved"})
"""The events a page is read from."""

_TEXT_CHARACTERS = 500


def page(event: Mapping[str, Any], data: Mapping[str, Any]) -> OutsidePage:
    """Return the page that an event tells of, as it was then.

    Args:
        event: the `event` of a webhook, of one of `KINDS`.
        data: its `data`, an incident.

    Raises:
        InputError: it has no id or no time.
    """
    kind, seen_at = text(event, "event_type"), moment(event, "event", "occurred_at")
    if not text(data, "id"):
        raise InputError("event.data.id: found none, expected the id of an incident")
    return OutsidePage(
        id=_line(text(data, "id")),
        title=_line(text(data, "title")),
        service=_line(text(data, "service", "summary")),
        urgency=_line(text(data, "urgency")),
        opened_at=moment(data, "event.data", "created_at"),
        seen_at=seen_at,
        ended_at=seen_at if kind == "incident.resolved" else None,
        url=_web_address(text(data, "html_url")),
    )


def _line(said: str) -> str:
    return "".join(char if char.isprintable() else " " for char in said[:_TEXT_CHARACTERS])


def _web_address(said: str) -> str:
    """Return an address people may be led to, else nothing: it comes from outside."""
    return said if urlsplit(said).scheme == "https" and len(said) <= _TEXT_CHARACTERS else ""
