"""Closed ticks → symptoms: score every tick after the shard's cursor, in one pass."""

from collections import deque
from collections.abc import Sequence
from datetime import datetime, timedelta

from aiops import pipeline
from aiops.detect import engine
from aiops.detect.engine import ShardState
from aiops.domain.errors import StateFormatError
from aiops.domain.symptoms import Origin, SymptomFact
from aiops.domain.ticks import KpiTick, Shard, Tick
from aiops.domain.time import utc
from aiops.ports import Clock, Queue
from aiops.store.extents import Extents
from aiops.store.late import LateTick, LateTicks
from aiops.store.signals import HistoryStore
from aiops.store.standing import Standing
from aiops.store.symptoms import SymptomStore
from aiops.telemetry import Telemetry
from workers.leases import DirtyFlags
from workers.stages.marked import MarkedPolicies
from workers.stages.shards import (
    KeptState,
    KnownShard,
    KnownShards,
    ShardCaches,
    held,
    is_checkpoint_between,
)

START_SPAN = timedelta(hours=12)
"""History that a running state is started from, when there is none yet or it cannot be read."""

REPLAY_SPAN = timedelta(hours=6)
"""Ticks that are scored again where a running state cannot be read: symptoms that are open have
begun within them, else they are taken for new ones."""

BATCH_TICKS = 500
"""Ticks scored in one task: below the fast worker's five seconds, catching up included."""


