"""Source → closed ticks: ask for every tick since the last one, store it, wake detection."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta

import numpy as np

from aiops.domain.errors import SourceError
from aiops.domain.pulled import Sample
from aiops.domain.ticks import Shard, Tick
from aiops.domain.time import utc
from aiops.ports import Clock, Lease, Queue, Reporting, Source
from aiops.store.extents import Extents
from aiops.store.late import LateTicks
from aiops.store.signals import HistoryStore
from aiops.telemetry import Telemetry
from workers.clock import CLOCK_TOLERANCE, clocks_apart
from workers.health import SourceHealth
from workers.leases import kept
from workers.stages.slots import Slots

LEASE_SECONDS = 10.0
"""How long a source of a poller that was killed waits for the next one; renewed while it lives."""

PULL_TICKS = 240
"""Ticks asked for in one request while catching up."""

BACK_FILL_TICKS = 10_000
"""Ticks of the past asked for at once: Prometheus answers 11,000 at most."""

POINTS_AT_ONCE = 20_000_000
"""Values that are held while they are fetched and stored: some 300 MB."""

SILENT_TICKS = 5
"""Unanswered for this many ticks, a tick is closed empty: silence must not read as health."""

LATE_SPAN = timedelta(days=2)
"""How far back a source that answers again is asked for what it was silent about."""


class Poll:
    """Pulls what is due from one source, at most once at a time."""

    def __init__(
        self,
        *,
        sources: Mapping[str, Source],
        history: HistoryStore,
        extents: Extents,
        late: LateTicks,
        lease: Lease,
        queue: Queue,
        clock: Clock,
        health: SourceHealth,
        telemetry: Telemetry,
    ) -> None:
        self._sources = sources
        self._history = history
        self._extents = extents
        self._late = late
        self._lease = lease
        self._queue = queue
        self._clock = clock
        self._health = health
        self._telemetry = telemetry
        self._silent_since: dict[str, datetime] = {}
        self._slots = {
            name: Slots(name, source.step_seconds, history, extents)
            for name, source in sources.items()
        }

    def run(self, source_name: str) -> None:
        """Bring one source up to now; without effect while another worker does it."""
        with kept(self._lease, f"poll:{source_name}", LEASE_SECONDS) as mine:
            if mine:
                self._catch_up(self._sources[source_name])

    def back_fill(self, source_name: str, span: timedelta, step_seconds: int) -> int | None:
        """Fetch what lies before the first tick of a source; return the ticks stored.

        The past is for fitting: it is never scored, so nobody is told of an old problem. Cursors
        that are behind stand at its end before any of it is stored. The newest part comes first:
        killed in between, it goes on where it was.

        Returns:
            None while somebody polls the source: ask again.

        Raises:
            SourceError: it does not answer; what was fetched so far is stored.
        """
        with kept(self._lease, f"poll:{source_name}", LEASE_SECONDS) as mine:
            return (
                self._fetch_past(self._sources[source_name], span, step_seconds) if mine else None
            )

    def _fetch_past(self, source: Source, span: timedelta, step_seconds: int) -> int:
        due = _due(source, self._clock.now())
        known = [self._extents.of_shard(one) for one in self._extents.shard_ids(source.name)]
        end = max((extent[0] for extent in known if extent is not None), default=due)
        times = _grid(floor_tick(due - span, step_seconds), end, step_seconds)
        last, stored = times[-1] if times else end, 0
        self._skip_to(source, source.pull(due, due, source.step_seconds), last)
        size = self._at_once(source, BACK_FILL_TICKS)
        while times:
            times, part = times[:-size], times[-size:]
            samples = source.pull(part[0], part[-1], step_seconds)
            self._skip_to(source, samples, last)
            stored += self._store(source, samples, part)
        return stored

    def _skip_to(self, source: Source, samples: Sequence[Sample], at: datetime) -> None:
        for shard in self._slots[source.name].hold(samples):
            cursor = self._history.load_state(shard.id).cursor
            if cursor is None or cursor < at:
                self._history.advance_cursor(shard.id, cursor, at, b"", profile_version=0)

    def _catch_up(self, source: Source) -> None:
        now = self._clock.now()
        due = _due(source, now)
        step = timedelta(seconds=source.step_seconds)
        last = self._extents.closed_until(source.name) or due - step
        if last - due > CLOCK_TOLERANCE + step:
            behind = f"our clock went back behind {last:%H:%M} UTC, until when all is fetched"
            self._note(source, f"{behind}; nothing is asked before that")
            return
        if last >= due:
            return
        try:
            due, apart = self._watermark(source, now)
            if last >= due:
                self._note(source, apart)
            whole = _whole(source, due)
            if whole <= last < due:
                self._await(source, last + step, due)
                return
            due = whole
            self._fetch_late(source, last)
            while last < due:
                stop = min(last + self._at_once(source, PULL_TICKS) * step, due)
                self._pull(source, last + step, stop)
                self._silent_since.pop(source.name, None)
                self._note(source, "\n".join(filter(None, [apart, *source.complaints.values()])))
                last = stop
        except SourceError as error:
            self._note(source, str(error))
            self._close_silent(source, last + step, due)

    def _at_once(self, source: Source, ticks: int) -> int:
        """Return how many ticks of all known series memory should hold, at most `ticks`."""
        return max(1, min(ticks, POINTS_AT_ONCE // max(1, self._slots[source.name].count)))

    def _fetch_late(self, source: Source, last: datetime) -> None:
        """Ask again for the ticks that were closed without an answer, before any newer one.

        Killed in between, the next poll finds those ticks still the newest and asks once more.
        """
        since = self._late.silent_since(source.name)
        if since is None:
            return
        step = timedelta(seconds=source.step_seconds)
        at = max(since, floor_tick(last - LATE_SPAN, source.step_seconds))
        while at <= last:
            stop = min(at + (self._at_once(source, PULL_TICKS) - 1) * step, last)
            samples = source.pull(at, stop, source.step_seconds)
            for shard, ticks in self._ticks(source, samples, _grid(at, stop, source.step_seconds)):
                self._late.append(shard.id, ticks)
            at = stop + step

    def _note(self, source: Source, trouble: str) -> None:
        """Say what is in the way of a source, once for as long as it is the same."""
        if self._health.note(source.name, trouble) and trouble:
            self._telemetry.fault("source", f"{source.name}: {trouble}")

    def _watermark(self, source: Source, now: datetime) -> tuple[datetime, str]:
        """Return the last complete tick, and what is wrong with the clocks.

        Neither clock closes a tick alone: one that ran ahead would close hours without a value.
        """
        theirs = source.now() or now
        apart = clocks_apart(min(max(theirs, now), self._clock.now()), theirs)  # asking takes time
        return _due(source, min(now, theirs) if apart else now), apart

    def _pull(self, source: Source, start: datetime, stop: datetime) -> None:
        """Fetch the ticks from `start` to `stop`; a shard is scored while the next is stored."""
        samples = source.pull(start, stop, source.step_seconds)
        for shard, ticks in self._ticks(source, samples, _grid(start, stop, source.step_seconds)):
            self._history.append_ticks(shard.id, ticks)
            self._queue.enqueue("detect.advance", shard.id)

    def _await(self, source: Source, start: datetime, due: datetime) -> None:
        """Wait for what a source has not reported yet, and for so long only."""
        patience = SILENT_TICKS * timedelta(seconds=source.step_seconds)
        if due - self._silent_since.get(source.name, due) >= patience:
            since = start - timedelta(seconds=source.step_seconds)
            self._note(source, f"it has reported nothing since {since:%d %b %H:%M} UTC")
        self._close_silent(source, start, due)

    def _close_silent(self, source: Source, start: datetime, due: datetime) -> None:
        """Close the ticks nobody answers for, without any value.

        How long we were away ourselves does not count: the source gets the same time to answer
        for what was missed meanwhile.
        """
        patience = SILENT_TICKS * timedelta(seconds=source.step_seconds)
        if due - self._silent_since.setdefault(source.name, due) < patience:
            return
        times = _grid(start, due - patience, source.step_seconds)
        for shard in self._slots[source.name].hold(()) if times else ():
            self._history.append_ticks(shard.id, [_empty(at) for at in times])
            self._queue.enqueue("detect.advance", shard.id)

    def _store(self, source: Source, samples: Sequence[Sample], times: list[datetime]) -> int:
        for shard, ticks in self._ticks(source, samples, times):
            known = [one if np.isfinite(one.values).any() else _empty(one.at) for one in ticks]
            self._history.append_ticks(shard.id, known)
        return len(times)

    def _ticks(
        self, source: Source, samples: Sequence[Sample], times: list[datetime]
    ) -> Iterator[tuple[Shard, list[Tick]]]:
        """Yield every shard of a source with its ticks at these times."""
        if not times:
            return
        for shard, values in self._slots[source.name].fill(samples, len(times)):
            yield shard, [Tick(at=at, values=row) for at, row in zip(times, values, strict=True)]


def _empty(at: datetime) -> Tick:
    """Return a tick without any value: none is stored."""
    return Tick(at=at, values=np.empty(0, dtype=np.float32))


def _due(source: Source, now: datetime) -> datetime:
    return floor_tick(now - timedelta(seconds=source.delay_seconds), source.step_seconds)


def _whole(source: Source, due: datetime) -> datetime:
    """Return the last tick up to one that a source has all of."""
    if not isinstance(source, Reporting):
        return due
    return min(due, floor_tick(source.reported_until(), source.step_seconds))


def floor_tick(at: datetime, step_seconds: int) -> datetime:
    """Return the last tick at or before `at`.

    Examples:
        >>> floor_tick(utc(125), 60).isoformat()
        '1970-01-01T00:02:00+00:00'
    """
    return utc(int(at.timestamp()) // step_seconds * step_seconds)


def _grid(start: datetime, stop: datetime, step_seconds: int) -> list[datetime]:
    count = int((stop - start).total_seconds()) // step_seconds + 1
    return [start + timedelta(seconds=number * step_seconds) for number in range(max(count, 0))]
