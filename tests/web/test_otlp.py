"""`/v1/logs` and `/v1/traces` answer as the exporters of OpenTelemetry expect."""

import gzip
import tracemalloc
import zlib
from collections.abc import Callable, Iterator
from typing import Any, Protocol

import httpx
import orjson
import pytest
from fastapi import HTTPException
from google.rpc.status_pb2 import Status
from opentelemetry._logs import LogRecord, SeverityNumber
from opentelemetry.exporter.otlp.proto.http._log_exporter import OTLPLogExporter
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceResponse
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk._logs.export import SimpleLogRecordProcessor
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.trace import SpanKind

from aiops.domain.errors import InputError, StoreError
from aiops.ingest.otlp import Parsed
from aiops.ingest.registry import ingester_named
from aiops.receivers.server import serve
from aiops.web import otlp
from aiops.web.bodies import gunzip

BODY = b'{"resourceLogs": []}'


class Site(Protocol):
    open: Callable[..., Any]


class Taker:
    """Keeps what was taken, or fails."""

    def __init__(self, error: Exception | None = None, rejected: int = 0) -> None:
        self.taken: list[tuple[str, bytes, str]] = []
        self._error = error
        self._rejected = rejected

    def __call__(self, signal: str, body: bytes, content_type: str) -> tuple[int, str]:
        if self._error is not None:
            raise self._error
        self.taken.append((signal, body, content_type))
        return self._rejected, "no service.name" if self._rejected else ""


def post(
    site: Site, taker: Taker, body: bytes = BODY, path: str = "/v1/logs", **headers: str
) -> httpx.Response:
    named = {"content-type": "application/json"} | {
        name.replace("_", "-"): value for name, value in headers.items()
    }
    found: httpx.Response = site.open(take_export=taker).post(path, content=body, headers=named)
    return found


@pytest.mark.parametrize("path", ["/v1/logs", "/v1/traces"])
def test_a_body_is_handed_on_unpacked_and_answered_empty(site: Site, path: str) -> None:
    taker = Taker()
    answer = post(site, taker, gzip.compress(BODY), path, content_encoding="gzip")
    assert (answer.status_code, answer.json()) == (200, {})
    assert taker.taken == [(path.rpartition("/")[2], BODY, "application/json")]


def test_what_is_not_taken_is_told_in_the_senders_encoding(site: Site) -> None:
    told = post(site, Taker(rejected=3)).json()
    assert told == {
        "partialSuccess": {"rejectedLogRecords": "3", "errorMessage": "no service.name"}
    }
    answer = post(site, Taker(rejected=3), content_type=otlp.PROTOBUF)
    assert answer.headers["content-type"] == otlp.PROTOBUF
    message = ExportLogsServiceResponse.FromString(answer.content)
    assert message.partial_success.rejected_log_records == 3


@pytest.mark.parametrize(
    ("error", "status"), [(InputError("line 1: no"), 400), (StoreError("disk full"), 503)]
)
def test_a_refusal_says_whether_to_send_again(site: Site, error: Exception, status: int) -> None:
    answer = post(site, Taker(error), content_type=otlp.PROTOBUF)
    assert answer.status_code == status
    assert ("retry-after" in answer.headers) is (status == 503)
    assert Status.FromString(answer.content).message


@pytest.mark.parametrize(
    ("headers", "body", "status"),
    [
        ({"content_type": "text/plain"}, BODY, 415),
        ({"content_encoding": "br"}, BODY, 415),
        ({"content_encoding": "gzip"}, b"no gzip", 400),
        ({"content_encoding": "gzip"}, gzip.compress(BODY, mtime=0)[:-9], 400),
        ({"content_encoding": "gzip"}, gzip.compress(b"", mtime=0) * 200, 413),
        ({}, b" " * (otlp.MAX_PACKED_BYTES + 1), 413),
    ],
    ids=["kind", "packing", "no gzip", "cut off", "many members", "too long"],
)
def test_a_body_that_cannot_be_unpacked_is_refused(
    site: Site, headers: dict[str, str], body: bytes, status: int
) -> None:
    taker = Taker()
    assert post(site, taker, body, **headers).status_code == status
    assert taker.taken == []


