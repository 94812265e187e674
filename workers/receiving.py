"""Pushed samples as the web takes them: those that signals ask for, stored, then acknowledged."""

import hashlib
import threading
from collections.abc import Mapping, Sequence
from concurrent.futures import Future
from datetime import datetime, timedelta

from aiops.domain.errors import InputError
from aiops.domain.pushed import RawSeries
from aiops.ingest.catalog import Catalog, Passed, Pushed
from aiops.ingest.registry import ingester_named
from aiops.settings import PushedSourceSettings
from aiops.store.accepted import AcceptedBody
from aiops.store.pushed import PushedBody
from aiops.store.pushed_blobs import pack_blocks
from workers.wiring import Parts

BODY_SOURCE = "metrics:"
"""How the sources of refused bodies of samples begin."""

MOST_WAITING_BYTES = 4 * 1024**3
"""Samples kept of a source at most: some minutes as a rule, more where nobody works them. Beyond
that the oldest give way to the newest, which an incident of now is seen in."""

SHED_TO = 0.9
"""The share of it that is kept then, so that not every body makes room for itself."""

LOOK_EVERY = timedelta(seconds=5)

MEET_EVERY = timedelta(days=1)
"""So often each series is met anew: the database then knows it was seen, and a number in memory is
never as old as a series that is forgotten (`workers.stages.forget.SERIES_KEPT`)."""

_NAMED = 5


class Receiver:
    """Takes the bodies of all sources that push samples.

    Args:
        parts: of this installation.
    """

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._lock = threading.Lock()
        self._sources: dict[str, _Source] = {}

    def take(
        self, source: PushedSourceSettings, body: bytes, content_type: str
    ) -> tuple["Future[None]", Pushed]:
        """Hand over what of a body signals ask for; the future is done once it is durable.

        Raises:
            InputError: it cannot be read; the beginning of it is kept to be looked at.
            BusyError: too much waits to be stored.
            StoreError: it cannot be stored now.
        """
        parts, now = self._parts, self._parts.clock.now()
        known = self._known(source, now)
        known.look(now)
        try:
            pushed: Pushed = ingester_named(source.kind)(body, content_type, known.catalog, now)
        except InputError as error:
            self._refuse(source.name, body, content_type, now, str(error))
            raise
        if not pushed.kept:
            done: Future[None] = Future()
            done.set_result(None)
            return done, pushed
        kept = PushedBody(
            source=source.name,
            received_at=now,
            newest=max(int(one.at.max()) for one in pushed.blocks if len(one.at)),
            blob=pack_blocks(pushed.blocks),
        )
        return parts.samples_intake.accept(kept), pushed

    def _known(self, source: PushedSourceSettings, now: datetime) -> "_Source":
        found = self._sources.get(source.name)
        if found is None or found.is_old(now):
            with self._lock:
                found = self._sources.get(source.name)
                if found is None or found.is_old(now):
                    if found is not None:
                        found.store_counts()
                    found = self._sources[source.name] = _Source(self._parts, source.name, now)
        return found

    def _refuse(self, name: str, body: bytes, content_type: str, at: datetime, error: str) -> None:
        digest = hashlib.sha256(body).hexdigest()
        refused = AcceptedBody(
            idempotency_key=f"{BODY_SOURCE}{name}:refused:{digest}",
            source=f"{BODY_SOURCE}{name}",
            content_type=content_type,
            received_at=at,
            body=body,
            origin=self._parts.settings.origin,
        )
        self._parts.bodies.refuse(refused, error)
        self._parts.telemetry.fault("samples", f"{name}: {error}")


class _Source:
    """What is known of one source: its series, and what of it was counted."""

    def __init__(self, parts: Parts, name: str, now: datetime) -> None:
        self._parts = parts
        self._name = name
        self._begun_at = now
        self._looked_at: datetime | None = None
        self._lock = threading.RLock()
        self._told: set[str] = set()
        self._counted: dict[str, tuple[int, int]] = {}
        self.catalog = Catalog(parts.pushing[name], self._keep)
        for one in parts.pushed.series(name, seen_from=now - MEET_EVERY).values():
            self.catalog.counted.add(one.fingerprint)
            self.catalog.metrics.setdefault(one.key.metric, Passed()).keep(one)

    def is_old(self, now: datetime) -> bool:
        """Return whether its series are to be met anew."""
        return now - self._begun_at >= MEET_EVERY

    def _keep(self, series: Sequence[RawSeries]) -> Mapping[str, int]:
        return self._parts.pushed.keep(self._name, series, self._parts.clock.now())

    def look(self, now: datetime) -> None:
        """Store what was counted, and make room where too much waits, now and then."""
        if self._lock.acquire(blocking=False):  # where another thread looks, this one goes on
            try:
                if self._looked_at is None or now - self._looked_at >= LOOK_EVERY:
                    self._looked_at = now
                    self.store_counts()
                    if self._parts.pushed.waiting_bytes(self._name) > MOST_WAITING_BYTES:
                        self._make_room()
            finally:
                self._lock.release()

    def _make_room(self) -> None:
        count = self._parts.pushed.shed(self._name, int(SHED_TO * MOST_WAITING_BYTES))
        self._parts.telemetry.fault(
            "samples",
            f"{self._name}: {count:,} bodies of samples are lost, the oldest of those that waited: "
            "is `aiops worker fast` running, and fast enough?",
        )

    def store_counts(self) -> None:
        """Store what was counted since the last time."""
        with self._lock:
            with self.catalog.lock:
                now = {
                    metric: (one.refused, one.samples)
                    for metric, one in self.catalog.metrics.items()
                }
            none = (0, 0)
            news = {
                metric: (refused - before[0], samples - before[1])
                for metric, (refused, samples) in now.items()
                if (before := self._counted.get(metric, none)) != (refused, samples)
            }
            self._parts.pushed.count_passed(self._name, news)
            self._counted = now
            self._name_offenders(sorted(metric for metric, (refused, _) in now.items() if refused))

    def _name_offenders(self, metrics: Sequence[str]) -> None:
        """Say which metrics have too many series, each once."""
        fresh = [metric for metric in metrics if metric not in self._told]
        self._told.update(fresh)
        if fresh:
            cap = self.catalog.signals.source.most_series
            more = f" and {len(fresh) - _NAMED} more" if len(fresh) > _NAMED else ""
            self._parts.telemetry.fault(
                "cardinality",
                f"{self._name}: {', '.join(fresh[:_NAMED])}{more} have over {cap:,} series; "
                "further ones are not kept: drop a label before it is sent, select fewer by "
                "`where`, or raise `most_series`",
            )
