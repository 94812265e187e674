"""Stands where polling stands: stores closed ticks, wakes detection, waits until all is scored."""

import threading
import time
from collections.abc import Callable
from datetime import timedelta

import numpy as np

from aiops.detect import engine
from aiops.detect.engine import ShardProfile
from aiops.detect.registry import all_detectors
from aiops.domain.errors import AiopsError
from aiops.domain.policies import DetectPolicy
from aiops.domain.ticks import Packed, Shard, Tick, Times
from aiops.domain.time import utc
from workers.bench.fleet import Fleet, fleet_series
from workers.bench.installation import SOURCE
from workers.stages.slots import SHARD_SERIES
from workers.wiring import Parts

ENV = "prod"
FIT_ENV, FIT_SOURCE = "fit", "bench-fit"
"""Of shards that are only fitted: neither polling nor correlation waits for them."""

STEP = 60
FIT_DAYS = 14
TAIL_TICKS = 120
"""History of every shard: what a running state is started from."""

_DAY_TICKS = 1440
_START = timedelta(hours=12)
_LOOK_SECONDS = 0.004
_PATIENCE_SECONDS = 300.0


class Feed:
    """The ticks of all shards.

    Args:
        parts: of the installation, as a client.
        series: how many.
        end: epoch seconds of the last tick of the history.
    """

    def __init__(self, parts: Parts, series: int, end: int) -> None:
        self._parts = parts
        self._series = series
        self._fleet = Fleet(min(series, SHARD_SERIES))
        self._shards: list[Shard] = []
        self._end = self._at = end
        self.cpu_seconds = 0.0
        """What storing ticks and waking detection took in this process."""

    def add_fit_shard(self, number: int) -> Shard:
        """Make a shard with two weeks of history that nobody scores."""
        name = f"{FIT_SOURCE}.{FIT_ENV}.{number}"
        shard = self._add(name, FIT_ENV, 0, min(self._series, SHARD_SERIES))
        for day in range(FIT_DAYS, 0, -1):
            times = self._end - STEP * np.arange(_DAY_TICKS)[::-1] - (day - 1) * 86_400
            self._append(shard, times, self._fleet.values(times, seed=1000 * number + day))
        return shard

    def ask_for_fit(self, shard: Shard) -> None:
        """Have the slow worker fit a shard; `is_fitted` says when it has."""
        self._parts.queue.enqueue("fit.shard", shard.id)

    def is_fitted(self, shard: Shard) -> bool:
        """Return whether a shard has a profile."""
        return self._parts.extents.fitted_at(shard.id) is not None

    def set_up(self, fitted: Shard) -> None:
        """Make the shards that are scored, with the profile of the shard that was fitted."""
        found = self._profile(fitted).fitted["seasonal"]
        tail = self._end - STEP * np.arange(TAIL_TICKS)[::-1]
        for first in range(0, self._series, SHARD_SERIES):
            number, count = len(self._shards), min(SHARD_SERIES, self._series - first)
            shard = self._add(f"{SOURCE}.{ENV}.{number}", ENV, first, count)
            blank = {one.name: one.blank(shard) for one in all_detectors()}
            season = {name: array[..., :count] for name, array in found.items()}
            profile = ShardProfile.of(shard, {**blank, "seasonal": season})
            self._parts.history.save_profile(shard.id, profile.to_bytes(), fitted_at=utc(self._end))
            self._shards.append(shard)
            self._append(shard, tail, self._values(tail, number))

    def close_tick(self, *, faulty: int = 0) -> float:
        """Close the next tick of all shards; return the seconds until all of them are scored.

        Args:
            faulty: how many series of the first shard are in trouble.
        """
        times = self._next(1)
        values = [
            self._values(times, number, faulty if number == 0 else 0)
            for number in range(len(self._shards))
        ]
        began, cpu = time.perf_counter(), time.thread_time()
        for shard, rows in zip(self._shards, values, strict=True):
            self._append(shard, times, rows)
            self._wake(shard)
        self.cpu_seconds += time.thread_time() - cpu
        self._wait_until_scored()
        return time.perf_counter() - began

    def catch_up(self, count: int) -> float:
        """Store ticks that nobody scored meanwhile; return the seconds that scoring them takes."""
        times = self._next(count)
        for number, shard in enumerate(self._shards):
            self._append(shard, times, self._values(times, number))
        began = time.perf_counter()
        for shard in self._shards:
            self._wake(shard)
        self._wait_until_scored()
        return time.perf_counter() - began

    def wait_until_correlated(self) -> None:
        """Wait until correlation has worked the ticks closed so far."""
        last, load = utc(self._at), self._parts.incidents.load
        wait_until(lambda: load(ENV)[0].at == last, f"ticks until {last} were not correlated")

    def kernel_seconds_per_point(self, count: int) -> float:
        """Return what scoring costs in one process, without queue and database."""
        shard, history = self._shards[0], self._parts.history
        at = utc(self._at)
        profile = self._profile(shard)
        state = engine.start(shard, profile, history.history(shard.id, at - _START, at))
        times = self._next(count)
        ticks = _ticks(times, self._values(times, 0))
        began = time.process_time()
        for tick in ticks:
            state = engine.step(shard, profile, state, tick, DetectPolicy()).state
        return (time.process_time() - began) / (count * len(shard.series))

    def bytes_per_series(self) -> tuple[float, float]:
        """Return the size of the running state and of the profile."""
        shard, history = self._shards[0], self._parts.history
        state = history.load_state(shard.id).state or b""
        _, profile = history.load_profile(shard.id) or (0, b"")
        return len(state) / len(shard.series), len(profile) / len(shard.series)

    def _profile(self, shard: Shard) -> ShardProfile:
        _, blob = self._parts.history.load_profile(shard.id) or (0, b"")
        return ShardProfile.from_bytes(blob, shard)

    def _add(self, name: str, env: str, first: int, count: int) -> Shard:
        """Make a shard whose history is never scored, as a back-fill does."""
        history, series = self._parts.history, fleet_series(env, first, count)
        shard = history.add_series(name, env, name.partition(".")[0], STEP, series)
        history.advance_cursor(name, None, utc(self._end), b"", profile_version=0)
        return shard

    def _next(self, count: int) -> Times:
        times = self._at + STEP * np.arange(1, count + 1)
        self._at = int(times[-1])
        return times

    def _values(self, times: Times, number: int, faulty: int = 0) -> Packed:
        rows = self._fleet.values(times, seed=int(times[0]) + number, faulty=faulty)
        return rows[:, : len(self._shards[number].series)]

    def _append(self, shard: Shard, times: Times, values: Packed) -> None:
        self._parts.history.append_ticks(shard.id, _ticks(times, values))

    def _wake(self, shard: Shard) -> None:
        self._parts.queue.enqueue("detect.advance", shard.id)

    def _wait_until_scored(self) -> None:
        last, watermark = utc(self._at), self._parts.history.watermark
        wait_until(lambda: watermark(ENV) == last, f"ticks until {last} were not scored")


def wait_until(done: Callable[[], bool], failure: str) -> None:
    """Look every few milliseconds whether something is done.

    Raises:
        AiopsError: it is not done after five minutes.
    """
    deadline, pause = time.monotonic() + _PATIENCE_SECONDS, threading.Event()
    while not done():
        if time.monotonic() > deadline:
            raise AiopsError(f"{failure} within {_PATIENCE_SECONDS:g} s; is the machine busy?")
        pause.wait(_LOOK_SECONDS)


def _ticks(times: Times, values: Packed) -> list[Tick]:
    return [Tick(at=utc(at), values=row) for at, row in zip(times.tolist(), values, strict=True)]
