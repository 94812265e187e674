"""Spans that come → ticks of rate, errors and duration, each request counted once."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import numpy as np
import orjson
import pytest

from aiops.domain.errors import SourceError, StoreError
from aiops.ingest.otlp import JSON
from aiops.settings import SpanSettings
from tests.builders import minute
from tests.ingest.exports import resource, span
from tests.workers.installation import Installation
from workers.exports import take_export
from workers.outside import Outside
from workers.spans import SpanSource

SPANS = SpanSettings(name="traces", back_fill_days=0)


@pytest.fixture
def house(parts: Installation) -> Installation:
    parts.settings = replace(parts.settings, sources=(SPANS,))
    parts.fed.update(Outside.sources.func(parts))  # type: ignore[attr-defined]
    return parts


def requests(count: int, at: float = 0.5, **more: Any) -> bytes:
    """Return an export of requests that shop made and pay answered, both in one trace each."""
    asked, answered = [], []
    for number in range(count):
        trace, ids = f"{number + 1:032x}", (f"{number + 1:016x}", f"{number + 1 + count:016x}")
        told = {"traceId": trace, "status": {}} | more
        peer = [{"key": "peer.service", "value": {"stringValue": "pay"}}]
        asked.append(span(at, spanId=ids[0], kind=3, attributes=peer, **told))
        answered.append(span(at, spanId=ids[1], parentSpanId=ids[0], **told))
    return orjson.dumps(
        {
            "resourceSpans": [
                {"resource": resource(name), "scopeSpans": [{"spans": some}]}
                for name, some in (("shop", asked), ("pay", answered))
            ]
        }
    )


def send(house: Installation, body: bytes) -> None:
    assert take_export(house, "traces", body, JSON) == (0, "")


def poll_at(house: Installation, at: float) -> None:
    house.hand.at = minute(at) + timedelta(seconds=31)
    house.poll.run("traces")


def values(house: Installation) -> dict[str, dict[float, float]]:
    found: dict[str, dict[float, float]] = {}
    for shard in house.history.shards():
        history = house.history.history(shard.id, minute(-10), minute(60))
        for slot, one in enumerate(shard.series):
            found[one.key.fingerprint] = {
                (at - minute(0).timestamp()) / 60: round(float(value), 3)
                for at, value in zip(history.times, history.values[:, slot], strict=True)
                if np.isfinite(value)
            }
    return found


def test_a_minute_of_spans_becomes_a_tick(house: Installation) -> None:
    send(house, requests(12))
    send(house, requests(3, at=0.7, status={"code": 2}, name="refund"))
    house.digest.run()
    poll_at(house, 1)
    found = values(house)
    assert found["pay:traced_requests_rate{env=prod}"] == {1: 0.25}
    assert found["pay:traced_requests_rate{env=prod,caller=shop}"] == {1: 0.25}
    assert found["pay:traced_error_ratio{env=prod}"] == {1: 0.2}
    assert found["pay:traced_latency_p95{env=prod}"][1] == pytest.approx(1.5, rel=0.42)
    assert not any(name.startswith("shop:") for name in found)  # nobody asked it


def test_a_body_that_comes_again_counts_once(house: Installation) -> None:
    for _ in range(3):
        send(house, requests(6))
        house.digest.run()
    poll_at(house, 1)
    assert values(house)["pay:traced_requests_rate{env=prod}"] == {1: 0.1}


def test_a_tick_waits_until_all_that_came_is_counted(house: Installation) -> None:
    house.hand.at = minute(0.9)
    send(house, requests(6))
    poll_at(house, 1)
    assert values(house) == {}
    house.digest.run()
    poll_at(house, 1)
    assert values(house)["pay:traced_requests_rate{env=prod}"] == {1: 0.1}


def test_a_tick_waits_for_what_came_after_its_minute_too(house: Installation) -> None:
    send(house, requests(6))
    house.digest.run()
    house.hand.at = minute(1) + timedelta(seconds=10)
    send(house, requests(12, at=0.7, name="refund"))
    poll_at(house, 1)
    assert values(house) == {}
    house.digest.run()
    poll_at(house, 1)
    assert values(house)["pay:traced_requests_rate{env=prod}"] == {1: 0.3}


def test_nothing_is_counted_where_nobody_asks(parts: Installation) -> None:
    send(parts, requests(6))
    parts.digest.run()
    assert parts.span_counts.between(minute(-60), minute(60)) == ()


def test_a_new_process_knows_who_was_there_before(house: Installation) -> None:
    send(house, requests(6))
    house.digest.run()
    poll_at(house, 1)
    fresh = SpanSource(SPANS, (), house.span_counts, house.clock)
    send(house, requests(6, at=1.5).replace(b'"shop"', b'"app"'))
    house.digest.run()
    found = {one.series.key.fingerprint: one.values for one in fresh.pull(minute(2), minute(2), 60)}
    assert found["pay:traced_requests_rate{env=prod}"].tolist() == [0.1]
    assert found["pay:traced_requests_rate{env=prod,caller=shop}"].tolist() == [0.0]


def test_too_many_names_are_told_as_long_as_there_are(
    house: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("aiops.ingest.span_metrics.MOST_SERIES", 1)
    send(house, requests(1))
    house.digest.run()
    source = SpanSource(SPANS, (), house.span_counts, house.clock)
    source.pull(minute(1), minute(1), 60)
    assert "does a name hold an id?" in source.complaints["series"]
    source.pull(minute(2), minute(2), 60)
    assert source.complaints == {}


def test_counts_that_cannot_be_read_are_a_source_that_does_not_answer(
    house: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise StoreError("the disk is full")

    monkeypatch.setattr(house.span_counts, "between", fail)
    monkeypatch.setattr(house.span_counts, "parties", fail)
    monkeypatch.setattr(house.span_counts, "waiting_since", fail)
    source = SpanSource(SPANS, (), house.span_counts, house.clock)
    with pytest.raises(SourceError, match=r"traces: .*counts of spans cannot be read"):
        source.pull(minute(1), minute(1), 60)
    with pytest.raises(SourceError):
        source.reported_until()
