"""How good an event log is: what is missing of it, and what cannot be right. Pure.

References:
    R. P. Jagadeesh Chandra Bose, R. S. Mans, W. M. P. van der Aalst, "Wanna improve process mining
    results?", CIDM 2013: missing, incorrect, imprecise and irrelevant data, and what each spoils.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from itertools import pairwise
from typing import Final

from aiops.domain.cases import CaseEvent
from aiops.domain.time import duration_words, utc

_NOBODY: Final = frozenset(
    {"", "-", "?", "n/a", "na", "nil", "none", "null", "unknown", "undefined"}
)
_COARSE_SHARE: Final = 0.95
"""So many of a log's times on the full minute, hour or day say that it knows no better."""

_GAP_FACTOR: Final = 3
"""A pause is a gap when it is so many times as long as 99 of 100 pauses of the log: nights and
weekends are among those."""

_LEAST_GAP_HOURS: Final = 2
_HOUR: Final = 3600
_GRAINS: Final = (("day", 86_400), ("hour", _HOUR), ("minute", 60))


class Check(StrEnum):
    """What is looked for in a log."""

    MISSING_CASE_ID = "missing case ids"
    UNREADABLE = "rows that could not be read"
    NOT_UNIQUE = "events that are not unique"
    FUTURE = "timestamps in the future"
    COARSE = "coarse timestamps"
    OUT_OF_ORDER = "events that came out of order"
    UNKNOWN_ACTOR = "unknown actors"
    SINGLE_EVENT = "cases of a single event"
    GAP = "gaps in the log"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What a check found.

    Args:
        check: which one.
        count: of how many rows, events, cases or gaps.
        of: among so many.
        example: one of them, in words; empty where nothing was found.
    """

    check: Check
    count: int
    of: int
    example: str = ""

    @property
    def share(self) -> float:
        """Which part of them it is, 0 to 1."""
        return self.count / self.of if self.of else 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Quality:
    """How good a log is.

    Args:
        events: how many it has.
        cases: of how many cases.
        first: the earliest, aware UTC; None where it is empty.
        last: the latest.
        findings: one for each check, in their order.
    """

    events: int
    cases: int
    first: datetime | None
    last: datetime | None
    findings: tuple[Finding, ...]

    def count(self, check: Check) -> int:
        """Return how many a check found."""
        return next((one.count for one in self.findings if one.check is check), 0)


@dataclass(slots=True)
class _Counts:
    """What one pass over a log counts."""

    now: datetime
    events: int = 0
    cases: int = 0
    first: datetime | None = None
    last: datetime | None = None
    found: dict[Check, int] = field(default_factory=dict)
    examples: dict[Check, str] = field(default_factory=dict)
    grains: dict[str, int] = field(default_factory=dict)
    hours: set[int] = field(default_factory=set)

    def note(self, check: Check, example: str, count: int = 1) -> None:
        self.found[check] = self.found.get(check, 0) + count
        self.examples.setdefault(check, example)

    def take_case(self, case: list[tuple[int, CaseEvent]]) -> None:
        self.cases += 1
        self.events += len(case)
        seen: set[tuple[str, datetime]] = set()
        newest = -1
        for arrived, event in case:
            self._take(event)
            if (event.name, event.at) in seen:
                self.note(Check.NOT_UNIQUE, _words(event))
            seen.add((event.name, event.at))
            if arrived < newest:
                self.note(Check.OUT_OF_ORDER, _words(event))
            newest = max(newest, arrived)
        if len(case) == 1:
            self.note(Check.SINGLE_EVENT, f"case {case[0][1].case_id}")

    def _take(self, event: CaseEvent) -> None:
        self.first = event.at if self.first is None else min(self.first, event.at)
        self.last = event.at if self.last is None else max(self.last, event.at)
        if event.at > self.now:
            self.note(Check.FUTURE, _words(event))
        if event.actor.strip().lower() in _NOBODY:
            self.note(Check.UNKNOWN_ACTOR, _words(event))
        second = event.at.timestamp()
        self.hours.add(int(second // _HOUR))
        for name, size in _GRAINS:
            if second % size == 0:
                self.grains[name] = self.grains.get(name, 0) + 1


def quality_of(
    cases: Iterable[list[tuple[int, CaseEvent]]], refused: Mapping[str, int], now: datetime
) -> Quality:
    """Return how good a log is, in one pass and without holding it.

    Args:
        cases: the events of each case by time, each with a number that counts up as they arrive.
        refused: how many rows were not taken, by the column that was wrong.
        now: what later than this is the future, aware UTC.

    Examples:
        >>> event = CaseEvent(log="a", case_id="7", name="paid", at=utc(61), actor="till")
        >>> quality = quality_of([[(1, event)]], {"case_id": 2}, utc(100))
        >>> [(one.check.value, one.count) for one in quality.findings if one.count]
        [('missing case ids', 2), ('cases of a single event', 1)]
    """
    counts = _Counts(now)
    for case in cases:
        counts.take_case(case)
    rows = counts.events + sum(refused.values())
    missing = refused.get("case_id", 0)
    if missing:
        counts.note(Check.MISSING_CASE_ID, "`aiops signals dead-letters` has rows", missing)
    if other := sum(refused.values()) - missing:
        worst = max((name for name in refused if name != "case_id"), key=lambda one: refused[one])
        counts.note(Check.UNREADABLE, f"mostly for their {worst}", other)
    _note_coarse(counts)
    _note_gaps(counts)
    of = {
        Check.MISSING_CASE_ID: rows,
        Check.UNREADABLE: rows,
        Check.SINGLE_EVENT: counts.cases,
        Check.GAP: max(len(counts.hours) - 1, 0),
    }
    return Quality(
        events=counts.events,
        cases=counts.cases,
        first=counts.first,
        last=counts.last,
        findings=tuple(
            Finding(
                check=check,
                count=counts.found.get(check, 0),
                of=of.get(check, counts.events),
                example=counts.examples.get(check, ""),
            )
            for check in Check
        ),
    )


def _note_coarse(counts: _Counts) -> None:
    """Note the coarsest grain that nearly all times are of."""
    for name, _ in _GRAINS:
        count = counts.grains.get(name, 0)
        if counts.events > 1 and count >= _COARSE_SHARE * counts.events:
            counts.note(Check.COARSE, f"they are of the full {name}", count)
            return


def _note_gaps(counts: _Counts) -> None:
    hours = sorted(counts.hours)
    pauses = [later - earlier for earlier, later in pairwise(hours)]
    if not pauses:
        return
    usual = sorted(pauses)[(len(pauses) * 99 - 1) // 100]
    for hour, pause in zip(hours, pauses, strict=False):
        if pause > max(_GAP_FACTOR * usual, _LEAST_GAP_HOURS):
            length = duration_words(timedelta(hours=pause - 1))
            counts.note(Check.GAP, f"{length} from {utc((hour + 1) * _HOUR):%d %b %Y %H:%M} UTC")


def _words(event: CaseEvent) -> str:
    return f"{event.name} of case {event.case_id}, {event.at.astimezone(UTC):%d %b %Y %H:%M} UTC"
