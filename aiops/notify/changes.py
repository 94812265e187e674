"""What changed since a sink heard of an incident last, as sentences worth a message. Pure."""

from collections.abc import Mapping

from aiops.domain.incidents import Incident
from aiops.domain.notifications import DeliveryAction, Notification
from aiops.incident.wording import cause_words
from aiops.notify.phrases import state_words


def told_of(incident: Incident) -> dict[str, str]:
    """Return what a sink is to remember, so that the next delivery can say what changed."""
    service = incident.causes[0].service if incident.causes else ""
    change = incident.causes[0].change if incident.causes else None
    told = {
        "severity": incident.severity.value,
        "cause": f"{service} {change.id if change else ''}".strip(),
        "assignee": incident.assignee,
    }
    return told | ({"escalated": str(incident.escalated)} if incident.escalated else {})


def change_words(incident: Incident, notification: Notification, told: Mapping[str, str]) -> str:
    """Return what is new to who was told before; empty where nothing is worth a line.

    Args:
        incident: as it is now.
        notification: which delivery this is.
        told: severity, cause and assignee the sink heard last.
    """
    if notification.action in (DeliveryAction.ACKNOWLEDGE, DeliveryAction.RESOLVE):
        return state_words(incident)
    if notification.action is DeliveryAction.UPDATE and told:
        return " ".join(_differences(incident, told))
    return ""


def _differences(incident: Incident, told: Mapping[str, str]) -> list[str]:
    now = told_of(incident)
    lines = []
    if now["severity"] != told.get("severity", now["severity"]):
        why = f": {incident.severity_reason}" if incident.severity_reason else ""
        lines.append(f"Severity is now {now['severity']}, was {told['severity']}{why}.")
    if now["cause"] != told.get("cause", now["cause"]):
        found = cause_words(incident.causes[0]) if incident.causes else "unknown again"
        lines.append(f"Likely cause is now {found}.")
    if now["assignee"] != told.get("assignee", ""):
        lines.append(f"Assigned to {incident.assignee}.")
    if incident.escalated > int(told.get("escalated", "0")):
        lines.append("Nobody has acknowledged it in time.")
    return lines
