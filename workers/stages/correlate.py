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
from aiops.domain.incidents import IncidentState
from aiops.domain.pages import OutsidePage
from aiops.domain.symptoms import SymptomFact
from aiops.ports import Clock, Lease, Queue
from aiops.store.changes import ChangeStore
from aiops.store.clues import ClueStore
from aiops.store.extents import Extents
from aiops.store.incidents import IncidentStore
from aiops.store.pages import PageStore
from aiops.store.signals import HistoryStore
from aiops.store.silences import SilenceStore
from aiops.store.symptoms import SymptomStore
from aiops.telemetry import Telemetry
from workers.leases import DirtyFlags, kept
from workers.stages.batch import Batch
from workers.stages.poll import floor_tick

BATCH_TICKS = 240
"""Ticks worked in one task while catching up."""

LEASE_SECONDS = 3.0
"""After a kill, another worker takes over in so long; renewed while a batch takes longer."""

BATCH_TIME = timedelta(seconds=2)
"""After so long a task stores what it has: one of five seconds is given to another worker, too."""

OWN_TICK = timedelta(microseconds=1)
"""So long after the last tick is one of its own for what came late."""

OUTSIDE_STEP = timedelta(seconds=60)
"""Where nothing is measured the clock closes ticks, so far apart: what others report ends, too."""

OUTSIDE_PATIENCE = timedelta(seconds=120)
"""So long what others report waits while measurements catch up on the past, and no longer."""


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
        pages: PageStore,
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
        self._pages = pages
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
        measured = self._extents.environments()
        told = {*self._symptoms.envs_with_uncorrelated(), *self._incidents.environments()}
        for env in sorted({*measured, *told}):
            self._wake_if_late(env, self._incidents.reached(env))

    def _watermark(self, env: str) -> datetime | None:
        """Return the last closed tick: by the clock where nothing was ever measured."""
        if env in self._extents.environments():
            return self._history.watermark(env, self._sources)
        step = int(OUTSIDE_STEP.total_seconds())
        return floor_tick(self._clock.now(), step)

    def _wake_if_late(self, env: str, reached: datetime | None) -> None:
        watermark = self._watermark(env)
        late = watermark is not None and (reached is None or reached < watermark)
        late = late or self._symptoms.has_uncorrelated(env, watermark)
        if late and self._flags.raise_flag(env):
            self._queue.enqueue("correlate.env", env)

    def _advance(self, env: str) -> datetime | None:
        """Work up to one batch of ticks in one commit; return the last tick that is worked."""
        watermark = self._watermark(env)
        state, version = self._incidents.load(env)
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

    def _batch(self, state: EnvState, watermark: datetime | None) -> Batch:
        """Work the next ticks, those without news and nothing open in one stride."""
        facts = self._facts_by_tick(state, watermark)
        knowledge = self._knowledge()
        batch, began = Batch(state), self._real_clock.now()
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
            is_end = watermark is not None and at >= watermark
            live = not self._is_past(at) and (not catching_up or is_end)
            tick = self._tick(batch.state, at, news, knowledge, live=live)
            advance = pipeline.advance(batch.state, tick, knowledge)
            batch.take(advance, news)
            knowledge = pipeline.remembering(knowledge, advance, tick)
        if watermark is not None:
            batch.state = pipeline.rest(batch.state, watermark)
        return batch

    def _is_past(self, at: datetime) -> bool:
        return self._clock.now() - at > self._catch_up

    def _facts_by_tick(
        self, state: EnvState, watermark: datetime | None
    ) -> dict[datetime, list[SymptomFact]]:
        """Return what is new by the tick it is worked in.

        What came after its tick was worked (a shard that was made late) gets one of its own, and
        so does what others report: nobody waits for the next.
        """
        by_tick: dict[datetime, list[SymptomFact]] = defaultdict(list)
        for fact in self._symptoms.uncorrelated(state.env, watermark):
            by_tick[_after(state.at, fact.at)].append(fact)
        if outside := self._from_outside(state, watermark):
            by_tick[_after(state.at, max(one.at for one in outside))] += outside
        return by_tick

    def _from_outside(self, state: EnvState, watermark: datetime | None) -> list[SymptomFact]:
        """Return what others reported: all of it as it came, in one tick.

        While measurements are far behind it lets them catch up first, for a while: their past
        belongs before it.
        """
        reported = list(self._symptoms.from_outside(state.env))
        if watermark is None or not self._is_past(watermark):
            return reported
        since = self._clock.now() - OUTSIDE_PATIENCE
        return reported if any(one.at <= since for one in reported) else []

    def _ticks(
        self,
        state: EnvState,
        facts: Mapping[datetime, list[SymptomFact]],
        watermark: datetime | None,
    ) -> list[datetime]:
        """Return the closed ticks to work, in order; at the very first from the first fact on."""
        if watermark is None:
            return sorted(facts)
        step = self._step(state.env)
        after = state.at if state.at is not None else min([*facts, watermark]) - step
        return sorted({*facts, *_grid(after, watermark, step)})

    def _step(self, env: str) -> timedelta:
        seconds = self._extents.environments().get(env)
        return timedelta(seconds=seconds) if seconds else OUTSIDE_STEP

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
            pages=self._pages_near(knowledge) if live else (),
            live=live,
        )

    def _pages_near(self, knowledge: Knowledge) -> tuple[OutsidePage, ...]:
        """Return the pages of others, where any could be adopted."""
        adopts = knowledge.policies.paging.adopting_sink
        return self._pages.near(self._clock.now()) if adopts else ()

    def _clues_near(
        self, state: EnvState, at: datetime, facts: Sequence[SymptomFact], knowledge: Knowledge
    ) -> ClueWindow | None:
        """Return what logs and traces tell at a tick; what is needed is dear to say in a storm."""
        if not self._clues.listens(state.env):
            return None
        return self._clues.window(state.env, clue_needs(state, facts, at, knowledge), at)

    def _tell(self, batch: Batch, told: Sequence[int]) -> None:
        for delivery in told:
            self._queue.enqueue("deliver.send", delivery)
        for incident in batch.news():
            self._telemetry.incident_revised(incident)
            if incident.state in (IncidentState.MITIGATED, IncidentState.RESOLVED):
                self._queue.enqueue("learn.remember", incident.id)


def _after(reached: datetime | None, at: datetime) -> datetime:
    """Return the tick a fact of a time is worked in: no earlier one than is to be worked next."""
    return at if reached is None or at > reached else reached + OWN_TICK


def _grid(after: datetime, until: datetime, step: timedelta) -> Iterator[datetime]:
    """Yield the ticks after one until another, the last first."""
    at = until
    while at > after:
        yield at
        at -= step
