"""Puts the parts together: the only place where adapters meet the pure stages."""

from functools import cached_property, partial

import redis
from celery import Celery

from aiops.domain.environment import Knowledge
from aiops.ports import Lease, Queue
from aiops.settings import Settings
from aiops.store.intake import Intake
from aiops.store.shard_files import ShardFiles, boot_id
from aiops.store.state_files import StateFiles
from aiops.telemetry import Telemetry, connect
from workers import knowledge
from workers.app import Role, make_app
from workers.health import SourceHealth
from workers.knowledge import Remembering
from workers.learned import LEAST_CALLS, LearnedTopology
from workers.leases import DirtyFlags, RedisLease
from workers.on_call import OnCall
from workers.outside import Outside
from workers.queue import CeleryQueue
from workers.stages.correlate import Correlate
from workers.stages.deliver import Deliver
from workers.stages.detect import Advance
from workers.stages.digest import Digest
from workers.stages.digests import Digests
from workers.stages.escalate import Escalate
from workers.stages.file_away import FileAway
from workers.stages.fit import Fit
from workers.stages.forget import Forget
from workers.stages.learn import Learn
from workers.stages.levels import Levels
from workers.stages.marked import MarkedPolicies
from workers.stages.masks import Masks
from workers.stages.picture import DrawPictures
from workers.stages.poll import Poll
from workers.stages.relief import Relief
from workers.stages.shards import ShardCaches
from workers.stages.tell_changes import TellChanges


