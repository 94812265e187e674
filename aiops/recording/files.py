"""Metrics files -> Arrow tables with texts as dictionaries: one decoded text per distinct one."""

import csv
from pathlib import Path
from typing import Final

import pyarrow as pa
import pyarrow.csv as pa_csv
import pyarrow.parquet as pa_parquet

from aiops.domain.errors import InputError
from aiops.recording.problems import first_malformed

REQUIRED: Final = ("timestamp", "service", "metric", "value")
PHASE: Final = "phase"
"""The column that is no label: it says what was normal, for `aiops diagnose` only."""

_TEXT: Final = pa.dictionary(pa.int32(), pa.string())


def open_table(path: Path, *, phase: bool = False) -> pa.Table:
    """Read a metrics file: `timestamp` and `value` plain, labels as text dictionaries.

    Args:
        path: the file.
        phase: whether the column that says what was normal is read, too.

    Raises:
        InputError: it cannot be read, lacks a column or has a malformed row.
    """
    try:
        table = _open_csv(path, phase) if path.suffix == ".csv" else _open_parquet(path, phase)
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error}") from error
    if not table.num_rows:
        raise InputError(f"{path} has no rows; expected at least one sample")
    return table.unify_dictionaries()


def _require_columns(names: list[str], path: Path, phase: bool) -> list[str]:
    """Return the columns to read."""
    missing = [name for name in REQUIRED if name not in names]
    if missing:
        raise InputError(
            f"{path}: no column {', '.join(missing)}; expected {', '.join(REQUIRED)} and any "
            f"labels, found {', '.join(names) or 'nothing'}"
        )
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise InputError(f"{path}: column {', '.join(twice)} is there twice, expected once")
    return [name for name in names if phase or name != PHASE]


def _open_csv(path: Path, phase: bool) -> pa.Table:
    header, first = _beginning(path)
    wanted = _require_columns(header, path, phase)
    types = dict.fromkeys(wanted, _TEXT) | {"value": pa.float64()}
    if _is_number(dict(zip(header, first, strict=False)).get("timestamp", "")):
        types["timestamp"] = pa.float64()
    convert = pa_csv.ConvertOptions(
        column_types=types, include_columns=wanted, null_values=[""], strings_can_be_null=True
    )
    try:
        return pa_csv.read_csv(path, convert_options=convert)
    except pa.ArrowInvalid as error:
        named = first_malformed(path, header)
        raise (named or InputError(f"{path}: {error}")) from error


def _beginning(path: Path) -> tuple[list[str], list[str]]:
    """Return the header and the first row."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = csv.reader(file)
            return next(rows, []), next(rows, [])
    except (csv.Error, UnicodeDecodeError) as error:
        raise InputError(
            f"{path}: {error}; expected UTF-8 text with comma-separated values"
        ) from error


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _open_parquet(path: Path, phase: bool) -> pa.Table:
    try:
        schema = pa_parquet.read_schema(path)
        wanted = _require_columns(schema.names, path, phase)
        labels = [name for name in wanted if name not in ("timestamp", "value")]
        texts = [name for name in labels if _is_text(schema.field(name).type)]
        table = pa_parquet.read_table(path, columns=wanted, read_dictionary=texts)
    except pa.ArrowInvalid as error:
        raise InputError(f"{path}: {error}; expected a Parquet file") from error
    return _as_expected(table, path)


def _is_text(kind: pa.DataType) -> bool:
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind))


def _as_expected(table: pa.Table, path: Path) -> pa.Table:
    """Return a table whose columns have the types that a CSV file would give."""
    for place, name in enumerate(table.column_names):
        column = table.column(name)
        try:
            if name == "value":
                column = column.cast(pa.float64())
            elif column.type != _TEXT and (name != "timestamp" or _is_text(column.type)):
                column = column.cast(pa.string()).dictionary_encode()
        except pa.ArrowException as error:
            expected = "numbers" if name == "value" else "texts"
            raise InputError(f"{path}: column {name}: {error}; expected {expected}") from error
        table = table.set_column(place, name, column)
    return table
