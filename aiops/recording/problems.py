"""What is wrong with a recording's file: the row, the column, what was expected."""

import csv
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pyarrow.compute as pc

from aiops.domain.errors import InputError
from aiops.recording.moments import epoch_seconds


def row_of(mask: Any) -> int:
    """Return the first row a mask is True at, from 0."""
    return int(pc.index(mask, True).as_py())


def malformed(path: Path, row: int, message: str, column: str) -> InputError:
    """Return the error that names a row (from 0) and a column of a file."""
    place = f"{path}:{row + 2}" if path.suffix == ".csv" else f"{path}: row {row + 1}"
    return InputError(f"{place}: {column}: {message}")


def first_malformed(path: Path, header: Sequence[str]) -> InputError | None:
    """Return the first row of a CSV file that is not as expected, None when all are.

    Called only once reading has failed: it looks at every row.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = csv.reader(file, strict=True)
            next(rows, None)
            for row in rows:
                for column, message in _wrong_in(row, header):
                    return InputError(f"{path}:{rows.line_num}: {column}: {message}")
    except (csv.Error, UnicodeDecodeError) as error:
        return InputError(f"{path}: {error}; expected UTF-8 text with comma-separated values")
    return None


def _wrong_in(row: Sequence[str], header: Sequence[str]) -> Iterator[tuple[str, str]]:
    if not row:
        return
    if len(row) != len(header):
        expected = f"expected {len(header)} ({', '.join(header)})"
        yield "row", f"it has {len(row)} fields, {expected}"
        return
    values = dict(zip(header, row, strict=True))
    try:
        epoch_seconds(values["timestamp"])
    except ValueError as error:
        yield "timestamp", str(error)
    try:
        float(values["value"] or "nan")
    except ValueError:
        yield "value", f"{values['value']!r} is no number, expected one (or nothing)"
