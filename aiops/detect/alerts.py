"""Outside alerts -> symptoms: the same messages give the same state in whatever order they come.

All that counts of a message are the moments it names: the alert began to fire, it ended. They are
kept as a set in the order of time, and the symptoms are read off that: a late, repeated or doubled
message can only add a moment that is known, or put one in its place.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from aiops.domain.alerts import STRENGTHS, Alert, AlertReport, AlertSeverity, Mark
from aiops.domain.series import Direction
from aiops.domain.symptoms import (
    FactKind,
    Origin,
    Symptom,
    SymptomFact,
    SymptomKind,
    SymptomState,
    symptom_id,
)

MOST_MARKS = 64
"""Moments kept of one alert; of one that flaps more, the middle is forgotten."""

_NEXT = timedelta(microseconds=1)


def take(
    alert: Alert,
    reports: Sequence[AlertReport],
    now: datetime,
    flap: timedelta,
    origin: Origin = Origin.LIVE,
) -> tuple[Alert, tuple[SymptomFact, ...]]:
    """Return an alert with some more messages taken in, and the facts that makes news.

    A message that tells nothing new makes no fact. An alert that is merely informative is known
    and is no symptom.

    Args:
        alert: what is known of it.
        reports: in any order, also such as were taken in before.
        now: the product's clock: the time of the facts, aware UTC.
        flap: one that fires again so soon after its end goes on with the same symptom.
        origin: of this installation.

    Examples:
        >>> from datetime import UTC
        >>> noon = datetime(2026, 4, 18, 12, tzinfo=UTC)
        >>> report = AlertReport(key="a", at=noon, fired_at=noon)
        >>> unheard = Alert(source="am", key="a", seen_at=noon)
        >>> known, facts = take(unheard, [report], noon, timedelta(minutes=15))
        >>> known.is_firing, facts  # nobody said so far what it is about
        (True, ())
    """
    known = replace(
        alert,
        described=_newest([alert.described, *reports]),
        marks=_kept(_merged([*alert.marks, *_marks(reports)]), flap),
        reports=alert.reports + len(reports),
        seen_at=max([alert.seen_at, *(one.at for one in reports)]),
    )
    symptoms = tuple(_symptoms(known, flap, origin))
    at = max(now, alert.fact_at + _NEXT) if alert.fact_at else now
    facts = tuple(_facts(alert.symptoms, symptoms, at))
    return replace(known, symptoms=symptoms, fact_at=at if facts else alert.fact_at), facts


def _newest(reports: Iterable[AlertReport | None]) -> AlertReport | None:
    """Return the newest message that says what the alert is; at one time any, but the same."""
    told = [one for one in reports if one is not None and one.series is not None]
    if len(told) < 2:
        return told[0] if told else None
    newest = max(one.at for one in told)
    last = [one for one in told if one.at == newest]
    return last[0] if len(last) == 1 else max(last, key=repr)


def _marks(reports: Iterable[AlertReport]) -> Iterator[Mark]:
    for one in reports:
        fired, ended = one.fired_at, one.ended_at
        if fired is not None:
            yield Mark(at=fired, ends=False, known_at=one.at)
        if ended is not None:
            end = max(ended, fired) if fired else ended
            of_earlier = fired is not None and fired < end
            yield Mark(at=end, ends=True, of_earlier=of_earlier, known_at=one.at)


def _place(mark: Mark) -> tuple[datetime, int]:
    """Return where a mark stands: an end after the firing of its moment, unless of an earlier."""
    return mark.at, (0 if mark.of_earlier else 2) if mark.ends else 1


def _merged(marks: Iterable[Mark]) -> list[Mark]:
    """Return the marks in order, each once: as it was first heard of."""
    first: dict[tuple[datetime, int], Mark] = {}
    for mark in sorted(marks, key=lambda one: (_place(one), one.known_at)):
        first.setdefault(_place(mark), mark)
    return list(first.values())


def _kept(marks: list[Mark], flap: timedelta) -> tuple[Mark, ...]:
    """Return at most `MOST_MARKS`: first goes what says nothing, then what is long over."""
    if len(marks) > MOST_MARKS:
        marks = [
            mark
            for before, mark in zip([None, *marks], marks, strict=False)
            if before is None or before.ends != mark.ends
        ]
    while len(marks) > MOST_MARKS:
        runs = _runs(marks, flap)
        if len(runs) > 1:
            marks = marks[marks.index(runs[1][0][0]) :]
        else:
            del marks[1:3]  # an end and a beginning in the middle of one symptom
    return tuple(marks)


_Firing = tuple[Mark, Mark | None]
"""When an alert began to fire and when it ended."""


def _firings(marks: Iterable[Mark]) -> Iterator[_Firing]:
    begun: Mark | None = None
    for mark in marks:
        if not mark.ends:
            begun = begun or mark
        elif begun is not None:
            yield begun, mark
            begun = None
    if begun is not None:
        yield begun, None


def _runs(marks: Iterable[Mark], flap: timedelta) -> list[list[_Firing]]:
    """Return the firings, with those together that are one symptom."""
    runs: list[list[_Firing]] = []
    for firing in _firings(marks):
        before = runs[-1][-1][1] if runs else None
        if before is not None and firing[0].at - before.at <= flap:
            runs[-1].append(firing)
        else:
            runs.append([firing])
    return runs


def _symptoms(alert: Alert, flap: timedelta, origin: Origin) -> Iterator[Symptom]:
    told = alert.described
    if told is None or told.severity is AlertSeverity.INFO:
        return
    for run in _runs(alert.marks, flap):
        yield _symptom(alert, told, run, origin)


def _symptom(alert: Alert, told: AlertReport, run: Sequence[_Firing], origin: Origin) -> Symptom:
    """Return what a run of firings is; a monitor whose clock is ahead of ours is held to ours."""
    assert told.series is not None  # noqa: S101  # looked at before
    series, (first, _), (last, end) = told.series, run[0], run[-1]
    onset = min(first.at, first.known_at)
    detected = max(onset, first.known_at)
    ended = max(min(end.at, end.known_at), onset) if end else None
    begun = max(min(last.at, last.known_at), onset)
    return Symptom(
        id=symptom_id(series.key.env, alert.source, alert.key, first.at),
        kind=SymptomKind.ALERT,
        detector=alert.source,
        series=series,
        state=SymptomState.ENDED if end else SymptomState.ACTIVE,
        onset=onset,
        detected_at=detected,
        last_seen=ended or begun,
        ended_at=ended,
        direction=Direction.UP,
        strength=STRENGTHS[told.severity],
        observed=1.0,
        expected=0.0,
        low=0.0,
        high=0.0,
        before=0.0,
        origin=origin,
    )


def _facts(
    before: Sequence[Symptom], after: Sequence[Symptom], at: datetime
) -> Iterator[SymptomFact]:
    """Yield what became of each symptom; one that another took the place of is withdrawn."""
    known = {one.id: one for one in before}
    for symptom in after:
        was = known.pop(symptom.id, None)
        if was == symptom:
            continue
        for kind in _steps(was, symptom):
            yield SymptomFact(kind=kind, at=at, symptom=_as_of(kind, symptom))
    for gone in known.values():
        withdrawn = replace(gone, state=SymptomState.WITHDRAWN, ended_at=gone.ended_at or at)
        yield SymptomFact(kind=FactKind.WITHDRAWN, at=at, symptom=withdrawn)


def _steps(was: Symptom | None, now: Symptom) -> tuple[FactKind, ...]:
    if was is None:
        return (FactKind.OPENED,) if now.is_open else (FactKind.OPENED, FactKind.ENDED)
    if was.is_open:
        stronger = FactKind.STRENGTHENED if now.strength > was.strength else FactKind.CONTINUED
        return (stronger,) if now.is_open else (FactKind.ENDED,)
    return (FactKind.REOPENED,) if now.is_open else (FactKind.ENDED,)


def _as_of(kind: FactKind, symptom: Symptom) -> Symptom:
    """Return a symptom as it stood at a fact: one that is over by now was open when it opened."""
    if kind is FactKind.OPENED and not symptom.is_open:
        return replace(symptom, state=SymptomState.ACTIVE, ended_at=None)
    return symptom
