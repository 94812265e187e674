"""PagerDuty's webhooks, v3: what people did to our incidents there, and whom others called. Pure.

What an integration or a timeout did is nobody's word: our own events come back as webhooks too.

References:
    developer.pagerduty.com, "Webhooks overview" and "Webhook payload".
"""

from collections.abc import Mapping
from typing import Any

from aiops.domain.errors import InputError
from aiops.domain.pages import OutsidePage, OwnPage
from aiops.domain.words import Overheard, Passed, Place, Verb
from aiops.ingest import pagerduty_pages
from aiops.ingest.words import is_ours, moment, part, read_object, text

VERBS = {
    "incident.acknowledged": Verb.ACKNOWLEDGE,
    "incident.resolved": Verb.MITIGATE,
    "incident.reassigned": Verb.ASSIGN,
    "incident.delegated": Verb.ASSIGN,
}
"""What we take of PagerDuty's events; its "resolved" begins our watch."""

_OPENED = "incident.triggered"
_PERSON = "user_reference"
_MERGED = "merge_resolve_reason"


def event_id(body: bytes) -> str:
    """Return the id by which a webhook that comes twice is known, "" where it has none.

    Raises:
        InputError: the body is no JSON object.
    """
    return text(read_object(body), "event", "id")


def parse(body: bytes) -> Overheard | OutsidePage | OwnPage | Passed:
    """Return what a person said with a webhook, a page it tells of, or why it is neither.

    Raises:
        InputError: the body is not of PagerDuty's form.
    """
    event = part(read_object(body), "event")
    kind = text(event, "event_type")
    if not kind:
        raise InputError("event.event_type: found none, expected one as in incident.acknowledged")
    data = part(event, "data")
    is_known = is_ours(part(data, "incident_key"))
    if kind in pagerduty_pages.KINDS and not is_known and isinstance(data, Mapping):
        return pagerduty_pages.page(event, data)
    if kind == _OPENED and is_known and text(data, "id"):
        return OwnPage(id=text(data, "id"), key=text(data, "incident_key"))
    if kind not in VERBS:
        return Passed(why=f"{kind} is nothing we take")
    if not is_known:
        return Passed(why="the incident is not one of ours")
    return _word(event, data, VERBS[kind])


def _word(event: Mapping[str, Any], data: Mapping[str, Any], verb: Verb) -> Overheard | Passed:
    """Return a person's word on an incident of ours."""
    if text(event, "agent", "type") != _PERSON:
        return Passed(why="no person did it")
    if verb is Verb.MITIGATE and text(data, "resolve_reason", "type") == _MERGED:
        return Passed(why="it was merged into another incident there, which goes on")
    names = _assignees(data)
    if verb is Verb.ASSIGN and not names:
        return Passed(why="it was given to nobody we can name")
    return Overheard(
        key=text(data, "incident_key"),
        verb=verb,
        place=Place.PAGERDUTY,
        who=text(event, "agent", "summary") or text(event, "agent", "id"),
        who_id=text(event, "agent", "id"),
        at=moment(event, "event", "occurred_at"),
        about=", ".join(names) if verb is Verb.ASSIGN else "",
        about_id=_only_assignee(data) if verb is Verb.ASSIGN else "",
    )


def _assignees(data: object) -> list[str]:
    listed = part(data, "assignees")
    people: list[Any] = listed if isinstance(listed, list) else []
    found = [text(one, "summary") or text(one, "id") for one in people if isinstance(one, Mapping)]
    return [one for one in found if one]


def _only_assignee(data: object) -> str:
    listed = part(data, "assignees")
    people: list[Any] = listed if isinstance(listed, list) else []
    return text(people[0], "id") if len(people) == 1 else ""
