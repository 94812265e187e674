"""Values that are repeated where the series used to move: its sender is stuck."""

from datetime import date
from typing import ClassVar

import numpy as np

from aiops.detect.past import Past
from aiops.detect.plain import NOBODY, PlainDetector, calm, verdict_of
from aiops.detect.protocol import Frame, Memory, Verdict
from aiops.detect.repeats import counted, last_values, longest_run, usual_repeats
from aiops.detect.traits import Bools, Slots, Traits
from aiops.domain.families import whole_of
from aiops.domain.policies import DetectPolicy
from aiops.domain.symptoms import SymptomKind
from aiops.domain.ticks import History, Shard

_STRENGTH = 5.0
_LEAST_TICKS, _LEAST_SECONDS = 10, 600
_TIMES_LONGEST = 3
"""A pause counts only if it is this many times as long as any that the history has."""

_CHANCE = 1e-9
_MOST_REPEATS = 0.9
_LEAST_SEEN = 60
_NEVER = 2**32 - 1


class Frozen(PlainDetector):
    """Flat lines: a value repeated for longer than chance and the series' own past allow.

    Zero and a full ratio are where values rest by nature; they are never called frozen. Nor is
    what another detector finds outside of its usual values: a limit reached is no stuck sender.
    """

    name: ClassVar[str] = "frozen"
    kind: ClassVar[SymptomKind] = SymptomKind.FROZEN_VALUE

    def blank(self, shard: Shard) -> Memory:
        """Return infinite patience, and the value that means all of a ratio (NaN: no ratio)."""
        full = [whole_of(one.key.metric, one.unit) or np.nan for one in shard.series]
        return {
            "patience": np.full(len(full), np.inf, dtype=np.float32),
            "full": np.array(full, dtype=np.float32),
        }

    def fit(
        self,
        shard: Shard,
        traits: Traits,
        past: Past,
        policy: DetectPolicy,
        holidays: frozenset[date],
    ) -> Memory:
        """Return how many seconds a value may be repeated: some times the longest pause so far."""
        del traits, policy, holidays
        fitted = dict(self.blank(shard))
        times, values = past.rows.times, past.rows.values
        if len(times) < _LEAST_SEEN:
            return fitted
        pause = (longest_run(values) + 1) * float(np.median(np.diff(times)))
        patience = fitted["patience"].copy()
        patience[: values.shape[1]] = np.maximum(_TIMES_LONGEST * pause, _LEAST_SECONDS)
        return {**fitted, "patience": patience}

    def start(self, shard: Shard, fitted: Memory, frame: Frame, history: History | None) -> Memory:
        """Return the last values, since when they stand (or `_NEVER`), and how usual that is."""
        del fitted, frame
        count = len(shard.series)
        return {
            "last": last_values(history, count),
            "since": np.full(count, _NEVER, dtype=np.uint32),
            **usual_repeats(history, count),
        }

    def score(self, frame: Frame, fitted: Memory, memory: Memory, held: Bools) -> Verdict | None:
        """Find values that stand for too long."""
        values = frame.values
        frozen = _too_long(frame, fitted, memory, held)
        if not len(frozen) and not np.count_nonzero(held):
            return calm(len(values))
        outside = np.zeros(len(values), dtype=np.bool_)
        outside[frozen] = True
        measured = np.isfinite(values)
        return verdict_of(
            values,
            measured=measured,
            outside=outside,
            back=measured & (values != memory["last"]),
            strength=_STRENGTH,
            since=memory["since"].astype(np.int64),
        )

    def learn(
        self,
        frame: Frame,
        fitted: Memory,
        memory: Memory,
        verdict: Verdict,
        *,
        held: Bools,
        released: Bools,
    ) -> Memory:
        """Count repetitions; what stays a day is how the series is, and is watched anew."""
        del fitted, verdict
        values, since = frame.values, memory["since"]
        measured, same = np.isfinite(values), values == memory["last"]
        turned = np.flatnonzero(((same != (since < _NEVER)) & measured) | released)
        if len(turned):
            since = since.copy()
            began = np.where(same[turned], frame.at - frame.elapsed_seconds, _NEVER)
            since[turned] = np.where(released[turned], frame.at, began)
        whole = np.count_nonzero(measured) == len(values)
        return {
            "last": values.copy() if whole else np.where(measured, values, memory["last"]),
            "since": since,
            **counted(memory, same, measured & ~held),
        }

    def compared_with(self, fitted: Memory, subject: int, at: int, frame: Frame) -> str:
        """Return what it used to do, in words."""
        del fitted, subject, at, frame
        return "values that change all the time"


def _too_long(frame: Frame, fitted: Memory, memory: Memory, held: Bools) -> Slots:
    """Return the slots whose value stands, and has for too long."""
    values, since = frame.values, memory["since"]
    least = max(_LEAST_SECONDS, _LEAST_TICKS * frame.step_seconds)
    if not np.count_nonzero(since <= frame.at - least):
        return NOBODY
    slots = np.flatnonzero((since <= frame.at - least) & (values == memory["last"]))
    slots = slots[frame.at - since[slots] >= fitted["patience"][slots]]
    if not len(slots):
        return slots
    value, repeats = values[slots], memory["repeats"][slots]
    frozen = (value != 0) & (value != fitted["full"][slots])
    if frame.alarmed is not None:
        frozen &= ~frame.alarmed[slots] | held[slots]
    frozen &= (memory["seen"][slots] >= _LEAST_SEEN) & (repeats <= _MOST_REPEATS)
    ticks = (frame.at - since[slots]) // frame.step_seconds
    frozen &= np.clip(repeats, 0.01, _MOST_REPEATS) ** ticks <= _CHANCE
    return np.asarray(slots[frozen])
