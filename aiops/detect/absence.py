"""Series that had values and have none; a whole service or source is one symptom, not hundreds."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from typing import ClassVar

import numpy as np

from aiops.detect.past import Past
from aiops.detect.protocol import Frame, Memory, Verdict, Whole
from aiops.detect.traits import Bools, Traits
from aiops.domain.policies import DetectPolicy
from aiops.domain.series import DEFAULT_ENV, Direction, Family, Series, SeriesKey
from aiops.domain.symptoms import SymptomKind
from aiops.domain.ticks import History, Packed, Shard

TELEMETRY = "telemetry"
"""The metric that speaks for all series of a service or source."""

_USUALLY_PRESENT = 0.8
_PRESENCE_TICKS = 500
_LEAST_SEEN = 10
_MOST = 0.6
_CHANCE = 1e-9
"""A gap this unlikely for a series that misses its usual share of values is no chance."""
_LEAST_GAPS = 0.002
_FADING_TICKS = 2
_STRENGTHS = (5.0, 12.0, 20.0)
"""Of a series, a service, a source: the wider, the surer that it is more than one sensor."""


class Absence:
    """Telemetry gaps. Subjects are the shard's series, then its services, then its source."""

    name: ClassVar[str] = "absence"
    kind: ClassVar[SymptomKind] = SymptomKind.TELEMETRY_GAP

    def subjects(self, shard: Shard) -> tuple[Series, ...]:
        """Return a stand-in per series, per service (in order of appearance) and the source."""
        singles = [
            replace(
                one,
                family=Family.OTHER,
                bad_direction=Direction.DOWN,
                unit="1",
                title=f"telemetry of {one.title or one.key.metric}",
                kpi=None,
            )
            for one in shard.series
        ]
        source = shard.series[0].source if shard.series else ""
        names = [*_services(shard.series), source or shard.id]
        return (*singles, *(_whole(name, shard, source) for name in names))

    def blank(self, shard: Shard) -> Memory:
        """Return which service (by position) each series belongs to."""
        place = {name: number for number, name in enumerate(_services(shard.series))}
        services = [place[one.key.service] for one in shard.series]
        return {"service": np.array(services, dtype=np.int64)}

    def fit(
        self,
        shard: Shard,
        traits: Traits,
        past: Past,
        policy: DetectPolicy,
        holidays: frozenset[date],
    ) -> Memory:
        """Return the same as `blank`: absence needs no history."""
        del traits, past, policy, holidays
        return self.blank(shard)

    def start(self, shard: Shard, fitted: Memory, frame: Frame, history: History | None) -> Memory:
        """Return how often each series had a value lately."""
        del fitted, frame
        count = len(shard.series)
        usual, seen = np.zeros(count, np.float32), np.zeros(count, np.int32)
        missing = np.zeros(count, np.int32)
        if history is not None and len(history.times):
            present = np.isfinite(history.values[-_PRESENCE_TICKS:])
            width = present.shape[1]
            usual[:width] = present.mean(axis=0)
            seen[:width] = present.sum(axis=0)
            missing[:width] = np.where(
                present.any(axis=0), present[::-1].argmax(axis=0), len(present)
            )
        return {"usual": usual, "seen": seen, "missing": missing}

    def adopt(self, fitted: Memory, memory: Memory, frame: Frame) -> Memory:
        """Return the memory unchanged: nothing of it depends on a profile."""
        del fitted, frame
        return memory

    def score(self, frame: Frame, fitted: Memory, memory: Memory, held: Bools) -> Verdict | None:
        """Find what has had no value for a while, at the widest level that explains it."""
        del held
        policy, service = frame.policy, fitted["service"]
        gap = max(policy.gap_ticks, -(-policy.gap_seconds // frame.step_seconds))
        missing = np.where(np.isfinite(frame.values), 0, memory["missing"] + 1)
        expected = (memory["usual"] >= _USUALLY_PRESENT) & (memory["seen"] >= _LEAST_SEEN)
        fading = expected & (missing >= _FADING_TICKS)
        lost = expected & (missing >= _unlikely(memory["usual"], gap))
        totals = np.bincount(service, expected)
        gone = np.bincount(service, fading)
        began = np.bincount(service, lost) > 0
        dark = (totals >= 2) & (gone >= _MOST * totals)
        known = totals > 0
        source_dark = bool(known.sum() >= 2 and (gone >= _MOST * totals)[known].mean() >= _MOST)
        source_lost = source_dark and bool(began.any())
        services_lost = dark & began & (not source_lost)
        alone = lost & ~(dark & began)[service] & (not source_lost)
        longest = int(missing[lost].max()) if lost.any() else 0
        ages = np.r_[missing, np.full(len(totals) + 1, longest)].astype(np.int64)
        reporting = 1 - gone / np.maximum(totals, 1)
        everywhere = reporting[known].mean() if known.any() else 1.0
        present = np.r_[missing < _FADING_TICKS, reporting, everywhere]
        outside = np.r_[alone, services_lost, source_lost]
        return _verdict(
            frame,
            outside=outside,
            back=np.r_[~fading, ~dark, not source_dark],
            present=present.astype(np.float32),
            since=frame.at - (ages - 1) * frame.step_seconds,
            sizes=(len(missing), len(totals)),
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
        """Count what is missing; presence rests while something is, and is given up on release."""
        del verdict, held
        present = np.isfinite(frame.values)
        missing = np.where(present, 0, memory["missing"] + 1)
        follow = (missing < _FADING_TICKS) | (memory["usual"] < _USUALLY_PRESENT)
        seen = memory["seen"] + present
        gain = np.where(follow, 1 / np.clip(seen, 1, _PRESENCE_TICKS), 0)
        usual = memory["usual"] + gain * (present - memory["usual"])
        if released.any():
            count, services = len(present), fitted["service"]
            gone = released[:count] | released[count:-1][services] | released[-1]
            usual = np.where(gone & ~present, 0, usual)
        return {
            "usual": usual.astype(np.float32),
            "seen": np.minimum(seen, 1 << 30).astype(np.int32),
            "missing": missing.astype(np.int32),
        }

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


def _services(series: Sequence[Series]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(one.key.service for one in series))


def _whole(name: str, shard: Shard, source: str) -> Series:
    return Series(
        key=SeriesKey(service=name, metric=TELEMETRY, env=shard.env or DEFAULT_ENV),
        family=Family.OTHER,
        bad_direction=Direction.DOWN,
        unit="1",
        title=f"telemetry from {name}",
        source=source,
    )


def _verdict(
    frame: Frame,
    *,
    outside: Bools,
    back: Bools,
    present: Packed,
    since: Whole,
    sizes: tuple[int, int],
) -> Verdict:
    count = len(outside)
    ones = np.ones(count, dtype=np.float32)
    everywhere = np.ones(count, dtype=np.bool_)
    strength = np.full(count, _STRENGTHS[0], dtype=np.float32)
    strength[sizes[0] : sizes[0] + sizes[1]] = _STRENGTHS[1]
    strength[-1] = _STRENGTHS[2]
    return Verdict(
        measured=everywhere,
        outside=outside,
        certain=outside,
        back=back & ~outside,
        strength=strength,
        direction=np.full(count, -1, dtype=np.int8),
        observed=present,
        expected=ones,
        low=ones,
        high=ones,
        since=since,
        young=~everywhere,
    )
