"""Values against their season, level and usual distance; young series against their last hour.

    expected = season * (1 + level)  or  season + level          (level: six hours of memory)
    distance = (value - expected - drift) / scale                (drift: half an hour's, ≤ 2 scales)
    evidence = max(0, evidence + clip(distance) * trust - slack) (CUSUM, for lasting shifts)

References:
    E. S. Page, "Continuous inspection schemes", Biometrika 41 (1954).
"""

from dataclasses import replace
from datetime import date
from functools import partial
from typing import ClassVar

import numpy as np

from aiops.detect.band import band_at, season_at
from aiops.detect.calendar import (
    HOUR_GROUPS,
    WEEK_BINS,
    say_time_of_day,
    say_weekday,
)
from aiops.detect.clock_change import NO_CHANGE, UNDECLARED, clock_changes, say_change
from aiops.detect.importance import current_factors
from aiops.detect.own_past import surprise
from aiops.detect.own_past_learning import learnt_past
from aiops.detect.own_past_memory import blank_past, rebased
from aiops.detect.own_past_verdict import with_news
from aiops.detect.past import Past
from aiops.detect.protocol import Frame, Memory, Verdict, Whole
from aiops.detect.recent import finite
from aiops.detect.season_fit import DAILY, LEVEL, WEEKLY, YOUNG, LocalTimes, fit_seasons
from aiops.detect.seasonal_memory import (
    blank_memory,
    learnt,
    level_from,
    level_from_history,
    refreshed_young,
)
from aiops.detect.traits import Bools, Slots, Traits
from aiops.detect.unusual import against_own_past
from aiops.domain.policies import DetectPolicy
from aiops.domain.series import Series
from aiops.domain.symptoms import SymptomKind
from aiops.domain.ticks import History, Packed, Shard

_COLUMNS = 250
_FARTHEST = 100.0
_CLIP = 4.0
_BACK_SHARE = 0.6
_BACK_SMOOTH = 1.5
_SMOOTHING = 0.25
_LEAST_VALUES = 8
_YOUNG_TRUST = 0.6


