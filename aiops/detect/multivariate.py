"""Metrics of one service that do not go together as they used to, each inside its own band."""

from dataclasses import replace
from datetime import date
from typing import ClassVar

import numpy as np

from aiops.detect.past import Past
from aiops.detect.plain import PlainDetector, calm
from aiops.detect.protocol import Frame, Memory, Verdict
from aiops.detect.relation import (
    MOST,
    QUICK_SECONDS,
    SLOW_SECONDS,
    alarmed_when,
    beyond,
    followed,
    no_relations,
    partners_of,
    recent_level,
    rest_of,
    standard,
    stretch,
    waves_at,
    worst,
)
from aiops.detect.relation_fit import fit_relations
from aiops.detect.traits import Bools, Traits
from aiops.domain.policies import DetectPolicy
from aiops.domain.series import Direction, Series
from aiops.domain.symptoms import SymptomKind
from aiops.domain.ticks import History, Shard

_FARTHEST = 100.0
_BACK_SHARE = 0.6
_AFTER_SECONDS = 900
"""After trouble that a single series shows, relations of its service settle for a while."""

_LONGEST_ELAPSED = 3600


class Multivariate(PlainDetector):
    """Broken relations: the metric that strays most from what its service's others say of it.

    It speaks only where no other detector does, and of one metric of a service at a time.
    """

    name: ClassVar[str] = "multivariate"
    kind: ClassVar[SymptomKind] = SymptomKind.RELATION

    def subjects(self, shard: Shard) -> tuple[Series, ...]:
        """Return a stand-in per series: a relation that breaks is bad in either direction."""
        return tuple(replace(one, bad_direction=Direction.BOTH, kpi=None) for one in shard.series)

    def blank(self, shard: Shard) -> Memory:
        """Return the profile of series of which no relation is known."""
        return {**no_relations(shard), "partners": np.zeros(len(shard.series), dtype=np.uint8)}

    def fit(
        self,
        shard: Shard,
        traits: Traits,
        past: Past,
        policy: DetectPolicy,
        holidays: frozenset[date],
    ) -> Memory:
        """Return the relations within each service and region."""
        del holidays
        fitted = fit_relations(shard, traits, past, policy.bar)
        rows = np.arange(1, MOST + 1, dtype=np.uint8)[:, None]
        return {**fitted, "partners": (rows * (fitted["weight"] != 0)).max(axis=0)}

    def start(self, shard: Shard, fitted: Memory, frame: Frame, history: History | None) -> Memory:
        """Return the levels of the rests over the last hour, NaN where nothing is known."""
        del history
        count = len(shard.series)
        level = recent_level(fitted, frame)
        return {"slow": level, "quick": level, "alarmed_at": np.zeros(count, dtype=np.uint32)}

    def adopt(self, fitted: Memory, memory: Memory, frame: Frame) -> Memory:
        """Return the memory with the levels of the last hour under the new relations."""
        level = recent_level(fitted, frame)
        return {**memory, "slow": level, "quick": level}

    def score(self, frame: Frame, fitted: Memory, memory: Memory, held: Bools) -> Verdict | None:
        """Judge each metric by the others of its service; the worst one speaks for all."""
        bar, values = fitted["bar"], frame.values
        related = np.isfinite(bar)
        if not np.count_nonzero(related):
            return None
        usual = standard(values, fitted)
        most = int(fitted["partners"].max())
        rest = rest_of(fitted, usual, waves_at(frame.at), most=most)
        strayed = beyond(rest, memory["slow"], memory["quick"])
        scale = stretch(usual, rest)
        scale *= fitted["scale"]
        share = np.abs(strayed)
        share /= scale
        share /= bar
        known = np.isfinite(share) & related
        alarmed_at = alarmed_when(frame, fitted, memory)
        measured = known & (alarmed_at < frame.at - _AFTER_SECONDS)
        outside = worst(share, held, fitted["group"])
        outside &= measured
        working = {"rest": rest, "share": share, "alarmed_at": alarmed_at}
        if not np.count_nonzero(outside) and not np.count_nonzero(held):
            return replace(calm(len(share)), measured=measured, working=working)
        told, share = np.nan_to_num(values), np.nan_to_num(share)
        expected = told - np.where(known, strayed, 0) * fitted["spread"]
        width = np.where(known, bar * scale, 0) * fitted["spread"]
        return replace(
            calm(len(share)),
            measured=measured,
            outside=outside,
            back=measured & (share < _BACK_SHARE),
            strength=np.minimum(share * np.float32(frame.policy.bar), _FARTHEST),
            direction=np.where(known & (strayed < 0), -1, 1).astype(np.int8),
            observed=told,
            expected=expected,
            low=expected - width,
            high=expected + width,
            working=working,
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
        """Let levels follow the rests; not while the relation is broken, nor far at once."""
        working, rest = verdict.working, verdict.working["rest"]
        free = np.isfinite(rest)
        free &= ~(held | verdict.outside)
        fresh = free & np.isfinite(fitted["bar"]) & ~np.isfinite(memory["slow"])
        fresh |= released & np.isfinite(rest)
        elapsed = min(frame.elapsed_seconds, _LONGEST_ELAPSED)
        after = {"alarmed_at": working["alarmed_at"]}
        for name, seconds, follows in (
            ("slow", SLOW_SECONDS, free & verdict.measured & (working["share"] < 1)),
            ("quick", QUICK_SECONDS, free),
        ):
            after[name] = followed(memory[name], rest, elapsed / seconds, follows, fresh)
        return after

    def compared_with(self, fitted: Memory, subject: int, at: int, frame: Frame) -> str:
        """Return the metrics that say most of this one: `what goes with its requests and CPU`."""
        del at
        return f"what goes with its {', '.join(partners_of(fitted, subject, frame))}"
