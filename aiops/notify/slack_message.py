"""An incident as a Slack message, and what its thread says when something changed. Pure."""

from collections.abc import Mapping
from typing import Any

from aiops.domain.incidents import Incident, IncidentState
from aiops.domain.notifications import Notification
from aiops.incident.levels import told_budgets
from aiops.incident.wording import cause_words, impact_words
from aiops.notify.changes import change_words
from aiops.notify.mrkdwn import Block, context, escaped, fields, header, link, section
from aiops.notify.phrases import (
    clue_words,
    headline,
    incident_url,
    introduction,
    owner_words,
    state_words,
)
from aiops.notify.slack_buttons import buttons

EVENT_TYPE = "aiops_incident"
"""The type of the metadata by which a repeat finds what is there already."""

_TEXT_CHARACTERS = 1500
_STORY_CHARACTERS = 2900
_VALUE_CHARACTERS = 700
_STEP_CHARACTERS = 300
_CLUE_CHARACTERS = 600
_STEPS = 5
_IMPACTS = 3
_BUDGETS = 2
# Together below the 13,200 characters a message may have.


def message(
    incident: Incident, notification: Notification, base_url: str, *, with_buttons: bool = False
) -> dict[str, Any]:
    """Return what the incident's own message says now: text, blocks and metadata.

    Args:
        incident: as it is now.
        notification: which delivery this is.
        base_url: where our pages are, for links; empty for none.
        with_buttons: whether Slack may send us what people press.
    """
    first = _first_words(incident)
    return {
        "text": first,
        "blocks": [
            *_blocks(incident, notification, first, base_url),
            *(buttons(incident) if with_buttons else ()),
        ],
        "metadata": {"event_type": EVENT_TYPE, "event_payload": _identity(incident)},
    }


def reply(
    incident: Incident, notification: Notification, told: Mapping[str, str]
) -> dict[str, Any] | None:
    """Return what the thread says of the change, or None where nothing is worth a line.

    Args:
        incident: as it is now.
        notification: which delivery this is.
        told: what the sink heard last.
    """
    words = change_words(incident, notification, told)
    if not words:
        return None
    delivery = f"{notification.action.value}.{notification.revision}"
    said = escaped(words, _TEXT_CHARACTERS)
    return {
        "text": said,
        "blocks": [section(said)],  # text alone would have its addresses made links
        "metadata": {
            "event_type": f"{EVENT_TYPE}_change",
            "event_payload": _identity(incident) | {"delivery": delivery},
        },
    }


def is_same(metadata: object, wanted: Mapping[str, Any]) -> bool:
    """Return whether a message's metadata says it is the one `wanted` describes.

    The revision does not count: it is what changes.
    """
    if not isinstance(metadata, Mapping) or metadata.get("event_type") != wanted["event_type"]:
        return False
    found = metadata.get("event_payload")
    if not isinstance(found, Mapping):
        return False
    return all(
        str(found.get(name)) == str(value)
        for name, value in wanted["event_payload"].items()
        if name != "revision"
    )


def _identity(incident: Incident) -> dict[str, Any]:
    """Return what tells this message from every other, also of another database of ours."""
    return {
        "incident": incident.id,
        "episode": incident.episode,
        "revision": incident.revision,
        "detected_at": incident.detected_at.isoformat(),
        "origin": incident.origin.value,
    }


def _first_words(incident: Incident) -> str:
    is_news = incident.state is not IncidentState.OPEN or incident.assignee
    words = [state_words(incident)] if is_news else []
    if incident.is_live:
        words.append(introduction(incident))
    return escaped(" ".join(words), _TEXT_CHARACTERS)


def _blocks(
    incident: Incident, notification: Notification, first: str, base_url: str
) -> list[Block]:
    blocks = [header(headline(incident, 150)), section(first)]
    story = escaped(incident.story, _STORY_CHARACTERS)
    if story:
        blocks.append(section(story))
    clue = escaped(clue_words(incident), _CLUE_CHARACTERS)
    if clue:
        blocks.append(section(clue))
    blocks.append(fields(_facts(incident)))
    steps = [f"• {escaped(one.text, _STEP_CHARACTERS)}" for one in incident.suggestions[:_STEPS]]
    if steps:
        blocks.append(section("*Suggested next steps*\n" + "\n".join(steps)))
    blocks.append(context(_small_print(incident, notification, base_url)))
    return blocks


def _facts(incident: Incident) -> list[tuple[str, str]]:
    impacts, over = incident.impacts[:_IMPACTS], not incident.is_live
    share = _VALUE_CHARACTERS // _IMPACTS
    impact = "\n".join(escaped(impact_words(one, over=over), share) for one in impacts)
    told = told_budgets(incident.levels)[:_BUDGETS]
    budget = "\n".join(escaped(one, _VALUE_CHARACTERS // _BUDGETS) for one in told)
    cause = "\n".join(escaped(cause_words(one), share) for one in incident.causes[:1])
    owner = owner_words(incident)
    runbook = f"{incident.runbook_id} ({incident.runbook_title})" if incident.runbook_id else ""
    pairs = (
        ("Impact", impact or "No KPI has moved so far."),
        *([("Error budget", budget)] if budget else []),
        ("Likely cause", cause or "No cause stands out yet."),
        ("Owner", escaped(_with_reason(owner, incident.owner_reason), _VALUE_CHARACTERS)),
        ("Runbook", escaped(_with_reason(runbook, incident.runbook_reason), _VALUE_CHARACTERS)),
    )
    return [(title, value or "none") for title, value in pairs]


def _with_reason(value: str, reason: str) -> str:
    return ": ".join(part for part in (value, reason) if part)


def _small_print(incident: Incident, notification: Notification, base_url: str) -> str:
    parts = [
        f"{incident.decision.value}: {notification.reason}",
        f"environment {incident.env}",
        incident.severity_reason,
    ]
    words = escaped(" · ".join(part for part in parts if part), _VALUE_CHARACTERS)
    if not base_url:
        return words
    return f"{words} · {link(incident_url(base_url, incident), 'open the incident page')}"
