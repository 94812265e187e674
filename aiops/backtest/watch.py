"""Detection of one shard from its first tick on; fits are made when they are asked for.

It needs nothing of what is made of its findings but what a fit may not learn from, so that between
two fits it can run ahead of that, in a process of its own.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from aiops import pipeline
from aiops.detect import engine
from aiops.detect.engine import ShardProfile, ShardState
from aiops.detect.tick_log import TickLog
from aiops.domain.policies import DetectPolicy
from aiops.domain.symptoms import Origin, SymptomFact
from aiops.domain.ticks import History, KpiTick, Shard, Span, Tick
from aiops.domain.time import utc


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What detection found at one tick.

    Args:
        facts: what became known of symptoms.
        kpis: readings of the series that carry a declared KPI; None when there are none.
    """

    facts: tuple[SymptomFact, ...] = ()
    kpis: KpiTick | None = None


class Watch:
    """Detects tick by tick, under profiles fitted when told to.

    Args:
        shard: the series.
        baseline: fault-free history to fit on before the first tick; None: there is none.
        policy: bars and persistence.
        origin: written into every symptom.
    """

    def __init__(
        self, shard: Shard, baseline: History | None, policy: DetectPolicy, origin: Origin
    ) -> None:
        self._shard = shard
        self._policy = policy
        self._origin = origin
        self.log = TickLog(shard, baseline)
        self.profile: ShardProfile = (
            engine.fit(shard, baseline, policy)
            if baseline is not None
            else ShardProfile.empty(shard)
        )
        self._state: ShardState = engine.start(shard, self.profile, baseline)

    def step(self, tick: Tick) -> Found:
        """Score the next tick, and learn from it."""
        detection = pipeline.detect(
            self._shard, self.profile, self._state, tick, self._policy, origin=self._origin
        )
        self._state = detection.state
        self.log.append(tick)
        return Found(facts=detection.facts, kpis=detection.kpis)

    def refit(self, masked: Sequence[Span]) -> None:
        """Fit on every tick so far, but for what was real, and go on under that."""
        history = self.log.history()
        self.profile = engine.fit(self._shard, history, self._policy, masked=masked)
        self._state = engine.adopt(self._shard, self.profile, self._state)

    def play(self, ticks: History, masked: Sequence[Span] | None = None) -> list[Found]:
        """Return what is found at each of the next ticks; fit before where it is told a mask."""
        if masked is not None:
            self.refit(masked)
        rows = zip(ticks.times.tolist(), ticks.values, strict=True)
        return [self.step(Tick(at=utc(at), values=values)) for at, values in rows]
