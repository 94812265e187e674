"""Where the fields of JSON logs stand, and what they say. Pure.

Whose logger wrote a line is not asked: each thing is looked for under the names that common ones
give it. These are, by their own documentation: pino, bunyan, winston, zap, zerolog, slog,
structlog, python-json-logger, logstash-logback-encoder, ECS logging, Serilog's compact form, GELF,
GCP's structured logging and Docker's json-file driver.
"""

from collections.abc import Collection, Mapping
from types import MappingProxyType
from typing import Any, Final

from aiops.clues.lines import severity_named
from aiops.domain.clues import LogSeverity
from aiops.domain.errors import InputError
from aiops.ingest.cells import Moments

FIELDS: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        "time": ("@timestamp", "timestamp", "time", "ts", "@t", "datetime", "asctime"),
        "level": ("level", "severity", "log.level", "lvl", "levelname", "@l", "severityNumber"),
        "message": ("message", "msg", "event", "@m", "@mt", "short_message", "log", "text"),
        "trace_id": (
            *("trace_id", "traceId", "trace.id", "otelTraceID", "@tr"),
            "logging.googleapis.com/trace",
        ),
    }
)
_TYPES: Final = ("error.type", "exception.type", "err.type", "exc_type")
_ERRORS: Final = ("error", "err", "error.message", "err.message", "exception.message")
_OTEL: Final = ("severityNumber", "severity_number")
_INFO: Final = 9
_NAMES: Final = MappingProxyType(
    dict.fromkeys(
        ("fatal", "panic", "dpanic", "critical", "crit", "alert", "emerg", "emergency", "f"),
        LogSeverity.FATAL,
    )
    | dict.fromkeys(("error", "err", "severe", "e"), LogSeverity.ERROR)
    | dict.fromkeys(("warn", "warning", "w"), LogSeverity.WARN)
)
_OF_TENS: Final = MappingProxyType(
    {4: LogSeverity.WARN, 5: LogSeverity.ERROR, 6: LogSeverity.FATAL}
)
"""pino and bunyan count levels in tens."""

_OF_SYSLOG: Final = MappingProxyType(
    dict.fromkeys(range(3), LogSeverity.FATAL) | {3: LogSeverity.ERROR, 4: LogSeverity.WARN}
)
_MOST_CHARACTERS: Final = 4_000
_MOST_ERROR_CHARACTERS: Final = 300


def nanoseconds(told: object, moments: Moments) -> int:
    """Return a time in nanoseconds since 1970; 0 where none is told.

    Args:
        told: a text in ISO 8601, or a count: of seconds, or by its size of parts of them.
        moments: reads texts.

    Raises:
        InputError: it is no time.

    Examples:
        >>> [nanoseconds(one, Moments(None)) // 10**9 for one in (60.5, 1776506370000, None)]
        [60, 1776506370, 0]
    """
    if told is None:
        return 0
    try:
        if isinstance(told, str) and not told.replace(".", "", 1).isdecimal():
            return int(moments.read(told.strip()).timestamp() * 1e9)
        return _epoch(str(told))
    except InputError as error:
        raise InputError(f"time: {error}") from error


def severity(record: Mapping[str, Any], names: Collection[str]) -> int:
    """Return OpenTelemetry's number for the level of a record; 0 where it tells none.

    Examples:
        >>> told = ("warning", 50, 3, 30, "Information", "E")
        >>> [severity({"level": one}, ("level",)) for one in told]
        [13, 17, 17, 9, 9, 17]
    """
    for name in names:
        told = at(record, name)
        if told is not None and not isinstance(told, dict | list | bool):
            return _severity(str(told).strip(), name)
    return _INFO if "@t" in record else 0  # Serilog leaves its level out where it is this one


def at(record: Mapping[str, Any], name: str) -> Any:
    """Return a field by its name, else where its dots lead."""
    found = record.get(name)
    if found is not None or "." not in name:
        return found
    found = record
    for part in name.split("."):
        found = found.get(part) if isinstance(found, dict) else None
    return found


def first(record: Mapping[str, Any], names: Collection[str]) -> Any:
    """Return the first field that holds a text or a number, None where there is none."""
    for name in names:
        found = at(record, name)
        if found is not None and found != "" and not isinstance(found, dict | list | bool):
            return found
    return None


def text_of(value: Any) -> str:
    """Return a field as text, cut where it is long; empty where there is none."""
    return "" if value is None else str(value)[:_MOST_CHARACTERS]


def said(record: Mapping[str, Any], names: Collection[str]) -> str:
    """Return what a record says, with its error where it does not say that."""
    text = text_of(first(record, names))
    kind = text_of(first(record, _TYPES))
    error = text_of(first(record, _ERRORS))[:_MOST_ERROR_CHARACTERS]
    if not text:
        text, error = error, ""
    if kind:
        return text if kind in text else f"{text} ({kind})"
    return f"{text}: {error}" if error and error not in text else text


def _severity(text: str, name: str) -> int:
    if text.isdecimal() and len(text) < 4:
        number = int(text)
        if name in _OTEL:
            return number
        if number < 10:
            return int(_OF_SYSLOG.get(number, _INFO))
        return int(_OF_TENS.get(min(number // 10, 6), _INFO))
    return int(_NAMES.get(text.lower()) or severity_named(text) or _INFO)


def _epoch(told: str) -> int:
    number = float(told)
    if not 0 < number < 1e19:
        raise InputError(f"found {told[:40]}, expected a time since 1970")
    if number < 1e11:
        return int(number * 1e9)
    if number < 1e14:
        return int(number * 1e6)
    return int(number * 1e3) if number < 1e17 else int(number)
