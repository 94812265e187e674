"""Which raw series of a source are known, by the very bytes their sender names them with. Pure.

A sample costs a look-up of bytes. Only the first sight of a name is read as labels, compared with
the signals, counted against the cap of its metric, and given a number by whoever keeps them.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from threading import RLock
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from aiops.domain.pushed import Block, RawSeries, Whole
from aiops.domain.ticks import Floats, Times
from aiops.ingest.otlp import AHEAD, OLDEST
from aiops.ingest.pushed_signals import Signals

MOST_REMEMBERED_BYTES: Final = 300_000_000
"""What the names that are remembered may take: of usual ones a million; beyond that all of them are
looked at anew."""

_ENTRY_BYTES: Final = 100
"""What a name takes beside its bytes: the object, its number and its place."""

MOST_METRICS: Final = 10_000
"""Metrics that are counted one by one; further ones count as one."""

MOST_LABELS: Final = 128
OTHERS: Final = "(others)"
_NO_START: Final = -1

Keep = Callable[[Sequence[RawSeries]], Mapping[str, int]]
"""Gives raw series their numbers, by fingerprint, durably."""


@dataclass(slots=True)
class Passed:
    """What is known of a metric beyond the samples that are kept.

    Args:
        series: how many of its series are kept.
        weight: what they count for, where they are capped.
        refused: how many were seen beyond the cap.
        samples: that no signal asks for, or of series beyond the cap.
    """

    series: int = 0
    weight: int = 0
    refused: int = 0
    samples: int = 0

    def keep(self, one: RawSeries) -> None:
        """Note a series that is kept."""
        self.series += 1
        self.weight += one.weight


@dataclass(frozen=True, slots=True, kw_only=True)
class Pushed:
    """What a body comes down to.

    Args:
        blocks: the samples that are kept.
        samples: how many the body brought in all.
        refused: why some were not taken, with how many.
    """

    blocks: tuple[Block, ...]
    samples: int
    refused: Mapping[str, int] = field(default_factory=dict)

    @property
    def kept(self) -> int:
        """How many samples are kept; one of a histogram counts once."""
        return sum(len(one.numbers) for one in self.blocks)


@dataclass(slots=True)
class Catalog:
    """The raw series of one source.

    Args:
        signals: which of them are asked for.
        keep: gives them their numbers, and notes that they were seen.
        counted: the fingerprints of those that count against the caps: seen of late.
    """

    signals: Signals
    keep: Keep
    counted: set[str] = field(default_factory=set)
    known: dict[str, int] = field(default_factory=dict)
    """The numbers of those that were met, by fingerprint."""
    keys: dict[bytes, int] = field(default_factory=dict)
    """By name: a number, or below 0 the metric it is counted under."""
    metrics: dict[str, Passed] = field(default_factory=dict)
    families: dict[Any, Any] = field(default_factory=dict)
    """What is known of metrics as OpenTelemetry sends them."""
    lock: RLock = field(default_factory=RLock)
    _remembered: int = 0
    _starts: Times = field(default_factory=lambda: np.empty(0, dtype=np.int64))
    _listed: list[Passed] = field(default_factory=list)
    _places: dict[str, int] = field(default_factory=dict)

    def meet(self, found: Sequence[RawSeries]) -> list[int]:
        """Return the numbers of series; below 0 of those that are counted and not kept."""
        with self.lock:
            fresh = {
                one.fingerprint: one
                for one in found
                if one.fingerprint not in self.known and self.signals.wants(one)
            }
            kept = [one for one in fresh.values() if self._has_room(one)]
            if kept:
                self.known.update(self.keep(kept))
            return [self.known.get(one.fingerprint, self.passed(one.key.metric)) for one in found]

    def remember(self, keys: dict[bytes, int], name: bytes, number: int) -> None:
        """Remember what a name stands for.

        Args:
            keys: `keys`, or those of a family.
            name: the sender's bytes.
            number: from `meet`.
        """
        with self.lock:
            if self._remembered >= MOST_REMEMBERED_BYTES:
                self.keys.clear()
                self.families.clear()
                self._remembered = 0
            if name not in keys:
                self._remembered += len(name) + _ENTRY_BYTES
            keys[name] = number

    def begun(self, number: int) -> None:
        """Note that a series counts from 0 on: each new start of it is a sample of 0."""
        with self.lock:
            if number >= len(self._starts):
                more = np.full(max(2 * number, 1024) - len(self._starts), _NO_START)
                self._starts = np.concatenate([self._starts, more])
            if self._starts[number] == _NO_START:  # else its start is known already
                self._starts[number] = 0

    def ended(self, numbers: Whole) -> None:
        """Note that starts of series say no more."""
        with self.lock:
            self._starts[numbers[numbers < len(self._starts)]] = _NO_START

    def restarted(self, numbers: Whole, start: Times, at: Times) -> npt.NDArray[np.bool_]:
        """Return which samples tell of a start that was not known, and know it from now on."""
        with self.lock:
            inside = numbers < len(self._starts)
            known = np.full(len(numbers), _NO_START)
            known[inside] = self._starts[numbers[inside]]
            again = (known != _NO_START) & (start > 0) & (start < at) & (start != known)
            self._starts[numbers[again]] = start[again]
            return np.asarray(again)

    def passed(self, metric: str) -> int:
        """Return the number below 0 that a metric's other samples are counted under."""
        with self.lock:
            if metric not in self._places:
                if len(self._listed) >= MOST_METRICS:
                    metric = OTHERS
                self._places.setdefault(metric, len(self._listed))
                if self._places[metric] == len(self._listed):
                    self._listed.append(self.metrics.setdefault(metric, Passed()))
            return -1 - self._places[metric]

    def count_passed(self, numbers: Whole) -> None:
        """Count samples that are not kept, by the numbers below 0 they were found under."""
        counts = np.bincount(-1 - numbers)
        places = np.flatnonzero(counts)
        with self.lock:
            for place, count in zip(places.tolist(), counts[places].tolist(), strict=True):
                self._listed[place].samples += count

    def _has_room(self, one: RawSeries) -> bool:
        if one.fingerprint in self.counted:
            return True
        about = self._listed[-1 - self.passed(one.key.metric)]
        if about.weight + one.weight > self.signals.source.most_series:
            about.refused += 1
            return False
        about.keep(one)
        self.counted.add(one.fingerprint)
        return True


def timely(
    numbers: Whole, at: Times, values: Floats, now: datetime, refused: Counter[str]
) -> Block:
    """Return samples as a block, without those whose time would mislead.

    Args:
        numbers: of their series, none below 0.
        at: epoch milliseconds.
        values: shape (samples, width).
        now: when they came, aware UTC.
        refused: counts those that are left out.
    """
    arrived = now.timestamp() * 1e3
    old, ahead = OLDEST.total_seconds() * 1e3, AHEAD.total_seconds() * 1e3
    fits = (at >= arrived - old) & (at <= arrived + ahead)
    if not fits.all():
        numbers, at, values = numbers[fits], at[fits], values[fits]
        refused["a time over a day ago or ahead of ours: compare the clocks"] += int((~fits).sum())
    return Block(numbers.astype(np.int32), at, values)
