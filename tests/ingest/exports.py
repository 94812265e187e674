"""OTLP bodies as the tests need them, in both encodings."""

from typing import Any

import orjson
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from tests.builders import minute
from tests.clues.made import TRACE


def attribute(key: str, value: str) -> dict[str, Any]:
    return {"key": key, "value": {"stringValue": value}}


def resource(service: str | None, env: str | None = None) -> dict[str, Any]:
    told = [attribute("service.name", service)] if service else []
    told += [attribute("deployment.environment.name", env)] if env else []
    return {"attributes": told}


def nanoseconds(at: float) -> str:
    return str(int(minute(at).timestamp()) * 10**9)


def log(text: str = "card 7 declined", at: float = 3, **more: Any) -> dict[str, Any]:
    return {
        "timeUnixNano": nanoseconds(at),
        "severityNumber": 17,
        "severityText": "ERROR",
        "body": {"stringValue": text},
        "traceId": TRACE,
    } | more


def logs(*records: dict[str, Any], service: str | None = "pay", env: str | None = None) -> bytes:
    scope = {"scopeLogs": [{"logRecords": list(records)}], "resource": resource(service, env)}
    return orjson.dumps({"resourceLogs": [scope]})


def span(at: float = 3, **more: Any) -> dict[str, Any]:
    return {
        "traceId": TRACE,
        "spanId": "00f067aa0ba902b7",
        "name": "POST /pay",
        "kind": 2,
        "startTimeUnixNano": str(int(nanoseconds(at)) - 1_500_000_000),
        "endTimeUnixNano": nanoseconds(at),
        "status": {"code": 2, "message": "no connection"},
    } | more


def spans(*some: dict[str, Any], service: str | None = "pay", env: str | None = None) -> bytes:
    scope = {"scopeSpans": [{"spans": list(some)}], "resource": resource(service, env)}
    return orjson.dumps({"resourceSpans": [scope]})


def as_protobuf(body: bytes) -> bytes:
    """Return a JSON body in the other encoding, its ids as bytes."""
    document = orjson.loads(body)
    kind = ExportLogsServiceRequest if "resourceLogs" in document else ExportTraceServiceRequest
    return kind(**_message(document)).SerializeToString()


def _message(value: Any, name: str = "") -> Any:
    if isinstance(value, list):
        return [_message(one) for one in value]
    if not isinstance(value, dict):
        if name.endswith(("traceId", "spanId", "parentSpanId")):
            return bytes.fromhex(value)
        return int(value) if name.endswith("UnixNano") else value
    return {
        "".join(f"_{char.lower()}" if char.isupper() else char for char in key): _message(one, key)
        for key, one in value.items()
    }
