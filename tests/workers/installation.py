"""An installation in one process: the real stages and SQLite, with everything outside it faked."""

from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np

from aiops.domain.environment import Knowledge
from aiops.domain.errors import DeliveryError, SourceError
from aiops.domain.incidents import Incident
from aiops.domain.notifications import DeliveryAction, Notification
from aiops.domain.pacing import NO_LIMIT, Rate
from aiops.domain.pulled import Sample, SampleTable
from aiops.domain.series import Series
from aiops.domain.ticks import Packed
from aiops.ports import Clock, Notifier, Queue, Receipt, Source
from aiops.settings import Settings
from aiops.store.engine import writing
from aiops.store.migrate import Database
from aiops.store.sinks import held_standing, keep_standing
from aiops.telemetry import Telemetry
from tests.builders import minute
from tests.databases import make_databases
from workers.tasks import WORK
from workers.wiring import Parts


@dataclass(slots=True)
class HandClock:
    """A clock moved by hand."""

    at: datetime

    def now(self) -> datetime:
        return self.at

    def move(self, seconds: float) -> None:
        self.at += timedelta(seconds=seconds)


class ListQueue:
    """A queue that one thread works off, in order."""

    def __init__(self) -> None:
        self.tasks: deque[tuple[str, tuple[str | int, ...]]] = deque()
        self.delays: dict[str, float] = {}

    def enqueue(self, task: str, *args: str | int, after_seconds: float = 0.0) -> None:
        self.tasks.append((task, args))
        if after_seconds:
            self.delays[task] = after_seconds

    def names(self) -> list[str]:
        return [task for task, _ in self.tasks]

    def drain(self, parts: Parts, *, without: Sequence[str] = ()) -> list[str]:
        """Run everything enqueued, and what that enqueues; return the names of what was run."""
        done: list[str] = []
        while self.tasks:
            task, args = self.tasks.popleft()
            if task not in without:
                WORK[task](parts, *args)
                done.append(task)
            assert len(done) < 10_000, "the tasks enqueue each other for ever"
        return done


