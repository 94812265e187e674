"""What logs and traces say: lines as counted templates, traces as a few examples."""

from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum, StrEnum


class LogSeverity(IntEnum):
    """How bad a log line calls itself, by OpenTelemetry's severity numbers; less is not kept."""

    WARN = 13
    ERROR = 17
    FATAL = 21


class ClueKind(StrEnum):
    """Why a log template is worth telling."""

    NEW = "new"
    MULTIPLIED = "multiplied"


@dataclass(frozen=True, slots=True, kw_only=True)
class LogLines:
    """Lines of one service, severity and minute that differ only in what was masked.

    Args:
        env: the environment.
        service: whose lines they are.
        severity: how bad they call themselves.
        minute: start of the minute they were written in, aware UTC.
        text: what they have in common; parameters are `<*>`, secrets are masked.
        count: how many there were.
        example: one of them, its parameters kept and its secrets masked.
        trace_id: the trace that line belongs to, hex; empty where it says none.
        region: where they were written; empty where they do not say.
        segment: for which customers; empty where they do not say.
    """

    env: str
    service: str
    severity: LogSeverity
    minute: datetime
    text: str
    count: int
    example: str
    trace_id: str = ""
    region: str = ""
    segment: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class LogExample:
    """One log line without its secrets: its minute, its trace, and where and for whom it was.

    Region and segment are empty where it does not say.
    """

    minute: datetime
    text: str
    trace_id: str = ""
    region: str = ""
    segment: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class LogTemplate:
    """What the lines one statement of a service's code writes have in common.

    Args:
        env: the environment.
        service: whose statement it is.
        number: counts up within env and service; 0 stands for all lines past the cap.
        severity: the worst it was seen with.
        seed: the masked text it was first seen as; with `number` it gives the same tree again.
        text: as generalised by every line since.
        first_seen: minute of the earliest line known, aware UTC.
        last_seen: minute of the latest.
        examples: the newest few lines, newest first.
    """

    env: str
    service: str
    number: int
    severity: LogSeverity
    seed: str
    text: str
    first_seen: datetime
    last_seen: datetime
    examples: tuple[LogExample, ...] = ()

    @property
    def id(self) -> str:
        """Name it among all templates of its environment."""
        return f"log:{self.service}:{self.number}"


@dataclass(frozen=True, slots=True, kw_only=True)
class MinuteCounts:
    """How many lines of each template a service wrote in one minute: (number, count) pairs."""

    service: str
    minute: datetime
    counts: tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class TraceExample:
    """One span worth keeping: a slow or failing request a service answered.

    Args:
        env: the environment.
        service: who answered, or should have.
        caller: who asked; empty where the spans do not say.
        minute: start of the minute it ended in, aware UTC.
        trace_id: hex.
        span_id: hex.
        name: of the span.
        duration_seconds: how long it took.
        failed: whether its status is an error.
        status: what it says of its failure, its secrets masked.
        region: where it was answered; empty where it does not say.
        segment: for which customers; empty where it does not say.
    """

    env: str
    service: str
    caller: str
    minute: datetime
    trace_id: str
    span_id: str
    name: str
    duration_seconds: float
    failed: bool
    status: str = ""
    region: str = ""
    segment: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceCall:
    """Calls from one service to another, counted in one batch of spans; `seen_at` is the latest."""

    env: str
    caller: str
    callee: str
    count: int
    seen_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class SpanParties:
    """Who had requests of whom, by the spans of one minute.

    Args:
        env: the environment.
        service: who answered, or should have.
        caller: who asked; empty where the spans do not say.
        is_callers: whether the caller's span tells of it: the service may tell of it, too.
        region: where it was answered; empty where it does not say.
        segment: for which customers; empty where it does not say.
        minute: start of the minute they ended in, aware UTC.
    """

    env: str
    service: str
    caller: str
    is_callers: bool
    region: str
    segment: str
    minute: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class SpanCount(SpanParties):
    """Requests of one minute that are alike: who asked whom, how long it took, how it ended.

    Args:
        failed: whether their status is an error.
        bucket: how long they took, as `aiops.clues.durations.bucket_of` has it.
        count: how many there were.
    """

    failed: bool
    bucket: int
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TelemetryBatch:
    """What one body of logs or traces comes down to; nothing else of it is ever stored.

    Args:
        heard: the environments it speaks of, and the earliest minute of each: also where nothing
            of it was worth keeping.
        lines: of its logs.
        traces: examples among its spans.
        calls: between services, as its spans tell.
        counts: of the requests its spans tell of.
    """

    heard: tuple[tuple[str, datetime], ...] = ()
    lines: tuple[LogLines, ...] = ()
    traces: tuple[TraceExample, ...] = ()
    calls: tuple[ServiceCall, ...] = ()
    counts: tuple[SpanCount, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ClueWindow:
    """What is kept of the logs and traces near a problem, up to one tick.

    Args:
        since: since when logs of this environment are kept; None: there are none.
        templates: of the services asked for.
        counts: of those services, for the stretches of time asked for.
        traces: of those services, since the onset asked for.
    """

    since: datetime | None = None
    templates: tuple[LogTemplate, ...] = ()
    counts: tuple[MinuteCounts, ...] = ()
    traces: tuple[TraceExample, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class LogClue:
    """A log template that is new, or far more frequent, since an incident began.

    Args:
        template: id of the template.
        service: who writes it.
        kind: why it is told.
        severity: how bad it calls itself.
        text: the template.
        count: lines since the onset.
        before: lines in the hour before.
        since: first minute it was seen in since the onset, aware UTC.
        first_seen: first minute it was ever seen in, as far as is kept.
        example: one line since the onset.
        trace_id: the trace of that line, hex; empty where it says none.
        url: where that trace can be looked at; empty where nobody says.
    """

    template: str
    service: str
    kind: ClueKind
    severity: LogSeverity
    text: str
    count: int
    before: int
    since: datetime
    first_seen: datetime
    example: str = ""
    trace_id: str = ""
    url: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class TraceClue:
    """A slow or failing trace through the suspected service since an incident began.

    `caller` and `status` as in `TraceExample`; `url` is where it can be looked at, or empty.
    """

    service: str
    caller: str
    at: datetime
    trace_id: str
    span_id: str
    name: str
    duration_seconds: float
    failed: bool
    status: str = ""
    url: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Clues:
    """What logs and traces add to an incident, the most telling first."""

    logs: tuple[LogClue, ...] = ()
    traces: tuple[TraceClue, ...] = ()


NO_CLUES = Clues()
"""What an incident has of which logs and traces tell nothing."""

NO_TELEMETRY = TelemetryBatch()
"""What a body comes down to that holds nothing worth keeping."""