def test_a_bomb_is_refused_before_it_is_unpacked(site: Site) -> None:
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    bomb = b"".join(packer.compress(bytes(1 << 20)) for _ in range(512)) + packer.flush()
    assert len(bomb) < otlp.MAX_PACKED_BYTES
    assert post(site, Taker(), bomb, content_encoding="gzip").status_code == 413


def test_without_the_token_nothing_is_taken(site: Site) -> None:
    taker = Taker()
    browser = site.open(take_export=taker, ingest_token="secret")
    headers = {"content-type": "application/json"}
    assert browser.post("/v1/logs", content=BODY, headers=headers).status_code == 401
    headers["authorization"] = "Bearer secret"
    assert browser.post("/v1/logs", content=BODY, headers=headers).status_code == 200
    assert len(taker.taken) == 1


@pytest.mark.parametrize("path", ["/v1/metrics", "/v1/profiles"])
def test_other_signals_are_not_taken_here(site: Site, path: str) -> None:
    assert post(site, Taker(), path=path).status_code == 404


@pytest.fixture
def real(site: Site) -> Iterator[tuple[str, list[Parsed]]]:
    """A server whose answers the SDK's exporters judge, and what it understood."""
    understood: list[Parsed] = []

    def take(signal: str, body: bytes, content_type: str) -> tuple[int, str]:
        parsed: Parsed = ingester_named(f"otlp_{signal}")(body, content_type, None, "prod")
        understood.append(parsed)
        return parsed.rejected, parsed.why

    with serve(site.open(take_export=take).app) as url:
        yield url, understood


@pytest.mark.parametrize("packing", ["none", "gzip"])
def test_the_real_log_exporter_is_understood(
    real: tuple[str, list[Parsed]], packing: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_COMPRESSION", packing)
    url, understood = real
    provider = LoggerProvider(Resource({"service.name": "pay", "deployment.environment": "prod"}))
    provider.add_log_record_processor(
        SimpleLogRecordProcessor(OTLPLogExporter(endpoint=f"{url}/v1/logs"))
    )
    record = LogRecord(
        severity_number=SeverityNumber.ERROR, body="card 4711 declined", timestamp=10**18
    )
    provider.get_logger("tests").emit(record)
    provider.shutdown()
    (line,) = understood[0].batch.lines
    assert (line.service, line.text, line.severity) == ("pay", "card <*> declined", 17)


def test_the_real_trace_exporter_is_understood(real: tuple[str, list[Parsed]]) -> None:
    url, understood = real
    provider = TracerProvider(resource=Resource({"service.name": "pay"}))
    provider.add_span_processor(SimpleSpanProcessor(OTLPSpanExporter(endpoint=f"{url}/v1/traces")))
    tracer = provider.get_tracer("tests")
    with (
        pytest.raises(ValueError, match="no card"),
        tracer.start_as_current_span("POST /pay", kind=SpanKind.SERVER) as span,
    ):
        raise ValueError("no card")
    provider.shutdown()
    (example,) = understood[0].batch.traces
    assert example.trace_id == f"{span.get_span_context().trace_id:032x}"
    assert (example.failed, example.status) == (True, "ValueError: no card")


def test_json_answers_are_json(site: Site) -> None:
    assert orjson.loads(post(site, Taker()).content) == {}


def test_a_bomb_is_never_held_in_memory() -> None:
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    bomb = b"".join(packer.compress(bytes(1 << 20)) for _ in range(64)) + packer.flush()
    tracemalloc.start()
    try:
        with pytest.raises(HTTPException, match="413"):
            gunzip(bomb, 1 << 20)
        assert tracemalloc.get_traced_memory()[1] < 8 << 20
    finally:
        tracemalloc.stop()
