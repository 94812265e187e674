"""Symptoms → incidents and notifications: every closed tick of one environment, in order."""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from datetime import datetime, timedelta

from aiops import pipeline
from aiops.backtest import has_open_work, known_changes, kpi_window_start
from aiops.clues.needs import clue_needs
from aiops.domain.clues import ClueWindow
from aiops.domain.environment import EnvState, EnvTick, Knowledge
from aiops.domain.errors import StaleStateError
from aiops.domain.incidents import Incident, IncidentState
from aiops.domain.notifications import Notification
from aiops.domain.symptoms import SymptomFact
from aiops.ports import Clock, Lease, Queue
from aiops.store.changes import ChangeStore
from aiops.store.clues import ClueStore
from aiops.store.extents import Extents
from aiops.store.incidents import IncidentStore
from aiops.store.signals import HistoryStore
from aiops.store.silences import SilenceStore
from aiops.store.symptoms import SymptomStore
from aiops.telemetry import Telemetry
from workers.leases import DirtyFlags, kept

BATCH_TICKS = 240
"""Ticks worked in one task while catching up."""

LEASE_SECONDS = 3.0
"""After a kill, another worker takes over in so long; renewed while a batch takes longer."""

BATCH_TIME = timedelta(seconds=2)
"""After so long a task stores what it has: one of five seconds is given to another worker, too."""

OWN_TICK = timedelta(microseconds=1)
"""So long after the last tick is one of its own for what came late."""


