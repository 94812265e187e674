"""One series in a CSV file, and the scores that came of it: what `aiops detect` reads and writes.

A row has a `timestamp` and a `value`. Gaps in time and values that are empty, NaN or infinite are
data. What is wrong with a row is named by file and line.
"""

import csv
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, Final

import numpy as np

from aiops.domain.errors import InputError
from aiops.domain.ticks import Floats, Packed, Times
from aiops.recording.moments import epoch_seconds
from aiops.recording.problems import malformed

COLUMNS: Final = ("timestamp", "value")
SCORE_COLUMNS: Final = ("timestamp", "score", "is_anomaly")

_MISSING: Final = frozenset({"", "nan", "na", "n/a", "null", "none"})
_ZONE: Final = re.compile(r":\d\d(?:[.,]\d+)?\s?(Z|[+-]\d\d(?::?\d\d)?)$", re.IGNORECASE)
_UTC: Final = frozenset({"Z", "+00", "+0000", "-00", "-0000"})


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SeriesRows:
    """The rows of a file, in its order.

    Args:
        stamps: the timestamps as they are written.
        times: epoch seconds, rounded up, never descending.
        values: NaN where nothing was measured; shape (rows,).
        ignored: names of the columns nobody asked for.
        infinite: how many values are, or are too large to be told from it; they count as missing.
        repeated: the first row whose timestamp another one has, None where there is none. Each
            such row is usable: of several values at one time the last one counts.
    """

    stamps: tuple[str, ...]
    times: Times
    values: Packed
    ignored: tuple[str, ...] = ()
    infinite: int = 0
    repeated: InputError | None = None


@dataclass(slots=True)
class _Zones:
    """The zone the timestamps of a file are written in, which is one for all rows."""

    first: str | None = None

    def require_same(self, text: str) -> None:
        """Raise ValueError where a timestamp names another zone than the first one did."""
        zone = zone_of(text)
        if self.first is None:
            self.first = zone
        elif zone != self.first:
            raise ValueError(
                f"{text!r} is in another zone ({zone}), expected that of the first row "
                f"({self.first}) in all rows"
            )