class Seasonal:
    """Anomalies: values outside the band that season, level and usual distance draw."""

    name: ClassVar[str] = "seasonal"
    kind: ClassVar[SymptomKind] = SymptomKind.ANOMALY

    def subjects(self, shard: Shard) -> tuple[Series, ...]:
        """Return the shard's series."""
        return shard.series

    def blank(self, shard: Shard) -> Memory:
        """Return the profile of series that are all young."""
        count = len(shard.series)
        return {
            "season": np.zeros((WEEK_BINS, count), dtype=np.float32),
            "scale": np.zeros((HOUR_GROUPS, count), dtype=np.float32),
            "trust": np.full(count, _YOUNG_TRUST, dtype=np.float32),
            "relative": np.zeros(count, dtype=np.bool_),
            "kind": np.zeros(count, dtype=np.int8),
            "days": np.zeros(count, dtype=np.float32),
            "moved": np.zeros(count, dtype=np.int16),
        }

    def fit(
        self,
        shard: Shard,
        traits: Traits,
        past: Past,
        policy: DetectPolicy,
        holidays: frozenset[date],
    ) -> Memory:
        """Return season, scale and trust of every series, fitted in its own zone."""
        fitted = {name: array.copy() for name, array in self.blank(shard).items()}
        for zone, slots in traits.zones:
            every = np.arange(past.width) if slots is None else slots[slots < past.width]
            changed = clock_changes(past, every) if zone == UNDECLARED else [(NO_CHANGE, every)]
            for change, same in changed:
                local = LocalTimes.of(past, zone, holidays, change)
                for start in range(0, len(same), _COLUMNS):
                    chosen = _together(same[start : start + _COLUMNS])
                    found = fit_seasons(
                        past.of_series(chosen),
                        local,
                        floor=partial(traits.scale_floor, slots=chosen),
                        level_memory_seconds=policy.level_memory_seconds,
                        unknown=traits.unknown[chosen],
                    )
                    for name, whole in fitted.items():
                        if name != "moved":
                            whole[..., chosen] = getattr(found, name)
                fitted["moved"][same] = change.seconds
        return fitted

    def start(self, shard: Shard, fitted: Memory, frame: Frame, history: History | None) -> Memory:
        """Return the level of the last two hours and, for young series, their last hour.

        Bars from the own past begin at their floors, whatever the history holds: its ticks are
        not replayed, and for the first hundred values nothing is said by them.
        """
        count = len(shard.series)
        memory: Memory = {**blank_memory(count), **blank_past(count, shard.step_seconds)}
        memory = refreshed_young(memory, frame.recent, np.arange(len(shard.series)))
        if history is None or not len(history.times):
            return memory
        width = history.values.shape[1]
        first = int(np.searchsorted(history.times, history.times[-1] - 7200, side="right"))
        seasons = np.stack(
            [season_at(fitted, frame, int(at)).value[:width] for at in history.times[first:]]
        )
        tail = finite(history.values[first:])
        level = np.zeros(len(shard.series), dtype=np.float32)
        level[:width] = level_from_history(tail, seasons, fitted["relative"][:width])
        return {**memory, "level": level}

    def adopt(self, fitted: Memory, memory: Memory, frame: Frame) -> Memory:
        """Return the memory with levels that continue what was expected last."""
        season = season_at(fitted, frame, frame.at).value
        level = level_from(memory["usual"], season, fitted["relative"])
        known = (memory["usual_known"] > 0) & (fitted["kind"] != YOUNG)
        level = np.where(known, level, memory["level"]).astype(np.float32)
        return {**rebased(memory, memory["season"] - season), "level": level, "season": season}

    def score(self, frame: Frame, fitted: Memory, memory: Memory, held: Bools) -> Verdict | None:
        """Judge a tick against season, level and drift."""
        del held
        traits, policy = frame.traits, frame.policy
        band = band_at(fitted, memory, frame)
        young = fitted["kind"] == YOUNG
        measured = np.isfinite(frame.values) & (~young | (memory["seen"] >= _LEAST_VALUES))
        values = np.where(measured, frame.values, band.centre)
        with np.errstate(over="ignore"):
            distance = np.clip(band.away(values) / band.scale, -_FARTHEST, _FARTHEST)
        bad = _bad_part(distance, traits)
        factors = current_factors(frame, memory)
        factor = factors["factor"]
        bar = np.float32(policy.bar) * factor
        evidence, since = _evidence(frame, fitted, memory, distance, measured)
        most = evidence.max(axis=0)
        keen = traits.sensitive & ~young
        lasting_bar = np.where(keen, policy.sensitive_sustained_bar, policy.sustained_bar)
        sustained = most >= lasting_bar * factor
        extreme = traits.sensitive & (bad >= policy.extreme_bar * factor)
        smooth = memory["smooth"] + _SMOOTHING * (
            np.clip(distance, -_CLIP, _CLIP) - memory["smooth"]
        )
        plain = band.away(values, jumps=False) / band.scale
        near = _bad_part(plain, traits) < _BACK_SHARE * bar
        remains = np.where(near, _bad_part(smooth, traits), np.float32(np.inf))
        falling = evidence[1] > evidence[0]
        past = surprise(frame, memory, band.season, factor)
        verdict = Verdict(
            measured=measured,
            outside=bad >= bar,
            certain=measured & (extreme | sustained),
            back=remains < _BACK_SMOOTH,
            strength=np.maximum(bad, np.where(sustained, most, 0)),
            direction=np.where(np.where(bad > 0, distance < 0, falling), -1, 1).astype(np.int8),
            observed=values,
            expected=band.centre,
            low=band.centre - band.below - bar * band.scale,
            high=band.centre + band.above + bar * band.scale,
            since=np.where(sustained & ~extreme, np.where(falling, since[1], since[0]), 0),
            young=young,
            remains=remains,
            usual=band.usual,
            scale=band.scale,
            ratio=past.ratio,
            lately=memory["mean"],
            working={
                "rest": band.rest(values) + band.centre - band.usual,
                "distance": distance,
                "bar": bar,
                "factors": factors,
                "bad": bad,
                "evidence": evidence,
                "since": since,
                "smooth": smooth,
                "season": band.season,
                "past": past,
            },
        )
        verdict = with_news(verdict, past, traits)
        return replace(verdict, own_past=against_own_past(verdict, past, memory["boost"], factor))

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
        """Follow the level where nothing is wrong; keep it where a symptom is open."""
        memory = {
            **memory,
            **learnt_past(frame, verdict.working["past"], verdict.working["season"]),
        }
        return learnt(frame, fitted, memory, verdict, held=held, released=released)

    def compared_with(self, fitted: Memory, subject: int, at: int, frame: Frame) -> str:
        """Return the season in words: `Saturdays 10:00-10:15 of the last 3 weeks`."""
        zone = next(name for name, slots in frame.traits.zones if slots is None or subject in slots)
        days = int(fitted["days"][subject])
        moved = say_change(int(fitted["moved"][subject]))
        match int(fitted["kind"][subject]):
            case kind if kind == WEEKLY:
                day, weeks = say_weekday(at, zone, frame.holidays), max(days // 7, 2)
                return f"{day} {say_time_of_day(at, zone)} of the last {weeks} weeks{moved}"
            case kind if kind == DAILY:
                return f"{say_time_of_day(at, zone)} of the last {days} days{moved}"
            case kind if kind == LEVEL:
                return f"the last {frame.policy.level_memory_seconds // 3600} h"
            case _:
                times = frame.recent.times
                span = (frame.at - times[0]) // 60 if times else 0
                return f"the last {max(span, 1)} min"


def _together(slots: Slots) -> Slots | slice:
    """Return neighbours as a slice: picking them out one by one takes many times as long."""
    first, last = int(slots[0]), int(slots[-1])
    return slice(first, last + 1) if last - first + 1 == len(slots) else slots


def _evidence(
    frame: Frame, fitted: Memory, memory: Memory, distance: Packed, measured: Bools
) -> tuple[Packed, Whole]:
    """Return evidence for a shift (up, down) and since when it has been rising."""
    traits, policy = frame.traits, frame.policy
    trusted = np.clip(distance, -_CLIP, _CLIP) * fitted["trust"]
    both = np.stack([trusted, -trusted])
    bad = np.stack([traits.up, traits.down])
    most = 2 * policy.sustained_bar
    grown = np.clip(memory["evidence"] + both - policy.sustained_slack, 0, most)
    evidence = np.where(measured, np.where(bad, grown, 0), memory["evidence"])
    begins = (evidence > 0) & (memory["evidence"] <= 0)
    since = np.where(begins, frame.at, memory["since"])
    return evidence.astype(np.float32), since


def _bad_part(distance: Packed, traits: Traits) -> Packed:
    """Return how far a value is away in a direction that hurts, ≥ 0."""
    return np.maximum(np.where(traits.up, distance, 0), np.where(traits.down, -distance, 0)).astype(
        np.float32
    )
