"""Values beyond a fixed limit that somebody set; without limits it says nothing."""

import zlib
from datetime import date
from typing import ClassVar

import numpy as np

from aiops.detect.past import Past
from aiops.detect.protocol import Frame, Memory, Verdict
from aiops.detect.traits import Bools, Traits
from aiops.domain.policies import DetectPolicy
from aiops.domain.series import Series
from aiops.domain.symptoms import SymptomKind
from aiops.domain.ticks import History, Packed, Shard

_AT_LIMIT = 5.0
_TENTH = 0.1


class Threshold:
    """Values above or below a limit of `DetectPolicy.limits`."""

    name: ClassVar[str] = "threshold"
    kind: ClassVar[SymptomKind] = SymptomKind.ANOMALY

    def subjects(self, shard: Shard) -> tuple[Series, ...]:
        """Return the shard's series."""
        return shard.series

    def blank(self, shard: Shard) -> Memory:
        """Return nothing: limits are policy, not learnt."""
        del shard
        return {}

    def fit(
        self,
        shard: Shard,
        traits: Traits,
        past: Past,
        policy: DetectPolicy,
        holidays: frozenset[date],
    ) -> Memory:
        """Return nothing: limits are policy, not learnt."""
        del traits, past, policy, holidays
        return self.blank(shard)

    def start(self, shard: Shard, fitted: Memory, frame: Frame, history: History | None) -> Memory:
        """Return the limits by slot."""
        del shard, fitted, history
        return _limits(frame)

    def adopt(self, fitted: Memory, memory: Memory, frame: Frame) -> Memory:
        """Return the limits by slot, for a shard that may have grown."""
        del fitted, memory
        return _limits(frame)

    def score(self, frame: Frame, fitted: Memory, memory: Memory, held: Bools) -> Verdict | None:
        """Compare values with their limits; one tenth of the limit beyond it counts one."""
        del fitted, held
        limits = _current(frame, memory)
        above, below = limits["above"], limits["below"]
        if np.isnan(above).all() and np.isnan(below).all():
            return None
        values = frame.values
        over = np.nan_to_num((values - above) / _tenth(above), nan=-np.inf)
        under = np.nan_to_num((below - values) / _tenth(below), nan=-np.inf)
        worst = np.maximum(over, under)
        measured = np.isfinite(values) & (np.isfinite(above) | np.isfinite(below))
        outside = measured & (worst > 0)
        high = np.where(np.isfinite(above), above, values)
        low = np.where(np.isfinite(below), below, values)
        nearest = np.where(over >= under, high, low)
        return Verdict(
            measured=measured,
            outside=outside,
            certain=np.zeros_like(outside),
            back=measured & ~outside,
            strength=np.where(outside, _AT_LIMIT + np.minimum(worst, 95), 0).astype(np.float32),
            direction=np.where(over >= under, 1, -1).astype(np.int8),
            observed=np.nan_to_num(values),
            expected=np.nan_to_num(nearest),
            low=np.nan_to_num(low),
            high=np.nan_to_num(high),
            since=np.zeros(len(values), dtype=np.int64),
            young=np.zeros(len(values), dtype=np.bool_),
            settles=False,
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
        """Keep the limits in step with the policy."""
        del fitted, verdict, held, released
        return _current(frame, memory)

    def compared_with(self, fitted: Memory, subject: int, at: int, frame: Frame) -> str:
        """Return that a limit was set."""
        del fitted, subject, at, frame
        return "the limit that was set"


def _current(frame: Frame, memory: Memory) -> Memory:
    versions = memory["version"]  # series that joined later come with that of no limits
    known = len(versions) == len(frame.series)
    known = known and bool((versions == _version(frame.policy)).all())
    return memory if known else _limits(frame)


def _version(policy: DetectPolicy) -> int:
    return zlib.crc32(repr(policy.limits).encode())


def _limits(frame: Frame) -> Memory:
    count = len(frame.series)
    above = np.full(count, np.nan, dtype=np.float32)
    below = np.full(count, np.nan, dtype=np.float32)
    for limit in frame.policy.limits:
        for slot, one in enumerate(frame.series):
            if one.key.metric == limit.metric and limit.service in (None, one.key.service):
                above[slot] = np.nan if limit.above is None else limit.above
                below[slot] = np.nan if limit.below is None else limit.below
    version = np.full(count, _version(frame.policy), dtype=np.int64)
    return {"above": above, "below": below, "version": version}


def _tenth(limit: Packed) -> Packed:
    return np.maximum(np.abs(limit) * _TENTH, 1e-9).astype(np.float32)
