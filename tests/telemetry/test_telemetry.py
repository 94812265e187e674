"""What the product tells of itself."""

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsServiceRequest,
)
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from aiops.telemetry import connect
from tests.builders import minute
from tests.store.makers import incident, notification
from tests.telemetry.collecting import Collected

PARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


@pytest.fixture
def collected() -> Collected:
    return Collected()


def test_work_goes_on_in_the_trace_it_is_told(collected: Collected) -> None:
    with collected.telemetry.continued("detect.advance", PARENT):
        inner = collected.telemetry.traceparent()
    (span,) = collected.spans.get_finished_spans()
    assert span.name == "detect.advance"
    assert span.context is not None
    assert span.context.trace_id == int(PARENT.split("-")[1], 16)
    assert span.parent is not None
    assert span.parent.span_id == int(PARENT.split("-")[2], 16)
    assert inner.split("-")[1] == PARENT.split("-")[1]


@pytest.mark.parametrize("parent", ["", "rubbish", "00-00000000000000000000000000000000-0-01"])
def test_without_a_trace_to_go_on_with_a_new_one_begins(collected: Collected, parent: str) -> None:
    with collected.telemetry.continued("ingest.poll", parent):
        assert collected.telemetry.traceparent()
    (span,) = collected.spans.get_finished_spans()
    assert span.parent is None


def test_a_span_says_what_failed_in_it(collected: Collected) -> None:
    with (
        pytest.raises(ZeroDivisionError),
        collected.telemetry.continued("fit.shard", ""),
    ):
        raise ZeroDivisionError
    (span,) = collected.spans.get_finished_spans()
    assert not span.status.is_ok


def test_deliveries_are_counted_with_their_delay(collected: Collected) -> None:
    note = notification(due=5)
    collected.telemetry.delivered(note, minute(7))
    collected.telemetry.delivery_failed(note, "answered 500")
    counts = {labels["result"]: value for labels, value in collected.points("aiops.deliveries")}
    assert counts == {"delivered": 1, "failed": 1}
    assert collected.points("aiops.delivery.delay") == [({"sink": "pagerduty"}, 120.0)]


def test_clocks_that_disagree_give_no_negative_waits(collected: Collected) -> None:
    collected.telemetry.started("detect.sweep", -3)
    assert collected.points("aiops.queue.age") == [({"task": "detect.sweep"}, 0.0)]


def test_revisions_and_faults_are_counted_and_logged(
    collected: Collected, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO, "aiops"):
        collected.telemetry.incident_revised(incident())
        collected.telemetry.fault("queue", "no broker")
        collected.telemetry.failed("fit.shard", ("a",), ValueError("bad"))
    assert collected.points("aiops.incident.revisions") == [
        ({"state": "open", "severity": "P1"}, 1)
    ]
    kinds = {labels["kind"] for labels, _ in collected.points("aiops.faults")}
    assert kinds == {"queue", "fit.shard"}
    told = [record.getMessage() for record in caplog.records]
    assert "INC-1001 P1 open, page because a money KPI is losing: Checkout fails in EU" in told
    assert "queue: no broker" in told
    assert caplog.records[-1].exc_info


def test_without_an_endpoint_nothing_is_traced_kept_or_printed(
    capfd: pytest.CaptureFixture[str],
) -> None:
    before = threading.active_count()
    telemetry = connect("aiops-fast", None, {})
    with telemetry.continued("ingest.poll", ""):
        assert telemetry.traceparent() == ""
    telemetry.started("ingest.poll", 1.0)
    telemetry.close()
    assert threading.active_count() == before
    assert capfd.readouterr() == ("", "")


def test_a_trace_of_others_passes_through_a_silent_process() -> None:
    telemetry = connect("aiops-fast", None, {})
    with telemetry.continued("ingest.poll", PARENT):
        assert telemetry.traceparent().split("-")[1] == PARENT.split("-")[1]


@contextmanager
def otlp_receiver() -> Iterator[tuple[str, dict[str, list[bytes]]]]:
    """Serve an OTLP/HTTP receiver on loopback; give its address and the bodies it got by path."""
    bodies: dict[str, list[bytes]] = {}

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            length = int(self.headers["Content-Length"])
            bodies.setdefault(self.path, []).append(self.rfile.read(length))
            self.send_response(200)
            self.send_header("Content-Type", "application/x-protobuf")
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_args: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}", bodies
        finally:
            server.shutdown()
            thread.join()


def test_an_endpoint_receives_traces_and_metrics() -> None:
    with otlp_receiver() as (url, bodies):
        telemetry = connect("aiops-fast", f"{url}/", {"deployment.environment.name": "test"})
        with telemetry.continued("ingest.poll", PARENT):
            telemetry.started("ingest.poll", 0.5)
        telemetry.close()
    traces = ExportTraceServiceRequest.FromString(b"".join(bodies["/v1/traces"]))
    (resource,) = traces.resource_spans
    names = {one.key: one.value.string_value for one in resource.resource.attributes}
    assert names["service.name"] == "aiops-fast"
    assert names["deployment.environment.name"] == "test"
    (span,) = resource.scope_spans[0].spans
    assert span.name == "ingest.poll"
    assert span.trace_id.hex() == PARENT.split("-")[1]
    metrics = ExportMetricsServiceRequest.FromString(b"".join(bodies["/v1/metrics"]))
    found = {
        m.name for one in metrics.resource_metrics for s in one.scope_metrics for m in s.metrics
    }
    assert found == {"aiops.queue.age"}


def test_two_processes_in_one_do_not_share_their_telemetry() -> None:
    with otlp_receiver() as (url, bodies):
        first, second = (connect(name, url, {}) for name in ("aiops-fast", "aiops-slow"))
        with first.continued("ingest.poll", ""):
            pass
        with second.continued("fit.due", ""):
            pass
        first.close()
        second.close()
    requests = [ExportTraceServiceRequest.FromString(body) for body in bodies["/v1/traces"]]
    told = {
        (one.resource.attributes[-1].value.string_value, one.scope_spans[0].spans[0].name)
        for request in requests
        for one in request.resource_spans
    }
    assert {name for _, name in told} == {"ingest.poll", "fit.due"}
    assert len(told) == 2
