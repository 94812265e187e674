"""`kill -9` of everything: a sample that was answered 2xx is in the history afterwards."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Event, Thread

import numpy as np
import pytest

from aiops.settings import load
from tests.e2e.running import PATIENCE_SECONDS, Running, running
from tests.e2e.stack import eventually
from tests.pushed import remote_write
from workers.wiring import Parts

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("sample-kill")]

KILLS = 3
SETTINGS = """
sources:
  prom: {kind: remote_write, signals: [{name: pool_used, metric: pool_used}]}
  otel: {kind: otlp_metrics, signals: [{name: depth, metric: queue.depth}]}
"""
BACK = timedelta(hours=20)
"""The senders begin so long ago and send as fast as they are answered, a minute in each body."""


def written(at: datetime, value: float) -> tuple[str, bytes, str]:
    """Return what Prometheus sends of a gauge."""
    labels = {"__name__": "pool_used", "service": "shop", "env": "prod"}
    body = remote_write([(labels, round(at.timestamp() * 1000), value)])
    return "/ingest/remote_write", body, "application/x-protobuf"


def exported(at: datetime, value: float) -> tuple[str, bytes, str]:
    """Return what OpenTelemetry sends of a gauge."""
    point = {"timeUnixNano": str(round(at.timestamp()) * 10**9), "asDouble": value}
    resource = [{"key": "service.name", "value": {"stringValue": "shop"}}]
    metrics = [{"name": "queue.depth", "gauge": {"dataPoints": [point]}}]
    told = {"resource": {"attributes": resource}, "scopeMetrics": [{"metrics": metrics}]}
    return "/v1/metrics", json.dumps({"resourceMetrics": [told]}).encode(), "application/json"


class Sender:
    """Sends minute after minute, and each until it is taken."""

    def __init__(self, one: Running, begin: datetime, body: Callable[..., tuple[str, bytes, str]]):
        self._one, self._begin, self._body = one, begin, body
        self.accepted: dict[datetime, float] = {}
        self._enough = Event()
        self._thread = Thread(target=self._send)

    def _send(self) -> None:
        while not self._enough.is_set():
            number = len(self.accepted)
            at, value = self._begin + timedelta(minutes=number), 1000.0 + number
            if self._one.post(*self._body(at, value)):
                self.accepted[at] = value
            else:
                self._enough.wait(0.1)

    def await_more(self, count: int) -> None:
        least = len(self.accepted) + count
        eventually(lambda: len(self.accepted) >= least, PATIENCE_SECONDS, "more is taken")

    def __enter__(self) -> "Sender":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._enough.set()
        self._thread.join()


def recorded(one: Running) -> dict[str, dict[datetime, float]]:
    """Return what the history holds of each series."""
    parts = Parts(load(one.config, one.environ), "client")
    found: dict[str, dict[datetime, float]] = {}
    end = datetime.now(UTC)
    for shard in parts.history.shards():
        history = parts.history.history(shard.id, end - 2 * BACK, end)
        for slot, series in enumerate(shard.series):
            values = history.values[:, slot]
            found[series.key.metric] = {
                datetime.fromtimestamp(at, UTC): float(value)
                for at, value in zip(history.times, values, strict=True)
                if np.isfinite(value)
            }
    return found


def test_every_sample_that_was_accepted_is_recorded_whatever_is_killed(tmp_path: Path) -> None:
    begin = (datetime.now(UTC) - BACK).replace(second=0, microsecond=0)
    with running(tmp_path, SETTINGS) as one:
        eventually(lambda: one.post(*written(begin, 1000.0)), PATIENCE_SECONDS, "the door answers")
        with Sender(one, begin, written) as prom, Sender(one, begin, exported) as otel:
            for sender in (prom, otel):
                sender.await_more(20)
            one.kill_redis()
            for _ in range(KILLS - 1):
                for sender in (prom, otel):
                    sender.await_more(20)
                one.kill_everything()
                one.start()
            for sender in (prom, otel):
                sender.await_more(20)
        sent = {"pool_used": prom.accepted, "depth": otel.accepted}
        # The newest wait for those that come behind them.
        told = {name: dict(list(accepted.items())[:-2]) for name, accepted in sent.items()}

        def is_worked() -> bool:
            found = recorded(one)
            return all(max(accepted) in found.get(name, {}) for name, accepted in told.items())

        eventually(is_worked, PATIENCE_SECONDS, "all is worked")
        found = recorded(one)
    for name, accepted in told.items():
        lost = {at for at, value in accepted.items() if found[name].get(at) != value}
        assert not lost, f"{name}: {len(lost)} of {len(accepted)} accepted samples are lost"
