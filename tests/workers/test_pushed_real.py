"""Debian's Prometheus and OpenTelemetry's SDK as the senders, through our web server."""

import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from textwrap import dedent

import numpy as np
import pytest
from fastapi import FastAPI
from opentelemetry.exporter.otlp.proto.http import Compression
from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
from opentelemetry.sdk.metrics import Counter, Histogram, MeterProvider
from opentelemetry.sdk.metrics.export import (
    AggregationTemporality,
    PeriodicExportingMetricReader,
)
from opentelemetry.sdk.metrics.view import (
    Aggregation,
    ExplicitBucketHistogramAggregation,
    ExponentialBucketHistogramAggregation,
    View,
)
from opentelemetry.sdk.resources import Resource
from pydantic import SecretStr
from starlette.responses import PlainTextResponse

from aiops.domain.errors import StoreError
from aiops.receivers.server import serve
from aiops.settings import PushedSignalSettings, PushedSourceSettings, Reading, Selected
from aiops.store.pushed import PushedBody
from tests.pushed import ERRORS, REQUESTS, source
from tests.workers.installation import Installation
from workers.clock import SystemClock
from workers.console import make_console

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("prometheus")]

SOON = {"step_seconds": 2, "delay_seconds": 2, "scrape_seconds": 1}
TOKEN = (SecretStr("token-of-the-test"),)
FAST = replace(REQUESTS, window_seconds=10), replace(ERRORS, window_seconds=10)
TOOK = PushedSignalSettings(
    name="latency_p95",
    of=Selected(metric="took"),
    reading=Reading.QUANTILE,
    quantile=0.95,
    window_seconds=10,
)
MEAN = replace(TOOK, name="latency_mean", reading=Reading.MEAN, quantile=None)
USED = PushedSignalSettings(name="pool_used", of=Selected(metric="pool.used"))


@contextmanager
def listening(parts: Installation, rules: PushedSourceSettings) -> Iterator[str]:
    parts.settings = replace(parts.settings, pushed_sources=(rules,))
    parts.__dict__["clock"] = SystemClock()
    with serve(make_console(parts)) as url:
        yield url


def newest(parts: Installation) -> dict[str, float]:
    """Return the newest value of every derived series."""
    found: dict[str, float] = {}
    now = datetime.now(UTC)
    for shard in parts.history.shards():
        history = parts.history.history(shard.id, now.replace(year=now.year - 1), now)
        for slot, one in enumerate(shard.series):
            values = history.values[:, slot]
            if np.isfinite(values).any():
                found[one.key.fingerprint] = float(values[np.isfinite(values)][-1])
    return found


def gathered(parts: Installation, name: str, has: Callable[[dict[str, float]], bool]) -> None:
    deadline = time.monotonic() + 60
    while True:
        parts.gather.run(name)
        found = newest(parts)
        if has(found):
            return
        assert time.monotonic() < deadline, found
        time.sleep(0.2)


class Shop:
    """Counts 30 requests a second, three of which fail, whenever it is looked at."""

    def __init__(self) -> None:
        self.began = time.time()

    def app(self) -> FastAPI:
        app = FastAPI()

        @app.get("/metrics")
        def metrics() -> PlainTextResponse:
            ran = time.time() - self.began
            lines = [
                "# TYPE requests_total counter",
                f'requests_total{{code="200"}} {27 * ran:.3f}',
                f'requests_total{{code="500"}} {3 * ran:.3f}',
                "never_asked_for 1",
            ]
            return PlainTextResponse("\n".join(lines) + "\n")

        return app


