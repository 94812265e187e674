import json
from collections.abc import Callable, Iterable
from datetime import UTC, datetime

import pytest

from aiops.domain.errors import AiopsError
from aiops.ingest.registry import ingester_named
from aiops.settings import PushedSignalSettings, Reading, Selected
from tests.pushed import Numbers, catalog, source
from workers.bench.ingest import measure, metrics
from workers.bench.ingest.alerts import webhook
from workers.bench.ingest.measure import bench_ingest
from workers.bench.ingest.sender import request, send
from workers.bench.ingest.web import web_process

PROTOBUF = "application/x-protobuf"
PUSHED = (
    "remote_write_samples",
    "remote_write_500_samples",
    "otlp_points",
    "otlp_histogram_points",
)
TOOK = PushedSignalSettings(
    name="p95", of=Selected(metric="took"), reading=Reading.QUANTILE, quantile=0.95
)


def test_every_figure_is_of_something_that_was_taken() -> None:
    said: list[str] = []
    figures = bench_ingest(said.append, scale=0.02)
    assert len(said) == len(measure.MEASURED)
    assert figures["alerts_per_second"] > 0
    assert figures["alerts_in_20s_per_second"] > 0
    assert 0 < figures["alert_accept_seconds"]["p50"] <= figures["alert_accept_seconds"]["p99"]
    assert all(figures[f"{name}_per_second"] > 0 for name in PUSHED)
    assert figures["slow_commit"]["alerts_per_second"] > 0
    assert figures["slow_commit"]["p99"] > 0.005
    assert figures["sql"]["commits_per_second"] > 0
    assert figures["sql"]["lock_errors"] == 0
    assert 0 < figures["poll_cpu_share"] < 1
    json.dumps(figures)


def test_what_is_not_accepted_is_no_figure() -> None:
    sources = {"alertmanager": {"kind": "alertmanager"}}
    wrong = [
        request("/ingest/alertmanager", webhook(range(1))),
        request("/ingest/alertmanager", b"{"),
    ]
    with (
        web_process(sources) as port,
        pytest.raises(AiopsError, match=r"not every request was accepted.*400"),
    ):
        send(port, wrong, connections=2, seconds=0.2)


@pytest.mark.parametrize(
    ("kind", "metric", "made"),
    [
        ("remote_write", "http_requests_total", metrics.written),
        ("otlp_metrics", "requests", metrics.numbers),
        ("otlp_metrics", "took", metrics.histograms),
    ],
)
def test_each_sample_that_is_pushed_is_kept_once_and_its_series_met_once(
    kind: str, metric: str, made: Callable[[int, float], Iterable[bytes]]
) -> None:
    rate = PushedSignalSettings(name="rate", of=Selected(metric=metric), reading=Reading.RATE)
    numbers, now = Numbers(), datetime.now(UTC)
    known = catalog(source(rate, TOOK, kind=kind), numbers)
    bodies = list(made(100, 0.02))

    def kept() -> list[int]:
        return [ingester_named(kind)(one, PROTOBUF, known, now).kept for one in bodies]

    kept()
    assert kept() == [100] * len(bodies)
    assert len(numbers.asked) == len(bodies) // metrics.BODIES
