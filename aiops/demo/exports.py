"""What the shop's services would export while a story is told: logs and traces as OTLP/JSON."""

import hashlib
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any, Final, NamedTuple

from aiops.demo.faults import Fault, FaultKind
from aiops.domain.time import MINUTE
from topology.graph import ServiceGraph

BEFORE: Final = timedelta(hours=1)
"""How long before the live part the shop has been heard."""

AFTER: Final = timedelta(seconds=5)
"""How long an exporter gathers before it sends."""

_LINES_A_MINUTE: Final = 24
_FAILING_A_MINUTE: Final = 3
_INFO, _WARN, _ERROR = 9, 13, 17

_SAID: Final = MappingProxyType(
    {
        FaultKind.DEPLOY_ERRORS: "payment {n} failed: connection pool exhausted after {ms} ms",
        FaultKind.FLAG_REGION: "cannot render result {n}: variant has no price",
        FaultKind.SHARED_CONFIG: "query {n} cancelled: statement timeout after {ms} ms",
        FaultKind.PROVIDER_OUTAGE: "call {n} to provider failed: HTTP 503 after {ms} ms",
        FaultKind.DB_SATURATION: "connection {n} refused: too many clients already",
        FaultKind.QUEUE_BACKLOG: "message {n} is {ms} s old, visibility expired: handled twice",
        FaultKind.LATENCY_REGRESSION: "request {n} exceeded its deadline of {ms} ms",
        FaultKind.MEMORY_LEAK: "heap is full: request {n} rejected after a pause of {ms} ms",
    }
)
"""What the culprit logs, by what goes wrong; the other kinds leave no trace in logs."""


class Export(NamedTuple):
    """One body, `logs` or `traces`, and when it is sent (aware UTC)."""

    at: datetime
    signal: str
    body: dict[str, Any]


def exports(
    faults: Sequence[Fault], graph: ServiceGraph, live_from: datetime, ends_at: datetime
) -> Iterator[Export]:
    """Yield what is exported, in order of time: calm minutes, and the errors of each fault.

    Args:
        faults: what goes wrong.
        graph: who calls whom.
        live_from: when live play begins; the hour before it is exported too.
        ends_at: when the story ends.
    """
    names = sorted(graph.services)
    at = live_from - BEFORE
    while at < ends_at:
        number = int(at.timestamp()) // 60
        service = names[number % len(names)]
        retry = _record(at, f"retrying request {number % 977} after {number % 89} ms", _WARN)
        yield Export(at + AFTER, "logs", _logs(service, [_record(at, "ready", _INFO), retry]))
        for fault in faults:
            if fault.kind in _SAID and fault.started_at - MINUTE < at < fault.ended_at:
                yield from _trouble(fault, graph, at)
        at += MINUTE


def _trouble(fault: Fault, graph: ServiceGraph, minute: datetime) -> Iterator[Export]:
    """Yield one minute of a fault: its lines, and requests that fail through it."""
    start = max(minute, fault.started_at)
    records, spans = [], []
    callers = graph.callers(fault.service)
    for line in range(_LINES_A_MINUTE):
        at = start + timedelta(milliseconds=100 * line)
        trace_id = _id(f"{fault.id} {start.isoformat()} {line}", 32)
        number, milliseconds = int(trace_id[:4], 16), 200 + int(trace_id[4:7], 16)
        text = _SAID[fault.kind].format(n=number, ms=milliseconds)
        records.append(_record(at, text, _ERROR, trace_id))
        if line < _FAILING_A_MINUTE:
            spans.append((at, trace_id, milliseconds, text))
    sent_at = start + AFTER
    yield Export(sent_at, "logs", _logs(fault.service, records))
    yield Export(sent_at, "traces", _traces(fault.service, callers[:1], spans))


def _traces(
    service: str, callers: Sequence[str], failing: Sequence[tuple[datetime, str, int, str]]
) -> dict[str, Any]:
    resources = []
    for caller in callers:
        asked = [_span(*one, _id(one[1] + caller, 16), "", 3) for one in failing]
        resources.append({"resource": _resource(caller), "scopeSpans": [{"spans": asked}]})
    parents = [_id(one[1] + caller, 16) for one in failing for caller in callers]
    answered = [
        _span(*one, _id(one[1], 16), parents[place] if parents else "", 2)
        for place, one in enumerate(failing)
    ]
    resources.append({"resource": _resource(service), "scopeSpans": [{"spans": answered}]})
    return {"resourceSpans": resources}


def _span(  # noqa: PLR0917  # the fields of a span
    at: datetime, trace_id: str, milliseconds: int, why: str, span_id: str, parent: str, kind: int
) -> dict[str, Any]:
    return {
        "traceId": trace_id,
        "spanId": span_id,
        "parentSpanId": parent,
        "name": "handle request",
        "kind": kind,
        "startTimeUnixNano": _nanoseconds(at - timedelta(milliseconds=milliseconds)),
        "endTimeUnixNano": _nanoseconds(at),
        "status": {"code": 2, "message": why},
    }


def _logs(service: str, records: Sequence[dict[str, Any]]) -> dict[str, Any]:
    scope = {"logRecords": list(records)}
    return {"resourceLogs": [{"resource": _resource(service), "scopeLogs": [scope]}]}


def _record(at: datetime, text: str, severity: int, trace_id: str = "") -> dict[str, Any]:
    return {
        "timeUnixNano": _nanoseconds(at),
        "severityNumber": severity,
        "body": {"stringValue": text},
        "traceId": trace_id,
    }


def _resource(service: str) -> dict[str, Any]:
    return {"attributes": [{"key": "service.name", "value": {"stringValue": service}}]}


def _nanoseconds(at: datetime) -> str:
    return str(int(at.timestamp() * 1000) * 1_000_000)


def _id(text: str, characters: int) -> str:
    return hashlib.blake2b(text.encode(), digest_size=characters // 2).hexdigest()
