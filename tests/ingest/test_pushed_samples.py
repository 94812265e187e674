"""What bodies of samples become: limits, resets, delta points, and what is not taken."""

from typing import Any

import numpy as np
import pytest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsServiceRequest,
)

from aiops.derive.plan import plan_of
from aiops.domain.errors import InputError
from aiops.domain.labels import LabelRule
from aiops.domain.pushed import RawSeries
from aiops.ingest import otlp_metrics, remote_write
from aiops.ingest.catalog import Catalog, Pushed
from aiops.ingest.pushed_signals import Signals
from aiops.settings import PushedSignalSettings, Reading, Selected
from tests.builders import minute
from tests.pushed import (
    POOL,
    REQUESTS,
    Numbers,
    catalog,
    labels_of,
    packed,
    part,
    sample,
    source,
    varint,
)
from tests.pushed import (
    remote_write as written,
)

PROTOBUF = "application/x-protobuf"
UP = {"__name__": "requests_total", "job": "shop"}
START = round(minute(-60).timestamp() * 1e9)


def at(seconds: float) -> int:
    return round(minute(0).timestamp() * 1000 + seconds * 1000)


def read(body: bytes, known: Catalog | None = None) -> Pushed:
    return remote_write.parse(body, PROTOBUF, known or catalog(source(REQUESTS)), minute(1))


def test_a_bomb_is_refused_by_the_length_it_announces() -> None:
    bomb = varint(1 << 31) + b"\0" * 100
    with pytest.raises(InputError, match="holds 2,147,483,648 bytes"):
        read(bomb)


@pytest.mark.parametrize("body", [b"", b"\xff" * 9, packed(b"abc")[:-1], packed(b"\x0a\xff")])
def test_what_is_no_body_of_samples_is_refused(body: bytes) -> None:
    with pytest.raises(InputError):
        read(body)


def test_times_that_would_mislead_are_counted_and_not_taken() -> None:
    found = read(written([(UP, at(-90_000), 1.0), (UP, at(3600), 1.0), (UP, at(0), 1.0)]))
    assert (found.kept, found.samples) == (1, 3)
    assert sum(found.refused.values()) == 2


def test_a_series_that_cannot_be_read_costs_no_other() -> None:
    broken = labels_of(UP) + part(1, part(1, b"x") + part(2, b"\xff\xfe")) + sample(at(0), 1.0)
    nameless = labels_of({"job": "a"}) + sample(at(0), 1.0)
    crowded = labels_of({**UP, **{f"l{n}": "x" for n in range(130)}}) + sample(at(0), 1.0)
    native = labels_of(UP) + part(4, b"")
    good = labels_of(UP) + sample(at(0), 1.0)
    body = b"".join(part(1, one) for one in (broken, nameless, crowded, native, good))
    found = read(packed(body))
    assert (found.kept, found.samples) == (1, 4)
    assert sum(found.refused.values()) == 4


def test_rules_for_all_sources_hold_for_pushed_labels() -> None:
    rules = (
        LabelRule(name="normalize[0]", rename={"app": "service"}),
        LabelRule(name="normalize[1]", where={"env": "sandbox"}, ignore=True),
    )
    numbers = Numbers()
    known = catalog(source(REQUESTS, normalize=rules), numbers)
    series = {"__name__": "requests_total", "app": "shop"}
    read(written([(series, at(0), 1.0), ({**series, "env": "sandbox"}, at(0), 1.0)]), known)
    assert list(numbers.given) == ["shop:requests_total{env=prod,service=shop}"]


class Export:
    """An export of one metric of one resource."""

    def __init__(self, name: str, unit: str = "") -> None:
        self.made = ExportMetricsServiceRequest()
        resource = self.made.resource_metrics.add()
        service = resource.resource.attributes.add(key="service.name")
        service.value.string_value = "shop"
        env = resource.resource.attributes.add(key="deployment.environment.name")
        env.value.string_value = "production"
        self.metric: Any = resource.scope_metrics.add().metrics.add(name=name, unit=unit)

    def count(self, value: int, *, start: int = START, seconds: float = 0, kind: int = 2) -> None:
        data = self.metric.sum
        data.aggregation_temporality, data.is_monotonic = kind, True
        time = round((minute(0).timestamp() + seconds) * 1e9)
        data.data_points.add(start_time_unix_nano=start, time_unix_nano=time, as_int=value)


def export(one: Export, known: Catalog) -> Pushed:
    return otlp_metrics.parse(one.made.SerializeToString(), PROTOBUF, known, minute(1))


def values(found: Pushed) -> list[tuple[int, float]]:
    return [
        (int(moment) - at(0), float(row[0]))
        for _, moments, rows in found.blocks
        for moment, row in zip(moments, rows, strict=True)
    ]