class Parts(Outside):
    """The parts of one process, each built on first use.

    Connections are made after a worker forked, so build it in the process that uses it.

    Args:
        settings: of this installation.
        role: which process this is.
        known: what stands, where it was read before.
    """

    def __init__(self, settings: Settings, role: Role, known: Knowledge | None = None) -> None:
        super().__init__(settings)
        self.role = role
        self._read = known
        self.heard_environments: set[str] = set()
        """Environments whose logs or traces this process has stored."""

    @cached_property
    def celery(self) -> Celery:
        """The Celery application, as producer."""
        return make_app(self.settings.broker_url, self.role)

    @cached_property
    def redis(self) -> redis.Redis:
        """Redis: leases and flags, nothing that could not be rebuilt."""
        return redis.Redis.from_url(
            self.settings.redis_url or "", socket_timeout=5, health_check_interval=10
        )

    @cached_property
    def telemetry(self) -> Telemetry:
        """Our own traces and metrics."""
        return connect(f"aiops-{self.role}", self.settings.otlp_endpoint, {})

    def close(self) -> None:
        """Send what telemetry still holds, at the end of the process."""
        if "telemetry" in self.__dict__:
            self.telemetry.close()

    @cached_property
    def queue(self) -> Queue:
        """Where work for other processes goes."""
        return CeleryQueue(self.celery, self.telemetry)

    @cached_property
    def lease(self) -> Lease:
        """Leases on environments and sources."""
        return RedisLease(self.redis)

    @cached_property
    def flags(self) -> DirtyFlags:
        """Which environments have news."""
        return DirtyFlags(self.redis)

    @cached_property
    def health(self) -> SourceHealth:
        """What is in the way of each source."""
        return SourceHealth(self.redis)

    @cached_property
    def shard_caches(self) -> ShardCaches:
        """Profiles and running states as files that the processes share."""
        folder, boot = self.settings.data_dir / "cache", boot_id()
        fault = partial(self.telemetry.fault, "cache")
        return ShardCaches(
            ShardFiles(folder / "profiles", boot, fault), StateFiles(folder / "states", boot, fault)
        )

    @cached_property
    def _standing(self) -> Knowledge:
        return self._read or knowledge.standing(self.settings)

    def knowledge(self) -> Knowledge:
        """Return what is known: the configuration of the start, memory and learned edges of now."""
        return self.on_call.added_to(self._learned.added_to(self._remembering.now()))

    @cached_property
    def on_call(self) -> OnCall:
        """Who is on call by PagerDuty's schedules."""
        return OnCall(self.settings, self.redis, self.telemetry)

    @cached_property
    def _learned(self) -> LearnedTopology:
        return LearnedTopology(partial(self.clues.edges, LEAST_CALLS))

    @cached_property
    def _remembering(self) -> Remembering:
        fault = partial(self.telemetry.fault, "archive")
        return Remembering(self._standing, self.memory, self.archives, fault)

    @cached_property
    def poll(self) -> Poll:
        """Source → closed ticks."""
        return Poll(
            sources=self.sources,
            history=self.history,
            extents=self.extents,
            late=self.late,
            lease=self.lease,
            queue=self.queue,
            clock=self.clock,
            health=self.health,
            telemetry=self.telemetry,
        )

    @cached_property
    def intake(self) -> Intake:
        """Accepted bodies, committed in groups; it runs from its first use on."""
        return Intake(self.bodies).__enter__()

    @cached_property
    def digest(self) -> Digest:
        """Logs and traces → templates, counts and examples."""
        return Digest(
            clues=self.clues,
            lease=self.lease,
            flags=self.flags,
            queue=self.queue,
            telemetry=self.telemetry,
        )

    @cached_property
    def detect(self) -> Advance:
        """Closed ticks → symptoms."""
        return Advance(
            history=self.history,
            caches=self.shard_caches,
            extents=self.extents,
            late=self.late,
            symptoms=self.symptoms,
            flags=self.flags,
            queue=self.queue,
            clock=self.clock,
            policy=MarkedPolicies(self.settings.policies.detect, self.marks),
            origin=self.settings.origin,
            telemetry=self.telemetry,
        )

    @cached_property
    def correlate(self) -> Correlate:
        """Symptoms → incidents and notifications."""
        return Correlate(
            history=self.history,
            extents=self.extents,
            symptoms=self.symptoms,
            changes=self.changes,
            clues=self.clues,
            incidents=self.incidents,
            silences=self.silences,
            pages=self.pages,
            sources=self.sources,
            knowledge=self.knowledge,
            lease=self.lease,
            flags=self.flags,
            queue=self.queue,
            clock=self.clock,
            real_clock=self.real_clock,
            catch_up_seconds=self.settings.catch_up_seconds,
            telemetry=self.telemetry,
        )

    @cached_property
    def digesting(self) -> Digests:
        """What was held back → one message for each owner."""
        return Digests(self.digests, self.incidents, self.knowledge, self.queue, self.clock)

    @cached_property
    def relief(self) -> Relief:
        """What a sink could not tell in a minute → one message."""
        return Relief(
            overflow=self.overflow,
            incidents=self.incidents,
            silences=self.silences,
            sinks=self.sinks,
            knowledge=self.knowledge,
            clock=self.clock,
        )

    @cached_property
    def escalate(self) -> Escalate:
        """Pages nobody acknowledges → the next level."""
        return Escalate(self.incidents, self.words, self.silences, self.knowledge, self.clock)

    @cached_property
    def deliver(self) -> Deliver:
        """Outbox → sinks."""
        return Deliver(
            outbox=self.outbox,
            incidents=self.incidents,
            digests=self.digests,
            pictures=self.pictures,
            silences=self.silences,
            pages=self.pages,
            changes=self.changes,
            sinks={**self.sinks, **self.picture_sinks, **self.pulse_sinks, **self.change_sinks},
            fallbacks=self.fallbacks,
            queue=self.queue,
            clock=self.clock,
            real_clock=self.real_clock,
            telemetry=self.telemetry,
        )

    @cached_property
    def fit(self) -> Fit:
        """History → profiles."""
        return Fit(
            history=self.history,
            extents=self.extents,
            masks=Masks(incidents=self.incidents, symptoms=self.symptoms, memory=self.memory),
            queue=self.queue,
            policy=self.settings.policies.detect,
            telemetry=self.telemetry,
        )

    @cached_property
    def learn(self) -> Learn:
        """Ended incidents → memory."""
        return Learn(
            incidents=self.incidents,
            changes=self.changes,
            memory=self.memory,
            queue=self.queue,
        )

    @cached_property
    def file_away(self) -> FileAway:
        """Memory → archive."""
        return FileAway(memory=self.memory, archives=self.archives, queue=self.queue)

    @cached_property
    def levels(self) -> Levels:
        """Closed ticks → indicators of journeys by the hour."""
        return Levels(
            history=self.history,
            extents=self.extents,
            kept=self.sli_hours,
            journeys=self.settings.journeys,
            sources=self.sources,
        )

    @cached_property
    def tell_changes(self) -> TellChanges:
        """Changes → the sinks that show them."""
        return TellChanges(
            changes=self.changes,
            outbox=self.outbox,
            sinks=tuple(self.change_sinks),
            environments=self.settings.policies.paging.paging_environments,
            clock=self.clock,
            origin=self.settings.origin,
        )

    @cached_property
    def draw(self) -> DrawPictures:
        """Incidents that sinks show → pictures."""
        return DrawPictures(
            sinks=[one.shown_on for one in self.picture_sinks.values()],
            pictures=self.pictures,
            history=self.history,
            knowledge=self.knowledge,
            queue=self.queue,
            clock=self.clock,
            telemetry=self.telemetry,
        )

    @cached_property
    def forget(self) -> Forget:
        """Old rows → nothing."""
        return Forget(
            stores=(
                self.history,
                self.symptoms,
                self.bodies,
                self.alerts,
                self.pulses,
                self.clues,
                self.sli_hours,
                self.pictures,
                self.pages,
                self.silences,
                self.digests,
            ),
            minutes=self.clues,
            clock=self.clock,
            history_days=self.settings.history_days,
        )
