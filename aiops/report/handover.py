"""The note for who is on call next: what is open, what ended, what changed. Pure."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from aiops.domain.changes import Change, ChangeKind
from aiops.domain.incidents import Decision, Incident, IncidentState
from aiops.domain.time import duration_words

_MOST = 20


def handover(
    incidents: Sequence[Incident], changes: Sequence[Change], since: datetime, until: datetime
) -> str:
    """Return the note in Markdown.

    Args:
        incidents: of the team, in any order; those merged into others are left out.
        changes: to its services.
        since: when this turn began, aware UTC.
        until: now, aware UTC.
    """
    ours = [one for one in incidents if one.merged_into is None]
    ours.sort(key=lambda one: (one.severity, one.started_at, one.id))
    is_open = [one for one in ours if one.is_live]
    watched = [one for one in ours if one.state is IncidentState.MITIGATED]
    over = [one for one in ours if one.resolved_at is not None and one.resolved_at >= since]
    pages = sum(1 for one in ours for at in one.alerted if since <= at < until)
    recent = [one for one in changes if since <= one.started_at < until]
    recent.sort(key=lambda one: (one.started_at, one.id), reverse=True)
    sections = [
        f"# Hand-over, {since:%Y-%m-%d %H:%M} to {until:%Y-%m-%d %H:%M} UTC",
        f"Calls: {pages}. Open: {len(is_open)}. Watched: {len(watched)}. Over: {len(over)}.",
        *_section("Open", (_open_line(one, until) for one in is_open)),
        *_section("Quiet, still watched", (_line(one) for one in watched)),
        *_section("Over in this turn", (_over_line(one) for one in over)),
        *_section("Changed lately", (_change_line(one) for one in recent)),
    ]
    return "\n\n".join(sections) + "\n"


def _section(title: str, lines: Iterable[str]) -> list[str]:
    entries = list(lines)
    if not entries:
        return []
    shown = [f"- {line}" for line in entries[:_MOST]]
    if len(entries) > _MOST:
        shown.append(f"- … and {len(entries) - _MOST} more")
    return [f"## {title}", "\n".join(shown)]


def _line(one: Incident) -> str:
    return f"{one.id} ({one.severity.value}) {one.title}"


def _open_line(one: Incident, until: datetime) -> str:
    who = one.assignee or one.acknowledged_by
    parts = [
        _line(one),
        f"for {duration_words(until - one.started_at)}",
        f"{who} is on it" if who else "nobody has taken it",
        f"likely cause {one.causes[0].service}" if one.causes else "cause unknown",
        one.runbook_id or "",
    ]
    return "; ".join(part for part in parts if part)


def _over_line(one: Incident) -> str:
    end = one.quiet_since or one.mitigated_at or one.resolved_at or one.updated_at
    fixed = f"; fixed by {one.fixed_by}" if one.fixed_by else ""
    ticket = "" if one.decision is Decision.PAGE else "; nobody was called"
    return f"{_line(one)}; lasted {duration_words(end - one.started_at)}{fixed}{ticket}"


def _change_line(one: Change) -> str:
    what = "rollback" if one.is_rollback else one.kind.value
    is_window = one.kind is ChangeKind.MAINTENANCE and one.ended_at is not None
    until = f" until {one.ended_at:%d %b %H:%M}" if is_window else ""
    return f"{one.started_at:%d %b %H:%M} UTC {what} {one.ref} of {one.service or 'all'}{until}"
