"""Three services that count what they do, for a real Prometheus to scrape: their past and now."""

import random
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from prometheus_client import CollectorRegistry, start_http_server
from prometheus_client.core import CounterMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

SERVICES = ("edge", "app", "db")
BOUNDS = ("0.1", "0.25", "0.5", "1.0", "2.5", "+Inf")
USUAL = (0.60, 0.90, 0.98, 0.99, 1.0, 1.0)
SLOW = (0.05, 0.15, 0.30, 0.55, 0.95, 1.0)
PER_SECOND = 50.0
USUAL_ERRORS = 0.004
FAULT = {"edge": 0.18, "app": 0.22}
"""Share of requests that fail while the app is broken, by who notices."""

HISTORY_STEP_SECONDS = 5


class Shop(Collector):
    """Counts requests, errors and durations of every service; the same sums for past and present.

    Args:
        since: epoch seconds from which it counts.
    """

    def __init__(self, since: float) -> None:
        self._random = random.Random(7)  # noqa: S311 - noise, the same in every run
        self._at = since
        self._lock = threading.Lock()
        self._codes = {(name, code): 0.0 for name in SERVICES for code in ("200", "500")}
        self._slower = {(name, bound): 0.0 for name in SERVICES for bound in BOUNDS}
        self._seconds = dict.fromkeys(SERVICES, 0.0)
        self.broken = False

    def advance(self, to: float) -> None:
        """Do the work between the last moment and `to`."""
        elapsed, self._at = to - self._at, to
        for name in SERVICES:
            hit = self.broken and name in FAULT
            count = PER_SECOND * elapsed * (1 + self._random.gauss(0, 0.05))
            share = FAULT[name] if hit else USUAL_ERRORS * (1 + self._random.gauss(0, 0.2))
            self._codes[name, "500"] += count * share
            self._codes[name, "200"] += count * (1 - share)
            for bound, below in zip(BOUNDS, SLOW if hit else USUAL, strict=True):
                self._slower[name, bound] += count * below
            self._seconds[name] += count * (0.9 if hit else 0.12)

    def collect(self) -> Iterator[Metric]:
        """Return the counters as they are now, for a scrape."""
        with self._lock:
            self.advance(time.time())
            requests = CounterMetricFamily("requests", "seen", labels=["service", "code"])
            for labels, total in self._codes.items():
                requests.add_metric(list(labels), total)
            durations = HistogramMetricFamily("request_seconds", "took", labels=["service"])
            for name in SERVICES:
                buckets = [(bound, self._slower[name, bound]) for bound in BOUNDS]
                durations.add_metric([name], buckets, self._seconds[name])
        yield requests
        yield durations

    def write_past(self, path: Path, until: float) -> None:
        """Work on until `until` and write every sum on the way, for `promtool` to import."""
        with path.open("w", encoding="ascii") as file:
            while self._at < until:
                self.advance(self._at + HISTORY_STEP_SECONDS)
                file.writelines(self._lines())
            file.write("# EOF\n")

    def _lines(self) -> Iterator[str]:
        scraped = 'instance="shop",job="shop"'
        for (name, code), total in self._codes.items():
            labels = f'service="{name}",code="{code}",{scraped}'
            yield f"requests_total{{{labels}}} {total:.3f} {self._at:.3f}\n"
        for (name, bound), total in self._slower.items():
            labels = f'service="{name}",le="{bound}",{scraped}'
            yield f"request_seconds_bucket{{{labels}}} {total:.3f} {self._at:.3f}\n"


@contextmanager
def scraped(shop: Shop) -> Iterator[int]:
    """Serve the shop's metrics on loopback and give the port."""
    registry = CollectorRegistry()
    registry.register(shop)
    server, thread = start_http_server(0, addr="127.0.0.1", registry=registry)
    try:
        yield server.server_port
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
