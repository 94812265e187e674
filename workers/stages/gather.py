"""Pushed samples → closed ticks: what came is put in order of time, derived, and stored."""

import time
from collections.abc import Mapping, Sequence
from datetime import datetime

import numpy as np

from aiops.domain.ticks import Floats, Packed, Shard, Tick
from aiops.ingest.pushed_signals import Signals
from aiops.ports import Clock, Lease, Queue
from aiops.store.extents import Extents
from aiops.store.late import LateTicks
from aiops.store.pushed import PushedStore, Reached
from aiops.store.signals import HistoryStore
from aiops.telemetry import Telemetry
from workers.health import SourceHealth
from workers.leases import kept
from workers.stages.held_samples import Held
from workers.stages.slots import Slots

LEASE_SECONDS = 10.0

BODIES_AT_ONCE = 500

_FORGOTTEN_RATIO = 2
"""What is held is read anew once it is of so many times the series there still are."""

LONGEST_SECONDS = 2.0
"""A task of five seconds is given to another worker, too: what is left is asked for again."""


class Gather:
    """Works what sources pushed, each at most once at a time.

    What is held in memory is a cache: a process that has none reads the samples again that ticks
    may still be made of, and comes to the same.
    """

    def __init__(
        self,
        *,
        sources: Mapping[str, Signals],
        pushed: PushedStore,
        history: HistoryStore,
        extents: Extents,
        late: LateTicks,
        lease: Lease,
        queue: Queue,
        clock: Clock,
        health: SourceHealth,
        telemetry: Telemetry,
    ) -> None:
        self._pushed = pushed
        self._history = history
        self._late = late
        self._lease = lease
        self._queue = queue
        self._clock = clock
        self._health = health
        self._telemetry = telemetry
        self._held = {name: Held(signals) for name, signals in sources.items()}
        self._slots = {
            name: Slots(name, one.source.step_seconds, history, extents)
            for name, one in sources.items()
        }

    def run(self, source: str) -> None:
        """Bring one source up to now; without effect while another worker does it."""
        with kept(self._lease, f"gather:{source}", LEASE_SECONDS) as mine:
            if mine and self._work(source, self._held[source]):
                self._queue.enqueue("ingest.gather", source)

    def _work(self, source: str, held: Held) -> bool:
        """Read and close what there is; return whether more waits."""
        reached = self._pushed.reached(source)
        deadline = time.monotonic() + LONGEST_SECONDS
        while True:
            bodies = self._pushed.after(source, held.read, BODIES_AT_ONCE)
            is_more = len(bodies) == BODIES_AT_ONCE
            if bodies:
                fresh = self._pushed.series(source, held.next_number)
                held.take(bodies, reached, fresh)
                if fresh and held.raw > _FORGOTTEN_RATIO * self._pushed.count_series(source):
                    self._held[source] = Held(held.signals)  # without those that are forgotten
                    return True
            if held.read >= reached.position:
                now = bodies[-1].received_at if is_more else self._clock.now()
                reached = self._close(source, held, reached, now)
            if not is_more:
                return False
            if time.monotonic() > deadline:
                return True

    def _close(self, source: str, held: Held, reached: Reached, now: datetime) -> Reached:
        due = held.due(now, reached)
        if due is None:
            return reached
        times = held.ticks(reached, due)
        if not times:
            return reached
        ticks = [held.tick(at) for at in times]
        closed = reached.closed
        for shard, rows in self._rows(source, held, ticks):
            mine = [Tick(at=at, values=row) for at, row in zip(times, rows, strict=True)]
            after = [one for one in mine if closed is None or one.at > closed]
            before = [one for one in mine if closed is not None and one.at <= closed]
            self._late.append(shard.id, [one for one in before if len(one.values)])
            self._history.append_ticks(shard.id, after)
            self._queue.enqueue("detect.advance", shard.id)
        new = Reached(held.read, max(times[-1], closed or times[-1]))
        self._pushed.close(source, reached, new, held.matters_from(new))
        self._tell(source, held)
        return new

    def _rows(
        self, source: str, held: Held, ticks: Sequence[Floats | None]
    ) -> list[tuple[Shard, list[Packed]]]:
        """Return every shard with its values of some ticks; empty where the source was silent."""
        samples = held.samples(ticks)
        empty = np.empty(0, dtype=np.float32)
        return [
            (
                shard,
                [empty if one is None else row for one, row in zip(ticks, values, strict=True)],
            )
            for shard, values in self._slots[source].fill(samples, len(ticks))
        ]

    def _tell(self, source: str, held: Held) -> None:
        """Say what is wrong with what a source sends, once for as long as it is the same."""
        if self._health.note(source, held.trouble) and held.trouble:
            self._telemetry.fault("source", f"{source}: {held.trouble}")
