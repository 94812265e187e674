"""Signals in order → incidents, without queue or database: the pipeline's reference driver.

It works tick by tick through the very functions the workers call, fits when the workers would
fit, and knows nothing of the future.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from aiops import pipeline
from aiops.clues.needs import clue_needs
from aiops.clues.replay import ClueReplay
from aiops.detect import engine
from aiops.detect.engine import ShardProfile, ShardState
from aiops.detect.tick_log import TickLog
from aiops.domain.changes import Change
from aiops.domain.clues import ClueWindow, TelemetryBatch
from aiops.domain.environment import EnvState, EnvTick, Knowledge
from aiops.domain.incidents import Incident
from aiops.domain.notifications import Notification
from aiops.domain.outcomes import Outcome
from aiops.domain.policies import DetectPolicy
from aiops.domain.symptoms import SymptomFact
from aiops.domain.ticks import History, Shard, Span, Tick
from aiops.domain.time import utc
from aiops.impact.readings import KpiLog
from aiops.learn.masks import real_incidents, real_spans

FIRST_FIT_TICKS = 60
"""Below this many ticks there is nothing to fit; series are young."""

FIRST_NUMBER = 1001
"""Number of the first incident."""

KPI_LOOKBACK = timedelta(hours=2)
"""How far before the earliest open onset readings are needed to freeze the level."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Replay:
    """Recorded signals of one environment.

    Args:
        shard: the series.
        baseline: fault-free history to fit on before the first tick; None fits as it goes.
        telemetry: what logs and traces came down to, in any order; a minute of it is known once
            it is over.
        judged: what people said of incidents, in any order; known from when they said it.
        chunks: stretches of ticks in order, each a `History`; read one at a time.
        changes: every recorded change, in any order.
    """

    shard: Shard
    chunks: Callable[[], Iterator[History]]
    changes: tuple[Change, ...] = ()
    baseline: History | None = None
    telemetry: TelemetryBatch | None = None
    judged: tuple[Outcome, ...] = ()


@dataclass(slots=True)
class Result:
    """What a backtest produced.

    Args:
        incidents: the last revision of every (incident, episode), in order of detection.
        notifications: every notification, in order.
        facts: every fact about a symptom, in order.
        next_number: of the next incident, for a further environment of the same recording.
    """

    incidents: list[Incident] = field(default_factory=list)
    notifications: list[Notification] = field(default_factory=list)
    facts: list[SymptomFact] = field(default_factory=list)
    next_number: int = FIRST_NUMBER


def next_fit_at(first: datetime, fitted_at: datetime | None, step_seconds: int) -> datetime:
    """Return when the next fit is due.

    While a series is younger than a day its history doubles between fits; then it is daily.

    Args:
        first: its first tick.
        fitted_at: the last tick of the last fit, None before the first one.
        step_seconds: distance of two ticks.

    Examples:
        >>> next_fit_at(utc(0), None, 60).isoformat()
        '1970-01-01T01:00:00+00:00'
        >>> next_fit_at(utc(0), utc(7200), 60).isoformat()
        '1970-01-01T04:00:00+00:00'
    """
    if fitted_at is None:
        return first + timedelta(seconds=FIRST_FIT_TICKS * step_seconds)
    return fitted_at + min(max(fitted_at - first, timedelta(minutes=1)), timedelta(days=1))


