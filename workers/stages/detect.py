"""Closed ticks → symptoms: score every tick after the shard's cursor, in one pass."""

from collections import deque
from collections.abc import Sequence
from datetime import datetime, timedelta

from aiops import pipeline
from aiops.detect import engine
from aiops.detect.engine import ShardProfile, ShardState
from aiops.domain.errors import StateFormatError
from aiops.domain.policies import DetectPolicy
from aiops.domain.symptoms import Origin, SymptomFact
from aiops.domain.ticks import KpiTick, Shard, Tick
from aiops.ports import Clock, Queue
from aiops.store.extents import Extents
from aiops.store.late import LateTick, LateTicks
from aiops.store.signals import HistoryStore, Progress
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
        late: LateTicks,
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
        shard = self._history.shard(shard_id)
        progress = self._history.load_state(shard_id)
        ticks = self._history.ticks_after(shard_id, progress.cursor, BATCH_TICKS)
        until = ticks[-1].at if ticks else progress.cursor
        late = [
            one
            for one in self._late.after(shard_id, progress.late)
            if until is not None and one.taken_at <= until
        ]
        if until is None or not (ticks or late):
            return
        newest, profile = self._profile(shard)
        state = self._state(shard, profile, progress, adopt=newest != progress.profile_version)
        work = _Work(shard, profile, self._policy, self._origin)
        state = work.run(state, ticks, late)
        self._symptoms.append_facts(work.facts, traceparent=self._telemetry.traceparent())
        moved = self._history.advance_cursor(
            shard_id,
            progress.cursor,
            until,
            state.to_bytes(),
            profile_version=newest,
            kpi_ticks=work.readings,
            late=(progress.late, late[-1].number if late else progress.late),
        )
        if moved:
            self._telemetry.scored(shard, ticks, work.facts, self._clock.now())
            self._wake(shard, more=len(ticks) == BATCH_TICKS)

    def sweep(self) -> None:
        """Enqueue every shard with closed ticks or late values that nobody scored yet."""
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
        self, shard: Shard, profile: ShardProfile, progress: Progress, *, adopt: bool
    ) -> ShardState:
        if progress.cursor is None:
            return engine.start(shard, profile, None)
        if not progress.state:
            return self._started(shard, profile, progress.cursor)
        try:
            state = ShardState.from_bytes(progress.state, shard)
        except StateFormatError as error:
            self._telemetry.fault("state", f"{shard.id}: {error}")
            return self._rebuilt(shard, profile, progress.cursor, progress.late)
        return engine.adopt(shard, profile, state) if adopt else state

    def _started(self, shard: Shard, profile: ShardProfile, at: datetime) -> ShardState:
        return engine.start(shard, profile, self._history.history(shard.id, at - START_SPAN, at))

    def _rebuilt(
        self, shard: Shard, profile: ShardProfile, cursor: datetime, judged: int
    ) -> ShardState:
        """Work out the state at the cursor once more; its symptoms are known, and stay open."""
        since = cursor - REPLAY_SPAN
        limit = int(REPLAY_SPAN.total_seconds()) // shard.step_seconds
        ticks = self._history.ticks_after(shard.id, since, limit)
        late = [
            one
            for one in self._late.after(shard.id, 0)
            if one.number <= judged and one.taken_at > since
        ]
        state = self._started(shard, profile, since)
        again = _Work(shard, profile, self._policy, self._origin)
        return again.run(state, [tick for tick in ticks if tick.at <= cursor], late)


class _Work:
    """Scores a shard's log in its order: a late row after the tick it came behind."""

    def __init__(
        self, shard: Shard, profile: ShardProfile, policy: DetectPolicy, origin: Origin
    ) -> None:
        self._shard = shard
        self._profile = profile
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
        found = pipeline.detect(
            self._shard, self._profile, state, tick, self._policy, origin=self._origin, late=late
        )
        self.facts += found.facts
        if found.kpis is not None:
            self.readings.append(found.kpis)
        return found.state
