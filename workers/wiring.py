"""Puts the parts together: the only place where adapters meet the pure stages."""

from collections import ChainMap
from collections.abc import Collection
from functools import cached_property
from typing import Any, cast

from workers.process import Process
from workers.stages.contents import Contents
from workers.stages.correlate import Correlate
from workers.stages.deliver import Deliver
from workers.stages.detect import Advance
from workers.stages.digest import Digest
from workers.stages.digests import Digests
from workers.stages.escalate import Escalate
from workers.stages.file_away import FileAway
from workers.stages.fit import Fit
from workers.stages.forget import Forget
from workers.stages.gather import Gather
from workers.stages.learn import Learn
from workers.stages.levels import Levels
from workers.stages.marked import MarkedPolicies
from workers.stages.masks import Masks
from workers.stages.picture import DrawPictures
from workers.stages.poll import Poll
from workers.stages.relief import Relief
from workers.stages.tell_changes import TellChanges


class Parts(Process):
    """The parts of one process, each built on first use: what it shares, and its stages."""

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
    def gather(self) -> Gather:
        """Pushed samples → closed ticks."""
        return Gather(
            sources=self.pushing,
            pushed=self.pushed,
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
    def measured(self) -> Collection[str]:
        """The sources whose ticks detection waits for."""
        return ChainMap(*(cast("dict[str, Any]", one) for one in (self.sources, self.pushing)))

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
            sources=self.measured,
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
            silences=self.silences,
            pages=self.pages,
            contents=Contents(
                outbox=self.outbox,
                incidents=self.incidents,
                digests=self.digests,
                pictures=self.pictures,
                changes=self.changes,
                updates=self.status_updates,
                clock=self.clock,
            ),
            sinks={
                **self.sinks,
                **self.picture_sinks,
                **self.pulse_sinks,
                **self.change_sinks,
                **self.update_sinks,
            },
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
            sources=self.measured,
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
                self.feeds,
                self.pictures,
                self.pages,
                self.silences,
                self.maintenance,
                self.digests,
            ),
            minutes=self.clues,
            cases=self.cases,
            pushed=self.pushed,
            clock=self.clock,
            history_days=self.settings.history_days,
            case_days=self.settings.case_days,
        )
