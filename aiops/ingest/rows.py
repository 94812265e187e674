"""Rows of a table -> what happened in each tick: sums, counts, means. Pure.

A row at 10:00:00 is of the tick that ends at 10:01, as is one that a query truncated to its minute.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Final

import numpy as np

from aiops.domain.errors import InputError
from aiops.domain.labels import normalized
from aiops.domain.money import from_minor_units
from aiops.ingest.cells import EARLIEST, amount, shown
from aiops.ingest.prometheus_answer import Measured
from aiops.settings import Aggregate, RowSignalSettings, RowSourceSettings

SEEN_SPAN: Final = timedelta(days=1)
"""A series that had no row for so long is not counted as nothing any more: it is missing."""

MAX_SERIES: Final = 10_000
"""Series of one signal at most; a label that holds order numbers would make millions."""

_RATES: Final = (Aggregate.SUM, Aggregate.COUNT)

Labels = tuple[tuple[str, str], ...]


@dataclass(slots=True)
class _Tally:
    """What is known of one series and tick."""

    count: int = 0
    total: Decimal = Decimal(0)
    low: Decimal = Decimal(0)
    high: Decimal = Decimal(0)
    last: Decimal = Decimal(0)
    last_at: datetime = EARLIEST

    def add(self, at: datetime, value: Decimal) -> None:
        self.low = value if not self.count else min(self.low, value)
        self.high = value if not self.count else max(self.high, value)
        self.count += 1
        self.total += value
        if at >= self.last_at:
            self.last, self.last_at = value, at

    def result(self, aggregate: Aggregate) -> Decimal:
        match aggregate:
            case Aggregate.SUM:
                return self.total
            case Aggregate.COUNT:
                return Decimal(self.count)
            case Aggregate.MEAN:
                return self.total / self.count
            case Aggregate.LAST:
                return self.last
            case Aggregate.MIN:
                return self.low
            case Aggregate.MAX:
                return self.high


Tallies = dict[tuple[Labels, int], _Tally]
"""What is known of each series and tick of a window."""


class Reading:
    """Adds up the rows of one signal.

    Args:
        source: whose rows they are: its columns and zones.
        signal: what is made of them.
        decimal: what stands before the decimals of a number that is a text.
    """

    def __init__(
        self, source: RowSourceSettings, signal: RowSignalSettings, decimal: str = "."
    ) -> None:
        self.signal = signal
        self._decimal = decimal
        names = source.labels
        self._places = (names.service, names.env, names.region, names.segment)
        self._rules = source.normalize
        self._seen: dict[Labels, datetime] = {}

    def add(self, into: Tallies, row: Mapping[str, Any], at: datetime, slot: int) -> None:
        """Take a row into a tick; a negative one only says that its series is there.

        Raises:
            InputError: it cannot be read; says which column, what was found and expected.
        """
        labels = self._labels(row)
        if labels is None:
            return
        if labels not in self._seen and len(self._seen) >= MAX_SERIES:
            raise InputError(
                f"{shown(dict(labels))} is one more than the {MAX_SERIES:,} series a signal may "
                "have; keep only labels with few values"
            )
        value = Decimal(1) if self.signal.aggregate is Aggregate.COUNT else self._value(row)
        self._seen[labels] = max(at, self._seen.get(labels, at))
        if slot >= 0:
            into.setdefault((labels, slot), _Tally()).add(at, value)

    def columns(self, tallies: Tallies, window: "Window") -> tuple[Measured, ...]:
        """Return each series as a column of values; sums and counts are of one tick.

        Where rows could have come and none did, a sum or count is 0: of series that had one in
        the day before. All else is missing.

        Args:
            tallies: what `add` filled.
            window: the ticks that are asked for.
        """
        is_rate = self.signal.aggregate in _RATES
        known = {labels for labels, _ in tallies}
        if is_rate:
            known |= {one for one, at in self._seen.items() if at >= window.start - SEEN_SPAN}
        found = {one: np.full(window.count, 0.0 if is_rate else np.nan) for one in sorted(known)}
        for (labels, slot), tally in tallies.items():
            value = tally.result(self.signal.aggregate)
            found[labels][slot] = float(value)
        return tuple(Measured(labels=dict(one), values=values) for one, values in found.items())

    def _labels(self, row: Mapping[str, Any]) -> Labels | None:
        """Return what parts the series of a row from others; None where it is ignored."""
        if self._rules:
            texts = {name: text for name in row if (text := _text(row, name))}
            brought = normalized(texts, self._rules)
            if brought.is_ignored:
                return None
            row = brought.labels
        names = [next((one for one in found if _text(row, one)), "") for found in self._places]
        kept = dict.fromkeys([*filter(None, names), *self.signal.labels])
        return tuple((name, text) for name in kept if (text := _text(row, name)))

    def _value(self, row: Mapping[str, Any]) -> Decimal:
        signal, unit = self.signal, (self.signal.unit or "")[:3]
        if signal.value not in row:
            raise InputError(f"{signal.value}: there is no such column, expected the number")
        if signal.currency and (told := _text(row, signal.currency).upper()) != unit:
            raise InputError(
                f"{signal.currency}: found {shown(told)}, expected {unit}: amounts of other "
                "currencies are left out, and never converted"
            )
        try:
            value = amount(row[signal.value], self._decimal)
        except InputError as error:
            raise InputError(f"{signal.value}: {error}") from error
        return from_minor_units(value, unit) if signal.minor_units else value


@dataclass(slots=True)
class LeftOut:
    """Rows that were left out: how many, and why the first was."""

    count: int = 0
    first: str = ""

    def note(self, where: str, line: int, why: InputError) -> None:
        """Count one more."""
        self.first = self.first or f"{where}:{line}: {why}"
        self.count += 1

    def words(self) -> str:
        """Return what is to be said of them; empty for none."""
        if not self.count:
            return ""
        more = f" ({self.count - 1:,} more rows are left out)" if self.count > 1 else ""
        return f"{self.first}; the row is left out{more}"


@dataclass(slots=True, kw_only=True)
class Window:
    """The ticks that are asked for.

    Args:
        start: the first, aware UTC.
        step_seconds: distance between two.
        count: how many.
    """

    start: datetime
    step_seconds: int
    count: int

    @property
    def since(self) -> datetime:
        """The moment from which on rows count, inclusive."""
        return self.start - timedelta(seconds=self.step_seconds)

    @property
    def until(self) -> datetime:
        """The moment before which they do."""
        return self.since + timedelta(seconds=self.step_seconds * self.count)

    def over_by(self, until: datetime) -> int:
        """Return how many of the first ticks are over by a moment."""
        over = (until - self.since).total_seconds() // self.step_seconds
        return max(0, min(self.count, int(over)))

    def slot(self, at: datetime) -> int:
        """Return which tick a moment is of, -1 for none that is asked for."""
        if not self.since <= at < self.until:
            return -1
        return int((at - self.since).total_seconds() // self.step_seconds)


def window_of(start: datetime, end: datetime, step_seconds: int) -> Window:
    """Return the window of the ticks start, start + step … end (inclusive).

    Raises:
        ValueError: the interval is none.
    """
    if end < start or step_seconds <= 0:
        raise ValueError(f"expected start <= end and a step above 0: {start}, {end}")
    count = int((end - start) / timedelta(seconds=step_seconds)) + 1
    return Window(start=start, step_seconds=step_seconds, count=count)


def per(unit: str) -> int:
    """Return how many seconds a rate of a unit is over: a minute unless it says otherwise.

    Examples:
        >>> per("EUR"), per("EUR/h"), per("1/s")
        (60, 3600, 1)
    """
    return 1 if unit.endswith("/s") else 3600 if unit.endswith("/h") else 60


def is_rate(signal: RowSignalSettings) -> bool:
    """Return whether a signal's values are so much in a time."""
    return signal.aggregate in _RATES


def _text(row: Mapping[str, Any], name: str) -> str:
    value = row.get(name)
    return "" if value is None else str(value).strip()[:200]