class Correlate:
    """Brings one environment up to the last tick that all its shards have closed."""

    def __init__(
        self,
        *,
        history: HistoryStore,
        extents: Extents,
        symptoms: SymptomStore,
        changes: ChangeStore,
        clues: ClueStore,
        incidents: IncidentStore,
        silences: SilenceStore,
        sources: Collection[str],
        knowledge: Callable[[], Knowledge],
        lease: Lease,
        flags: DirtyFlags,
        queue: Queue,
        clock: Clock,
        real_clock: Clock,
        catch_up_seconds: int,
        telemetry: Telemetry,
    ) -> None:
        self._history = history
        self._extents = extents
        self._symptoms = symptoms
        self._changes = changes
        self._clues = clues
        self._incidents = incidents
        self._silences = silences
        self._sources = sources
        self._knowledge = knowledge
        self._lease = lease
        self._flags = flags
        self._queue = queue
        self._clock = clock
        self._real_clock = real_clock
        self._catch_up = timedelta(seconds=catch_up_seconds)
        self._telemetry = telemetry

    def run(self, env: str) -> None:
        """Work the closed ticks of `env`, then look again: whoever came meanwhile did not wait."""
        self._flags.lower(env)
        with kept(self._lease, f"correlate:{env}", LEASE_SECONDS) as mine:
            if not mine:
                return
            try:
                with self._telemetry.joined("correlate", self._symptoms.traceparent(env)):
                    reached = self._advance(env)
            except StaleStateError:
                reached = None
        self._wake_if_late(env, reached)

    def sweep(self) -> None:
        """Enqueue every environment with closed ticks nobody worked yet, or news that came late."""
        for env in sorted(self._extents.environments()):
            self._wake_if_late(env, self._incidents.reached(env))

    def _wake_if_late(self, env: str, reached: datetime | None) -> None:
        watermark = self._history.watermark(env, self._sources)
        if watermark is None:
            return
        late = reached is None or reached < watermark
        late = late or self._symptoms.has_uncorrelated(env, watermark)
        if late and self._flags.raise_flag(env):
            self._queue.enqueue("correlate.env", env)

    def _advance(self, env: str) -> datetime | None:
        """Work up to one batch of ticks in one commit; return the last tick that is worked."""
        watermark = self._history.watermark(env, self._sources)
        state, version = self._incidents.load(env)
        if watermark is None:
            return state.at
        batch = self._batch(state, watermark)
        if batch.state == state:
            return state.at
        told = self._incidents.commit(
            version,
            batch.state,
            correlated=batch.facts,
            revisions=batch.revisions,
            notifications=batch.notifications,
            now=self._clock.now(),
            origin=self._knowledge().origin,
            traceparent=self._telemetry.traceparent(),
        )
        self._tell(batch, told)
        return batch.state.at

    def _batch(self, state: EnvState, watermark: datetime) -> "_Batch":
        """Work the next ticks, those without news and nothing open in one stride."""
        facts = self._facts_by_tick(state, watermark)
        knowledge = self._knowledge()
        batch, began = _Batch(state), self._real_clock.now()
        ticks = self._ticks(state, facts, watermark)
        catching_up = bool(ticks) and self._is_past(ticks[0])
        for at in ticks:
            news = facts.get(at, [])
            if not news and not has_open_work(batch.state):
                continue
            is_long = batch.worked and self._real_clock.now() - began > BATCH_TIME
            if is_long or batch.worked == BATCH_TICKS:
                return batch
            # Catching up, only its end is live: what is over by then is told to nobody.
            live = not self._is_past(at) and (not catching_up or at == watermark)
            tick = self._tick(batch.state, at, news, knowledge, live=live)
            advance = pipeline.advance(batch.state, tick, knowledge)
            batch.take(advance, news)
            knowledge = pipeline.remembering(knowledge, advance, tick)
        batch.state = pipeline.rest(batch.state, watermark)
        return batch

    def _is_past(self, at: datetime) -> bool:
        return self._clock.now() - at > self._catch_up

    def _facts_by_tick(
        self, state: EnvState, watermark: datetime
    ) -> dict[datetime, list[SymptomFact]]:
        """Return what is new by the tick it is worked in.

        What came after its tick was worked (an alert, a shard that was made late) gets one of its
        own: nobody waits for the next.
        """
        by_tick: dict[datetime, list[SymptomFact]] = defaultdict(list)
        for fact in self._symptoms.uncorrelated(state.env, watermark):
            if state.at is not None and fact.at <= state.at:
                by_tick[state.at + OWN_TICK].append(fact)
            else:
                by_tick[fact.at].append(fact)
        return by_tick

    def _ticks(
        self, state: EnvState, facts: Mapping[datetime, list[SymptomFact]], watermark: datetime
    ) -> list[datetime]:
        """Return the closed ticks to work, in order; at the very first from the first fact on."""
        step = self._step(state.env)
        after = state.at if state.at is not None else min(facts, default=watermark) - step
        return sorted({*facts, *_grid(after, watermark, step)})

    def _step(self, env: str) -> timedelta:
        return timedelta(seconds=self._extents.environments()[env])

    def _tick(
        self,
        state: EnvState,
        at: datetime,
        facts: Sequence[SymptomFact],
        knowledge: Knowledge,
        *,
        live: bool,
    ) -> EnvTick:
        age = knowledge.policies.correlate.change_max_age_seconds
        changes = self._changes.known(state.env, at - timedelta(seconds=2 * age), at)
        return EnvTick(
            at=at,
            facts=tuple(facts),
            changes=known_changes(changes, at, age),
            kpis=self._history.kpi_window(state.env, kpi_window_start(state, facts, at), at),
            clues=self._clues_near(state, at, facts, knowledge),
            samples=self._history.samples(state.env),
            silences=self._silences.holding(self._clock.now()) if live else (),
            live=live,
        )

    def _clues_near(
        self, state: EnvState, at: datetime, facts: Sequence[SymptomFact], knowledge: Knowledge
    ) -> ClueWindow | None:
        """Return what logs and traces tell at a tick; what is needed is dear to say in a storm."""
        if not self._clues.listens(state.env):
            return None
        return self._clues.window(state.env, clue_needs(state, facts, at, knowledge), at)

    def _tell(self, batch: "_Batch", told: Sequence[int]) -> None:
        for delivery in told:
            self._queue.enqueue("deliver.send", delivery)
        for incident in batch.news():
            self._telemetry.incident_revised(incident)
            if incident.state in (IncidentState.MITIGATED, IncidentState.RESOLVED):
                self._queue.enqueue("learn.remember", incident.id)


class _Batch:
    """What the ticks of one batch did, for one commit."""

    def __init__(self, state: EnvState) -> None:
        self._known = {(one.dedup_key, one.revision) for one in state.incidents}
        self.state = state
        self.worked = 0
        self.facts: list[SymptomFact] = []
        self.revisions: list[Incident] = []
        self.notifications: list[Notification] = []

    def news(self) -> list[Incident]:
        """Return what is worth telling: the first sight of every new revision, in order."""
        seen = set(self._known)
        news = []
        for incident in self.revisions:
            if (incident.dedup_key, incident.revision) not in seen:
                seen.add((incident.dedup_key, incident.revision))
                news.append(incident)
        return news

    def take(self, advance: pipeline.Advance, facts: Sequence[SymptomFact]) -> None:
        """Add what one more tick did."""
        self.state = advance.state
        self.worked += 1
        self.facts += facts
        self.revisions += advance.revisions
        self.notifications += advance.notifications


def _grid(after: datetime, until: datetime, step: timedelta) -> Iterator[datetime]:
    """Yield the ticks after one until another, the last first."""
    at = until
    while at > after:
        yield at
        at -= step
