"""OTLP traces as JSON -> calls between services -> edges with confidence and last-seen.

A span whose parent belongs to another service is a call. A client span that nobody answered with
a span of its own is a call too, where it names its peer: databases, caches and external providers
seldom send spans.

Source: OTLP/JSON, https://opentelemetry.io/docs/specs/otlp/#json-protobuf-encoding, and the
semantic conventions (`service.name`, `service.peer.name`, `db.system.name`, `server.address`).
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final, NamedTuple

from topology.attributes import undeclared
from topology.discover import Call, edges_from_calls
from topology.nodes import Fields, Node

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from topology.draft import Draft

_SECTIONS: Final = ("resourceSpans", "resource_spans")
_ASKING: Final = ("3", "4", "SPAN_KIND_CLIENT", "SPAN_KIND_PRODUCER")
_PEERS: Final = ("service.peer.name", "peer.service")
_STORES: Final = ("db.system.name", "db.system", "messaging.system")
_ADDRESS: Final = re.compile(r"[0-9.]+|.*:.*|localhost")


class Span(NamedTuple):
    """One span, as far as it tells who called whom.

    Attributes:
        service: whose span it is.
        trace_id: the trace it belongs to.
        span_id: its own id.
        parent_id: the span that caused it; empty for the first of a trace.
        is_asking: a client's or producer's span.
        peer: the service it asked, as far as it names one; else empty.
        ended_at: when it ended (aware, UTC).
    """

    service: str
    trace_id: str
    span_id: str
    parent_id: str
    is_asking: bool
    peer: str
    ended_at: datetime


def calls_from_spans(spans: Iterable[Span]) -> tuple[Call, ...]:
    """Return the calls between services that spans tell of, one per call.

    Args:
        spans: in any order; a span whose parent is not among them tells nothing of its caller.
    """
    known = {(span.trace_id, span.span_id): span for span in spans}
    answered: set[tuple[str, str]] = set()
    pairs: list[tuple[str, str, datetime]] = []
    for span in known.values():
        parent = known.get((span.trace_id, span.parent_id))
        if parent is not None and parent.service != span.service:
            answered.add((parent.trace_id, parent.span_id))
            pairs.append((parent.service, span.service, span.ended_at))
    for place, span in known.items():
        if span.is_asking and span.peer not in ("", span.service) and place not in answered:
            pairs.append((span.service, span.peer, span.ended_at))
    return tuple(
        Call(caller=caller, callee=callee, count=1, seen_at=at) for caller, callee, at in pairs
    )


def is_traces(document: Node) -> bool:
    """Say whether a document is an export of traces."""
    return isinstance(document, Fields) and not document.entries.keys().isdisjoint(_SECTIONS)


def read_traces(documents: Iterable[tuple[str, Fields]], draft: Draft) -> None:
    """Read exports of traces, each with its file, into the draft; a trace may be spread over them.

    An edge has the place of its caller's first spans.
    """
    spans: list[Span] = []
    places: dict[str, tuple[str, int]] = {}
    for file, document in documents:
        draft.begin(file)
        for resource in (one for key in _SECTIONS for one in document.mappings(key)):
            found = list(_spans(resource, draft))
            spans += found
            for span in found:
                places.setdefault(span.service, (file, resource.line))
    for service, (file, line) in places.items():
        draft.begin(file)
        draft.observe(undeclared(service), line)
    for edge in edges_from_calls(calls_from_spans(spans)):
        file, line = places[edge.caller]
        draft.begin(file)
        draft.observe(undeclared(edge.callee), line)
        draft.connect(
            edge.caller, edge.callee, line, confidence=edge.confidence, last_seen=edge.last_seen
        )


def _spans(resource: Fields, draft: Draft) -> Iterator[Span]:
    """Yield the spans of one service."""
    about = resource.get("resource")
    service = _attributes(about).get("service.name", "") if isinstance(about, Fields) else ""
    if not service:
        draft.error(
            resource.line, "spans without service.name; they are left out", "set OTEL_SERVICE_NAME"
        )
        return
    for scope in (*resource.mappings("scopeSpans"), *resource.mappings("scope_spans")):
        for span in scope.mappings("spans"):
            if (read := _span(span, service, draft)) is not None:
                yield read


def _span(span: Fields, service: str, draft: Draft) -> Span | None:
    ended_at = _moment(span.text("endTimeUnixNano") or span.text("end_time_unix_nano"))
    if ended_at is None:
        draft.error(
            span.line, f"a span of {service!r} without a time; left out", "endTimeUnixNano is due"
        )
        return None
    return Span(
        service=service,
        trace_id=span.text("traceId") or span.text("trace_id"),
        span_id=span.text("spanId") or span.text("span_id"),
        parent_id=span.text("parentSpanId") or span.text("parent_span_id"),
        is_asking=span.text("kind") in _ASKING,
        peer=peer_of(_attributes(span)),
        ended_at=ended_at,
    )


def peer_of(told: dict[str, str]) -> str:
    """Return the service a span asked: by its name, or a store by the name of its host."""
    for key in _PEERS:
        if told.get(key):
            return told[key]
    host = told.get("server.address", "")
    if host and not _ADDRESS.fullmatch(host) and any(key in told for key in _STORES):
        return host.partition(".")[0]
    return ""


def _attributes(fields: Fields) -> dict[str, str]:
    """Return the attributes that are texts."""
    found: dict[str, str] = {}
    for item in fields.mappings("attributes"):
        value = item.get("value")
        if isinstance(value, Fields):
            text = value.text("stringValue") or value.text("string_value")
            found[item.text("key")] = text
    return found


def _moment(nanoseconds: str) -> datetime | None:
    try:
        return datetime.fromtimestamp(int(nanoseconds) / 1e9, tz=UTC) if nanoseconds else None
    except (ValueError, OverflowError, OSError):
        return None
