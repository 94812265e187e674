"""Spans -> a few examples per service and minute, counts, and who calls whom. Pure."""

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import replace
from typing import Final, NamedTuple

from aiops.clues.durations import bucket_of
from aiops.clues.masking import redact
from aiops.domain.clues import ServiceCall, SpanCount, TraceExample
from aiops.domain.time import utc
from topology.spans import Span, calls_from_spans

SLOWEST: Final = 3
FAILING: Final = 3
"""Examples kept of one caller, service and minute, of each sort."""

MOST_PLACES: Final = 2_000
"""Callers, services and minutes of one body that are kept."""


class SpanRecord(NamedTuple):
    """One span as its sender wrote it.

    Attributes:
        env: the environment.
        service: whose it is.
        trace_id: hex.
        span_id: hex.
        parent_id: hex, or empty.
        name: of the operation.
        kind: OpenTelemetry's number: 2 server, 3 client, 4 producer, 5 consumer.
        start: epoch seconds.
        end: epoch seconds.
        failed: whether its status is an error.
        status: what its status says.
        peer: the service it asked, where it is a client's and says so.
        region: where it was answered; empty where it does not say.
        segment: for which customers; empty where it does not say.
    """

    env: str
    service: str
    trace_id: str
    span_id: str
    parent_id: str
    name: str
    kind: int
    start: float
    end: float
    failed: bool
    status: str = ""
    peer: str = ""
    region: str = ""
    segment: str = ""


_ASKING: Final = (3, 4)
_ANSWERING: Final = (2, 5)


def example_spans(spans: Iterable[SpanRecord]) -> tuple[TraceExample, ...]:
    """Return the slowest and the failing requests among spans, per caller, service and minute.

    A server's or consumer's span is a request its service answered, as is the first span of a
    trace; its caller is whose span caused it, where that is among them. A client's is one its
    peer should have answered.

    Args:
        spans: in any order.
    """
    known = {(span.trace_id, span.span_id): span for span in spans}
    return keep_few(
        example
        for span in known.values()
        if (example := _example(span, known.get((span.trace_id, span.parent_id)))) is not None
    )


def keep_few(examples: Iterable[TraceExample]) -> tuple[TraceExample, ...]:
    """Return the few that are kept of each caller, service, cohort and minute.

    Twice changes nothing. A cohort is a region and segment.
    """
    places: defaultdict[tuple[object, ...], dict[tuple[str, str], TraceExample]]
    places = defaultdict(dict)
    for one in sorted(examples, key=_rank):
        place = (one.env, one.service, one.caller, one.minute, one.region, one.segment)
        places[place].setdefault((one.trace_id, one.span_id), one)
    kept = [
        one
        for place in sorted(places)[:MOST_PLACES]
        for failed, most in ((True, FAILING), (False, SLOWEST))
        for one in [two for two in places[place].values() if two.failed is failed][:most]
    ]
    return tuple(sorted(kept, key=lambda one: (one.env, one.service, one.minute, _rank(one))))


def service_calls(spans: Iterable[SpanRecord]) -> tuple[ServiceCall, ...]:
    """Return who called whom, counted, by environment, caller and callee."""
    by_env: defaultdict[str, list[Span]] = defaultdict(list)
    for one in spans:
        by_env[one.env].append(
            Span(
                service=one.service,
                trace_id=one.trace_id,
                span_id=one.span_id,
                parent_id=one.parent_id,
                is_asking=one.kind in _ASKING,
                peer=one.peer,
                ended_at=utc(one.end),
            )
        )
    return sum_calls(
        ServiceCall(
            env=env,
            caller=call.caller,
            callee=call.callee,
            count=call.count,
            seen_at=call.seen_at,
        )
        for env, told in by_env.items()
        for call in calls_from_spans(told)
    )


def sum_calls(calls: Iterable[ServiceCall]) -> tuple[ServiceCall, ...]:
    """Return calls added up, one by environment, caller and callee, in this order."""
    found: defaultdict[tuple[str, str, str], list[ServiceCall]] = defaultdict(list)
    for one in calls:
        found[one.env, one.caller, one.callee].append(one)
    return tuple(
        ServiceCall(
            env=env,
            caller=caller,
            callee=callee,
            count=sum(one.count for one in some),
            seen_at=max(one.seen_at for one in some),
        )
        for (env, caller, callee), some in sorted(found.items())
    )


def count_spans(spans: Iterable[SpanRecord]) -> tuple[SpanCount, ...]:
    """Return how many requests spans tell of, how long they took and how they ended.

    One that both sides tell of counts once where both spans are among these, by the span of
    whoever answered.

    Args:
        spans: in any order; one twice counts once.
    """
    known = {(span.trace_id, span.span_id): span for span in spans}
    answered = {
        (one.trace_id, one.parent_id)
        for one in known.values()
        if one.kind not in _ASKING
        and (asking := known.get((one.trace_id, one.parent_id)))
        and asking.service != one.service
    }
    found: Counter[tuple[str, str, str, bool, str, str, int, bool, int]] = Counter()
    for place, span in known.items():
        parties = _parties(span, known.get((span.trace_id, span.parent_id)))
        if parties is None or place in answered:
            continue
        cohort = (span.region, span.segment)
        minute, bucket = int(span.end // 60) * 60, bucket_of(span.end - span.start)
        asked = span.kind in _ASKING
        found[span.env, *parties, asked, *cohort, minute, span.failed, bucket] += 1
    return tuple(
        SpanCount(
            env=env,
            service=service,
            caller=caller,
            is_callers=asked,
            region=region,
            segment=segment,
            minute=utc(minute),
            failed=failed,
            bucket=bucket,
            count=count,
        )
        for (
            (env, service, caller, asked, region, segment, minute, failed, bucket),
            count,
        ) in sorted(found.items())
    )


def sum_counts(counts: Iterable[SpanCount]) -> tuple[SpanCount, ...]:
    """Return counts added up, one for requests that are alike, in the order they first came in."""
    found: Counter[SpanCount] = Counter()
    for one in counts:
        found[replace(one, count=0)] += one.count
    return tuple(replace(one, count=count) for one, count in found.items())


def _parties(span: SpanRecord, parent: SpanRecord | None) -> tuple[str, str] | None:
    """Return who answered, or should have, and who asked; None where a span answers nobody."""
    if span.kind in _ASKING:
        return (span.peer, span.service) if span.peer not in ("", span.service) else None
    if span.kind in _ANSWERING or not span.parent_id:
        is_called = parent is not None and parent.service != span.service
        return span.service, parent.service if parent is not None and is_called else ""
    return None


def _example(span: SpanRecord, parent: SpanRecord | None) -> TraceExample | None:
    """Return a span as an example, None where it answers nobody."""
    parties = _parties(span, parent)
    if parties is None:
        return None
    service, caller = parties
    return TraceExample(
        env=span.env,
        service=service,
        caller=caller,
        minute=utc(span.end // 60 * 60),
        trace_id=span.trace_id,
        span_id=span.span_id,
        name=redact(span.name)[:120],
        duration_seconds=round(max(span.end - span.start, 0.0), 6),
        failed=span.failed,
        status=redact(span.status)[:200],
        region=span.region,
        segment=span.segment,
    )


def _rank(one: TraceExample) -> tuple[float, str, str, str, str]:
    return -one.duration_seconds, one.trace_id, one.span_id, one.service, one.caller
