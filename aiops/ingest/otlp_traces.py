"""OTLP/HTTP traces -> examples of slow and failing requests, and who calls whom. Pure."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime
from types import MappingProxyType
from typing import Any, Final

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status

from aiops.clues.spans import SpanRecord, count_spans, example_spans, service_calls
from aiops.domain.clues import TelemetryBatch
from aiops.domain.labels import LabelRule
from aiops.ingest.otlp import PROTOBUF, Acceptance, Parsed, Place, name_in, sent_in, told_of
from aiops.ingest.otlp_values import either, hex_id, items, number_in, told_by, told_in
from topology.spans import peer_of

_KINDS: Final = MappingProxyType(dict(Span.SpanKind.items()))
_CODES: Final = MappingProxyType(dict(Status.StatusCode.items()))
_FAILED: Final = 2
_LEVELS: Final = ("resourceSpans", "scopeSpans", "spans")


def parse(
    body: bytes,
    content_type: str,
    received_at: datetime | None,
    default_env: str,
    declared: Collection[str] = (),
    *,
    rules: Sequence[LabelRule] = (),
) -> Parsed:
    """Read the body of an export of traces; arguments and errors as for logs.

    Examples:
        >>> from aiops.ingest.otlp import JSON
        >>> body = b'''{"resourceSpans": [{
        ...     "resource": {"attributes": [
        ...         {"key": "service.name", "value": {"stringValue": "pay"}}]},
        ...     "scopeSpans": [{"spans": [{"traceId": "5b8efff798038103d269b633813fc60c",
        ...         "spanId": "eee19b7ec3c1b174", "name": "POST /pay", "kind": 2,
        ...         "startTimeUnixNano": "60000000000", "endTimeUnixNano": "61200000000",
        ...         "status": {"code": 2, "message": "no card"}}]}]}]}'''
        >>> (one,) = parse(body, JSON, None, "prod").batch.traces
        >>> one.service, one.duration_seconds, one.failed, one.status
        ('pay', 1.2, True, 'no card')
    """
    accept = Acceptance(received_at, default_env, declared, rules)
    records = _by_message if content_type == PROTOBUF else _in_document
    spans = tuple(one for one in records(body, accept) if _is_known(one, accept))
    batch = TelemetryBatch(
        heard=accept.environments,
        traces=example_spans(spans),
        calls=service_calls(spans),
        counts=count_spans(spans),
    )
    return accept.parsed(batch)


def _is_known(span: SpanRecord, accept: Acceptance) -> bool:
    known = bool(span.trace_id and span.span_id)
    if not known:
        accept.refuse("no traceId or spanId; in JSON they are hex")
    return known


def _by_message(body: bytes, accept: Acceptance) -> Iterator[SpanRecord]:
    for one, place in sent_in(body, ExportTraceServiceRequest, _LEVELS, accept):
        end = accept.moment(place, one.end_time_unix_nano)
        if end is None or place is None:
            continue
        told = told_by(one.attributes)
        failed = one.status.code == _FAILED
        events = [told_by(event.attributes) for event in one.events] if failed else []
        yield SpanRecord(
            env=place.env,
            service=place.service,
            trace_id=one.trace_id.hex(),
            span_id=one.span_id.hex(),
            parent_id=one.parent_span_id.hex(),
            name=one.name,
            kind=one.kind,
            start=one.start_time_unix_nano / 1e9 or end,
            end=end,
            failed=failed,
            status=_why(one.status.message, told, events) if failed else "",
            peer=name_in(peer_of(told)),
            region=place.region,
            segment=place.segment,
        )


def _in_document(body: bytes, accept: Acceptance) -> Iterator[SpanRecord]:
    for where, one, place in told_of(body, _LEVELS, accept):
        record = _of(one, where, place, accept)
        if record is not None:
            yield record


def _of(
    one: Mapping[str, Any], where: str, place: Place | None, accept: Acceptance
) -> SpanRecord | None:
    end = accept.moment(place, either(one, "endTimeUnixNano"))
    if end is None or place is None:
        return None
    told = told_in(one, where)
    found = one.get("status")
    status = found if isinstance(found, dict) else {}
    failed = number_in(status.get("code"), _CODES) == _FAILED
    events = [told_in(event, spot) for spot, event in items(one, "events", where)] if failed else []
    start = number_in(either(one, "startTimeUnixNano"), {}) / 1e9
    return SpanRecord(
        env=place.env,
        service=place.service,
        trace_id=hex_id(either(one, "traceId"), 32),
        span_id=hex_id(either(one, "spanId"), 16),
        parent_id=hex_id(either(one, "parentSpanId"), 16),
        name=str(one.get("name", "")),
        kind=number_in(one.get("kind"), _KINDS),
        start=start or end,
        end=end,
        failed=failed,
        status=_why(str(status.get("message", "")), told, events) if failed else "",
        peer=name_in(peer_of(told)),
        region=place.region,
        segment=place.segment,
    )


def _why(message: str, told: Mapping[str, str], events: list[dict[str, str]]) -> str:
    """Return what a failed span says of its failure: its status, its exception, its code."""
    said = (message, *(event.get("exception.message", "") for event in events))
    kinds = (told.get("error.type", ""), told.get("http.response.status_code", ""))
    return next((one for one in (*said, *kinds) if one), "")
