"""What becomes of what detection finds: the course of an environment's incidents, tick by tick."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from aiops import pipeline
from aiops.backtest.watch import Found
from aiops.clues.needs import clue_needs
from aiops.clues.replay import ClueReplay
from aiops.detect.tick_log import TickLog
from aiops.domain.changes import Change, ChangeKind
from aiops.domain.clues import ClueWindow, TelemetryBatch
from aiops.domain.environment import EnvState, EnvTick, Knowledge
from aiops.domain.incidents import Incident
from aiops.domain.notifications import Notification
from aiops.domain.outcomes import Outcome
from aiops.domain.symptoms import SymptomFact
from aiops.domain.ticks import History, Shard, Span
from aiops.impact.readings import KpiLog
from aiops.learn.masks import real_incidents, real_spans

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


class Course:
    """The course of an environment's incidents: what becomes of what detection finds.

    Args:
        replay: what was recorded.
        knowledge: everything that is known beforehand.
        log: every tick so far, kept by whoever plays them.
        first_number: of its first incident.
    """

    def __init__(
        self, replay: Replay, knowledge: Knowledge, log: TickLog, first_number: int
    ) -> None:
        self._shard = replay.shard
        self._changes = sorted(replay.changes, key=lambda change: (change.started_at, change.id))
        self._judged = replay.judged
        self._knowledge = knowledge
        self._log = log
        self._kpis = KpiLog(replay.shard.step_seconds)
        self._clues = ClueReplay(replay.telemetry)
        self._env = EnvState(env=replay.shard.env, next_number=first_number)
        self.result = Result()
        self._episodes: dict[str, Incident] = {}

    def is_new(self, at: datetime) -> bool:
        """Return whether a tick comes after those that were taken."""
        return self._env.at is None or at > self._env.at

    def unchanged(self) -> pipeline.Advance:
        """Return what a tick does that is not new."""
        return pipeline.Advance(state=self._env)

    def take(self, at: datetime, found: Found) -> pipeline.Advance:
        """Work what was found at the next tick through correlate, assemble and decide."""
        self.result.facts.extend(found.facts)
        if found.kpis is not None:
            self._kpis.append(found.kpis)
        self._clues.reach(at)
        return self._advance(at, found.facts)

    def masked(self) -> tuple[Span, ...]:
        """Return the time of series in which an incident was real: a fit is not to learn it."""
        at, policy = self._env.at, self._knowledge.policies.detect
        if at is None:
            return ()
        episodes = self._episodes.values()
        latest = {one.id: one for one in sorted(episodes, key=lambda one: one.episode)}
        real = real_incidents(latest.values(), self._judged, at)
        members = {symptom.id for one in episodes if one.id in real for symptom in one.symptoms}
        facts = [fact for fact in self.result.facts if fact.symptom.id in members]
        return real_spans(self._shard.series, facts, policy, at)

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


def has_open_work(env: EnvState) -> bool:
    """Return whether a tick without news can still change anything in an environment."""
    return any(symptom.is_open for symptom in env.symptoms) or any(
        incident.resolved_at is None and incident.merged_into is None for incident in env.incidents
    )


def known_changes(
    changes: Sequence[Change], at: datetime, max_age_seconds: int
) -> tuple[Change, ...]:
    """Return the changes that are known at `at` and young enough to explain anything still open.

    A change whose end lies after `at` is known without its end. Maintenance counts for as long as
    it goes on, however long ago it began.
    """
    horizon = at - timedelta(seconds=2 * max_age_seconds)
    return tuple(
        replace(change, ended_at=None)
        if change.ended_at is not None and change.ended_at > at
        else change
        for change in changes
        if change.started_at <= at and (change.started_at >= horizon or _goes_on(change, horizon))
    )


def _goes_on(change: Change, since: datetime) -> bool:
    end = change.ended_at
    return change.kind is ChangeKind.MAINTENANCE and end is not None and end >= since


def kpi_window_start(env: EnvState, facts: Sequence[SymptomFact], at: datetime) -> datetime:
    """Return since when KPI readings are needed to judge every incident that is not over."""
    onsets = [fact.symptom.onset for fact in facts]
    onsets += [symptom.onset for symptom in env.symptoms if symptom.is_open]
    onsets += [incident.started_at for incident in env.incidents if incident.is_live]
    return min(onsets, default=at) - KPI_LOOKBACK
