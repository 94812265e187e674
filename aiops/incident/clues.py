"""What logs and traces add to an incident: as evidence, in the timeline, in words, as data."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from aiops.domain.clues import ClueKind, Clues, LogClue, LogSeverity, TraceClue
from aiops.domain.figures import format_value
from aiops.domain.incidents import Cause, Clause, Incident
from aiops.domain.series import Family
from aiops.domain.time import clock_time
from aiops.domain.timeline import TimelineEntry, TimelineKind

_SHORT_ID = 8


def with_clues(incident: Incident, clues: Clues) -> Incident:
    """Return an incident with its clues, those of its first cause as evidence for it too.

    Where nothing is found any more, what was told before stays: it was true.
    """
    old = incident.clues
    clues = Clues(logs=clues.logs or old.logs, traces=clues.traces or old.traces)
    causes = tuple(
        replace(cause, evidence=(*_without_clues(cause), *_evidence(cause, clues)))
        for cause in incident.causes[:1]
    )
    return replace(incident, clues=clues, causes=(*causes, *incident.causes[1:]))


def log_words(clue: LogClue) -> str:
    """Return a log clue in words, as in "new error in payment: `card <*> declined by <*>`"."""
    kind = "new" if clue.kind is ClueKind.NEW else "many more lines:"
    return f"{kind} {_severity_word(clue.severity)} in {clue.service}: `{clue.text}`"


def count_words(clue: LogClue) -> str:
    """Return how often a template was written, and an example's trace.

    As in "143 times since 14:03 UTC, 2 in the hour before, e.g. trace 4bf92f35…".
    """
    times = "once" if clue.count == 1 else f"{clue.count:,} times"
    words = f"{times} since {clock_time(clue.since)}"
    if clue.kind is ClueKind.MULTIPLIED:
        words += f", {clue.before:,} in the hour before"
    return f"{words}, e.g. trace {clue.trace_id[:_SHORT_ID]}…" if clue.trace_id else words


def trace_words(clue: TraceClue) -> str:
    """Return a trace clue in words.

    As in "checkout → payment: POST /pay failed after 1.2 s (card declined) at 14:03 UTC".
    """
    edge = f"{clue.caller} → {clue.service}" if clue.caller else clue.service
    lasted = format_value(clue.duration_seconds, "s", Family.LATENCY)
    how = f"failed after {lasted}" if clue.failed else f"took {lasted}"
    why = f" ({clue.status})" if clue.status else ""
    return f"{edge}: {clue.name or 'a request'} {how}{why} at {clock_time(clue.at)}"


def told_by_logs(clues: Clues) -> Iterator[TimelineEntry]:
    """Yield what logs add to the timeline: each template once, where it began."""
    for clue in clues.logs:
        yield TimelineEntry(
            at=clue.since, kind=TimelineKind.LOG, text=log_words(clue), source=clue.template
        )


def export(clues: Clues) -> dict[str, Any]:
    """Return clues as other programs read them: the `clues` of `incidents.json`."""
    return {
        "logs": [
            {
                "service": clue.service,
                "kind": clue.kind.value,
                "severity": _severity_word(clue.severity),
                "template": clue.text,
                "template_id": clue.template,
                "count": clue.count,
                "before": clue.before,
                "since": clue.since.isoformat(),
                "first_seen": clue.first_seen.isoformat(),
                "example": clue.example,
                "trace_id": clue.trace_id,
                **({"url": clue.url} if clue.url else {}),
            }
            for clue in clues.logs
        ],
        "traces": [
            {
                "service": clue.service,
                "caller": clue.caller or None,
                "name": clue.name,
                "at": clue.at.isoformat(),
                "duration_seconds": clue.duration_seconds,
                "failed": clue.failed,
                "status": clue.status,
                "trace_id": clue.trace_id,
                "span_id": clue.span_id,
                **({"url": clue.url} if clue.url else {}),
            }
            for clue in clues.traces
        ],
    }


def _evidence(cause: Cause, clues: Clues) -> Iterator[Clause]:
    """Yield the first thing its own logs and its failing traces say for a cause."""
    for log in [one for one in clues.logs if one.service == cause.service][:1]:
        yield Clause(text=f"{log_words(log)}, {count_words(log)}", source=log.template)
    for trace in [one for one in clues.traces if one.service == cause.service and one.failed][:1]:
        yield Clause(text=trace_words(trace), source=f"trace:{trace.trace_id}")


def _without_clues(cause: Cause) -> tuple[Clause, ...]:
    return tuple(
        clause for clause in cause.evidence if not clause.source.startswith(("log:", "trace:"))
    )


def _severity_word(severity: LogSeverity) -> str:
    return {LogSeverity.WARN: "warning", LogSeverity.ERROR: "error", LogSeverity.FATAL: "fatal"}[
        severity
    ]
