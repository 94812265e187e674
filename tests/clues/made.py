"""Small makers of log lines, spans and windows; times are minutes after 10:00 UTC."""

from aiops.clues.lines import LogRecord
from aiops.clues.log import ClueLog
from aiops.clues.needs import AHEAD, DAY, PAST, ClueNeeds
from aiops.clues.spans import SpanRecord
from aiops.domain.clues import (
    ClueKind,
    ClueWindow,
    LogClue,
    LogLines,
    LogSeverity,
    TelemetryBatch,
    TraceClue,
    TraceExample,
)
from tests.builders import minute

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"

NEW = LogClue(
    template="log:payment-service:1",
    service="payment-service",
    kind=ClueKind.NEW,
    severity=LogSeverity.ERROR,
    text="card <*> declined by <*>",
    count=143,
    before=0,
    since=minute(3),
    first_seen=minute(3),
    example="card 7 declined by visa",
    trace_id=TRACE,
)
FAILED = TraceClue(
    service="payment-service",
    caller="checkout",
    at=minute(4),
    trace_id=TRACE,
    span_id="00f067aa0ba902b7",
    name="POST /pay",
    duration_seconds=1.2,
    failed=True,
    status="no connection",
)


def record(
    text: str,
    *,
    at: float = 3,
    service: str = "payment-service",
    severity: int = 17,
    trace_id: str = "",
) -> LogRecord:
    """Make a log record."""
    return LogRecord("prod", service, severity, minute(at).timestamp(), text, trace_id)


def lines(
    text: str,
    count: int = 1,
    *,
    at: float = 3,
    service: str = "payment-service",
    severity: LogSeverity = LogSeverity.ERROR,
    trace_id: str = "",
    region: str = "",
) -> LogLines:
    """Make a counted group of lines."""
    return LogLines(
        env="prod",
        service=service,
        severity=severity,
        minute=minute(int(at)),
        text=text,
        count=count,
        example=text.replace("<*>", "7"),
        trace_id=trace_id,
        region=region,
    )


def span(
    service: str,
    *,
    at: float = 3,
    seconds: float = 0.1,
    failed: bool = False,
    trace_id: str = TRACE,
    span_id: str = "00f067aa0ba902b7",
    parent_id: str = "",
    kind: int = 2,
    peer: str = "",
) -> SpanRecord:
    """Make a span that ended at a minute."""
    end = minute(at).timestamp()
    return SpanRecord(
        env="prod",
        service=service,
        trace_id=trace_id,
        span_id=span_id,
        parent_id=parent_id,
        name=f"POST /{service}",
        kind=kind,
        start=end - seconds,
        end=end,
        failed=failed,
        status="it failed" if failed else "",
        peer=peer,
    )


def trace(service: str, caller: str = "", *, at: float = 3, **more: object) -> TraceExample:
    """Make an example of a trace."""
    values: dict[str, object] = {
        "env": "prod",
        "service": service,
        "caller": caller,
        "minute": minute(int(at)),
        "trace_id": TRACE,
        "span_id": "00f067aa0ba902b7",
        "name": "POST /pay",
        "duration_seconds": 0.5,
        "failed": False,
    }
    return TraceExample(**(values | more))  # type: ignore[arg-type]


def window(
    *batches: LogLines | TraceExample, onset: float = 3, at: float = 8, since: float = -300
) -> ClueWindow:
    """Make what is kept of lines and traces near an onset, heard since a minute."""
    log = ClueLog(minute(since))
    log.take(
        TelemetryBatch(
            lines=tuple(one for one in batches if isinstance(one, LogLines)),
            traces=tuple(one for one in batches if isinstance(one, TraceExample)),
        )
    )
    first = minute(onset) - AHEAD
    services = sorted({one.service for one in batches})
    stretches = ((first - PAST, minute(at)), (first - DAY, first - DAY + PAST))
    found = log.window(
        ClueNeeds(services=tuple(services), since=first, stretches=stretches), minute(at)
    )
    assert found is not None
    return found
