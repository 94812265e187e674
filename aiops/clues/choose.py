"""Logs and traces near a problem -> the few that tell something of it. Pure."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Final

from aiops.clues.counts import Minutes, busiest, tail
from aiops.clues.elsewhere import Elsewhere, elsewhere_of
from aiops.clues.needs import AHEAD, PAST
from aiops.clues.templates import OTHER
from aiops.domain.clues import (
    NO_CLUES,
    ClueKind,
    Clues,
    ClueWindow,
    LogClue,
    LogSeverity,
    LogTemplate,
    TraceClue,
    TraceExample,
)
from aiops.domain.environment import Knowledge
from aiops.domain.incidents import Candidate, Incident
from aiops.domain.time import MINUTE

MOST_LOGS: Final = 5
MOST_OF_A_SERVICE: Final = 3
MOST_TRACES: Final = 3
"""Traces of each sort: failing, slowest."""

_MANY: Final = 10
"""Lines below which nothing has multiplied."""

_FEW: Final = {LogSeverity.WARN: 5, LogSeverity.ERROR: 2, LogSeverity.FATAL: 1}
"""Lines below which a new template is no clue, by severity."""

_TIMES: Final = 3.0
_CHANCE: Final = 1e-6
"""Chance, at the template's own rate, of as many lines or more, below which it has multiplied."""

_LISTENING: Final = timedelta(minutes=10)
"""So long before an onset logs must have come in for anything to be new."""


def choose(
    candidate: Candidate, window: ClueWindow | None, at: datetime, knowledge: Knowledge
) -> Clues:
    """Return the log templates that are new or multiplied at a problem's services, and traces.

    A template is new that was never seen before the onset; it has multiplied when there are at
    least 10 lines, three times what its own past lets expect and so many that chance does not
    give them (Poisson, below 1e-6), and more than in the busiest stretch as long. The likely
    cause's come first, then new ones, then the worse and the more frequent.

    Args:
        candidate: symptoms and ranked causes.
        window: what is kept of logs and traces near it; None: nothing.
        at: the tick, aware UTC; nothing later is looked at.
        knowledge: for who calls whom, and where traces are looked at.
    """
    if window is None:
        return NO_CLUES
    onset = min(one.onset for one in candidate.symptoms)
    places = _places(candidate, knowledge)
    elsewhere = elsewhere_of(candidate.symptoms, knowledge)
    found = [
        clue
        for template, minutes in _histories(window, places)
        if not _is_elsewhere(template, onset - AHEAD, at, elsewhere)
        and (clue := _clue(template, minutes, onset, at, window, knowledge, elsewhere)) is not None
    ]
    found.sort(key=lambda clue: _rank(clue, places))
    near = [one for one in window.traces if not elsewhere.holds(one.region, one.segment)]
    traces = _traces(candidate, near, onset, at, places, knowledge)
    return Clues(logs=_few(found), traces=traces)


def speaks_of(incident: Incident, window: ClueWindow | None) -> bool:
    """Return whether logs or traces near a tick are of services an incident is about."""
    if window is None or not (window.counts or window.traces):
        return False
    heard = {one.service for one in window.counts} | {one.service for one in window.traces}
    about = {cause.service for cause in incident.causes}
    return not heard.isdisjoint(about | {symptom.service for symptom in incident.symptoms})


def _places(candidate: Candidate, knowledge: Knowledge) -> dict[str, int]:
    """Return the services that count, by how near the cause: it, the sick, then whom it calls."""
    causes = [cause.service for cause in candidate.causes]
    places = dict.fromkeys(causes[:1], 0)
    for one in (*causes[1:], *(symptom.service for symptom in candidate.symptoms)):
        places.setdefault(one, 1)
    for suspect in causes[:1]:
        if suspect in knowledge.graph.services:
            for other in sorted(knowledge.graph.callees(suspect)):
                places.setdefault(other, 2)
    return places


def _is_elsewhere(
    template: LogTemplate, since: datetime, at: datetime, elsewhere: Elsewhere
) -> bool:
    """Return whether all examples of a template since then are of regions that are not hit."""
    told = [one for one in template.examples if since <= one.minute <= at]
    return bool(told) and all(elsewhere.holds(one.region, one.segment) for one in told)


def _histories(window: ClueWindow, places: dict[str, int]) -> Iterator[tuple[LogTemplate, Minutes]]:
    """Yield the templates of the services that count, with their lines by minute."""
    minutes: defaultdict[tuple[str, int], Minutes] = defaultdict(dict)
    for one in window.counts:
        if one.service in places:
            for number, count in one.counts:
                minutes[one.service, number][one.minute] = count
    for template in window.templates:
        if template.service in places and template.number != OTHER:
            yield template, minutes[template.service, template.number]