OTEL = source(
    PushedSignalSettings(
        name="requests_rate", of=Selected(metric="requests"), reading=Reading.RATE
    ),
    POOL,
    kind="otlp_metrics",
)


def test_a_new_start_is_a_reset_even_where_the_new_count_is_higher() -> None:
    known = catalog(OTEL)
    for count, start, seconds in ((5, START, 0), (8, START, 10), (9, START + 10**9, 20)):
        one = Export("requests")
        one.count(count, start=start, seconds=seconds)
        told = values(export(one, known))
        since = (start - START) // 10**6 - 3_600_000
        began = [(since, 0.0)] if seconds != 10 else []
        assert told == [(round(seconds * 1000), float(count)), *began]


def test_a_start_that_is_known_is_told_once_also_by_points_that_are_read_in_full() -> None:
    known = catalog(OTEL)
    for seconds in (0, 10, 20):
        one = Export("requests")
        one.count(5, seconds=seconds)
        one.metric.sum.data_points[0].exemplars.add(as_double=1.0)
        assert len(values(export(one, known))) == (2 if seconds == 0 else 1)


def test_a_point_of_what_came_since_tells_of_no_reset_but_the_first() -> None:
    known = catalog(OTEL)
    for number in range(3):
        one, begin = Export("requests"), START + number * 10**9
        one.count(4, start=begin, seconds=number, kind=1)
        assert len(values(export(one, known))) == (2 if number == 0 else 1)


def test_an_environment_that_is_spelled_out_is_known_by_the_declared_name() -> None:
    numbers = Numbers()
    signals = Signals(source=OTEL, declared_envs={"prod"})
    known = Catalog(signals, numbers)
    one = Export("requests", unit="{request}")
    one.count(1)
    export(one, known)
    assert list(numbers.given) == [
        "shop:requests{env=prod,deployment.environment.name=prod,service.name=shop}"
    ]


def test_the_rate_of_a_histogram_is_of_calls_and_not_of_their_unit() -> None:
    took = Selected(metric="took")
    rules = source(
        PushedSignalSettings(name="requests_rate", of=took, reading=Reading.RATE),
        PushedSignalSettings(name="latency_mean", of=took, reading=Reading.MEAN),
        PushedSignalSettings(name="latency_p95", of=took, reading=Reading.QUANTILE, quantile=0.95),
        kind="otlp_metrics",
    )
    signals = Signals(source=rules)
    key = signals.key("took", {"service.name": "shop"})
    raw = RawSeries(key=key, unit="s", bounds=(0.1,)).expanded()
    named = [signals.named(one) for one in plan_of(signals.derivations(), raw).outputs]
    assert {one.key.metric: one.unit for one in named if one} == {
        "requests_rate": "1/s",
        "latency_mean": "s",
        "latency_p95": "s",
    }


def test_what_is_not_taken_is_told_with_the_reason() -> None:
    one = Export("requests")
    one.metric.summary.data_points.add(count=3)
    found = export(one, catalog(OTEL))
    assert found.refused == {"summary is not taken: send explicit buckets": 1}
    one = Export("requests")
    one.metric.histogram.data_points.add(bucket_counts=[1, 2], explicit_bounds=[3.0, 1.0])
    assert "without ascending bounds" in next(iter(export(one, catalog(OTEL)).refused))


def test_a_point_without_a_value_ends_its_series() -> None:
    one = Export("pool_used")
    time = round(minute(0).timestamp() * 1e9)
    one.metric.gauge.data_points.add(time_unix_nano=time, flags=1)
    ((_, _, rows),) = export(one, catalog(OTEL)).blocks
    assert np.isnan(rows).all()


def test_a_point_that_lacks_its_time_is_none_of_a_series_without_attributes() -> None:
    known = catalog(OTEL)
    for times in ([0], [0, 10]):
        one = Export("pool_used")
        for seconds in times:
            time = round((minute(0).timestamp() + seconds) * 1e9)
            one.metric.gauge.data_points.add(time_unix_nano=time, as_double=7.0)
        one.metric.gauge.data_points.add(as_double=8.0)
        found = export(one, known)
        assert values(found) == [(1000 * seconds, 7.0) for seconds in times]
        assert sum(found.refused.values()) == 1


def test_names_are_forgotten_when_they_take_too_much(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("aiops.ingest.catalog.MOST_REMEMBERED_BYTES", 1000)
    numbers = Numbers()
    known = catalog(source(REQUESTS), numbers)
    for place in range(20):
        series = {"__name__": "requests_total", "service": "shop", "pod": "p" * 200 + str(place)}
        assert len(values(read(written([(series, at(0), 1.0)]), known))) == 1
        assert len(known.keys) <= 4
    assert len(numbers.given) == 20
