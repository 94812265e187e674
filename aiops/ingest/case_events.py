"""Event logs of cases, in CSV or JSON lines -> case events, row by row. Pure.

The user page beside this module lists every column.
"""

import csv
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import chain
from typing import Any, Final

import orjson

from aiops.domain.cases import CaseEvent
from aiops.domain.errors import InputError
from aiops.ingest.cells import Moments, amount
from aiops.settings import CaseSourceSettings

MAX_BODY_BYTES: Final = 8 * 1024 * 1024
MAX_ROW_CHARACTERS: Final = 64 * 1024
MAX_TEXT: Final = 300

_NAMES: Final[Mapping[str, tuple[str, ...]]] = {
    "case_id": ("case_id", "case:concept:name"),
    "event_name": ("event_name", "concept:name"),
    "timestamp": ("timestamp", "time:timestamp"),
    "actor": ("actor", "org:resource"),
    "channel": ("channel",),
    "location": ("location",),
    "amount": ("amount",),
    "reason_code": ("reason_code",),
}
"""What a column may be called: as here, or as XES has it."""

_REQUIRED: Final = ("case_id", "event_name", "timestamp")


@dataclass(frozen=True, slots=True, kw_only=True)
class RefusedRow:
    """A row that is not taken.

    Args:
        column: which column is wrong; empty for the row as a whole.
        why: what was found and expected.
        text: the row's beginning.
    """

    column: str
    why: str
    text: str


class _ColumnError(InputError):
    """A column of a row is wrong."""

    def __init__(self, column: str, why: str) -> None:
        super().__init__(f"{column}: {why}")
        self.column = column


def rows(
    lines: Iterable[str], source: CaseSourceSettings, *, is_json: bool
) -> Iterator[tuple[int, CaseEvent | RefusedRow]]:
    """Read an event log row by row; a row that is wrong costs itself only.

    Args:
        lines: of the log, with or without their ends.
        source: whose log it is, and what its columns are like.
        is_json: whether each line is an object; else they are CSV, and the first names columns.

    Yields:
        Each row with its line, from 1.

    Raises:
        InputError: there is no header, or it lacks a column.

    Examples:
        >>> log = ["case_id,event_name,timestamp,actor", "7,paid,2026-04-18T10:00:00Z,till"]
        >>> (_, event), = rows(log, CaseSourceSettings(name="orders"), is_json=False)
        >>> event.case_id, event.name, event.at.hour, event.actor
        ('7', 'paid', 10, 'till')
    """
    moments = Moments(source.time_zone)
    found = _objects(lines) if is_json else _table(lines, source.delimiter)
    for line, row, text in found:
        yield line, read_row(row, text, source, moments)


def read_row(
    row: Any, text: str, source: CaseSourceSettings, moments: Moments
) -> CaseEvent | RefusedRow:
    """Return the event of a row by its columns, or why it is none.

    Args:
        row: by column, else what it is instead.
        text: the row as it was written.
        source: whose log it is.
        moments: reads the times of this log.
    """
    try:
        return _event(row, source, moments)
    except InputError as error:
        column = error.column if isinstance(error, _ColumnError) else ""
        return RefusedRow(column=column, why=str(error), text=text[:500])


def _objects(lines: Iterable[str]) -> Iterator[tuple[int, Any, str]]:
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        if len(line) > MAX_ROW_CHARACTERS:
            yield number, InputError(f"found more than {MAX_ROW_CHARACTERS:,} characters"), line
            continue
        try:
            yield number, orjson.loads(line), line
        except orjson.JSONDecodeError as error:
            yield number, InputError(f"found no JSON ({error}), expected an object"), line


def _table(lines: Iterable[str], delimiter: str) -> Iterator[tuple[int, Any, str]]:
    """Yield the rows of a table by their columns; one that is torn costs itself only."""
    given = iter(lines)
    first = next(given, "").removeprefix("\ufeff")
    header = [name.strip() for name in next(csv.reader([first], delimiter=delimiter), [])]
    for column in _REQUIRED:
        if not set(_NAMES[column]) & set(header):
            raise InputError(
                f"line 1: found the columns {', '.join(header[:20]) or 'none'}; expected "
                f"{column!r} among them"
            )
    reader = csv.reader(chain(given), delimiter=delimiter)
    while True:
        try:
            values = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            yield reader.line_num + 1, InputError(f"the row is no CSV ({error})"), ""
            continue
        if values:
            text = delimiter.join(values)
            yield reader.line_num + 1, _by_column(header, values), text


def _by_column(header: list[str], values: list[str]) -> Any:
    if len(values) != len(header):
        return InputError(f"found {len(values)} columns, expected {len(header)}")
    return dict(zip(header, values, strict=True))


def _event(row: Any, source: CaseSourceSettings, moments: Moments) -> CaseEvent:
    if isinstance(row, InputError):
        raise row
    if not isinstance(row, dict):
        raise InputError("found no object, expected one with case_id, event_name and timestamp")
    told = _value(row, "timestamp")
    if told is None or told == "":
        raise _ColumnError("timestamp", "found nothing, expected a time")
    return CaseEvent(
        log=source.name,
        case_id=_required(row, "case_id"),
        name=_required(row, "event_name"),
        at=_moment(told, moments),
        actor=_text(row, "actor"),
        channel=_text(row, "channel"),
        location=_text(row, "location"),
        amount=_amount(_value(row, "amount"), source.decimal),
        reason_code=_text(row, "reason_code"),
    )


def _moment(told: object, moments: Moments) -> datetime:
    try:
        return moments.read(told)
    except InputError as error:
        raise _ColumnError("timestamp", str(error)) from error


def _amount(told: object, decimal: str) -> Any:
    if told is None or told == "":
        return None
    try:
        return amount(told, decimal)
    except InputError as error:
        raise _ColumnError("amount", str(error)) from error


def _value(row: Mapping[str, Any], column: str) -> Any:
    return next((row[name] for name in _NAMES[column] if row.get(name) is not None), None)


def _required(row: Mapping[str, Any], column: str) -> str:
    found = _text(row, column)
    if not found:
        raise _ColumnError(column, "found nothing, expected a text")
    return found


def _text(row: Mapping[str, Any], column: str) -> str:
    value = _value(row, column)
    if value is None:
        return ""
    if isinstance(value, bool | dict | list | float):
        raise _ColumnError(column, "found no text, expected one")
    text = str(value).strip()
    if len(text) > MAX_TEXT:
        raise _ColumnError(column, f"found {len(text)} characters, expected at most {MAX_TEXT}")
    if not text.isprintable():
        raise _ColumnError(column, "found control characters, expected a text on one line")
    return text
