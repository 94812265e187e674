"""What a process meets outside: clocks, sources and sinks, as the settings name them."""

from collections.abc import Mapping
from functools import cached_property
from pathlib import Path

from aiops.ingest.pushed_signals import Signals
from aiops.notify.heartbeat import Heartbeat
from aiops.notify.people import People
from aiops.ports import (
    ChangeNotifier,
    Clock,
    Notifier,
    PictureNotifier,
    PulseNotifier,
    Source,
    UpdateNotifier,
)
from aiops.settings import SpanSettings
from workers.clock import FileClock, SystemClock
from workers.plugins import (
    change_notifiers,
    notifiers,
    picture_notifiers,
    sources,
    update_notifiers,
)
from workers.spans import SpanSource
from workers.stores import Stores


class Outside(Stores):
    """The stores, and what is outside, each built on first use."""

    @cached_property
    def clock(self) -> Clock:
        """The product's clock."""
        path = self.settings.clock
        return FileClock(Path(path)) if path else SystemClock()

    @cached_property
    def real_clock(self) -> Clock:
        """The machine's clock, for leases."""
        return SystemClock()

    @cached_property
    def sources(self) -> Mapping[str, Source]:
        """The configured sources by name, and what is counted of spans among them."""
        spans = {
            one.name: SpanSource(one, self.settings.kpis, self.span_counts, self.clock)
            for one in self.settings.sources
            if isinstance(one, SpanSettings)
        }
        return {**sources(self.settings), **spans}

    @cached_property
    def pushing(self) -> Mapping[str, Signals]:
        """What is made of the samples of each source that sends some, by its name."""
        settings = self.settings
        return {
            one.name: Signals(
                source=one,
                kpis=settings.kpis,
                default_env=settings.default_env,
                declared_envs=settings.policies.paging.known_environments,
            )
            for one in settings.pushed_sources
        }

    @cached_property
    def sinks(self) -> Mapping[str, Notifier]:
        """The configured sinks by name."""
        return notifiers(self.settings)

    @cached_property
    def pulse_sinks(self) -> Mapping[str, PulseNotifier]:
        """Who is told that signals come through, by its name in the outbox; one or nobody."""
        switch = Heartbeat.from_settings(self.settings.heartbeat)
        return {} if switch is None else {switch.name: switch}

    @cached_property
    def picture_sinks(self) -> Mapping[str, PictureNotifier]:
        """Where the pictures of sinks go that show them, by its name in the outbox."""
        return picture_notifiers(self.settings)

    @cached_property
    def change_sinks(self) -> Mapping[str, ChangeNotifier]:
        """Where changes are shown, by its name in the outbox."""
        return change_notifiers(self.settings)

    @cached_property
    def update_sinks(self) -> Mapping[str, UpdateNotifier]:
        """Where status updates go, by its name in the outbox."""
        return update_notifiers(self.settings)

    @cached_property
    def fallbacks(self) -> Mapping[str, str]:
        """Which sink stands in for which, by name."""
        return {one.name: one.fallback for one in self.settings.sinks if one.fallback}

    @cached_property
    def people(self) -> People:
        """Who somebody is at PagerDuty or Slack."""
        return People(self.settings.sinks)
