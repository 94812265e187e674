"""What every sink and page says of an incident, in the same words. Pure."""

from collections.abc import Iterable

from aiops.domain.figures import format_value
from aiops.domain.incidents import Impact, Incident, IncidentState
from aiops.domain.series import Family
from aiops.domain.time import clock_time, duration_words
from aiops.incident.clues import count_words, log_words, trace_words
from aiops.incident.wording import cohort_words


def clean(text: str, limit: int) -> str:
    r"""Return text that any sink can carry: no control characters, at most `limit` characters.

    Examples:
        >>> clean("a\x00b\nc", 10), clean("abcdef", 4)
        ('a b c', 'abc…')
    """
    valid = text.encode("utf-8", "replace").decode()
    line = "".join(char if char.isprintable() else " " for char in valid).strip()
    return line if len(line) <= limit else line[: limit - 1].rstrip() + "…"


def headline(incident: Incident, limit: int) -> str:
    """Return the incident's name, as in "INC-2048 (P1) EU checkout failures"."""
    return clean(f"{incident.id} ({incident.severity.value}) {incident.title}", limit)


def introduction(incident: Incident) -> str:
    """Return how an incident is announced in chat (REQUIREMENTS F4); not escaped."""
    if incident.runbook_id:
        title = f" ({incident.runbook_title})" if incident.runbook_title else ""
        runbook = (
            f"Suggested runbook: {incident.runbook_id}{title}."
            f" Type `/runbook {incident.runbook_id}` to see steps."
        )
    else:
        runbook = "No runbook matches yet."
    owner = incident.owner_title or incident.owner or "nobody is named"
    return (
        f"I've created incident {incident.id} ({incident.severity.value})."
        f" Likely owner: {owner}. {runbook}"
    )


def owner_words(incident: Incident) -> str:
    """Return who answers for an incident, and who of them is on call; empty for nobody."""
    owner = incident.owner_title or incident.owner or ""
    return f"{owner} (on call: {incident.on_call})" if owner and incident.on_call else owner


def state_words(incident: Incident) -> str:
    """Return where the incident is, as a sentence about it."""
    match incident.state:
        case IncidentState.ACKNOWLEDGED:
            by = f" by {incident.acknowledged_by}" if incident.acknowledged_by else ""
            to = f", assigned to {incident.assignee}" if incident.assignee else ""
            return f"{incident.id} was acknowledged{by}{to}."
        case IncidentState.MITIGATED | IncidentState.RESOLVED:
            return ending_words(incident)
        case IncidentState.MERGED:
            return f"{incident.id} was merged into {incident.merged_into}: follow it there."
        case _:
            to = f", assigned to {incident.assignee}" if incident.assignee else ""
            return f"{incident.id} is open{to}."


def ending_words(incident: Incident) -> str:
    """Return that an incident is over, since when or who says so, and what it cost."""
    if incident.dismissed_by:
        return f"{incident.id} is no incident, says {incident.dismissed_by}."
    if incident.quiet_since is None:
        by = f", says {incident.mitigated_by}" if incident.mitigated_by else ""
        return f"{incident.id} is over{by}."
    lasted = duration_words(incident.quiet_since - incident.started_at)
    since = clock_time(incident.quiet_since)
    costs = _listed(
        f"{format_value(impact.total, impact.unit, Family.KPI)} of {_whole(impact)}"
        for impact in incident.impacts[:3]
        if impact.is_money and impact.total > 0
    )
    cost = f" It cost about {costs}." if costs else ""
    return f"{incident.id} is over: it lasted {lasted} and has been quiet since {since}.{cost}"


def clue_words(incident: Incident) -> str:
    """Return what logs, or else traces, tell first, empty where they tell nothing; not escaped.

    As in "new error in payment: `card <*> declined` 143 times since 14:03 UTC, e.g. trace 4bf9…".
    """
    if incident.clues.logs:
        first = incident.clues.logs[0]
        return f"{log_words(first)} {count_words(first)}"
    return trace_words(incident.clues.traces[0]) if incident.clues.traces else ""


def incident_url(base_url: str, incident: Incident) -> str:
    """Return the address of the incident's page, empty where no address is known."""
    return f"{base_url.rstrip('/')}/incidents/{incident.id}" if base_url else ""


def _whole(impact: Impact) -> str:
    """Return what was lost in all: "revenue in EU" of "revenue per minute"."""
    cohort = cohort_words(impact.region, impact.segment, impact.labels)
    return impact.kpi.partition(" per ")[0] + cohort


def _listed(words: Iterable[str]) -> str:
    return " and ".join(words)
