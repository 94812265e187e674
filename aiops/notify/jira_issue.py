"""An incident as a Jira issue. Pure."""

import re
from collections.abc import Mapping
from typing import Any

from aiops.domain.incidents import Incident
from aiops.domain.notifications import Notification
from aiops.incident.wording import cause_words, impact_words
from aiops.notify.adf import Node, bullets, document, paragraph
from aiops.notify.phrases import clue_words, headline, incident_url, owner_words

SUMMARY_CHARACTERS = 255
"""Jira's limit for a summary."""

_STORY_CHARACTERS = 6000
_LINE_CHARACTERS = 1000
_ENTRIES = 5
# Together below the 32,767 characters a description may have.


def label(incident: Incident) -> str:
    """Return what tells an issue from every other, also from one of another database of ours.

    Labels have no spaces: as in `aiops-INC-2048.1-20260418T100400Z`.
    """
    name = re.sub(r"[^A-Za-z0-9-]", "_", incident.id)
    return f"aiops-{name}.{incident.episode}-{incident.detected_at:%Y%m%dT%H%M%SZ}"


def fields(incident: Incident, notification: Notification, base_url: str) -> dict[str, Any]:
    """Return the fields that follow the incident: its summary and its description.

    Args:
        incident: as it is now.
        notification: which delivery this is.
        base_url: where our pages are, for a link; empty for none.
    """
    return {
        "summary": headline(incident, SUMMARY_CHARACTERS),
        "description": document(_description(incident, notification, base_url)),
    }


def comment(words: str) -> Mapping[str, Any]:
    """Return a comment."""
    return document(paragraph(words, _LINE_CHARACTERS))


def _description(incident: Incident, notification: Notification, base_url: str) -> list[Node]:
    runbook = f"{incident.runbook_id} {incident.runbook_title}" if incident.runbook_id else ""
    why = (notification.reason, incident.severity_reason, f"environment {incident.env}")
    url, over = incident_url(base_url, incident), not incident.is_live
    return [
        *paragraph(incident.story, _STORY_CHARACTERS),
        *_named("Impact", [impact_words(one, over=over) for one in incident.impacts[:_ENTRIES]]),
        *_named("Likely cause", [cause_words(one) for one in incident.causes[:1]]),
        *paragraph(clue_words(incident), _LINE_CHARACTERS, lead="Clue"),
        *_with_reason("Owner", owner_words(incident), incident.owner_reason),
        *_with_reason("Runbook", runbook, incident.runbook_reason),
        *_named("Suggested next steps", [one.text for one in incident.suggestions[:_ENTRIES]]),
        *paragraph(_joined(*why), _LINE_CHARACTERS, lead=f"Why a {incident.decision.value}"),
        *(paragraph("Open the incident page", _LINE_CHARACTERS, url=url) if url else ()),
    ]


def _with_reason(lead: str, name: str | None, reason: str) -> list[Node]:
    return paragraph(_joined(name or "none", reason), _LINE_CHARACTERS, lead=lead)


def _joined(*parts: str) -> str:
    return ", ".join(part for part in parts if part)


def _named(name: str, texts: list[str]) -> list[Node]:
    points = bullets(texts, _LINE_CHARACTERS)
    return [*paragraph(name, _LINE_CHARACTERS), *points] if points else []
