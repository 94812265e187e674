"""What happened and when: kept from revision to revision and only ever added to."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from aiops.domain.changes import Change
from aiops.domain.environment import Knowledge
from aiops.domain.figures import format_value
from aiops.domain.incidents import Decision, Incident
from aiops.domain.notifications import DeliveryAction, Notification
from aiops.domain.symptoms import Symptom, SymptomKind
from aiops.domain.timeline import TimelineEntry, TimelineKind
from aiops.domain.visibility import stands, user_visible
from aiops.incident.wording import change_words, subject_words, values_words

MOST_ONSETS = 100
"""Onsets told one by one; in a storm the further symptoms stand in the incident only."""

_BETWEEN_PEAKS = timedelta(minutes=5)
_WORSENING = (TimelineKind.ONSET, TimelineKind.PEAK)
_KINDS = tuple(TimelineKind)
_MESSAGES = {
    DeliveryAction.TRIGGER: "that it began",
    DeliveryAction.ACKNOWLEDGE: "that somebody took it",
    DeliveryAction.RESOLVE: "that it is over",
}


def timeline(
    previous: Sequence[TimelineEntry],
    symptoms: Sequence[Symptom],
    changes: Sequence[Change],
    knowledge: Knowledge,
) -> tuple[TimelineEntry, ...]:
    """Return the timeline with what has become known, in order of time.

    Entries of earlier revisions are kept word for word. A peak is told when a symptom users meet
    has become worse than what was last told of it some minutes ago.

    Args:
        previous: entries so far, decisions and messages included.
        symptoms: members of the incident as they stand now.
        changes: changes near it.
        knowledge: for what users meet.
    """
    last = {entry.source: entry for entry in previous if entry.kind in _WORSENING}
    fresh: list[TimelineEntry] = [_change(change) for change in changes]
    room = MOST_ONSETS - len(last)
    for symptom in symptoms:
        if not stands(symptom):
            continue
        told = last.get(symptom.id)
        room -= told is None
        if told is not None or room >= 0:
            fresh += _of(symptom, told, knowledge)
    return extend(previous, fresh)


def decided(
    incident: Incident,
    previous: Incident | None,
    notifications: Iterable[Notification],
    at: datetime,
) -> Incident:
    """Return an incident whose timeline tells what was decided of it, why, and whom that tells.

    Updates of a message are left out: they say what the entries beside them say.

    Args:
        incident: as it was decided.
        previous: its last revision, None for a new one.
        notifications: what goes out because of it.
        at: event time, aware UTC.
    """
    same_episode = previous is not None and previous.episode == incident.episode
    entries = [
        *_decisions(incident, previous if same_episode else None, at),
        *(_message(one) for one in notifications if one.action in _MESSAGES),
    ]
    if not entries:
        return incident
    return replace(incident, timeline=extend(incident.timeline, entries))


def extend(
    previous: Sequence[TimelineEntry], fresh: Iterable[TimelineEntry]
) -> tuple[TimelineEntry, ...]:
    """Return entries with new ones in their place; what is known already is not told twice.

    Examples:
        >>> from datetime import UTC
        >>> at = datetime(2026, 1, 1, tzinfo=UTC)
        >>> one = TimelineEntry(at=at, kind=TimelineKind.STATE, text="opened", source="state:open")
        >>> len(extend((one,), [one]))
        1
    """
    entries = list(previous)
    known = {_identity(entry) for entry in entries}
    for entry in sorted(fresh, key=_place):
        if _identity(entry) not in known:
            known.add(_identity(entry))
            entries.append(entry)
    return tuple(sorted(entries, key=_place))


_ONCE = (TimelineKind.ONSET, TimelineKind.CHANGE, TimelineKind.LOG)


def _identity(entry: TimelineEntry) -> tuple[TimelineKind, str, datetime | None]:
    """Say what makes two entries the same: an onset, a change or a log clue happens once."""
    return entry.kind, entry.source, None if entry.kind in _ONCE else entry.at


def _place(entry: TimelineEntry) -> tuple[datetime, int, str]:
    return entry.at, _KINDS.index(entry.kind), entry.source


def _decisions(
    incident: Incident, before: Incident | None, at: datetime
) -> Iterator[TimelineEntry]:
    level, decision = incident.severity, incident.decision
    if before is None or before.severity is not level:
        was = f", was {before.severity}" if before else ""
        yield TimelineEntry(
            at=at,
            kind=TimelineKind.DECISION,
            text=f"{level}{was}: {incident.severity_reason}",
            source=f"severity:{level}",
        )
    note = incident.decision_note
    is_news = before is None or (before.decision, before.decision_note) != (decision, note)
    if is_news:
        what = "recorded only" if decision is Decision.NONE else decision.value
        about = f" ({note})" if note else ""
        yield TimelineEntry(
            at=at,
            kind=TimelineKind.DECISION,
            text=f"{what}: {incident.decision_reason}{about}",
            source=f"decision:{decision}",
        )


def _message(notification: Notification) -> TimelineEntry:
    sink, action = notification.sink, notification.action
    return TimelineEntry(
        at=notification.not_before,
        kind=TimelineKind.MESSAGE,
        text=f"message to {sink}: {_MESSAGES[action]}",
        source=f"message:{sink}:{action}",
    )


def _change(change: Change) -> TimelineEntry:
    by = f" by {change.actor}" if change.actor else ""
    return TimelineEntry(
        at=change.started_at,
        kind=TimelineKind.CHANGE,
        text=f"{change_words(change)}{by}",
        source=change.id,
    )


def _of(
    symptom: Symptom, last: TimelineEntry | None, knowledge: Knowledge
) -> Iterator[TimelineEntry]:
    """Yield what is new of a symptom: its onset is told once, so `last` is none or later."""
    if last is None:
        yield TimelineEntry(
            at=symptom.onset,
            kind=TimelineKind.ONSET,
            text=f"{subject_words(symptom)} {values_words(symptom)}".rstrip(),
            source=symptom.id,
        )
    elif _is_worse(symptom, last, knowledge):
        yield TimelineEntry(
            at=symptom.last_seen,
            kind=TimelineKind.PEAK,
            text=f"{subject_words(symptom)} at its worst so far: {values_words(symptom)}",
            source=symptom.id,
        )
    if not symptom.is_open:
        yield TimelineEntry(
            at=symptom.ended_at or symptom.last_seen,
            kind=TimelineKind.ENDED,
            text=f"{subject_words(symptom)} {_ending(symptom)}",
            source=symptom.id,
        )


def _is_worse(symptom: Symptom, last: TimelineEntry, knowledge: Knowledge) -> bool:
    """Return whether users meet something worse by now than what was last told some time ago."""
    return (
        symptom.is_open
        and symptom.last_seen - last.at >= _BETWEEN_PEAKS
        and not last.text.endswith(values_words(symptom))
        and user_visible(symptom, knowledge)
    )


def _ending(symptom: Symptom) -> str:
    if symptom.kind is SymptomKind.REPORT:
        return "is over"
    if symptom.new_normal is None:
        return "back to normal"
    if symptom.kind is SymptomKind.TELEMETRY_GAP:
        return "still not reported: no longer expected"
    level = format_value(symptom.new_normal, symptom.series.unit, symptom.series.family)
    return f"stays at {level}: the normal from here on"