class Backtest:
    """Drives one environment through the pipeline, tick by tick.

    Args:
        replay: what was recorded.
        knowledge: everything that is known beforehand.
        first_number: of its first incident; environments of one recording count on.
    """

    def __init__(
        self, replay: Replay, knowledge: Knowledge, first_number: int = FIRST_NUMBER
    ) -> None:
        self._shard = replay.shard
        self._changes = sorted(replay.changes, key=lambda change: (change.started_at, change.id))
        self._judged = replay.judged
        self._knowledge = knowledge
        self._log = TickLog(replay.shard, replay.baseline)
        self._kpis = KpiLog(replay.shard.step_seconds)
        self._clues = ClueReplay(replay.telemetry)
        self._env = EnvState(env=replay.shard.env, next_number=first_number)
        self._profile: ShardProfile = (
            engine.fit(self._shard, replay.baseline, knowledge.policies.detect)
            if replay.baseline is not None
            else ShardProfile.empty(self._shard)
        )
        self._state: ShardState = engine.start(self._shard, self._profile, replay.baseline)
        self._fit_due = self._next_fit(fitted=replay.baseline is not None)
        self.result = Result()
        self._episodes: dict[str, Incident] = {}

    def feed(self, tick: Tick) -> pipeline.Advance:
        """Work one tick through detect, correlate, assemble and decide; an old one does nothing."""
        if self._env.at is not None and tick.at <= self._env.at:
            return pipeline.Advance(state=self._env)
        detection = pipeline.detect(
            self._shard,
            self._profile,
            self._state,
            tick,
            self._knowledge.policies.detect,
            origin=self._knowledge.origin,
        )
        self._state = detection.state
        self.result.facts.extend(detection.facts)
        if detection.kpis is not None:
            self._kpis.append(detection.kpis)
        self._log.append(tick)
        self._clues.reach(tick.at)
        advance = self._advance(tick.at, detection.facts)
        if self._fit_due is None or tick.at >= self._fit_due:
            self._refit()
        return advance

    def finish(self) -> Result:
        """Return the result with the last revision of every episode."""
        self.result.incidents = sorted(
            self._episodes.values(), key=lambda one: (one.detected_at, one.id, one.episode)
        )
        self.result.next_number = self._env.next_number
        return self.result

    def _advance(self, at: datetime, facts: Sequence[SymptomFact]) -> pipeline.Advance:
        if not facts and not has_open_work(self._env):
            self._env = pipeline.rest(self._env, at)
            return pipeline.Advance(state=self._env)
        policy = self._knowledge.policies.correlate
        tick = EnvTick(
            at=at,
            facts=tuple(facts),
            changes=known_changes(self._changes, at, policy.change_max_age_seconds),
            kpis=self._kpis.window(kpi_window_start(self._env, facts, at), at),
            clues=self._clues_near(at, facts),
            samples=self._log,
        )
        advance = pipeline.advance(self._env, tick, self._knowledge)
        self._env = advance.state
        self._knowledge = pipeline.remembering(self._knowledge, advance, tick)
        self.result.notifications.extend(advance.notifications)
        for incident in advance.revisions:
            self._episodes[incident.dedup_key] = incident
        return advance

    def _clues_near(self, at: datetime, facts: Sequence[SymptomFact]) -> ClueWindow | None:
        if not self._clues.holds_any:
            return None
        return self._clues.window(clue_needs(self._env, facts, at, self._knowledge), at)

    def _refit(self) -> None:
        if self._fit_due is None:
            self._fit_due = self._next_fit(fitted=False)
            return
        policy = self._knowledge.policies.detect
        self._profile = engine.fit(
            self._shard, self._log.history(), policy, masked=self._masked(policy)
        )
        self._state = engine.adopt(self._shard, self._profile, self._state)
        self._fit_due = self._next_fit(fitted=True)

    def _next_fit(self, *, fitted: bool) -> datetime | None:
        span = self._log.span
        if span is None:
            return None
        first, last = span
        return next_fit_at(first, last if fitted else None, self._shard.step_seconds)

    def _masked(self, policy: DetectPolicy) -> tuple[Span, ...]:
        at = self._env.at
        if at is None:
            return ()
        episodes = self._episodes.values()
        latest = {one.id: one for one in sorted(episodes, key=lambda one: one.episode)}
        real = real_incidents(latest.values(), self._judged, at)
        members = {symptom.id for one in episodes if one.id in real for symptom in one.symptoms}
        facts = [fact for fact in self.result.facts if fact.symptom.id in members]
        return real_spans(self._shard.series, facts, policy, at)


def run(
    replay: Replay,
    knowledge: Knowledge,
    *,
    first_number: int = FIRST_NUMBER,
    progress: Callable[[datetime], None] | None = None,
) -> Result:
    """Replay recorded signals through the pipeline, in order, and return what came of them.

    Args:
        replay: what was recorded of one environment.
        knowledge: everything that is known beforehand.
        first_number: of its first incident.
        progress: told the last tick of every chunk that was worked.
    """
    backtest = Backtest(replay, knowledge, first_number)
    for chunk in replay.chunks():
        for at, values in zip(chunk.times.tolist(), chunk.values, strict=True):
            backtest.feed(Tick(at=utc(at), values=values))
        if progress is not None and len(chunk.times):
            progress(utc(int(chunk.times[-1])))
    return backtest.finish()


def has_open_work(env: EnvState) -> bool:
    """Return whether a tick without news can still change anything in an environment."""
    return any(symptom.is_open for symptom in env.symptoms) or any(
        incident.resolved_at is None and incident.merged_into is None for incident in env.incidents
    )


def known_changes(
    changes: Sequence[Change], at: datetime, max_age_seconds: int
) -> tuple[Change, ...]:
    """Return the changes that are known at `at` and young enough to explain anything still open.

    A change whose end lies after `at` is known without its end.
    """
    horizon = at - timedelta(seconds=2 * max_age_seconds)
    return tuple(
        replace(change, ended_at=None)
        if change.ended_at is not None and change.ended_at > at
        else change
        for change in changes
        if horizon <= change.started_at <= at
    )


def kpi_window_start(env: EnvState, facts: Sequence[SymptomFact], at: datetime) -> datetime:
    """Return since when KPI readings are needed to judge every incident that is not over."""
    onsets = [fact.symptom.onset for fact in facts]
    onsets += [symptom.onset for symptom in env.symptoms if symptom.is_open]
    onsets += [incident.started_at for incident in env.incidents if incident.is_live]
    return min(onsets, default=at) - KPI_LOOKBACK