def read_series(path: Path, first_rows: int | None = None) -> SeriesRows:
    """Read the CSV file of one series.

    Args:
        path: UTF-8, comma-separated, with a header that has `timestamp` and `value`.
        first_rows: read no more than these; None for all.

    Raises:
        InputError: it cannot be read, has no such columns or no rows, or has a row that is not as
            expected: names file and line.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = csv.reader(file, strict=True)
            header = [name.strip() for name in next(rows, [])]
            wanted = _wanted(header, path)
            read = list(islice(_rows(rows, header, wanted, path), first_rows))
    except (csv.Error, UnicodeDecodeError) as error:
        raise InputError(
            f"{path}: {error}; expected UTF-8 text with comma-separated values"
        ) from error
    except OSError as error:
        reason = error.strerror or error
        raise InputError(f"{path} cannot be read: {reason}; expected a CSV file") from error
    if not read:
        raise InputError(f"{path}: there is no row below the header, expected at least one")
    lines, stamps, seconds, values = zip(*read, strict=True)
    exact = np.array(seconds)
    _require_sorted(exact, stamps, lines, path)
    with np.errstate(over="ignore"):  # beyond float32 is as good as infinite
        packed = np.array(values).astype(np.float32)
    infinite = np.isinf(packed)
    packed[infinite] = np.nan
    return SeriesRows(
        stamps=stamps,
        times=np.ceil(exact).astype(np.int64),
        values=packed,
        ignored=tuple(name for name in header if name not in COLUMNS),
        infinite=int(np.count_nonzero(infinite)),
        repeated=_repeated(exact, stamps, lines, path),
    )


def write_scores(path: Path, stamps: Sequence[str], scores: Floats, flags: Iterable[bool]) -> None:
    """Write `timestamp,score,is_anomaly`, one line per row, timestamps as they were.

    Args:
        path: replaced if it is there, at once: a reader never sees half a file.
        stamps: as they stood in the input.
        scores: finite, higher is worse.
        flags: whether the row is anomalous.

    Raises:
        OSError: the file cannot be written.
    """
    half = path.with_name(f".{path.name}.part")
    with half.open("w", encoding="utf-8", newline="") as file:
        lines = csv.writer(file, lineterminator="\n")
        lines.writerow(SCORE_COLUMNS)
        lines.writerows(
            (stamp, f"{score:.6g}", int(flag))
            for stamp, score, flag in zip(stamps, scores.tolist(), flags, strict=True)
        )
    half.replace(path)


def zone_of(text: str) -> str:
    """Return which zone a timestamp is written in.

    Examples:
        >>> zone_of("2026-04-18T10:00:00Z"), zone_of("2026-04-18 10:00:00+00:00")
        ('UTC', 'UTC')
        >>> zone_of("2026-04-18 10:00:00.5+02:00"), zone_of("1776506400")
        ('+0200', 'epoch seconds')
        >>> zone_of("2026-04-18"), zone_of("2026-04-18 10:00")
        ('none named', 'none named')
    """
    found = _ZONE.search(text)
    if found is None:
        return "none named" if "-" in text[1:] or ":" in text else "epoch seconds"
    zone = found[1].upper().replace(":", "")
    return "UTC" if zone in _UTC else zone.ljust(5, "0")


def _wanted(header: Sequence[str], path: Path) -> tuple[int, int]:
    """Return where time and value stand."""
    if not header:
        raise InputError(f"{path}: it is empty, expected a header line {','.join(COLUMNS)}")
    missing = [name for name in COLUMNS if name not in header]
    if missing:
        raise InputError(
            f"{path}:1: no column {', '.join(missing)}; expected {','.join(COLUMNS)}, "
            f"found {','.join(header)}"
        )
    twice = [name for name in COLUMNS if header.count(name) > 1]
    if twice:
        raise InputError(f"{path}:1: column {', '.join(twice)} is there twice, expected once")
    return header.index("timestamp"), header.index("value")


def _rows(
    rows: Any, header: Sequence[str], wanted: tuple[int, int], path: Path
) -> Iterator[tuple[int, str, float, float]]:
    """Give line number, timestamp as written, epoch seconds and value of every row."""
    time_at, value_at = wanted
    zones = _Zones()
    for row in rows:
        line = rows.line_num
        if not row:
            continue
        if len(row) != len(header):
            expected = f"expected {len(header)} ({','.join(header)})"
            raise malformed(path, line - 2, f"it has {len(row)} fields, {expected}", "row")
        stamp, text = row[time_at], row[value_at].strip()
        try:
            seconds = epoch_seconds(stamp.strip())
            zones.require_same(stamp.strip())
        except ValueError as error:
            raise malformed(path, line - 2, str(error), "timestamp") from error
        try:
            value = np.nan if text.lower() in _MISSING else float(text)
        except ValueError as error:
            said = f"{text!r} is no number, expected one (or nothing)"
            raise malformed(path, line - 2, said, "value") from error
        yield line, stamp, seconds, value


def _require_sorted(
    seconds: Floats, stamps: Sequence[str], lines: Sequence[int], path: Path
) -> None:
    back = np.flatnonzero(np.diff(seconds) < 0)
    if len(back):
        row = int(back[0])
        raise malformed(
            path,
            lines[row + 1] - 2,
            f"{stamps[row + 1]!r} is before {stamps[row]!r} in line {lines[row]}, "
            "expected rows in order of time",
            "timestamp",
        )


def _repeated(
    seconds: Floats, stamps: Sequence[str], lines: Sequence[int], path: Path
) -> InputError | None:
    same = np.flatnonzero(np.diff(seconds) == 0)
    if not len(same):
        return None
    row = int(same[0])
    return malformed(
        path,
        lines[row + 1] - 2,
        f"{stamps[row + 1]!r} is there already in line {lines[row]}, expected every time once "
        f"({len(same)} such rows; scored all the same, the last value of a time counts)",
        "timestamp",
    )
