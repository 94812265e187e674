"""Further forms of pushed samples → the ticks their older forms give."""

from datetime import timedelta
from typing import Any

import pytest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsServiceRequest,
)

from aiops.ingest.remote_write import VERSION_2
from aiops.settings import PushedSignalSettings, Reading, Selected
from tests.builders import minute
from tests.pushed import remote_write_2, source
from tests.workers.installation import Installation
from tests.workers.test_gather import RATE, House, scrapes

TOOK = Selected(metric="took")
OTEL = source(
    PushedSignalSettings(name="requests_rate", of=TOOK, reading=Reading.RATE),
    PushedSignalSettings(name="latency_p95", of=TOOK, reading=Reading.QUANTILE, quantile=0.95),
    PushedSignalSettings(name="latency_mean", of=TOOK, reading=Reading.MEAN),
    kind="otlp_metrics",
    name="prom",
)
PROTOBUF = "application/x-protobuf"


def test_remote_write_2_becomes_the_rate_that_1_becomes(parts: Installation) -> None:
    house = House(parts)
    body = remote_write_2(scrapes(-5, 0.5))
    kept, pushed = house.receiver.take(house.rules, body, VERSION_2)
    kept.result(10)
    assert (pushed.samples, dict(pushed.refused)) == (23, {})
    house.gather_at(minute(0.5))
    assert house.values()[RATE][0] == pytest.approx(2.0)


def exponential(at: float, calls: int, scale: int, start: float = -60) -> bytes:
    """Return an export of calls that took 0.9 to 1 s each, in buckets of a scale."""
    made = ExportMetricsServiceRequest()
    resource = made.resource_metrics.add()
    service = resource.resource.attributes.add(key="service.name")
    service.value.string_value = "shop"
    metric: Any = resource.scope_metrics.add().metrics.add(name="took", unit="s")
    metric.exponential_histogram.aggregation_temporality = 2
    point = metric.exponential_histogram.data_points.add(
        start_time_unix_nano=round(minute(start).timestamp() * 1e9),
        time_unix_nano=round(minute(at).timestamp() * 1e9),
        count=calls,
        sum=calls * 0.95,
        scale=scale,
    )
    point.positive.offset = -1  # the bucket that ends at 1, whatever the scale
    point.positive.bucket_counts.append(calls)
    return made.SerializeToString()


def test_a_new_scale_and_a_restart_of_the_sender_are_no_jumps(parts: Installation) -> None:
    house = House(parts, OTEL)
    for turn in range(60):
        begun, scale = (-60.0, 4 - turn // 10) if turn < 40 else (-5.0, -1)
        calls = 1000 + turn * 30 if turn < 40 else (turn - 40) * 30 + 30
        body = exponential(-15 + turn / 4, calls, scale, begun)
        kept, _ = house.receiver.take(OTEL, body, PROTOBUF)
        kept.result(10)
    house.gather_at(minute(0) + timedelta(seconds=30))
    found = house.values()
    rates = found["shop:requests_rate{env=prod}"]
    assert all(rate <= 2.0001 for rate in rates.values())  # a young one counts for part of a window
    assert all(rate == pytest.approx(2.0) for at, rate in rates.items() if at >= -10)
    quantiles = found["shop:latency_p95{env=prod}"]
    assert len(quantiles) == len(rates) > 8
    assert all(0.83 < one < 1.01 for one in quantiles.values())
    means = found["shop:latency_mean{env=prod}"]
    assert all(one == pytest.approx(0.95) for one in means.values())
