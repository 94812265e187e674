"""What is kept of logs and traces -> the lines of a recording that `telemetry` reads back."""

from collections.abc import Iterable
from datetime import timedelta
from typing import Any, Final

import orjson

from aiops.domain.clues import LogLines, TraceExample

_WITHIN: Final = timedelta(seconds=30)
"""Of a trace only the minute is kept in which it ended; it is written into the middle of it."""

_SERVER, _CLIENT = 2, 3
_FAILED = 2


def log_event_lines(lines: Iterable[LogLines]) -> bytes:
    """Return `log` events for `events.jsonl`, one for the like lines of a minute, by minute."""
    ordered = sorted(lines, key=lambda one: (one.minute, one.env, one.service, one.text))
    return b"".join(orjson.dumps(_log_event(one)) + b"\n" for one in ordered)


def trace_lines(traces: Iterable[TraceExample]) -> bytes:
    """Return `traces.jsonl`: OTLP/JSON, a body for each example, by minute."""
    ordered = sorted(
        traces, key=lambda one: (one.minute, one.env, one.service, one.trace_id, one.span_id)
    )
    return b"".join(orjson.dumps(_export(one)) + b"\n" for one in ordered)


def _log_event(one: LogLines) -> dict[str, Any]:
    attributes = {"severity": int(one.severity), "count": one.count, "trace_id": one.trace_id}
    return {
        "timestamp": one.minute.isoformat(),
        "kind": "log",
        "service": one.service,
        "env": one.env,
        **({"region": one.region} if one.region else {}),
        **({"segment": one.segment} if one.segment else {}),
        "description": one.example or one.text,
        "attributes": {name: value for name, value in attributes.items() if value},
    }


def _export(one: TraceExample) -> dict[str, Any]:
    """Return one example as its caller's span where there is one, else as that who answered."""
    resource = {"service.name": one.caller or one.service, "deployment.environment.name": one.env}
    resource |= {"region": one.region} if one.region else {}
    resource |= {"segment": one.segment} if one.segment else {}
    end = one.minute + _WITHIN
    span = {
        "traceId": one.trace_id,
        "spanId": one.span_id,
        "name": one.name,
        "kind": _CLIENT if one.caller else _SERVER,
        "startTimeUnixNano": _nanoseconds(end.timestamp() - one.duration_seconds),
        "endTimeUnixNano": _nanoseconds(end.timestamp()),
        "attributes": _attributes({"peer.service": one.service} if one.caller else {}),
        "status": {"code": _FAILED, "message": one.status} if one.failed else {},
    }
    scopes = [{"spans": [span]}]
    return {
        "resourceSpans": [{"resource": {"attributes": _attributes(resource)}, "scopeSpans": scopes}]
    }


def _attributes(told: dict[str, str]) -> list[dict[str, Any]]:
    return [{"key": name, "value": {"stringValue": value}} for name, value in told.items()]


def _nanoseconds(seconds: float) -> str:
    """Return epoch seconds as OTLP has them; durations are known to the microsecond."""
    return str(round(seconds * 1e6) * 1000)
