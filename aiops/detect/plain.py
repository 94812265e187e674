"""What detectors have in common that need no fit: nothing is learnt beforehand, nothing adopted."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date
from functools import lru_cache
from typing import Any

import numpy as np

from aiops.detect.past import Past
from aiops.detect.protocol import Frame, Memory, Verdict, Whole
from aiops.detect.traits import NOBODY as NOBODY  # noqa: PLC0414 - still asked for here
from aiops.detect.traits import Bools, Traits
from aiops.domain.policies import DetectPolicy
from aiops.domain.series import Direction, Series
from aiops.domain.ticks import History, Packed, Shard

_NOTHING: Mapping[str, Any] = {}


class PlainDetector:
    """Defaults for a `Detector` without a profile and without memory; it writes what differs.

    Examples:
        >>> PlainDetector().blank(Shard(id="a.prod.0", env="prod", step_seconds=60, series=()))
        {}
    """

    def subjects(self, shard: Shard) -> Sequence[Series]:
        """Return a stand-in per series: bad telemetry is bad in either direction."""
        return tuple(replace(one, bad_direction=Direction.BOTH) for one in shard.series)

    def blank(self, shard: Shard) -> Memory:
        """Return what follows from the series themselves: nothing."""
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
        """Return the same as `blank`: no past is needed."""
        del traits, past, policy, holidays
        return self.blank(shard)

    def start(self, shard: Shard, fitted: Memory, frame: Frame, history: History | None) -> Memory:
        """Return no memory."""
        del shard, fitted, frame, history
        return {}

    def adopt(self, fitted: Memory, memory: Memory, frame: Frame) -> Memory:
        """Return the memory unchanged: nothing of it depends on a profile."""
        del fitted, frame
        return memory

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
        """Return the memory unchanged."""
        del frame, fitted, verdict, held, released
        return memory


@lru_cache(maxsize=64)
def calm(count: int) -> Verdict:
    """Return that there is nothing to say of any of `count` subjects: one object for all ticks.

    It holds while no subject has an open symptom, whatever is measured.
    """
    nobody = np.zeros(count, dtype=np.bool_)
    return verdict_of(
        np.ones(count, dtype=np.float32),
        measured=~nobody,
        outside=nobody,
        back=~nobody,
        strength=0.0,
        since=np.zeros(count, dtype=np.int64),
    )


def verdict_of(
    values: Packed,
    *,
    measured: Bools,
    outside: Bools,
    back: Bools,
    strength: float | Packed,
    since: Whole,
    expected: Packed | None = None,
    working: Mapping[str, Any] = _NOTHING,
) -> Verdict:
    """Return the verdict of a detector whose findings are certain, by rule and not by a band.

    Args:
        values: what was observed; 0 is told where nothing was.
        measured: as in `Verdict`, as the others.
        outside: what opens at once.
        back: what counts towards recovery.
        strength: of what is outside.
        since: epoch seconds at which that began.
        expected: what should have been observed; None if the value itself is not what is wrong.
        working: for `learn`.
    """
    told = np.where(np.isfinite(values), values, np.float32(0))
    expected = told if expected is None else expected
    return Verdict(
        measured=measured,
        outside=outside,
        certain=outside,
        back=back,
        strength=np.asarray(outside * np.float32(1) * strength, dtype=np.float32),
        direction=np.where(told < expected, -1, 1).astype(np.int8),
        observed=told,
        expected=expected,
        low=expected,
        high=expected,
        since=since,
        young=np.zeros(len(told), dtype=np.bool_),
        working=working,
    )
