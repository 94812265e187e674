"""Pushed metrics: remote write as Prometheus sends it, and OTLP as collectors do.

Everything is kept: each series is one that a signal is made of.
"""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pyarrow as pa
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsServiceRequest,
)

from workers.bench.ingest.sender import request, send
from workers.bench.ingest.web import web_process

CONNECTIONS = 8
SECONDS = 8.0
WARM_SECONDS = 8.0
SERIES = 20_000
"""Fewer than the cap of a metric; a tenth of them have not counted anything yet."""

SERIES_OF_A_TARGET = 100
BODIES = 4
"""Every series is sent so often, at a time of its own."""

POINTS_IN_A_BODY = 5_000
BOUNDS = (0, 5, 10, 25, 50, 75, 100, 250, 500, 750, 1000, 2500, 5000, 7500, 10000)
"""The buckets of OpenTelemetry's SDKs."""

_PUSHED = {
    "prom": {
        "kind": "remote_write",
        "most_series": SERIES,
        "signals": [{"name": "requests_rate", "metric": "http_requests_total"}],
    }
}
_EXPORTED = {
    "otel": {
        "kind": "otlp_metrics",
        "most_series": SERIES,
        "signals": [
            {"name": "requests_rate", "metric": "requests", "as": "rate"},
            {"name": "latency_p95", "metric": "took", "quantile": 0.95},
        ],
    }
}
_PROTOBUF = "application/x-protobuf"


def measure_remote_write(scale: float) -> Mapping[str, Any]:
    """Return how many samples of Prometheus are taken a second, at 2,000 and at 500 a body."""
    figures = {}
    with web_process(_PUSHED) as port:
        for key, size in (
            ("remote_write_samples_per_second", 2000),
            ("remote_write_500_samples_per_second", 500),
        ):
            headers = {"content_type": _PROTOBUF, "content_encoding": "snappy"}
            bodies = [
                request("/ingest/remote_write", body, **headers) for body in written(size, scale)
            ]
            figures[key] = _per_second(port, bodies, size, scale)
    return figures


def measure_otlp(scale: float) -> Mapping[str, Any]:
    """Return how many number and histogram points of OTLP are taken a second."""
    figures = {}
    with web_process(_EXPORTED) as port:
        for key, made, size in (
            ("otlp_points_per_second", numbers, POINTS_IN_A_BODY),
            ("otlp_histogram_points_per_second", histograms, POINTS_IN_A_BODY // 5),
        ):
            bodies = [
                request("/v1/metrics", body, content_type=_PROTOBUF) for body in made(size, scale)
            ]
            figures[key] = _per_second(port, bodies, size, scale)
    return figures


def _per_second(port: int, bodies: list[bytes], size: int, scale: float) -> int:
    send(port, bodies, connections=1, seconds=WARM_SECONDS * scale)
    sent = send(port, bodies, connections=CONNECTIONS, seconds=SECONDS * scale)
    return round(sent.per_second * size)


def _series_of(scale: float) -> int:
    return max(int(SERIES * min(scale, 1.0)), 1)


def written(size: int, scale: float = 1.0) -> Iterable[bytes]:
    """Yield bodies of remote write with so many samples each."""
    now = _now_milliseconds()
    for turn in range(BODIES):
        for first in range(0, _series_of(scale), size):
            series = (_series(number, now, turn) for number in range(first, first + size))
            packed: bytes = pa.compress(b"".join(series), codec="snappy", asbytes=True)
            yield packed


def _series(number: int, now: int, turn: int) -> bytes:
    """Return a series: each target is scraped every 15 s, at a moment of its own."""
    at = _varint(now - 15_000 * turn - 7 * (number // SERIES_OF_A_TARGET))
    labels = {
        "__name__": "http_requests_total",
        "code": "200",
        "handler": f"/api/v1/thing{number % 50}",
        "instance": f"10.0.{number // 250}.{number % 250}:8080",
        "job": f"service-{number % 200}",
        "method": "GET",
        "pod": f"service-{number % 200}-5d9c7b-{number:05d}",
    }
    named = (
        _part(1, _part(1, key.encode()) + _part(2, one.encode())) for key, one in labels.items()
    )
    count = 0 if number % 10 == 0 else _count(number) - turn
    value = b"\x09" + np.float64(count).tobytes() if count else b""
    return _part(1, b"".join(named) + _part(2, value + b"\x10" + at))


def _part(field: int, body: bytes) -> bytes:
    return _varint(field << 3 | 2) + _varint(len(body)) + body


def _varint(number: int) -> bytes:
    found = bytearray()
    while number > 0x7F:
        found.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes([*found, number])


def numbers(size: int, scale: float = 1.0) -> Iterable[bytes]:
    """Yield exports of so many counters each."""
    now = _now_milliseconds()
    for turn in range(BODIES):
        for first in range(0, _series_of(scale), size):
            made, metric = _metric("requests", first)
            metric.sum.aggregation_temporality, metric.sum.is_monotonic = 2, True
            for number in range(first, first + size):
                point = metric.sum.data_points.add(as_int=_count(number) - turn)
                _describe(point, number, now, turn)
            yield made.SerializeToString()


def histograms(size: int, scale: float = 1.0) -> Iterable[bytes]:
    """Yield exports of so many histograms each."""
    now = _now_milliseconds()
    for turn in range(BODIES):
        for first in range(0, _series_of(scale) // 4, size):
            made, metric = _metric("took", first)
            metric.unit = "ms"
            metric.histogram.aggregation_temporality = 2
            for number in range(first, first + size):
                counts = [_count(number + bucket) - turn for bucket in range(len(BOUNDS) + 1)]
                point = metric.histogram.data_points.add(
                    count=sum(counts), sum=_count(number) / 7, min=0.5, max=777.0
                )
                point.bucket_counts.extend(counts)
                point.explicit_bounds.extend(BOUNDS)
                _describe(point, number, now, turn)
            yield made.SerializeToString()


def _metric(name: str, first: int) -> tuple[ExportMetricsServiceRequest, Any]:
    made = ExportMetricsServiceRequest()
    resource = made.resource_metrics.add()
    for key, told in (("service.name", f"service-{first}"), ("cloud.region", "EU")):
        resource.resource.attributes.add(key=key).value.string_value = told
    return made, resource.scope_metrics.add().metrics.add(name=name)


def _describe(point: Any, number: int, now: int, turn: int) -> None:
    """Add what tells a point from others; all of an export are of one time, and began at one."""
    point.start_time_unix_nano = (now - 3_600_000) * 1_000_000
    point.time_unix_nano = (now - 15_000 * turn) * 1_000_000
    for key, told in (
        ("http.request.method", "GET"),
        ("http.route", f"/api/v1/thing{number}"),
        ("http.response.status_code", "200"),
    ):
        point.attributes.add(key=key).value.string_value = told


def _count(number: int) -> int:
    """Return what something may have counted: up to ten million, alike for no two in a row."""
    return number * 2_654_435_761 % 9_999_991 + BODIES


def _now_milliseconds() -> int:
    """Return the wall clock: the web process takes no sample that is a day old."""
    return int(datetime.now(UTC).timestamp() * 1000)
