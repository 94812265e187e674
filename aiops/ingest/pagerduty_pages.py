"""PagerDuty's webhooks, v3, of incidents that are not ours: what the pager called people for. Pure.

References:
    developer.pagerduty.com, "Webhooks overview" and "Webhook payload".
"""

from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Any
from urllib.parse import urlsplit

from aiops.domain.errors import InputError
from aiops.domain.pages import OutsidePage, PageWord
from aiops.domain.words import Verb
from aiops.ingest.words import moment, text

KINDS = frozenset(
    f"incident.{kind}"
    for kind in (
        "triggered",
        "reopened",
        "resolved",
        "acknowledged",
        "unacknowledged",
        "reassigned",
    )
)
"""The events a page is read from: each brings how the incident stands."""

_SAYS = MappingProxyType(
    {"incident.acknowledged": Verb.ACKNOWLEDGE, "incident.resolved": Verb.MITIGATE}
)
_PERSON = "user_reference"
_MERGED = "merge_resolve_reason"

_TEXT_CHARACTERS = 500


def page(event: Mapping[str, Any], data: Mapping[str, Any]) -> OutsidePage:
    """Return the page that an event tells of, as it was then.

    Args:
        event: the `event` of a webhook, of one of `KINDS`.
        data: its `data`, an incident.

    Raises:
        InputError: it has no id or no time.
    """
    seen_at = moment(event, "event", "occurred_at")
    if not text(data, "id"):
        raise InputError("event.data.id: found none, expected the id of an incident")
    return OutsidePage(
        id=_line(text(data, "id")),
        title=_line(text(data, "title")),
        service=_line(text(data, "service", "summary")),
        urgency=_line(text(data, "urgency")),
        opened_at=moment(data, "event.data", "created_at"),
        seen_at=seen_at,
        ended_at=seen_at if text(event, "event_type") == "incident.resolved" else None,
        url=_web_address(text(data, "html_url")),
        service_id=_line(text(data, "service", "id")),
        words=_words(event, data, seen_at),
    )


def _words(event: Mapping[str, Any], data: Mapping[str, Any], at: datetime) -> tuple[PageWord, ...]:
    """Return what a person said with an event; what programs do, or a merge, is nobody's word."""
    verb = _SAYS.get(text(event, "event_type"))
    if verb is None or text(event, "agent", "type") != _PERSON:
        return ()
    if text(data, "resolve_reason", "type") == _MERGED:
        return ()
    who_id = _line(text(event, "agent", "id"))
    who = _line(text(event, "agent", "summary")) or who_id
    return (PageWord(at=at, verb=verb, who=who, who_id=who_id),) if who else ()


def _line(said: str) -> str:
    return "".join(char if char.isprintable() else " " for char in said[:_TEXT_CHARACTERS])


def _web_address(said: str) -> str:
    """Return an address people may be led to, else nothing: it comes from outside."""
    return said if urlsplit(said).scheme == "https" and len(said) <= _TEXT_CHARACTERS else ""