class TableSource:
    """A source that answers from a table of values; `down` makes it fail.

    Args:
        series: by column.
        first: epoch seconds of the first row.
        values: shape (ticks, series), one row a minute; NaN is left out as a Prometheus would.
    """

    step_seconds = 60
    delay_seconds = 2
    complaints: Mapping[str, str] = MappingProxyType({})

    def __init__(
        self, series: Sequence[Series], first: datetime, values: Packed, name: str = "shop"
    ) -> None:
        self.name = name
        self.series = list(series)
        self.first = first
        self.values = values
        self.down = False
        self.complaints: Mapping[str, str] = {}
        self.asked: list[tuple[datetime, datetime, int]] = []
        self.clock: datetime | None = None

    def now(self) -> datetime | None:
        return self.clock

    def close(self) -> None:
        pass

    def pull(self, start: datetime, end: datetime, step_seconds: int) -> Sequence[Sample]:
        self.asked.append((start, end, step_seconds))
        if self.down:
            raise SourceError("connection refused")
        count = int((end - start).total_seconds()) // step_seconds + 1
        offset = int((start - self.first).total_seconds())
        rows = [(offset + number * step_seconds) // 60 for number in range(count)]
        inside = [row if 0 <= row < len(self.values) else -1 for row in rows]
        taken = np.where(np.array(inside)[:, None] >= 0, self.values[inside], np.nan)
        known = [
            (one, taken[:, column].astype(np.float64))
            for column, one in enumerate(self.series)
            if np.isfinite(taken[:, column]).any()
        ]
        if count > 1:
            return [Sample(series=one, values=values) for one, values in known]
        values = np.array([values for _, values in known]).reshape(-1, 1)  # as Prometheus does
        return SampleTable(series=tuple(one for one, _ in known), values=values)


@dataclass
class RecordingSink:
    """A sink that keeps what it was sent; the next sends fail with what `failures` holds."""

    name: str
    rate: Rate = NO_LIMIT
    sent: list[tuple[Notification, Mapping[str, Any]]] = field(default_factory=list)
    repeated: list[bool] = field(default_factory=list)
    failures: list[Exception] = field(default_factory=list)

    def payload(
        self, incident: Incident, notification: Notification, reference: Mapping[str, str]
    ) -> Mapping[str, Any]:
        return {"revision": incident.revision, "title": incident.title, "reference": reference}

    def send(
        self, notification: Notification, payload: Mapping[str, Any], *, repeated: bool
    ) -> Receipt:
        self.repeated.append(repeated)
        if self.failures:
            raise self.failures.pop(0)
        self.sent.append((notification, payload))
        return Receipt(reference={"key": f"{self.name}-{notification.incident_id}"})

    def actions(self) -> list[DeliveryAction]:
        return [notification.action for notification, _ in self.sent]


def refusal(*, retryable: bool = True, after: float | None = None) -> DeliveryError:
    return DeliveryError("answered 500", retryable=retryable, retry_after_seconds=after)


class HeardTelemetry(Telemetry):
    """Telemetry that remembers the faults it was told of."""

    def __init__(self) -> None:
        super().__init__()
        self.faults: list[tuple[str, str]] = []

    def fault(self, kind: str, why: str) -> None:
        self.faults.append((kind, why))


class Installation(Parts):
    """The parts of one process over a fresh SQLite, with a hand-moved clock and a listed queue.

    Args:
        settings: from `settings_in`.
        clock: what the time is.
        known: what is known beforehand; None: what the settings say.
    """

    def __init__(
        self, settings: Settings, clock: HandClock, known: Knowledge | None = None
    ) -> None:
        super().__init__(settings, "fast")
        self.hand = clock
        self.wall = clock
        self.tasks = ListQueue()
        self.heard = HeardTelemetry()
        self.told: dict[str, RecordingSink] = {
            name: RecordingSink(name) for name in ("pagerduty", "slack")
        }
        self.stand_ins: dict[str, str] = {}
        self.fed: dict[str, Source] = {}
        self._known = known

    @cached_property
    def clock(self) -> Clock:
        return self.hand

    @cached_property
    def real_clock(self) -> Clock:
        return self.wall

    @cached_property
    def queue(self) -> Queue:
        return self.tasks

    @cached_property
    def telemetry(self) -> Telemetry:
        return self.heard

    @cached_property
    def sources(self) -> Mapping[str, Source]:
        return self.fed

    @cached_property
    def sinks(self) -> Mapping[str, Notifier]:
        return self.told

    @cached_property
    def fallbacks(self) -> Mapping[str, str]:
        return self.stand_ins

    def knowledge(self) -> Knowledge:
        return self._known or super().knowledge()

    def takes_others(self, sink: str) -> None:
        """Let a sink take some other notification: it is this one it does not like."""
        with writing(self._engine) as connection:
            standing = held_standing(connection, sink, self.settings.origin)
            keep_standing(connection, sink, standing.took())

    def drain(self, *, without: Sequence[str] = ()) -> list[str]:
        return self.tasks.drain(self, without=without)

    def dispose(self) -> None:
        self._engine.dispose()
        self._history_engine.dispose()


def settings_in(directory: Path, redis_url: str, **extra: Any) -> Settings:
    """Return settings with fresh, migrated databases in a directory."""
    urls = make_databases(directory)
    return Settings(
        data_dir=directory,
        database_url=urls[Database.AIOPS],
        history_url=urls[Database.HISTORY],
        redis_url=redis_url,
        **extra,
    )


def go_on(parts: Installation, *, until: float) -> None:
    """Fit, pull and work everything up to a minute after ten, and deliver what it comes to."""
    parts.fit.due()
    parts.drain()
    parts.hand.at = minute(until) + timedelta(seconds=2)
    parts.poll.run("shop")
    parts.drain()
    parts.hand.move(60)
    parts.deliver.sweep()
    parts.drain()
