"""OTLP/HTTP logs -> counted groups of like lines, without their secrets. Pure."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from types import MappingProxyType
from typing import Any, Final

from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.logs.v1.logs_pb2 import SeverityNumber

from aiops.clues.lines import LogRecord, group_lines, severity_named
from aiops.domain.clues import LogSeverity, TelemetryBatch
from aiops.domain.labels import LabelRule
from aiops.ingest.otlp import PROTOBUF, Acceptance, Parsed, Place, sent_in, told_of
from aiops.ingest.otlp_values import (
    either,
    hex_id,
    number_in,
    text_by,
    text_in,
    told_by,
    told_in,
)

_NUMBERS: Final = MappingProxyType(dict(SeverityNumber.items()))
_LEVELS: Final = ("resourceLogs", "scopeLogs", "logRecords")
_INFO: Final = 9
_MESSAGES: Final = ("message", "msg", "exception.message", "event.name")


def parse(
    body: bytes,
    content_type: str,
    received_at: datetime | None,
    default_env: str,
    declared: Collection[str] = (),
    *,
    rules: Sequence[LabelRule] = (),
) -> Parsed:
    """Read the body of an export of logs; nothing of it but what is returned is to be kept.

    Args:
        body: uncompressed.
        content_type: protobuf's, else it is read as JSON.
        received_at: when it arrived, aware UTC; None: in a recording, any time will do.
        default_env: the environment of resources that name none.
        declared: the environments of `aiops.yaml`: one that is spelled out is known by them.
        rules: of `normalize`, for the attributes of resources.

    Raises:
        InputError: it cannot be read; names the place, what was found and what was expected.

    Examples:
        >>> from aiops.ingest.otlp import JSON
        >>> body = b'''{"resourceLogs": [{
        ...     "resource": {"attributes": [
        ...         {"key": "service.name", "value": {"stringValue": "pay"}}]},
        ...     "scopeLogs": [{"logRecords": [{"timeUnixNano": "60000000000", "severityNumber": 17,
        ...         "body": {"stringValue": "card 7 declined"}}]}]}]}'''
        >>> (one,) = parse(body, JSON, None, "prod").batch.lines
        >>> one.service, one.severity.name, one.text
        ('pay', 'ERROR', 'card <*> declined')
    """
    accept = Acceptance(received_at, default_env, declared, rules)
    records = _by_message if content_type == PROTOBUF else _in_document
    lines, left_out = group_lines(records(body, accept))
    return accept.parsed(TelemetryBatch(heard=accept.environments, lines=lines), left_out)


def _by_message(body: bytes, accept: Acceptance) -> Iterator[LogRecord]:
    for one, place in sent_in(body, ExportLogsServiceRequest, _LEVELS, accept):
        at = accept.moment(place, one.time_unix_nano, one.observed_time_unix_nano)
        if at is None or place is None:
            continue
        number = one.severity_number or _severity(0, one.severity_text)
        if 0 < number < LogSeverity.WARN:
            continue
        text = one.body.string_value or text_by(one.body)
        said = _said(text, told_by(_telling(one.attributes, text)))
        yield _record(place, number, at, said, one.trace_id.hex())


def _telling(attributes: Iterable[Any], text: str) -> Iterator[Any]:
    """Yield the attributes a record's words may come from: reading all of them is dear."""
    for one in attributes:
        if not text or one.key == "exception.type":
            yield one


def _in_document(body: bytes, accept: Acceptance) -> Iterator[LogRecord]:
    for where, one, place in told_of(body, _LEVELS, accept):
        record = _of(one, where, place, accept)
        if record is not None:
            yield record


def _of(
    one: Mapping[str, Any], where: str, place: Place | None, accept: Acceptance
) -> LogRecord | None:
    times = (either(one, "timeUnixNano"), either(one, "observedTimeUnixNano"))
    at = accept.moment(place, *times)
    if at is None or place is None:
        return None
    number = number_in(either(one, "severityNumber"), _NUMBERS)
    severity = _severity(number, str(either(one, "severityText") or ""))
    text = _said(text_in(one.get("body")), told_in(one, where))
    return _record(place, severity, at, text, hex_id(either(one, "traceId"), 32))


def _record(place: Place, severity: int, at: float, text: str, trace_id: str) -> LogRecord:
    cohort = (place.region, place.segment)
    return LogRecord(place.env, place.service, severity, at, text, trace_id, 1, *cohort)


def _severity(number: int, text: str) -> int:
    """Return the severity's number; from its name where there is only that, 0 for neither."""
    return number or ((severity_named(text) or _INFO) if text else 0)


def _said(text: str, told: Mapping[str, str]) -> str:
    """Return what a record says: its body, with the exception's type where it does not say it."""
    said = text or next((told[name] for name in _MESSAGES if told.get(name)), "")
    kind = told.get("exception.type", "")
    return f"{said} ({kind})" if kind and kind not in said else said