def _clue(  # noqa: PLR0917  # one argument per thing a clue is made of
    template: LogTemplate,
    minutes: Minutes,
    onset: datetime,
    at: datetime,
    window: ClueWindow,
    knowledge: Knowledge,
    elsewhere: Elsewhere,
) -> LogClue | None:
    since = onset - AHEAD
    after = {minute: count for minute, count in minutes.items() if since <= minute <= at}
    count = sum(after.values())
    kind = _kind(template, minutes, after, since, window)
    if kind is None:
        return None
    hour = timedelta(hours=1)
    examples = [one for one in template.examples if since <= one.minute <= at]
    example = min(
        (one for one in examples if not elsewhere.holds(one.region, one.segment)),
        key=lambda one: (not one.trace_id, -one.minute.timestamp(), one.region, one.segment),
        default=None,
    )
    trace_id = example.trace_id if example else ""
    return LogClue(
        template=template.id,
        service=template.service,
        kind=kind,
        severity=template.severity,
        text=template.text,
        count=count,
        before=sum(n for minute, n in minutes.items() if since - hour <= minute < since),
        since=min(after),
        first_seen=template.first_seen,
        example=example.text if example else "",
        trace_id=trace_id,
        url=trace_url(knowledge.trace_url, trace_id),
    )


def _kind(
    template: LogTemplate, minutes: Minutes, after: Minutes, since: datetime, window: ClueWindow
) -> ClueKind | None:
    """Return why a template is worth telling, or None."""
    count = sum(after.values())
    if template.first_seen >= since:
        is_heard = window.since is not None and window.since <= since - _LISTENING
        return ClueKind.NEW if is_heard and count >= _FEW[template.severity] else None
    if count < _MANY:
        return None
    past = {minute: number for minute, number in minutes.items() if minute < since}
    heard = PAST if window.since is None else min(PAST, since - window.since)
    recent = sum(number for minute, number in past.items() if minute >= since - PAST)
    per_minute = (recent + 0.5) / max(heard / MINUTE, 1.0)
    length = (max(after) - min(after)) / MINUTE + 1
    if count < _TIMES * per_minute * length or tail(count, per_minute * length) > _CHANCE:
        return None
    return ClueKind.MULTIPLIED if busiest(after) > 2 * busiest(past) else None


def trace_url(template: str, trace_id: str) -> str:
    """Return where a trace can be looked at; empty where nobody says, or the id is none.

    Examples:
        >>> trace_url("https://traces.example/{trace_id}", "4bf92f3577b34da6a3ce929d0e0e4736")
        'https://traces.example/4bf92f3577b34da6a3ce929d0e0e4736'
        >>> trace_url("https://traces.example/{trace_id}", "../admin")
        ''
    """
    is_id = len(trace_id) == 32 and all(char in "0123456789abcdef" for char in trace_id)
    return template.replace("{trace_id}", trace_id) if template and is_id else ""


def _rank(clue: LogClue, places: dict[str, int]) -> tuple[int, bool, int, int, str]:
    return (
        places[clue.service],
        clue.kind is not ClueKind.NEW,
        -clue.severity,
        -clue.count,
        clue.template,
    )


def _few(clues: Sequence[LogClue]) -> tuple[LogClue, ...]:
    told: defaultdict[str, int] = defaultdict(int)
    kept = []
    for clue in clues:
        told[clue.service] += 1
        if told[clue.service] <= MOST_OF_A_SERVICE:
            kept.append(clue)
    return tuple(kept[:MOST_LOGS])


def _traces(  # noqa: PLR0917  # one argument per thing they are chosen by
    candidate: Candidate,
    near: Sequence[TraceExample],
    onset: datetime,
    at: datetime,
    places: dict[str, int],
    knowledge: Knowledge,
) -> tuple[TraceClue, ...]:
    """Return failing, then slow traces through the cause, those of callers that are sick first.

    Without a cause, through whoever is sick.
    """
    causes = [cause.service for cause in candidate.causes[:1]]
    ours = [
        one
        for one in near
        if onset - MINUTE <= one.minute <= at
        and (one.service in causes if causes else places.get(one.service) == 1)
    ]
    ours.sort(key=lambda one: _nearness(one, places))
    told: set[str] = set()
    return tuple(
        _told(one, knowledge)
        for failed in (True, False)
        for one in _distinct([one for one in ours if one.failed is failed], told)
    )


def _nearness(one: TraceExample, places: dict[str, int]) -> tuple[int, float, str, str]:
    """Order by whether it is known through whom the trace came, then the slowest."""
    through = 0 if one.caller in places else 1 if one.caller else 2
    return through, -one.duration_seconds, one.trace_id, one.span_id


def _distinct(ordered: Sequence[TraceExample], told: set[str]) -> Iterator[TraceExample]:
    """Yield the first few traces that are not told yet: a call has a span on either side."""
    left = MOST_TRACES
    for one in ordered:
        if left and one.trace_id not in told:
            told.add(one.trace_id)
            left -= 1
            yield one


def _told(one: TraceExample, knowledge: Knowledge) -> TraceClue:
    return TraceClue(
        service=one.service,
        caller=one.caller,
        at=one.minute,
        trace_id=one.trace_id,
        span_id=one.span_id,
        name=one.name,
        duration_seconds=one.duration_seconds,
        failed=one.failed,
        status=one.status,
        url=trace_url(knowledge.trace_url, one.trace_id),
    )
