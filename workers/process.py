"""What the stages of a process share: its queue, leases and telemetry, and what is known."""

from collections.abc import Mapping
from functools import cached_property, partial

import redis
from celery import Celery

from aiops.domain.environment import Knowledge
from aiops.ports import Lease, Queue
from aiops.settings import Settings
from aiops.store.accepted import AcceptedBody
from aiops.store.alerts import BODY_SOURCE
from aiops.store.intake import Intake
from aiops.store.pushed import PushedBody
from aiops.store.shard_files import ShardFiles, boot_id
from aiops.store.state_files import StateFiles
from aiops.telemetry import Telemetry, connect
from workers import knowledge
from workers.app import Role, make_app
from workers.backlog import Backlog
from workers.feed_counter import FeedCounter
from workers.health import SourceHealth
from workers.knowledge import Remembering
from workers.learned import LEAST_CALLS, LearnedTopology
from workers.leases import DirtyFlags, RedisLease
from workers.on_call import OnCall
from workers.outside import Outside
from workers.queue import CeleryQueue
from workers.stages.shards import ShardCaches

SAMPLES_ROOM = 2_000
"""Bodies of samples that wait for the database at most: of 2,000 samples some 80 MB."""


class Process(Outside):
    """A process of the product: everything but the stages that it runs.

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
        self.read_before: dict[str, str] = {}
        """Digests of the watched files as this process read them last, by source."""

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
        client = self.redis if self.settings.redis_url else None
        return OnCall(self.settings, client, self.telemetry)

    @cached_property
    def _learned(self) -> LearnedTopology:
        return LearnedTopology(partial(self.clues.edges, LEAST_CALLS))

    @cached_property
    def _remembering(self) -> Remembering:
        fault = partial(self.telemetry.fault, "archive")
        return Remembering(self._standing, self.memory, self.archives, fault)

    @cached_property
    def backlog(self) -> Backlog:
        """How many bodies wait to be worked."""
        return Backlog(self.bodies.count_waiting, self._note_shed)

    def _note_shed(self, counts: Mapping[str, int]) -> None:
        named = {f"{BODY_SOURCE}{source}": count for source, count in counts.items()}
        self.dead_letters.note_shed(named, self.clock.now(), self.settings.origin)

    @cached_property
    def intake(self) -> Intake[AcceptedBody]:
        """Accepted bodies, committed in groups; it runs from its first use on."""
        return Intake(self.bodies).__enter__()

    @cached_property
    def feed_counter(self) -> FeedCounter:
        """What comes at the door of this process; it stores what it counts while it is entered."""
        settings = self.settings
        declared = {settings.default_env, *settings.policies.paging.known_environments}
        fault = partial(self.telemetry.fault, "feeds")
        return FeedCounter(self.feeds, self.clock, declared, fault)

    @cached_property
    def samples_intake(self) -> Intake[PushedBody]:
        """The same of pushed samples."""
        return Intake(self.pushed, room=SAMPLES_ROOM).__enter__()
