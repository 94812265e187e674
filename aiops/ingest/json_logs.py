"""Logs as JSON lines -> counted groups of like lines, without their secrets. Pure."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from io import BytesIO
from typing import Any, Final

import orjson

from aiops.clues.lines import LogRecord, group_lines
from aiops.domain.clues import LogSeverity, TelemetryBatch
from aiops.domain.errors import InputError
from aiops.domain.labels import normalized
from aiops.ingest.cells import Moments
from aiops.ingest.json_log_fields import FIELDS, first, nanoseconds, said, severity, text_of
from aiops.ingest.otlp import MOST_RECORDS, Acceptance, Parsed, Place
from aiops.ingest.otlp_values import hex_id, kind_of
from aiops.settings import LogSourceSettings

MOST_TOLD: Final = 20
"""Lines that could not be read of which a sender hears one by one."""

_MOST_LABELS: Final = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadLogs:
    """What a body came down to.

    Args:
        parsed: as of an OTLP export.
        told: the first lines that could not be read, each with its place and why.
    """

    parsed: Parsed
    told: tuple[tuple[str, str], ...] = ()


def parse(
    body: bytes,
    source: LogSourceSettings,
    received_at: datetime,
    default_env: str,
    declared: Collection[str] = (),
) -> ReadLogs:
    """Read lines of JSON, or one list of objects; nothing but what is returned is to be kept.

    Args:
        body: uncompressed.
        source: whose it is.
        received_at: when it arrived, aware UTC: the time of lines that tell none.
        default_env: the environment of lines that name none.
        declared: the environments of `aiops.yaml`: one that is spelled out is known by them.

    Raises:
        InputError: no line of it can be taken; names the place of the first ones, and why.

    Examples:
        >>> from datetime import UTC
        >>> source, now = LogSourceSettings(name="apps"), datetime(2026, 4, 18, 10, tzinfo=UTC)
        >>> body = b'{"level":50,"time":1776506370000,"service":"pay","msg":"card 7 declined"}'
        >>> (one,) = parse(body, source, now, "prod").parsed.batch.lines
        >>> one.service, one.severity.name, one.text
        ('pay', 'ERROR', 'card <*> declined')
    """
    reader = _Reader(source, Acceptance(received_at, default_env, declared))
    lines, left_out = group_lines(reader.records(body))
    batch = TelemetryBatch(heard=reader.accept.environments, lines=lines)
    parsed = reader.accept.parsed(batch, left_out)
    if parsed.rejected and not parsed.taken:
        raise InputError("\n".join(f"{place}: {why}" for place, why in reader.told) or parsed.why)
    return ReadLogs(parsed=parsed, told=tuple(reader.told))


@dataclass(slots=True)
class _Reader:
    """Reads the lines of one body."""

    source: LogSourceSettings
    accept: Acceptance
    told: list[tuple[str, str]] = field(default_factory=list)
    _moments: Moments = field(init=False)
    _names: dict[str, tuple[str, ...]] = field(init=False)
    _places: dict[tuple[str, ...], tuple[Place | None, bool]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._moments = Moments(self.source.time_zone)
        named = self.source.fields
        self._names = {
            key: (named[key],) if key in named else names for key, names in FIELDS.items()
        }

    def records(self, body: bytes) -> Iterator[LogRecord]:
        """Yield the records of a body that may be clues."""
        for place, line in self._objects(body):
            try:
                made = self._record(line)
            except InputError as error:
                self._refuse(place, str(error))
                continue
            if made is not None:
                yield made

    def _record(self, line: Any) -> LogRecord | None:
        record = _object(line)
        at = nanoseconds(first(record, self._names["time"]), self._moments)
        whose, is_ignored = self._place(record)
        if is_ignored:
            return None
        if whose is None:
            raise InputError("no service: name the field in `labels.service`, or say `service`")
        moment = self.accept.moment(whose, at)
        level = severity(record, self._names["level"])
        if moment is None or 0 < level < LogSeverity.WARN:
            return None
        trace = str(first(record, self._names["trace_id"]) or "").rpartition("/")[2]
        return LogRecord(
            whose.env,
            whose.service,
            level,
            moment,
            said(record, self._names["message"]),
            hex_id(trace, 32),
            1,
            whose.region,
            whose.segment,
        )

    def _place(self, record: Mapping[str, Any]) -> tuple[Place | None, bool]:
        """Return whose a record is, and whether the rules say that it is no matter."""
        names, rules = self.source.labels, self.source.normalize
        told = {
            "service.name": text_of(first(record, names.service)),
            "deployment.environment.name": text_of(first(record, names.env)),
            "region": text_of(first(record, names.region)),
            "segment": text_of(first(record, names.segment)),
        }
        told = {name: text for name, text in told.items() if text}
        if rules:
            told = {**_scalars(record), **told}
        key = tuple(part for pair in told.items() for part in pair)
        if key not in self._places:
            brought = normalized(told, rules)
            self.accept.steps.update(brought.steps)
            labels = dict(brought.labels)
            if self.source.service and not labels.get("service") and "service.name" not in labels:
                labels["service.name"] = self.source.service
            if len(self._places) >= 10_000:
                self._places.clear()
            self._places[key] = self.accept.place(labels), brought.is_ignored
        return self._places[key]

    def _objects(self, body: bytes) -> Iterator[tuple[str, Any]]:
        """Yield what stands in each line, or in each place of a list, with the place."""
        if body.lstrip()[:1] == b"[":
            try:
                found = orjson.loads(body)
            except orjson.JSONDecodeError as error:
                told = f"the body is no JSON ({error}); expected an object a line"
                raise InputError(told) from error
            yield from ((f"[{number}]", one) for number, one in enumerate(found[:MOST_RECORDS]))
            self._pass_over(len(found) - MOST_RECORDS)
            return
        stream, count = BytesIO(body), 0
        for number, line in enumerate(stream, start=1):
            if not (written := line.strip()):
                continue
            if count == MOST_RECORDS:
                rest = stream.read().rstrip()
                self._pass_over(1 + rest.count(b"\n") + bool(rest))
                return
            count += 1
            yield f"line {number}", written

    def _pass_over(self, count: int) -> None:
        """Note that a body holds so many records more than are looked at."""
        if count > 0:
            why = f"more than {MOST_RECORDS:,} records in one body: send smaller ones"
            self.accept.refused[why] += count

    def _refuse(self, place: str, why: str) -> None:
        self.accept.refuse(why.partition(" (")[0][:120])
        if len(self.told) < MOST_TOLD:
            self.told.append((place, why))


def _object(line: Any) -> Mapping[str, Any]:
    try:
        found = orjson.loads(line) if isinstance(line, bytes) else line
    except orjson.JSONDecodeError as error:
        raise InputError(f"it is no JSON ({error.msg} at column {error.colno})") from error
    if not isinstance(found, dict):
        raise InputError(f"found {kind_of(found)}, expected an object")
    return found


def _scalars(record: Mapping[str, Any]) -> dict[str, str]:
    """Return the fields that rules may look at."""
    found = ((name, one) for name, one in record.items() if isinstance(one, str | int | float))
    return {name: text_of(one) for (name, one), _ in zip(found, range(_MOST_LABELS), strict=False)}
