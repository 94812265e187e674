"""Values beyond a fixed limit that somebody set; without limits it says nothing."""

import zlib
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from aiops.detect.plain import PlainDetector
from aiops.detect.protocol import Frame, Memory, Verdict
from aiops.detect.traits import Bools
from aiops.domain.policies import DetectPolicy
from aiops.domain.series import Series
from aiops.domain.symptoms import SymptomKind
from aiops.domain.ticks import History, Packed, Shard

_AT_LIMIT = 5.0
_TENTH = 0.1


class Threshold(PlainDetector):
    """Values above or below a limit of `DetectPolicy.limits`."""

    name: ClassVar[str] = "threshold"
    kind: ClassVar[SymptomKind] = SymptomKind.ANOMALY

    def subjects(self, shard: Shard) -> tuple[Series, ...]:
        """Return the shard's series."""
        return shard.series

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
        if not frame.policy.limits:
            return None
        limits = _current(frame, memory)
        limited = np.flatnonzero(np.isfinite(limits["above"]) | np.isfinite(limits["below"]))
        if not len(limited):
            return None
        values, above, below = (
            one[limited] for one in (frame.values, limits["above"], limits["below"])
        )
        over = np.nan_to_num((values - above) / _tenth(above), nan=-np.inf)
        under = np.nan_to_num((below - values) / _tenth(below), nan=-np.inf)
        worst = np.maximum(over, under)
        high = np.where(np.isfinite(above), above, values)
        low = np.where(np.isfinite(below), below, values)
        worst_end = np.where(over >= under, high, low)
        count = len(frame.values)

        def of_all(found: npt.NDArray[Any], kind: npt.DTypeLike = np.float32) -> npt.NDArray[Any]:
            whole = np.zeros(count, dtype=kind)
            whole[limited] = np.nan_to_num(found)
            return whole

        measured, outside = np.isfinite(values), worst > 0
        return Verdict(
            measured=of_all(measured, np.bool_),
            outside=of_all(outside, np.bool_),
            certain=np.zeros(count, dtype=np.bool_),
            back=of_all(measured & ~outside, np.bool_),
            strength=of_all(np.where(outside, _AT_LIMIT + np.minimum(worst, 95), 0)),
            direction=of_all(np.where(over >= under, 1, -1), np.int8),
            observed=of_all(values),
            expected=of_all(worst_end),
            low=of_all(low),
            high=of_all(high),
            since=np.zeros(count, dtype=np.int64),
            young=np.zeros(count, dtype=np.bool_),
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
    version = np.full(count, _version(frame.policy), dtype=np.uint32)
    return {"above": above, "below": below, "version": version}


def _tenth(limit: Packed) -> Packed:
    return np.maximum(np.abs(limit) * _TENTH, 1e-9).astype(np.float32)
