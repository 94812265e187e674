"""Closed ticks → symptoms: score every tick after the shard's cursor, in one pass."""

from datetime import datetime, timedelta

from aiops import pipeline
from aiops.detect import engine
from aiops.detect.engine import ShardProfile, ShardState
from aiops.domain.errors import StateFormatError
from aiops.domain.policies import DetectPolicy
from aiops.domain.symptoms import Origin, SymptomFact
from aiops.domain.ticks import KpiTick, Shard
from aiops.ports import Clock, Queue
from aiops.store.extents import Extents
from aiops.store.signals import HistoryStore
from aiops.store.symptoms import SymptomStore
from aiops.telemetry import Telemetry
from workers.leases import DirtyFlags

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
        extents: Extents,
        symptoms: SymptomStore,
        flags: DirtyFlags,
        queue: Queue,
        clock: Clock,
        policy: DetectPolicy,
        origin: Origin,
        telemetry: Telemetry,
    ) -> None:
        self._history = history
        self._extents = extents
        self._symptoms = symptoms
        self._flags = flags
        self._queue = queue
        self._clock = clock
        self._policy = policy
        self._origin = origin
        self._telemetry = telemetry

    def run(self, shard_id: str) -> None:
        """Score the closed ticks after the cursor; store symptoms first, then move the cursor."""
        shard = self._history.shard(shard_id)
        cursor, blob, version = self._history.load_state(shard_id)
        ticks = self._history.ticks_after(shard_id, cursor, BATCH_TICKS)
        if not ticks:
            return
        newest, profile = self._profile(shard)
        state = self._state(shard, profile, (cursor, blob), adopt=newest != version)
        facts: list[SymptomFact] = []
        readings: list[KpiTick] = []
        for tick in ticks:
            found = pipeline.detect(shard, profile, state, tick, self._policy, origin=self._origin)
            state = found.state
            facts += found.facts
            if found.kpis is not None:
                readings.append(found.kpis)
        self._symptoms.append_facts(facts, traceparent=self._telemetry.traceparent())
        moved = self._history.advance_cursor(
            shard_id,
            cursor,
            ticks[-1].at,
            state.to_bytes(),
            profile_version=newest,
            kpi_ticks=readings,
        )
        if moved:
            self._telemetry.scored(shard, ticks, facts, self._clock.now())
            self._wake(shard, more=len(ticks) == BATCH_TICKS)

    def sweep(self) -> None:
        """Enqueue every shard with closed ticks that nobody scored yet."""
        for shard_id in self._extents.unscored():
            self._queue.enqueue("detect.advance", shard_id)

    def _wake(self, shard: Shard, *, more: bool) -> None:
        if more:
            self._queue.enqueue("detect.advance", shard.id)
        if self._flags.raise_flag(shard.env):
            self._queue.enqueue("correlate.env", shard.env)

    def _profile(self, shard: Shard) -> tuple[int, ShardProfile]:
        stored = self._history.load_profile(shard.id)
        if stored is None:
            return 0, ShardProfile.empty(shard)
        version, blob = stored
        try:
            return version, ShardProfile.from_bytes(blob, shard)
        except StateFormatError as error:
            self._telemetry.fault("state", f"{shard.id}: {error}")
            self._queue.enqueue("fit.shard", shard.id)
            return 0, ShardProfile.empty(shard)

    def _state(
        self,
        shard: Shard,
        profile: ShardProfile,
        stored: tuple[datetime | None, bytes | None],
        *,
        adopt: bool,
    ) -> ShardState:
        cursor, blob = stored
        if cursor is None:
            return engine.start(shard, profile, None)
        if not blob:
            return self._started(shard, profile, cursor)
        try:
            state = ShardState.from_bytes(blob, shard)
        except StateFormatError as error:
            self._telemetry.fault("state", f"{shard.id}: {error}")
            return self._rebuilt(shard, profile, cursor)
        return engine.adopt(shard, profile, state) if adopt else state

    def _started(self, shard: Shard, profile: ShardProfile, at: datetime) -> ShardState:
        return engine.start(shard, profile, self._history.history(shard.id, at - START_SPAN, at))

    def _rebuilt(self, shard: Shard, profile: ShardProfile, cursor: datetime) -> ShardState:
        """Work out the state at the cursor once more; its symptoms are known, and stay open."""
        since = cursor - REPLAY_SPAN
        state = self._started(shard, profile, since)
        limit = int(REPLAY_SPAN.total_seconds()) // shard.step_seconds
        for tick in self._history.ticks_after(shard.id, since, limit):
            if tick.at <= cursor:
                state = pipeline.detect(shard, profile, state, tick, self._policy).state
        return state
