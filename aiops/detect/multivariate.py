"""Metrics of one service that do not go together as they used to, each inside its own band."""

from dataclasses import replace
from datetime import date
from typing import ClassVar

import numpy as np

from aiops.detect.past import Past
from aiops.detect.protocol import Frame, Memory, Verdict
from aiops.detect.relation import (
    QUICK_SECONDS,
    SLOW_SECONDS,
    alarmed_when,
    beyond,
    no_relations,
    recent_level,
    rest_of,
    standard,
    stretch,
    waves,
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
_STRAY = 3.0
_AFTER_SECONDS = 900
"""After trouble that a single series shows, relations of its service settle for a while."""

_LONGEST_ELAPSED = 3600
_NAMED, _LITTLE = 3, 0.1


class Multivariate:
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
        return no_relations(shard)

    def fit(
        self,
        shard: Shard,
        traits: Traits,
        past: Past,
        policy: DetectPolicy,
        holidays: frozenset[date],
    ) -> Memory:
        """Return the relations within each service and region, fitted with scikit-learn."""
        del holidays
        return fit_relations(shard, traits, past, policy.bar)

    def start(self, shard: Shard, fitted: Memory, frame: Frame, history: History | None) -> Memory:
        """Return the levels of the rests over the last hour, NaN where nothing is known."""
        del history
        count = len(shard.series)
        level = recent_level(fitted, frame)
        return {"slow": level, "quick": level, "alarmed_at": np.zeros(count, dtype=np.int64)}

    def adopt(self, fitted: Memory, memory: Memory, frame: Frame) -> Memory:
        """Return the memory with the levels of the last hour under the new relations."""
        level = recent_level(fitted, frame)
        return {**memory, "slow": level, "quick": level}

    def score(self, frame: Frame, fitted: Memory, memory: Memory, held: Bools) -> Verdict | None:
        """Judge each metric by the others of its service; the worst one speaks for all."""
        bar = fitted["bar"]
        if not np.isfinite(bar).any():
            return None
        usual = standard(frame.values, fitted)
        rest = rest_of(fitted, usual, waves(np.array([frame.at]))[0])
        strayed = beyond(rest, memory["slow"], memory["quick"])
        known = np.isfinite(strayed) & np.isfinite(bar)
        scale = np.where(known, fitted["scale"] * stretch(usual, rest), 1)
        away = np.where(known, strayed / scale, 0)
        share = np.where(known, np.abs(away) / bar, 0)
        alarmed_at = alarmed_when(frame, fitted, memory)
        measured = known & (frame.at - alarmed_at > _AFTER_SECONDS)
        outside = measured & worst(share, held, fitted["group"])
        expected = np.nan_to_num(frame.values) - np.where(known, strayed, 0) * fitted["spread"]
        width = np.where(known, bar, 0) * scale * fitted["spread"]
        return Verdict(
            measured=measured,
            outside=outside,
            certain=np.zeros_like(outside),
            back=measured & (share < _BACK_SHARE),
            strength=np.minimum(share * frame.policy.bar, _FARTHEST).astype(np.float32),
            direction=np.where(away < 0, -1, 1).astype(np.int8),
            observed=np.nan_to_num(frame.values),
            expected=expected.astype(np.float32),
            low=(expected - width).astype(np.float32),
            high=(expected + width).astype(np.float32),
            since=np.zeros(len(share), dtype=np.int64),
            young=np.zeros(len(share), dtype=np.bool_),
            working={"rest": rest, "share": share, "alarmed_at": alarmed_at},
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
        del fitted
        working, slow, quick = verdict.working, memory["slow"], memory["quick"]
        rest = working["rest"]
        calm = np.isfinite(rest) & ~held & ~verdict.outside
        fresh = (calm & ~np.isfinite(slow)) | (released & np.isfinite(rest))
        elapsed = min(frame.elapsed_seconds, _LONGEST_ELAPSED)
        followed = []
        for level, seconds, follows in (
            (slow, SLOW_SECONDS, calm & verdict.measured & (working["share"] < 1)),
            (quick, QUICK_SECONDS, calm),
        ):
            gain = np.where(follows, -np.expm1(-elapsed / seconds), 0)
            moved = level + np.where(follows, gain * (rest - level), 0)
            followed.append(np.where(fresh, rest, moved).astype(np.float32))
        return {"slow": followed[0], "quick": followed[1], "alarmed_at": working["alarmed_at"]}

    def compared_with(self, fitted: Memory, subject: int, at: int, frame: Frame) -> str:
        """Return the metrics that say most of this one: `what goes with its requests and CPU`."""
        del at
        weight = np.abs(fitted["weight"][:, subject])
        first = np.argsort(-weight, kind="stable")[:_NAMED]
        tied = [place for place in first if weight[place] > _LITTLE * weight.max()]
        others = [frame.series[int(fitted["partner"][place, subject])] for place in tied]
        names = list(dict.fromkeys(one.title or one.key.metric for one in others))
        return f"what goes with its {', '.join(names)}"