class Advance:
    """Advances one shard; a duplicate task finds nothing to do."""

    def __init__(
        self,
        *,
        history: HistoryStore,
        caches: ShardCaches,
        extents: Extents,
        late: LateTicks,
        symptoms: SymptomStore,
        flags: DirtyFlags,
        queue: Queue,
        clock: Clock,
        policy: MarkedPolicies,
        origin: Origin,
        telemetry: Telemetry,
    ) -> None:
        self._history = history
        self._known = KnownShards(history, caches.profiles, self._unreadable)
        self._states = caches.states
        self._extents = extents
        self._late = late
        self._symptoms = symptoms
        self._flags = flags
        self._queue = queue
        self._clock = clock
        self._policy = policy
        self._origin = origin
        self._telemetry = telemetry

    def run(self, shard_id: str) -> None:
        """Score what is new after the cursor; store symptoms first, then move the cursor."""
        self._policy.renew()
        with held(self._states, shard_id) as kept:
            self._run(shard_id, kept)

    def _run(self, shard_id: str, kept: KeptState) -> None:
        standing, ticks, rows = self._history.unscored(shard_id, BATCH_TICKS)
        until = ticks[-1].at if ticks else standing.cursor
        late = [one for one in rows if until is not None and one.taken_at <= until]
        if until is None or not (ticks or late):
            return
        known = self._known.get(shard_id, standing)
        state, is_new = self._state(known, standing, kept)
        work = _Work(known, self._policy, self._origin)
        reached = work.run(state, ticks, late)
        self._symptoms.append_facts(work.facts, traceparent=self._telemetry.traceparent())
        after = standing._replace(
            cursor=until,
            profile_version=known.fitted,
            late=late[-1].number if late else standing.late,
        )
        is_new |= bool(late) or len(state.series) < len(known.shard.series)
        is_new |= not kept.save(after, reached)
        if self._move(standing, after, reached, work.readings, checkpoint=is_new):
            self._telemetry.scored(known.shard, ticks, work.facts, self._clock.now())
            self._wake(known.shard, until, more=len(ticks) == BATCH_TICKS)

    def _move(
        self,
        before: Standing,
        after: Standing,
        state: ShardState,
        readings: Sequence[KpiTick],
        *,
        checkpoint: bool,
    ) -> bool:
        """Move the cursor, with a checkpoint where one is due; return whether it moved.

        It is due, too, where the ticks since the last one could not tell the same again.
        """
        due = checkpoint or is_checkpoint_between(before, after)
        return self._history.advance_cursor(
            before.shard_id,
            before.cursor,
            utc(state.at),
            state.to_bytes() if due else None,
            profile_version=after.profile_version,
            kpi_ticks=readings,
            late=(before.late, after.late),
        )

    def sweep(self) -> None:
        """Enqueue every shard with closed ticks or late values that nobody scored yet."""
        for shard_id in self._extents.unscored():
            self._queue.enqueue("detect.advance", shard_id)

    def _wake(self, shard: Shard, reached: datetime, *, more: bool) -> None:
        """Have more of this shard scored, and correlated what the whole environment has reached.

        Correlation waits for the last shard; whoever is the last to move his cursor sees so.
        """
        if more:
            self._queue.enqueue("detect.advance", shard.id)
        if self._extents.is_any_behind(shard.env, reached):
            return
        if self._flags.raise_flag(shard.env):
            self._queue.enqueue("correlate.env", shard.env)

    def _unreadable(self, shard_id: str, why: str) -> None:
        self._telemetry.fault("state", f"{shard_id}: {why}")
        self._queue.enqueue("fit.shard", shard_id)

    def _state(
        self, known: KnownShard, standing: Standing, kept: KeptState
    ) -> tuple[ShardState, bool]:
        """Return the state at the cursor, and whether it is another than the one left there."""
        shard, profile = known.shard, known.profile
        if standing.cursor is None:
            return engine.start(shard, profile, None), True
        state = kept.load(shard, standing)
        is_new = state is None
        if state is None:
            state = self._stored(known, standing, standing.cursor)
        if known.fitted == standing.profile_version:
            return state, is_new
        return engine.adopt(shard, profile, state), True

    def _stored(self, known: KnownShard, standing: Standing, cursor: datetime) -> ShardState:
        """Return the state at the cursor, worked out from what SQL has of it."""
        blob = self._history.load_state(known.shard.id).state
        if not blob:
            return self._started(known, cursor)
        try:
            state = ShardState.from_bytes(blob, known.shard)
        except StateFormatError as error:
            self._telemetry.fault("state", f"{known.shard.id}: {error}")
            return self._rebuilt(known, standing, cursor)
        return self._brought_up(known, state, cursor)

    def _started(self, known: KnownShard, at: datetime) -> ShardState:
        past = self._history.history(known.shard.id, at - START_SPAN, at)
        return engine.start(known.shard, known.profile, past)

    def _brought_up(self, known: KnownShard, state: ShardState, cursor: datetime) -> ShardState:
        """Work the ticks since a checkpoint out once more; what they tell is stored."""
        if utc(state.at) >= cursor:
            return state
        ticks = self._history.ticks_after(known.shard.id, utc(state.at), BATCH_TICKS)
        again = _Work(known, self._policy, self._origin)
        return again.run(state, [tick for tick in ticks if tick.at <= cursor], ())

    def _rebuilt(self, known: KnownShard, standing: Standing, cursor: datetime) -> ShardState:
        """Work out the state at the cursor once more; its symptoms are known, and stay open."""
        shard, since = known.shard, cursor - REPLAY_SPAN
        limit = int(REPLAY_SPAN.total_seconds()) // shard.step_seconds
        ticks = self._history.ticks_after(shard.id, since, limit)
        late = [
            one
            for one in self._late.after(shard.id, 0)
            if one.number <= standing.late and one.taken_at > since
        ]
        again = _Work(known, self._policy, self._origin)
        state = self._started(known, since)
        return again.run(state, [tick for tick in ticks if tick.at <= cursor], late)


class _Work:
    """Scores a shard's log in its order: a late row after the tick it came behind."""

    def __init__(self, known: KnownShard, policy: MarkedPolicies, origin: Origin) -> None:
        self._shard = known.shard
        self._profile = known.profile
        self._policy = policy
        self._origin = origin
        self.facts: list[SymptomFact] = []
        self.readings: list[KpiTick] = []

    def run(self, state: ShardState, ticks: Sequence[Tick], late: Sequence[LateTick]) -> ShardState:
        """Return the state at the end of the log."""
        waiting = deque(late)
        for tick in ticks:
            while waiting and waiting[0].taken_at < tick.at:
                state = self._score(state, waiting.popleft().tick, late=True)
            state = self._score(state, tick)
        for one in waiting:
            state = self._score(state, one.tick, late=True)
        return state

    def _score(self, state: ShardState, tick: Tick, *, late: bool = False) -> ShardState:
        policy = self._policy.at(tick.at)
        found = pipeline.detect(
            self._shard, self._profile, state, tick, policy, origin=self._origin, late=late
        )
        self.facts += found.facts
        if found.kpis is not None:
            self.readings.append(found.kpis)
        return found.state
