"""Logs and traces of a recording: `log` events of `events.jsonl`, and OTLP/JSON, one body a line.

`logs.jsonl` and `traces.jsonl` are what the OpenTelemetry collector's file exporter writes.
"""

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, Final, Protocol

import orjson

from aiops.clues.lines import LogRecord, group_lines, severity_named
from aiops.domain.clues import LogSeverity, TelemetryBatch
from aiops.domain.errors import InputError
from aiops.recording.moments import epoch_seconds

EVENTS: Final = "events.jsonl"
_ALL: Final = 1_000_000


class Export(Protocol):
    """What one exported body came down to; `aiops.ingest.otlp.Parsed` is one."""

    @property
    def batch(self) -> TelemetryBatch:
        """Return what it came down to."""
        ...

    @property
    def why(self) -> str:
        """Return why some of it was not taken; empty where all was."""
        ...


Exports = Mapping[str, Callable[[bytes, str, datetime | None, str], Export]]
"""How the files of a recording that hold exports are understood, by name."""


def read_telemetry(
    folder: Path, exports: Exports, default_env: str
) -> tuple[TelemetryBatch, tuple[str, ...]]:
    """Read the logs and traces of a recording; missing files are empty ones.

    Args:
        folder: of the recording.
        exports: how its files of exports are understood.
        default_env: the environment of what names none.

    Returns:
        What they come down to, and a line for all that could not be used.

    Raises:
        InputError: a file is there and cannot be read.
    """
    problems: list[str] = []
    records = []
    for place, line in _lines(folder / EVENTS):
        try:
            record = _log_event(line, default_env)
        except InputError as error:
            problems.append(f"{place}: {error}")
        else:
            records += [record] if record is not None else []
    batches = [TelemetryBatch(lines=group_lines(records, most=_ALL)[0])]
    for name, parse in exports.items():
        for place, line in _lines(folder / name):
            try:
                found = parse(line, "application/json", None, default_env)
            except InputError as error:
                problems.append(f"{place}: {error}")
                continue
            batches.append(found.batch)
            problems += [f"{place}: {found.why}"] if found.why else []
    return _joined(batches), tuple(problems)


def of_environment(telemetry: TelemetryBatch, env: str) -> TelemetryBatch:
    """Return the part of one environment."""
    return TelemetryBatch(
        lines=tuple(one for one in telemetry.lines if one.env == env),
        traces=tuple(one for one in telemetry.traces if one.env == env),
        calls=tuple(one for one in telemetry.calls if one.env == env),
    )


def _joined(batches: list[TelemetryBatch]) -> TelemetryBatch:
    return TelemetryBatch(
        lines=tuple(one for batch in batches for one in batch.lines),
        traces=tuple(one for batch in batches for one in batch.traces),
        calls=tuple(one for batch in batches for one in batch.calls),
    )


def _lines(path: Path) -> Iterator[tuple[str, bytes]]:
    """Yield the lines of a file that hold anything, each with its place."""
    if not path.is_file():
        return
    try:
        lines = path.read_bytes().splitlines()
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error}") from error
    for number, line in enumerate(lines, 1):
        if line.strip():
            yield f"{path}:{number}", line


def _log_event(line: bytes, default_env: str) -> LogRecord | None:
    """Return the log record of an event, None where it is another event or no JSON.

    A line that says no severity counts as an error: somebody recorded it.
    """
    try:
        event: Any = orjson.loads(line)
    except orjson.JSONDecodeError:
        return None  # told by who reads the changes
    if not isinstance(event, dict) or event.get("kind") != "log":
        return None
    found = event.get("attributes")
    told: Mapping[str, Any] = found if isinstance(found, dict) else {}
    service, text = event.get("service"), event.get("description") or event.get("ref")
    if not isinstance(service, str) or not isinstance(text, str) or not service or not text:
        raise InputError("a log event without service or description; both are texts")
    try:
        at = epoch_seconds(event.get("timestamp"))
    except ValueError as error:
        raise InputError(f"timestamp: {error}") from error
    return LogRecord(
        str(event.get("env") or default_env),
        service,
        _severity(told.get("severity"), text),
        at,
        text,
        _trace_id(told.get("trace_id")),
        _count(told.get("count")),
        str(event.get("region") or ""),
        str(event.get("segment") or ""),
    )


def _count(told: object) -> int:
    return told if isinstance(told, int) and told > 0 else 1


def _trace_id(told: object) -> str:
    text = str(told or "").lower()
    return text if len(text) == 32 and not text.strip("0123456789abcdef") else ""


def _severity(told: object, text: str) -> int:
    if isinstance(told, int):
        return told
    if isinstance(told, str) and told:
        return severity_named(told) or 9
    return severity_named(text[:80]) or LogSeverity.ERROR
