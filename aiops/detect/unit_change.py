"""Values that are suddenly, and exactly, a well-known factor from their level: another unit."""

from dataclasses import replace
from datetime import date
from typing import ClassVar

import numpy as np

from aiops.detect.past import Past
from aiops.detect.protocol import Frame, Memory, Verdict
from aiops.detect.traits import Bools, Slots, Traits
from aiops.domain.families import is_ratio
from aiops.domain.policies import DetectPolicy
from aiops.domain.series import Direction, Family, Series
from aiops.domain.symptoms import SymptomKind
from aiops.domain.ticks import History, Packed, Shard

FACTORS = np.log(np.array([60, 100, 1000, 1024, 3600, 1e6, 1024**2, 1e9], dtype=np.float32))
"""Minutes, per cent, milliseconds and their like; either way."""

_STRENGTH = 5.0
_TICKS = 3
_NEAR = 3.9
_LEVEL_TICKS, _SPREAD_TICKS = 8, 30
_LEAST_SEEN = 30
_LEAST_SPREAD, _MOST_SPREAD = 1e-4, 0.1
_TOLERANCE, _SAME = (0.02, 0.15), 0.05
_BACK = 1.0


class UnitChange:
    """Unit changes: three values in a row at one exact factor from the level just before.

    Constants and noisy series are left out, and so are values that stand still after the jump: a
    timeout or a limit is no unit. An error share of a hundred times the usual one is taken for
    trouble, unless it is more than all requests.
    """

    name: ClassVar[str] = "unit_change"
    kind: ClassVar[SymptomKind] = SymptomKind.UNIT_CHANGE

    def subjects(self, shard: Shard) -> tuple[Series, ...]:
        """Return a stand-in per series: another unit is wrong in either direction."""
        return tuple(replace(one, bad_direction=Direction.BOTH) for one in shard.series)

    def blank(self, shard: Shard) -> Memory:
        """Return the least that a value in another unit must be, where there is such a bound."""
        return {"least": np.array([_least(one) for one in shard.series], dtype=np.float32)}

    def fit(
        self,
        shard: Shard,
        traits: Traits,
        past: Past,
        policy: DetectPolicy,
        holidays: frozenset[date],
    ) -> Memory:
        """Return the same as `blank`: the level just before is all it takes."""
        del traits, past, policy, holidays
        return self.blank(shard)

    def start(self, shard: Shard, fitted: Memory, frame: Frame, history: History | None) -> Memory:
        """Return level and spread of the logarithm, learnt from the last hour."""
        del fitted, history
        count = len(shard.series)
        memory: Memory = {
            "level": np.zeros(count, dtype=np.float32),
            "spread": np.zeros(count, dtype=np.float32),
            "last": np.full(count, np.nan, dtype=np.float32),
            "seen": np.zeros(count, dtype=np.int32),
            "factor": np.zeros(count, dtype=np.float32),
            "hits": np.zeros(count, dtype=np.int32),
            "began": np.zeros(count, dtype=np.int64),
        }
        nobody = np.zeros(count, dtype=np.bool_)
        for row in frame.recent.rows:
            memory = _followed(memory, row, _log(row), nobody, nobody)
        return memory

    def adopt(self, fitted: Memory, memory: Memory, frame: Frame) -> Memory:
        """Return the memory unchanged: nothing of it depends on a profile."""
        del fitted, frame
        return memory

    def score(self, frame: Frame, fitted: Memory, memory: Memory, held: Bools) -> Verdict | None:
        """Compare each value with its level, on a logarithmic scale."""
        values = frame.values
        size = _log(values)
        away = np.nan_to_num(size - memory["level"])
        measured = values > 0
        far = np.flatnonzero(measured & (np.abs(away) >= _NEAR) & (memory["seen"] >= _LEAST_SEEN))
        factor = np.zeros(len(values), dtype=np.float32)
        factor[far] = _factors(far, away, values, fitted, memory, held)
        hits = np.where(factor != 0, memory["hits"] + 1, np.where(measured, 0, memory["hits"]))
        outside = hits >= _TICKS
        told = np.nan_to_num(values)
        expected = told.copy()
        suspected = np.flatnonzero(factor)
        expected[suspected] = np.exp(memory["level"][suspected])
        return Verdict(
            measured=measured,
            outside=outside,
            certain=outside,
            back=measured & (np.abs(away) < _BACK),
            strength=np.where(outside, np.float32(_STRENGTH), np.float32(0)),
            direction=np.where(away < 0, -1, 1).astype(np.int8),
            observed=told,
            expected=expected,
            low=expected,
            high=expected,
            since=np.where(measured & (hits == 1), frame.at, memory["began"]),
            young=np.zeros(len(values), dtype=np.bool_),
            working={"size": size, "factor": factor, "hits": hits.astype(np.int32)},
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
        """Follow the level; not while another unit is suspected."""
        del fitted
        factor, hits = verdict.working["factor"], verdict.working["hits"]
        still = held | (hits > 0)
        after = _followed(memory, frame.values, verdict.working["size"], still, released)
        return {
            **after,
            "factor": np.where(verdict.measured, factor, memory["factor"]),
            "hits": np.where(released, 0, hits),
            "began": verdict.since,
        }

    def compared_with(self, fitted: Memory, subject: int, at: int, frame: Frame) -> str:
        """Return what the level was taken from."""
        del fitted, subject, at
        return f"its level of the last {_LEVEL_TICKS * frame.step_seconds // 60 or 1} min"


def _least(series: Series) -> float:
    if series.family is not Family.ERRORS:
        return 0.0
    return 1.5 if is_ratio(series.key.metric, series.unit) else np.inf


def _log(values: Packed) -> Packed:
    return np.log(np.where(values > 0, values, np.float32(np.nan)))


def _factors(  # noqa: PLR0917  # the order of the data flow
    far: Slots, away: Packed, values: Packed, fitted: Memory, memory: Memory, held: Bools
) -> Packed:
    """Return the (signed, logarithmic) factor that each of some far values is at, 0 for none."""
    spread, before, size = memory["spread"][far], memory["factor"][far], np.abs(away[far])
    nearest = FACTORS[np.abs(size[:, None] - FACTORS).argmin(axis=1)]
    tolerance = np.clip(3 * spread, *_TOLERANCE)
    exact = np.abs(size - nearest) <= tolerance
    moves = (
        (spread >= _LEAST_SPREAD) & (spread <= _MOST_SPREAD) & (values[far] != memory["last"][far])
    )
    signed = np.copysign(nearest, away[far])
    same = (before == 0) | (np.abs(before - signed) <= _SAME) | held[far]
    possible = values[far] >= fitted["least"][far]
    return np.where(exact & (moves | held[far]) & same & possible, signed, 0).astype(np.float32)


def _followed(memory: Memory, values: Packed, size: Packed, still: Bools, anew: Bools) -> Memory:
    """Return level and spread after one more row of values and their logarithms."""
    known = np.isfinite(size) & ~still
    seen = memory["seen"] + known
    first = known & ((seen == 1) | anew)
    away = np.where(known, size - memory["level"], 0)
    level = memory["level"] + away / np.clip(seen, 1, _LEVEL_TICKS)
    stray = np.minimum(np.abs(away), 1) - memory["spread"]
    spread = memory["spread"] + np.where(known, stray, 0) / np.clip(seen, 1, _SPREAD_TICKS)
    return {
        **memory,
        "level": np.where(first, size, level).astype(np.float32),
        "spread": np.where(first, 0, spread).astype(np.float32),
        "last": np.where(np.isfinite(values), values, memory["last"]),
        "seen": np.where(anew, known, np.minimum(seen, 1 << 30)).astype(np.int32),
    }
