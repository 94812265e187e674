"""Counters turned into their rates, tick by tick, at the door of detection.

At a reset, to near zero, nobody knows how much was counted in between: the rate is missing there,
and nothing is wrong. Any other fall is a negative rate, which no counter has.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from aiops.detect.counters import NEAR_ZERO, counters_in
from aiops.detect.past import Past, parts_of
from aiops.detect.recent import finite, widened
from aiops.detect.traits import NOBODY, Bools, Slots
from aiops.domain.policies import DetectPolicy
from aiops.domain.ticks import History, HistoryInParts, Packed, Shard, Span, Times
from aiops.domain.time import utc

_OLDEST_SECONDS: Final = 3600
"""Over a longer gap, or over two steps, a rate is none of now."""

_LATELY_SECONDS: Final = 1800


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Counted:
    """Where the counters of a shard stood last; all arrays have shape (counters,).

    Args:
        slots: of the counters, ascending.
        raw: their last value, NaN where there was none yet.
        at: epoch seconds at which they had it.
        reset: epoch seconds of the last reset that was seen, 0 for none.
    """

    slots: Slots
    raw: Packed
    at: Times
    reset: Times

    @classmethod
    def of(cls, slots: Slots) -> "Counted":
        """Return that no value of these counters was seen yet."""
        count = len(slots)
        return cls(
            slots=slots,
            raw=np.full(count, np.nan, dtype=np.float32),
            at=np.zeros(count, dtype=np.int64),
            reset=np.zeros(count, dtype=np.int64),
        )

    def arrays(self) -> dict[str, npt.NDArray[Any]]:
        """Return the arrays by name; none where there are no counters."""
        if not len(self.slots):
            return {}
        return {"slots": self.slots, "raw": self.raw, "at": self.at, "reset": self.reset}

    def moved(self, slots: Slots) -> "Counted":
        """Return the same for other counters; those that are new were not seen yet."""
        moved = Counted.of(slots)
        both, now, before = np.intersect1d(slots, self.slots, return_indices=True)
        if len(both):
            for name in ("raw", "at", "reset"):
                getattr(moved, name)[now] = getattr(self, name)[before]
        return moved

    def after(self, at: int, values: Packed, step_seconds: int) -> tuple[Packed, "Counted"]:
        """Return a tick with the rates of its counters, and where they stand after it.

        Args:
            at: epoch seconds.
            values: by slot, not yet cleaned; may be shorter than the shard.
            step_seconds: of the shard.
        """
        if not len(self.slots):
            return values, self
        values = widened(finite(values), max(len(values), int(self.slots[-1]) + 1))
        raw = values[self.slots]
        rates, resets = _rates(raw, self.raw, at - self.at, step_seconds)
        values[self.slots] = rates
        known = np.isfinite(raw)
        after = Counted(
            slots=self.slots,
            raw=np.where(known, raw, self.raw),
            at=np.where(known, at, self.at),
            reset=np.where(resets, at, self.reset) if resets.any() else self.reset,
        )
        return values, after

    def over(self, history: History | None, step_seconds: int) -> tuple[History | None, "Counted"]:
        """Return a history with the rates of its counters, and where they stand at its end."""
        if history is None or not len(self.slots) or not len(history.times):
            return history, self
        rates, counted = self.rates(history.times, _columns(history, self.slots), step_seconds)
        values, inside = history.values.copy(), self.slots < history.values.shape[1]
        values[:, self.slots[inside]] = rates[:, inside]
        return replace(history, values=values), counted

    def hidden(self, values: Packed) -> Packed:
        """Return a tick without its counters: of a late value nobody knows a rate."""
        slots = self.slots[self.slots < len(values)]
        if not len(slots):
            return values
        values = values.copy()
        values[slots] = np.nan
        return values

    def rates(self, times: Times, raw: Packed, step_seconds: int) -> tuple[Packed, "Counted"]:
        """Return the rates per second of some ticks, and where the counters stand after them.

        Args:
            times: epoch seconds, ascending.
            raw: finite or NaN, shape (ticks, counters).
            step_seconds: of the shard.
        """
        values = np.vstack([self.raw, raw])
        ats = np.vstack([self.at, np.repeat(times[:, None], raw.shape[1], axis=1)])
        rows = np.where(np.isfinite(values), np.arange(len(values))[:, None], 0)
        known = np.maximum.accumulate(rows, axis=0)
        before, last = np.take_along_axis(values, known, axis=0), known[-1:]
        elapsed = ats[1:] - np.take_along_axis(ats, known, axis=0)[:-1]
        rates, resets = _rates(raw, before[:-1], elapsed, step_seconds)
        after = Counted(
            slots=self.slots,
            raw=before[-1],
            at=np.take_along_axis(ats, last, axis=0)[0],
            reset=np.maximum(self.reset, np.where(resets, times[:, None], 0).max(axis=0)),
        )
        return rates, after

    def say_reset(self, slot: int, onset: int) -> str:
        """Return in words that a counter began anew around an onset, empty if it did not.

        Examples:
            >>> one = replace(Counted.of(np.array([3])), reset=np.array([36180]))
            >>> one.say_reset(3, 36300), one.say_reset(2, 36300)
            (' (the counter was reset at 10:03 UTC)', '')
        """
        place = int(np.searchsorted(self.slots, slot))
        if place == len(self.slots) or self.slots[place] != slot:
            return ""
        reset = int(self.reset[place])
        if reset < onset - _LATELY_SECONDS or not reset:
            return ""
        return f" (the counter was reset at {utc(reset):%H:%M} UTC)"


def _rates(raw: Packed, last: Packed, elapsed: Times, step_seconds: int) -> tuple[Packed, Bools]:
    """Return the rates of values by those before them, and which of them were reset since."""
    risen = raw.astype(np.float64) - last
    resets = (risen < 0) & (raw <= np.float32(NEAR_ZERO) * last)
    usable = ~resets & (elapsed <= max(_OLDEST_SECONDS, 2 * step_seconds))
    rates = np.where(usable, risen / np.maximum(elapsed, 1), np.nan)
    return rates.astype(np.float32), resets


NOT_COUNTED: Final = Counted.of(NOBODY)
"""Of a shard without counters."""


def past_of(
    shard: Shard, history: History | HistoryInParts, policy: DetectPolicy, masked: Sequence[Span]
) -> tuple[Past, Slots]:
    """Return what a fit looks at, in which counters have their rates, and the counters' slots.

    Args:
        shard: whose series; the history may have fewer columns where the shard has grown.
        history: past ticks; where there are counters it is gone through twice.
        policy: whose limits say what is no counter.
        masked: as for `Past.of`.
    """
    past = Past.of(history, masked)
    counters = counters_in(past, shard.series, policy.limits)
    if not len(counters):
        return past, counters
    places = {slot: place for place, slot in enumerate(counters.tolist())}
    spans = [one._replace(slot=places[one.slot]) for one in masked if one.slot in places]
    parts = _rates_in(history, counters, shard.step_seconds)
    whole = HistoryInParts(times=history.times, width=len(counters), parts=parts)
    rates = Past.of(whole, spans)
    for name in ("blocks", "rows", "runs"):
        getattr(past, name).values[:, counters] = getattr(rates, name).values
    return past, counters


def _rates_in(
    history: History | HistoryInParts, counters: Slots, step_seconds: int
) -> Iterator[History]:
    """Yield the rates of the counters, a column each: each tick by the one before."""
    counted = Counted.of(counters)
    for part in parts_of(history):
        rates, counted = counted.rates(part.times, _columns(part, counters), step_seconds)
        yield History(times=part.times, values=rates)


def _columns(history: History, slots: Slots) -> Packed:
    """Return the values of some slots, NaN where the history was written before they came."""
    columns = np.full((len(history.times), len(slots)), np.nan, dtype=np.float32)
    inside = slots < history.values.shape[1]
    columns[:, inside] = finite(history.values[:, slots[inside]])
    return columns
