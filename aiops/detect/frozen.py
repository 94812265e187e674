"""Values that are repeated where the series used to move: its sender is stuck."""

from dataclasses import replace
from datetime import date
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from aiops.detect.past import Past
from aiops.detect.protocol import Frame, Memory, Verdict
from aiops.detect.recent import finite
from aiops.detect.traits import Bools, Traits
from aiops.domain.families import is_percent, is_ratio
from aiops.domain.policies import DetectPolicy
from aiops.domain.series import Direction, Series
from aiops.domain.symptoms import SymptomKind
from aiops.domain.ticks import History, Packed, Shard

_STRENGTH = 5.0
_LEAST_TICKS, _LEAST_SECONDS = 10, 600
_TIMES_LONGEST = 3
"""A pause counts only if it is this many times as long as any that the history has."""

_CHANCE = 1e-9
_MOST_REPEATS = 0.9
_LATELY_TICKS = 500
_LEAST_SEEN = 60


class Frozen:
    """Flat lines: a value repeated for longer than chance and the series' own past allow.

    Zero and a full ratio are where values rest by nature; they are never called frozen. Nor is
    what another detector finds outside of its usual values: a limit reached is no stuck sender.
    """

    name: ClassVar[str] = "frozen"
    kind: ClassVar[SymptomKind] = SymptomKind.FROZEN_VALUE

    def subjects(self, shard: Shard) -> tuple[Series, ...]:
        """Return a stand-in per series: a stuck sender is bad whatever the value is."""
        return tuple(replace(one, bad_direction=Direction.BOTH) for one in shard.series)

    def blank(self, shard: Shard) -> Memory:
        """Return infinite patience, and the value that means all of a ratio (NaN: no ratio)."""
        full = [_full(one) for one in shard.series]
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
        pause = (_longest_run(values) + 1) * float(np.median(np.diff(times)))
        patience = fitted["patience"].copy()
        patience[: values.shape[1]] = np.maximum(_TIMES_LONGEST * pause, _LEAST_SECONDS)
        return {**fitted, "patience": patience}

    def start(self, shard: Shard, fitted: Memory, frame: Frame, history: History | None) -> Memory:
        """Return the last values, since when they stand, and how usual a repetition is."""
        del fitted
        count = len(shard.series)
        memory: dict[str, npt.NDArray[Any]] = {
            "last": np.full(count, np.nan, dtype=np.float32),
            "since": np.full(count, frame.at, dtype=np.int64),
            "repeats": np.zeros(count, dtype=np.float32),
            "seen": np.zeros(count, dtype=np.int32),
        }
        if history is not None and len(history.times) > 1:
            rows = finite(history.values[-_LATELY_TICKS:])
            width = rows.shape[1]
            pairs = np.isfinite(rows[1:]) & np.isfinite(rows[:-1])
            seen = pairs.sum(axis=0)
            memory["last"][:width] = rows[-1]
            memory["seen"][:width] = seen
            memory["repeats"][:width] = (rows[1:] == rows[:-1]).sum(axis=0) / np.maximum(seen, 1)
        return memory

    def adopt(self, fitted: Memory, memory: Memory, frame: Frame) -> Memory:
        """Return the memory unchanged: nothing of it depends on a profile."""
        del fitted, frame
        return memory

    def score(self, frame: Frame, fitted: Memory, memory: Memory, held: Bools) -> Verdict | None:
        """Find values that stand for too long."""
        values = frame.values
        measured = np.isfinite(values)
        same = values == memory["last"]
        since = np.where(measured & ~same, frame.at, memory["since"])
        least = max(_LEAST_SECONDS, _LEAST_TICKS * frame.step_seconds)
        long = same & (frame.at - since >= np.maximum(fitted["patience"], least))
        outside = long & (values != 0) & (values != fitted["full"])
        if frame.alarmed is not None:
            outside &= ~frame.alarmed | held
        outside &= _no_chance(memory, (frame.at - since) // frame.step_seconds)
        told = np.nan_to_num(values)
        return Verdict(
            measured=measured,
            outside=outside,
            certain=outside,
            back=measured & ~same,
            strength=np.where(outside, np.float32(_STRENGTH), np.float32(0)),
            direction=np.ones(len(values), dtype=np.int8),
            observed=told,
            expected=told,
            low=told,
            high=told,
            since=since,
            young=np.zeros(len(values), dtype=np.bool_),
            working={"same": same, "since": since},
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
        del fitted
        follow = verdict.measured & ~held
        seen = memory["seen"] + follow
        gain = np.where(follow, 1 / np.clip(seen, 1, _LATELY_TICKS), 0)
        repeats = memory["repeats"] + gain * (verdict.working["same"] - memory["repeats"])
        return {
            "last": np.where(verdict.measured, frame.values, memory["last"]),
            "since": np.where(released, frame.at, verdict.working["since"]),
            "repeats": repeats.astype(np.float32),
            "seen": np.minimum(seen, 1 << 30).astype(np.int32),
        }

    def compared_with(self, fitted: Memory, subject: int, at: int, frame: Frame) -> str:
        """Return what it used to do, in words."""
        del fitted, subject, at, frame
        return "values that change all the time"


def _full(series: Series) -> float:
    metric, unit = series.key.metric, series.unit
    if not is_ratio(metric, unit):
        return np.nan
    return 100.0 if is_percent(metric, unit) else 1.0


def _no_chance(memory: Memory, ticks: Packed) -> Bools:
    """Return where so many repetitions in a row are no chance for a series that does move."""
    repeats = memory["repeats"]
    moves = (repeats <= _MOST_REPEATS) & (memory["seen"] >= _LEAST_SEEN)
    usual = np.clip(repeats, 0.01, _MOST_REPEATS)
    return np.asarray(moves & (ticks * np.log(usual) <= np.log(_CHANCE)))


def _longest_run(values: Packed) -> Packed:
    """Return how often each series repeats one value at most; missing values change nothing.

    Examples:
        >>> rows = np.array([[1, 1], [1, 2], [np.nan, 3], [1, 3], [2, 4]], dtype=np.float32)
        >>> _longest_run(rows).tolist()
        [2.0, 1.0]
    """
    last = values[0].copy()
    run, longest = np.zeros_like(last), np.zeros_like(last)
    for row in values[1:]:
        present = np.isfinite(row)
        run = np.where(present, np.where(row == last, run + 1, 0), run)
        np.maximum(longest, run, out=longest)
        last = np.where(present, row, last)
    return np.asarray(longest, dtype=np.float32)
