"""Series that had values and have none; a whole service or source is one symptom, not hundreds."""

from collections.abc import Sequence
from dataclasses import replace
from typing import ClassVar

import numpy as np

from aiops.detect.plain import PlainDetector, calm
from aiops.detect.protocol import Frame, Memory, Verdict, Whole
from aiops.detect.silence import TELEMETRY, Silence, StandIns, services, verdict_on
from aiops.detect.traits import Bools
from aiops.domain.series import Series
from aiops.domain.symptoms import SymptomKind
from aiops.domain.ticks import History, Packed, Shard

__all__ = ["TELEMETRY", "USUALLY_PRESENT", "Absence"]

USUALLY_PRESENT = 0.8
"""A series with a value at fewer ticks than this is sparse: its silence is no gap."""

_PRESENCE_TICKS = 500
_LEAST_SEEN = 10
_ALWAYS, _LONGEST = 0.9999, 60_000
_CHANCE = 1e-9
"""A gap this unlikely for a series that misses its usual share of values is no chance."""
_LEAST_GAPS = 0.002
_FADING_TICKS = 2


class Absence(PlainDetector):
    """Telemetry gaps. Subjects are the shard's series, then its services, then its source."""

    name: ClassVar[str] = "absence"
    kind: ClassVar[SymptomKind] = SymptomKind.TELEMETRY_GAP

    def subjects(self, shard: Shard) -> Sequence[Series]:
        """Return a stand-in per series, per service (in order of appearance) and the source."""
        return StandIns(shard)

    def blank(self, shard: Shard) -> Memory:
        """Return which service (by position) each series belongs to."""
        place = {name: number for number, name in enumerate(services(shard.series))}
        places = [place[one.key.service] for one in shard.series]
        return {"service": np.array(places, dtype=np.int64)}

    def start(self, shard: Shard, fitted: Memory, frame: Frame, history: History | None) -> Memory:
        """Return the share of ticks at which each series had a value, of how many, and the gap."""
        del fitted, frame
        count = len(shard.series)
        usual, seen = np.zeros(count, np.float32), np.zeros(count, np.uint16)
        missing = np.zeros(count, np.uint16)
        if history is not None and len(history.times):
            present = np.isfinite(history.values[-_PRESENCE_TICKS:])
            width = present.shape[1]
            usual[:width] = present.mean(axis=0)
            seen[:width] = present.sum(axis=0)
            missing[:width] = np.where(
                present.any(axis=0), present[::-1].argmax(axis=0), len(present)
            )
        return {"usual": usual, "seen": seen, "missing": missing}

    def score(self, frame: Frame, fitted: Memory, memory: Memory, held: Bools) -> Verdict | None:
        """Find what has had no value for a while, at the widest level that explains it."""
        present = np.isfinite(frame.values)
        if np.count_nonzero(present) == len(present):
            return calm(len(held))
        absent = np.flatnonzero(~present)
        missing, usual = memory["missing"][absent] + np.int64(1), memory["usual"][absent]
        fading = (missing >= _FADING_TICKS) & _expected(usual, memory["seen"][absent])
        policy = frame.policy
        gap = max(policy.gap_ticks, -(-policy.gap_seconds // frame.step_seconds))
        lost = fading & (missing >= _unlikely(usual, gap))
        if not np.count_nonzero(lost) and not np.count_nonzero(held):
            observed = np.ones(len(held), dtype=np.float32)
            observed[absent[fading]] = 0
            return replace(calm(len(held)), observed=observed)
        silence = Silence(absent[fading], absent[lost], missing[lost])
        expected = _expected(memory["usual"], memory["seen"])
        return verdict_on(frame, silence, fitted["service"], expected)

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
        """Count what is missing; presence rests while something is, and is given up on release."""
        del verdict, held
        present = np.isfinite(frame.values)
        usual, seen, missing = memory["usual"], memory["seen"], memory["missing"]
        if np.count_nonzero(present) < len(present) or np.count_nonzero(missing):
            missing = (np.minimum(missing, _LONGEST) + 1) * ~present
        if np.count_nonzero(seen < _PRESENCE_TICKS):
            seen = np.minimum(seen + present, _PRESENCE_TICKS)
        share = present - usual
        if np.count_nonzero(share):
            share /= np.maximum(seen, 1)
            share += usual
            np.copyto(share, 1, where=share > _ALWAYS)
            resting = (missing >= _FADING_TICKS) & (usual >= USUALLY_PRESENT)
            np.copyto(share, usual, where=resting)
            usual = share
        if np.count_nonzero(released):
            count = len(present)
            gone = released[:count] | released[count:-1][fitted["service"]] | released[-1]
            usual = np.where(gone & ~present, np.float32(0), usual)
        return {"usual": usual, "seen": seen, "missing": missing}

    def compared_with(self, fitted: Memory, subject: int, at: int, frame: Frame) -> str:
        """Return what was usual, in words."""
        del at, frame
        return "always reporting" if subject < len(fitted["service"]) else "its series reporting"


def _unlikely(usual: Packed, gap: int) -> Whole:
    """Return how many ticks in a row must be missing, for series with a usual share of values.

    Examples:
        >>> _unlikely(np.array([1.0, 0.9, 0.8], dtype=np.float32), 5).tolist()
        [5, 9, 13]
    """
    gaps = np.clip(1 - usual, _LEAST_GAPS, 0.5)
    needed = np.ceil(np.log(_CHANCE) / np.log(gaps) - 1e-3)
    return np.asarray(np.maximum(gap, needed), dtype=np.int64)


def _expected(usual: Packed, seen: Whole) -> Bools:
    return np.asarray((usual >= USUALLY_PRESENT) & (seen >= _LEAST_SEEN))