@contextmanager
def prometheus(program: Path, folder: Path, ours: str, shop: str) -> Iterator[None]:
    (folder / "prometheus.yml").write_text(
        dedent(f"""\
            global: {{scrape_interval: 1s}}
            scrape_configs:
              - job_name: checkout
                static_configs: [{{targets: ["{shop.removeprefix("http://")}"]}}]
            remote_write:
              - url: {ours}/ingest/remote_write
                authorization: {{credentials: {TOKEN[0].get_secret_value()}}}
                queue_config: {{batch_send_deadline: 500ms, min_backoff: 100ms}}
            """)
    )
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    process = subprocess.Popen(
        [
            program,
            f"--config.file={folder / 'prometheus.yml'}",
            f"--storage.tsdb.path={folder / 'data'}",
            f"--web.listen-address=127.0.0.1:{port}",
        ],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        yield
    finally:
        process.terminate()
        process.wait(20)


def test_what_prometheus_writes_becomes_rates_though_the_first_tries_fail(
    parts: Installation, require_program: Callable[[str], Path], tmp_path: Path
) -> None:
    rules = source(*FAST, tokens=TOKEN, token_env="AIOPS_T", **SOON)
    failures = [StoreError("the disk is full")] * 2
    keep_all = parts.pushed.keep_all

    def fail_first(bodies: Sequence[PushedBody]) -> None:
        if failures:
            raise failures.pop()
        keep_all(bodies)

    parts.pushed.keep_all = fail_first  # type: ignore[method-assign]
    with (
        listening(parts, rules) as ours,
        serve(Shop().app()) as shop,
        prometheus(require_program("prometheus"), tmp_path, ours, shop),
    ):
        gathered(
            parts,
            "prom",
            lambda found: (
                abs(found.get("checkout:requests_rate{env=prod}", 0) - 30) < 3
                and abs(found.get("checkout:error_ratio{env=prod}", 0) - 0.1) < 0.01
            ),
        )
    assert not failures
    metrics = parts.pushed.metrics("prom")
    assert metrics["requests_total"][0] == 2


@pytest.mark.parametrize(
    "buckets", [ExplicitBucketHistogramAggregation, ExponentialBucketHistogramAggregation]
)
@pytest.mark.parametrize("temporality", list(AggregationTemporality)[1:])
def test_what_the_sdk_exports_becomes_rates_quantiles_and_values(
    parts: Installation, temporality: AggregationTemporality, buckets: type[Aggregation]
) -> None:
    signals = (replace(FAST[0], of=Selected(metric="requests")), TOOK, MEAN, USED)
    rules = source(*signals, kind="otlp_metrics", name="otel", tokens=TOKEN, **SOON)
    with listening(parts, rules) as ours:
        exporter = OTLPMetricExporter(
            endpoint=f"{ours}/v1/metrics",
            headers={"authorization": f"Bearer {TOKEN[0].get_secret_value()}"},
            compression=Compression.Gzip,
            preferred_temporality=dict.fromkeys((Counter, Histogram), temporality),
        )
        reader = PeriodicExportingMetricReader(exporter, export_interval_millis=500)
        resource = Resource({"service.name": "checkout", "cloud.region": "EU"})
        views = [View(instrument_name="took", aggregation=buckets())]
        provider = MeterProvider([reader], resource=resource, views=views)
        meter = provider.get_meter("shop")
        requests = meter.create_counter("requests", unit="{request}")
        took = meter.create_histogram("took", unit="ms")
        meter.create_up_down_counter("pool.used").add(7)

        def is_there(found: dict[str, float]) -> bool:
            for _ in range(10):
                requests.add(1, {"code": "200"})
                took.record(30.0, {"route": "/a"})
            at = "{env=prod,region=EU}"
            return (
                found.get(f"checkout:requests_rate{at}", 0) > 5
                and 25 <= found.get(f"checkout:latency_p95{at}", 0) <= 50
                and abs(found.get(f"checkout:latency_mean{at}", 0) - 30) < 0.1
                and found.get(f"checkout:pool_used{at}") == 7
            )

        try:
            gathered(parts, "otel", is_there)
        finally:
            provider.shutdown()
    units = {one.key.metric: one.unit for one in parts.history.shards()[0].series}
    assert units == {
        "requests_rate": "1/s",
        "latency_p95": "ms",
        "latency_mean": "ms",
        "pool_used": "",
    }
