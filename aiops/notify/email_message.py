"""An incident as an e-mail: subject, plain text, simple HTML, and the ids of its thread. Pure.

References:
    RFC 5322 (3.6.4, identification fields).
"""

import hashlib
from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from aiops.domain.incidents import Incident
from aiops.domain.notifications import DeliveryAction, Notification
from aiops.incident.levels import told_budgets
from aiops.incident.wording import cause_words, impact_words
from aiops.notify.changes import change_words
from aiops.notify.phrases import (
    clean,
    clue_words,
    headline,
    incident_url,
    introduction,
    owner_words,
)

_SUBJECT_CHARACTERS = 150
_LINE_CHARACTERS = 900
_STORY_CHARACTERS = 5000
_STEPS = 5
_IMPACTS = 5


def mail(
    incident: Incident,
    notification: Notification,
    told: Mapping[str, str],
    *,
    sender: str,
    base_url: str,
) -> dict[str, Any] | None:
    """Return what a delivery says, or None where nothing is worth a mail.

    Args:
        incident: as it is now.
        notification: which delivery this is.
        told: what the sink heard last, with the subject of the thread.
        sender: address the mail comes from; its domain ends the ids.
        base_url: where our pages are, for links; empty for none.
    """
    is_first = notification.action is DeliveryAction.TRIGGER
    news = introduction(incident) if is_first else change_words(incident, notification, told)
    if not news:
        return None
    subject = told.get("subject") or headline(incident, _SUBJECT_CHARACTERS)
    paragraphs, facts, steps = _story(incident, news), _facts(incident), _steps(incident)
    link = incident_url(base_url, incident)
    why = f"{incident.decision.value}: {notification.reason}, environment {incident.env}"
    small = clean(why, _LINE_CHARACTERS)
    domain = sender.rpartition("@")[2]
    name = f"{notification.incident_id}.{notification.episode}.{notification.revision}"
    return {
        "subject": subject if is_first and not told.get("subject") else f"Re: {subject}",
        "thread_subject": subject,
        "message_id": f"<{name}.{notification.action}.{_database(incident)}@{domain}>",
        "thread_id": f"<{incident.id}.{_database(incident)}@{domain}>",
        "at": incident.updated_at.isoformat(),
        "text": _text(paragraphs, facts, steps, link, small),
        "html": _html(paragraphs, facts, steps, link, small),
    }


def _database(incident: Incident) -> str:
    """Return what tells an incident from one of the same number in another database of ours."""
    known = f"{incident.origin}\x1f{incident.env}\x1f{incident.id}"
    return hashlib.blake2b(known.encode(), digest_size=6).hexdigest()


def _story(incident: Incident, news: str) -> list[str]:
    said = (clean(part, _STORY_CHARACTERS) for part in (news, incident.story, clue_words(incident)))
    return [part for part in said if part]


def _facts(incident: Incident) -> list[tuple[str, str]]:
    over = not incident.is_live
    impacts = [impact_words(one, over=over) for one in incident.impacts[:_IMPACTS]]
    runbook = f"{incident.runbook_id} ({incident.runbook_title})" if incident.runbook_id else ""
    pairs = (
        ("Impact", "; ".join(impacts) or "No KPI has moved so far."),
        ("Error budget", "; ".join(told_budgets(incident.levels)[:2])),
        ("Likely cause", "; ".join(cause_words(one) for one in incident.causes[:1])),
        ("Owner", owner_words(incident) or "nobody is named"),
        ("Runbook", runbook or "no runbook matches"),
    )
    return [(title, clean(value, _LINE_CHARACTERS)) for title, value in pairs if value]


def _steps(incident: Incident) -> list[str]:
    return [clean(one.text, _LINE_CHARACTERS) for one in incident.suggestions[:_STEPS]]


def _text(
    paragraphs: Sequence[str],
    facts: Sequence[tuple[str, str]],
    steps: Sequence[str],
    link: str,
    small: str,
) -> str:
    parts = ["\n\n".join(paragraphs), "\n".join(f"{title}: {value}" for title, value in facts)]
    if steps:
        parts.append("Suggested next steps\n" + "\n".join(f"- {step}" for step in steps))
    parts += [part for part in (link, small) if part]
    return "\n\n".join(parts) + "\n"


def _html(
    paragraphs: Sequence[str],
    facts: Sequence[tuple[str, str]],
    steps: Sequence[str],
    link: str,
    small: str,
) -> str:
    body = [f"<p>{escape(one)}</p>" for one in paragraphs]
    rows = (f"<tr><th>{escape(title)}</th><td>{escape(value)}</td></tr>" for title, value in facts)
    body.append(f'<table style="text-align:left" cellpadding="3">{"".join(rows)}</table>')
    if steps:
        listed = "".join(f"<li>{escape(step)}</li>" for step in steps)
        body.append(f"<p>Suggested next steps</p><ul>{listed}</ul>")
    if link:
        body.append(f'<p><a href="{escape(link)}">Open the incident page</a></p>')
    body.append(f"<p><small>{escape(small)}</small></p>")
    return f"<!doctype html><html><body>{''.join(body)}</body></html>"
