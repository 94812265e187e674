"""Values against their season, level and usual distance; young series against their last hour.

    expected = season * (1 + level)  or  season + level          (level: six hours of memory)

What a tick is to that is worked out in `seasonal_score`, what is said of it in
`seasonal_findings`, and what is learnt from it in `seasonal_memory`.
"""

from datetime import date
from functools import partial
from typing import ClassVar

import numpy as np

from aiops.detect.band import season_at
from aiops.detect.calendar import HOUR_GROUPS, WEEK_BINS
from aiops.detect.clock_change import NO_CHANGE, UNDECLARED, clock_changes
from aiops.detect.own_past_learning import learnt_past
from aiops.detect.own_past_memory import blank_past, rebased
from aiops.detect.past import Past
from aiops.detect.protocol import Frame, Memory, Verdict
from aiops.detect.recent import finite
from aiops.detect.season_fit import LocalTimes, fit_seasons
from aiops.detect.season_medians import YOUNG
from aiops.detect.season_stl import MOST_KPIS
from aiops.detect.season_words import say_season
from aiops.detect.seasonal_findings import verdict_of
from aiops.detect.seasonal_memory import (
    blank_memory,
    learnt,
    level_from,
    level_from_history,
    refreshed_young,
)
from aiops.detect.seasonal_score import Sums, sums_of
from aiops.detect.traits import Bools, Traits, together
from aiops.domain.policies import DetectPolicy
from aiops.domain.series import Series
from aiops.domain.symptoms import SymptomKind
from aiops.domain.ticks import History, Shard

_COLUMNS = 250
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
                    some = same[start : start + _COLUMNS]
                    chosen = together(some)
                    found = fit_seasons(
                        past.of_series(chosen),
                        local,
                        floor=partial(traits.scale_floor, slots=chosen),
                        level_memory_seconds=policy.level_memory_seconds,
                        unknown=traits.unknown[chosen],
                        kpis=np.flatnonzero(np.isin(some, traits.kpi_slots[:MOST_KPIS])),
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
        """Judge a tick against season, level, drift and the series' own past."""
        return verdict_of(frame, sums_of(frame, fitted, memory), memory, held)

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
        sums: Sums = verdict.working["sums"]
        memory = {**memory, **learnt_past(frame, sums.past, sums.band.season)}
        return learnt(frame, fitted, memory, verdict, held=held, released=released)

    def compared_with(self, fitted: Memory, subject: int, at: int, frame: Frame) -> str:
        """Return the season in words: `Saturdays 10:00-10:15 of the last 3 weeks`."""
        return say_season(fitted, subject, at, frame)
