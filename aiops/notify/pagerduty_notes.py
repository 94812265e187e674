"""Notes to incidents at PagerDuty that others opened about a problem of ours.

They page nobody. Each carries a mark, the episode and which delivery it is of, so that a repeat
finds what was written by an attempt nobody heard of. What events cannot say is said of our own
incident, too, addressed by its dedup key: its priority, and whom it is assigned to; and one which
was opened late, when all was over, is resolved.

References:
    developer.pagerduty.com, "Create a note on an incident".
"""

from collections.abc import Mapping
from functools import cached_property
from typing import Any

import httpx

from aiops.domain.incidents import Incident, IncidentState
from aiops.domain.notifications import DeliveryAction, Notification, page_of
from aiops.domain.pacing import Rate
from aiops.incident.wording import cause_words, impact_words
from aiops.notify import http
from aiops.notify.changes import change_words, told_of
from aiops.notify.pagerduty_writes import PagerDutyWrites
from aiops.notify.phrases import clean, headline, incident_url, owner_words, state_words
from aiops.ports import Receipt

RATE = Rate(per_minute=480, burst=8)
"""Half of what PagerDuty lets one token ask (960 a minute): a repeat asks twice."""

_LINE_CHARACTERS = 500
_ENTRIES = 3
_SAID = ("severity", "cause")
"""What is worth another note."""

_LATE = "{id} was over when this was opened: a call for it that was late."


class PagerDutyNotes:
    """Tells incidents of others what we know of the problem they are about.

    Args:
        name: of the sink.
        rest_url: where the REST API begins, without path.
        token: of it, that may write.
        write_as: the e-mail address of the user at PagerDuty in whose name is written.
        base_url: where our pages are, for links; empty for none.
        merges: whether a page that came after ours is merged into it.
        client: sends the requests; made on first use when None.
    """

    def __init__(
        self,
        name: str,
        rest_url: str,
        token: str,
        write_as: str,
        base_url: str = "",
        *,
        merges: bool = False,
        client: httpx.Client | None = None,
    ) -> None:
        self.name = name
        self.rate = RATE
        self._rest_url = rest_url
        self._token = token
        self._write_as = write_as
        self._base_url = base_url
        self._merges = merges
        self._given_client = client

    def __repr__(self) -> str:
        return f"PagerDutyNotes(name={self.name!r})"

    def payload(
        self, incident: Incident, notification: Notification, reference: Mapping[str, str]
    ) -> Mapping[str, Any]:
        """Return the note, status, priority and assignee a page gets; each may be empty.

        `told` is kept with the reference, so that the next note says what changed. `late` says
        that the page is a call of ours which was late.
        """
        first = notification.action is DeliveryAction.TRIGGER
        page = page_of(notification.sink)
        is_ours = page == incident.dedup_key
        ends = notification.action is DeliveryAction.RESOLVE
        is_late = ends and not is_ours and notification.sink not in incident.adopted
        mark = f"[aiops {incident.dedup_key} {notification.action.value}.{notification.revision}]"
        lines = self._first(incident) if first else _news(incident, notification, reference)
        status, by = _status(incident, notification)
        if is_late:
            lines, status, by = [_LATE.format(id=incident.id)], "resolved", ""
        was = reference.get("assignee", "" if is_ours else incident.assignee)
        severity = incident.severity.value
        paged = incident.paged_at is not None and self.name in incident.told
        merges = self._merges and first and paged and not is_ours
        return {
            "page": page,
            "mark": mark,
            "note": "\n".join([*lines, mark]) if lines and not is_ours else "",
            "status": "" if is_ours else status,
            "by": by,
            "assign": _email(incident.assignee) if was != incident.assignee else "",
            "merge": incident.dedup_key if merges else "",
            "priority": severity if is_ours and reference.get("severity") != severity else "",
            "late": is_late,
            "told": {
                key: value
                for key, value in told_of(incident).items()
                if key in (*_SAID, "assignee")
            },
        }

    def send(
        self, notification: Notification, payload: Mapping[str, Any], *, repeated: bool
    ) -> Receipt:
        """Write the note once, then bring the status up to date.

        Raises:
            DeliveryError: see `Notifier.send`.
        """
        writes = PagerDutyWrites(
            self._client, self.name, self._rest_url, self._token, self._write_as
        )
        page, note, mark = (str(payload[name]) for name in ("page", "note", "mark"))
        receipt = Receipt(reference={"page": page, **payload["told"]})
        if "." in page:
            page = writes.find(page)
        if not page:
            return Receipt(reference={})
        if payload["late"] and not writes.is_open(page):
            return receipt
        if note and not (repeated and any(mark in one for one in writes.notes(page))):
            writes.add_note(page, note)
        if payload["status"]:
            writes.set_status(page, str(payload["status"]), str(payload["by"]))
        if payload["merge"]:
            writes.merge(page, str(payload["merge"]))
        if payload["priority"]:
            writes.prioritise(page, str(payload["priority"]))
        if payload["assign"]:
            writes.assign(page, str(payload["assign"]))
        return receipt

    @cached_property
    def _client(self) -> httpx.Client:
        return self._given_client or http.new_client(self._rest_url)

    def _first(self, incident: Incident) -> list[str]:
        """Return what is known of the problem: what, cause, reach, cost, owner, where to look."""
        runbook = f"{incident.runbook_id} ({incident.runbook_title})" if incident.runbook_id else ""
        first = incident.causes[0] if incident.causes else None
        reach = [*incident.blast.journeys[:_ENTRIES], *incident.blast.regions[:_ENTRIES]]
        lines = {
            "": headline(incident, _LINE_CHARACTERS),
            "Likely cause: ": cause_words(first) if first else "unknown",
            "Reaches: ": ", ".join([*reach, *incident.blast.sick[:_ENTRIES]]),
            "Costs: ": "; ".join(impact_words(one) for one in incident.impacts[:_ENTRIES]),
            "Owner: ": owner_words(incident),
            "Runbook: ": runbook,
            "Paged before as ": incident.dedup_key if self.name in incident.told else "",
            "See ": incident_url(self._base_url, incident),
        }
        told = {name: clean(text, _LINE_CHARACTERS) for name, text in lines.items()}
        return [f"{name}{text}" for name, text in told.items() if text]


def _news(
    incident: Incident, notification: Notification, reference: Mapping[str, str]
) -> list[str]:
    """Return what changed of cause and severity since the last note, or that it is over."""
    if notification.action in (DeliveryAction.ACKNOWLEDGE, DeliveryAction.RESOLVE):
        return [clean(state_words(incident), _LINE_CHARACTERS)]
    known = {name: reference[name] for name in _SAID if name in reference}
    quiet = {"assignee": incident.assignee, "escalated": str(incident.escalated)}
    words = change_words(incident, notification, known | quiet) if known else ""
    return [clean(f"{incident.id}: {words}", _LINE_CHARACTERS)] if words else []


def _status(incident: Incident, notification: Notification) -> tuple[str, str]:
    """Return the status a person gave our incident, and who: what was only quiet ends nothing."""
    if notification.action is DeliveryAction.ACKNOWLEDGE:
        return "acknowledged", _email(incident.acknowledged_by)
    by = incident.dismissed_by or incident.mitigated_by
    is_over = incident.state is not IncidentState.MERGED and bool(by)
    if notification.action is DeliveryAction.RESOLVE and is_over:
        return "resolved", _email(by)
    return "", ""


def _email(who: str) -> str:
    return who if "@" in who and " " not in who else ""
