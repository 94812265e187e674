"""`aiops bench derive`: what rates, ratios and quantiles cost a tick, through the real engine."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from aiops.derive import engine
from aiops.derive.plan import Plan, plan_of
from aiops.domain.derivations import Derivation, Selection
from aiops.domain.series import Direction, Family, Series, SeriesKey
from aiops.domain.time import utc

_START = 1_790_000_000
_SCRAPE_SECONDS = 60
_WARM_TICKS = 8
_MISSED = 0.01
"""The share of scrapes that do not come, so that series do not stay in step."""
_LES = ("0.005", "0.01", "0.025", "0.05", "0.1", "0.25", "0.5", "1", "2.5", "5", "10", "+Inf")

_REQUESTS = Selection(metric="requests_total")
_FAILED = Selection(metric="requests_total", where=(("code", "5.."),))
_BUCKETS = Selection(metric="request_seconds_bucket")

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """A kind of derived series, and the raw ones that each is made of: metric, then labels."""

    derivation: Derivation
    metric: str
    raw: tuple[tuple[tuple[str, str], ...], ...]


_KINDS = {
    "rate": Kind(
        derivation=Derivation(name="requests_rate", of=_REQUESTS),
        metric="requests_total",
        raw=((("code", "200"),),),
    ),
    "ratio": Kind(
        derivation=Derivation(name="error_ratio", of=_FAILED, per=_REQUESTS),
        metric="requests_total",
        raw=((("code", "200"),), (("code", "500"),)),
    ),
    "p95": Kind(
        derivation=Derivation(name="latency_p95_seconds", of=_BUCKETS, quantile=0.95),
        metric="request_seconds_bucket",
        raw=tuple((("le", le),) for le in _LES),
    ),
}


def bench_derive(series: int, ticks: int, say: Say) -> dict[str, Any]:
    """Return of every kind the median seconds a tick: wall clock, and CPU of the one thread.

    To observe is to take in a minute's samples as they come; to derive, to make the series of
    them. `plan_seconds` is what it takes, once, when series come into being.

    Args:
        series: derived series of every kind.
        ticks: measured, after as many as fill a window.
        say: is told what is going on.
    """
    figures: dict[str, Any] = {"series": series, "ticks": ticks}
    for name, kind in _KINDS.items():
        say(f"{name}: {series} series from {series * len(kind.raw)} counters")
        figures[name] = _measured(kind, series, ticks)
    return figures


def _measured(kind: Kind, series: int, ticks: int) -> dict[str, float]:
    begin = time.perf_counter()
    plan = plan_of([kind.derivation], _raw_series(kind, series))
    planned = time.perf_counter() - begin
    rings = engine.start(plan, _SCRAPE_SECONDS)
    feed = _Feed(plan, len(kind.raw))
    marks = []
    for number in range(_WARM_TICKS + ticks):
        samples = feed.tick()
        at = utc(_START + (number + 1) * _SCRAPE_SECONDS)
        marks.append([_now()])
        engine.observe(plan, rings, samples)
        marks[-1].append(_now())
        engine.derive(plan, rings, at)
        marks[-1].append(_now())
    spent = np.diff(np.array(marks[_WARM_TICKS:]), axis=1)
    (observe, observe_cpu), (derive, derive_cpu) = np.median(spent, axis=0).tolist()
    state = sum(array.nbytes for ring in rings for array in ring.memory().values())
    return {
        "derive_seconds": derive,
        "derive_cpu_seconds": derive_cpu,
        "observe_seconds": observe,
        "observe_cpu_seconds": observe_cpu,
        "plan_seconds": planned,
        "state_bytes_per_series": state / series,
    }


def _now() -> tuple[float, float]:
    """Return the wall clock and this thread's CPU, which a busy machine does not distort."""
    return time.perf_counter(), time.thread_time()


def _raw_series(kind: Kind, count: int) -> list[Series]:
    return [
        Series(
            key=SeriesKey(service=f"service-{number}", metric=kind.metric, labels=labels),
            family=Family.TRAFFIC,
            bad_direction=Direction.BOTH,
        )
        for number in range(count)
        for labels in kind.raw
    ]


class _Feed:
    """Counters that grow; those of one service are scraped together, each at its own second."""

    def __init__(self, plan: Plan, per_service: int) -> None:
        self._random = np.random.default_rng(1)
        self._slots = np.arange(len(plan.series))
        self._values: npt.NDArray[np.float64] = np.zeros(
            (len(plan.series) // per_service, per_service)
        )
        self._offset = self._random.integers(1, _SCRAPE_SECONDS * 1000, len(self._values))
        self._at = _START * 1000

    def tick(self) -> engine.RawSamples:
        """Return the samples of the next minute."""
        services, each = self._values.shape
        gained = self._random.poisson(30, (services, each))
        self._values += np.cumsum(gained, axis=1)
        came = np.repeat(self._random.random(services) >= _MISSED, each)
        at = np.repeat(self._at + self._offset, each)
        self._at += _SCRAPE_SECONDS * 1000
        return engine.RawSamples(
            slots=self._slots[came], at=at[came], values=self._values.reshape(-1)[came]
        )
