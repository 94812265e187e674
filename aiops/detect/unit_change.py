"""Values that are suddenly, and exactly, a well-known factor from their level: another unit."""

from dataclasses import replace
from typing import ClassVar

import numpy as np

from aiops.detect.doubts import LEVEL_ROWS, doubt_of, last_positive
from aiops.detect.plain import NOBODY, PlainDetector, calm, verdict_of
from aiops.detect.protocol import Frame, Memory, Verdict
from aiops.detect.recent import CELL_SECONDS
from aiops.detect.traits import Bools, Slots
from aiops.domain.families import is_ratio
from aiops.domain.series import Family, Series
from aiops.domain.symptoms import SymptomKind
from aiops.domain.ticks import History, Shard

_STRENGTH = 5.0
_TICKS = 3
_FAR = np.float32(50)
_BACK = 1.0
_TINY = 1e-30
_REMEMBERED = {
    "hits": np.uint8,
    "factor": np.float32,
    "level": np.float32,
    "spread": np.float32,
    "began": np.uint32,
}


class UnitChange(PlainDetector):
    """Unit changes: three values in a row at one exact factor from the level just before.

    Constants and noisy series are left out, and so are values that stand still after the jump: a
    timeout or a limit is no unit. An error share of a hundred times the usual one is taken for
    trouble, unless it is more than all requests. A KPI at such a factor is not believed until it
    is clear: one extreme value of a KPI would call people.
    """

    name: ClassVar[str] = "unit_change"
    kind: ClassVar[SymptomKind] = SymptomKind.UNIT_CHANGE

    def blank(self, shard: Shard) -> Memory:
        """Return the least that a value in another unit must be."""
        return {"least": np.array([_least(one) for one in shard.series], dtype=np.float32)}

    def start(self, shard: Shard, fitted: Memory, frame: Frame, history: History | None) -> Memory:
        """Return that no unit is in doubt: only of those anything is remembered."""
        del fitted, frame, history
        return {name: np.zeros(len(shard.series), dtype=kind) for name, kind in _REMEMBERED.items()}

    def score(self, frame: Frame, fitted: Memory, memory: Memory, held: Bools) -> Verdict | None:
        """Compare values that jumped, or whose unit is in doubt, with their level."""
        values = frame.values
        slots = _in_doubt(frame, fitted, memory, held)
        if not len(slots) and not np.count_nonzero(held):
            return calm(len(values))
        doubt = doubt_of(slots, frame, fitted, memory, held)
        outside, back = np.zeros((2, len(values)), dtype=np.bool_)
        since = np.zeros(len(values), dtype=np.int64)
        expected = np.where(np.isfinite(values), values, np.float32(0))
        outside[slots], since[slots] = doubt.hits >= _TICKS, doubt.began
        back[slots] = np.abs(np.log(values[slots]) - doubt.level) < _BACK
        suspected = doubt.factor != 0
        doubted = np.zeros(len(values), dtype=np.bool_)
        doubted[slots] = suspected & (doubt.hits < _TICKS) & frame.traits.sensitive[slots]
        expected[slots[suspected]] = np.exp(doubt.level[suspected])
        verdict = verdict_of(
            values,
            measured=values > 0,
            outside=outside,
            back=back,
            strength=_STRENGTH,
            since=since,
            expected=expected,
            working={"doubt": doubt},
        )
        return replace(verdict, doubted=doubted & ~held)

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
        """Remember level and factor of what is in doubt, for as long as it is."""
        del frame, fitted
        doubt = verdict.working.get("doubt")
        if doubt is None:
            return memory
        slots = doubt.slots
        kept = ((doubt.hits > 0) | held[slots]) & ~released[slots]
        after = {name: array.copy() for name, array in memory.items()}
        for name, array in after.items():
            array[slots] = np.where(kept, getattr(doubt, name), 0)
            array[released] = 0
        return after

    def compared_with(self, fitted: Memory, subject: int, at: int, frame: Frame) -> str:
        """Return what the level was taken from."""
        del fitted, subject, at
        row_seconds = max(frame.step_seconds, CELL_SECONDS)
        return f"its level of the last {LEVEL_ROWS * row_seconds // 60} min"


def _least(series: Series) -> float:
    if series.family is not Family.ERRORS:
        return _TINY
    return 1.5 if is_ratio(series.key.metric, series.unit) else np.inf


def _in_doubt(frame: Frame, fitted: Memory, memory: Memory, held: Bools) -> Slots:
    """Return the measured slots that were in doubt before, or are far from their last value."""
    values, rows, known = frame.values, frame.recent.rows, held | (memory["hits"] > 0)
    doubted = np.flatnonzero(known & (values > 0)) if np.count_nonzero(known) else NOBODY
    if not rows:
        return doubted
    newest = rows[-1]
    far = (values >= _FAR * newest) | (values * _FAR <= newest) | np.isnan(newest)
    far &= values >= fitted["least"]
    jumped = np.flatnonzero(far) if np.count_nonzero(far) else NOBODY
    if not len(jumped):
        return doubted
    last, now = last_positive(frame.recent, jumped), values[jumped]
    jumped = jumped[(now >= _FAR * last) | (now * _FAR <= last)]
    return np.union1d(doubted, jumped) if len(jumped) else doubted
