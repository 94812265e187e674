"""Read metrics from CSV files: one file, a folder or a pattern, watched while they grow.

Source: RFC 4180.
"""

import csv
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import BinaryIO, Final

from aiops.domain.errors import InputError, SourceError
from aiops.domain.journeys import Kpi
from aiops.domain.pulled import Sample
from aiops.domain.series import DEFAULT_ENV
from aiops.domain.time import utc
from aiops.ingest.cells import Moments
from aiops.ingest.row_source import Pull, Rows
from aiops.ingest.rows import window_of
from aiops.settings import CsvSettings

MAX_FILES: Final = 1_000
MAX_LINE_BYTES: Final = 64 * 1024
_STEADY_SECONDS: Final = 5.0
"""A last line without its end counts once nobody wrote for so long: it may not be whole yet."""

_MARK_ROWS: Final = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class _Mark:
    """A place in a file: every row before it is older than `newest`, or as old."""

    offset: int
    line: int
    newest: datetime


@dataclass(slots=True)
class _File:
    """What is known of a file, so that only its end is read again."""

    identity: tuple[int, bytes]
    header: list[str]
    written: tuple[int, int] = (0, 0)
    marks: list[_Mark] = field(default_factory=list)
    newest: datetime | None = None

    def begin(self, since: datetime) -> _Mark | None:
        """Return the last place before which nothing counts from a moment on."""
        return next((one for one in reversed(self.marks) if one.newest < since), None)


class CsvSource:
    """Reads declared signals from files; implements `aiops.ports.Source`.

    A row that cannot be read is left out, counted, and told of with its file, line and reason.

    Args:
        settings: of this source.
        kpis: the declared KPIs, for the signals that carry one.
        default_env: the environment of rows that name none.
    """

    def __init__(
        self, settings: CsvSettings, *, kpis: tuple[Kpi, ...] = (), default_env: str = DEFAULT_ENV
    ) -> None:
        self.name = settings.name
        self.step_seconds = settings.step_seconds
        self.delay_seconds = settings.delay_seconds
        self.complaints: Mapping[str, str] = {}
        self._settings = settings
        self._rows = Rows(settings, kpis, default_env, settings.decimal)
        self._files: dict[Path, _File] = {}

    def pull(self, start: datetime, end: datetime, step_seconds: int) -> Sequence[Sample]:
        """Return every declared series at start, start + step … end (inclusive).

        Raises:
            SourceError: there is no file, or none can be read.
            ValueError: the interval is none.
        """
        window = window_of(start, end, step_seconds)
        pulls = {index: Pull(window) for index in range(len(self._settings.signals))}
        paths = self._paths()
        refused: dict[str, str] = {}
        for path in paths:
            try:
                self._read(path, window.since, pulls)
            except (OSError, InputError, csv.Error) as error:
                refused[str(path)] = f"source {self.name!r}: {path.name}: {error}"
        if len(refused) == len(paths):
            raise SourceError("\n".join(refused.values()))
        samples = self._rows.samples(pulls, refused, whole_until=self.reported_until())
        self.complaints = self._rows.complaints
        return samples

    def reported_until(self) -> datetime:
        """Return up to when the files are known to be whole: the newest row, or the last write.

        Raises:
            SourceError: there is no file.
        """
        paths = self._paths()
        written = max(utc(path.stat().st_mtime) for path in paths)
        rows = [one.newest for one in self._files.values() if one.newest is not None]
        return max([written, *rows])

    def now(self) -> datetime | None:
        """Return None: files have no clock."""
        return None

    def close(self) -> None:
        """Forget what is known of the files; the next pull reads them again."""
        self._files.clear()

    def _paths(self) -> list[Path]:
        path = self._settings.path
        try:
            if path.is_dir():
                found = sorted(path.glob("*.csv"))
            elif any(char in path.name for char in "*?["):
                found = sorted(path.parent.glob(path.name))
            else:
                found = [path] if path.is_file() else []
        except OSError as error:
            raise SourceError(f"source {self.name!r}: {path} cannot be read ({error})") from error
        if not found:
            raise SourceError(
                f"source {self.name!r}: there is no file {path}; is the export running, and is "
                f"`sources.{self.name}.path` right?"
            )
        if len(found) > MAX_FILES:
            raise SourceError(
                f"source {self.name!r}: found {len(found):,} files in {path}, expected at most "
                f"{MAX_FILES:,}: move away what is old"
            )
        return found

    def _read(self, path: Path, since: datetime, pulls: Mapping[int, Pull]) -> None:
        """Read what of a file may count from a moment on."""
        known, state = self._files.get(path), path.stat()
        written = (state.st_size, state.st_mtime_ns)
        is_same = known is not None and known.written == written
        if known is not None and is_same and known.newest is not None and known.newest < since:
            return
        with path.open("rb") as stream:
            file = _opened(stream, known, state.st_ino, self._settings.delimiter)
            file.written = written
            self._files[path] = file
            mark = file.begin(since)
            if mark is not None:
                stream.seek(mark.offset)
            is_over = time.time() - state.st_mtime > _STEADY_SECONDS
            lines = _Lines(stream, mark.line if mark else 1, is_over=is_over)
            moments = Moments(self._settings.time_zone, mark.newest if mark else None)
            self._take(file, lines, moments, path.name, pulls)

    def _take(
        self,
        file: _File,
        lines: "_Lines",
        moments: Moments,
        name: str,
        pulls: Mapping[int, Pull],
    ) -> None:
        newest = file.newest
        last = file.marks[-1].offset if file.marks else 0
        for count, values in enumerate(
            csv.reader(lines, delimiter=self._settings.delimiter), start=1
        ):
            if not values:
                continue
            row = dict(zip(file.header, values, strict=False))
            self._rows.take(pulls, row, moments, name, lines.line)
            newest = max(filter(None, (newest, moments.last)), default=None)
            if count % _MARK_ROWS == 0 and newest is not None and lines.offset > last:
                file.marks.append(_Mark(offset=lines.offset, line=lines.line, newest=newest))
        file.newest = newest


class _Lines:
    """The whole lines of a file from where it stands on; knows where it is."""

    def __init__(self, stream: BinaryIO, line: int, *, is_over: bool) -> None:
        self._stream = stream
        self._is_over = is_over
        self.line = line
        self.offset = stream.tell()

    def __iter__(self) -> Iterator[str]:
        while line := self._stream.readline(MAX_LINE_BYTES + 1):
            if len(line) > MAX_LINE_BYTES:
                raise InputError(f"line {self.line + 1} is longer than {MAX_LINE_BYTES:,} bytes")
            if not line.endswith(b"\n") and not self._is_over:
                return
            self.offset += len(line)
            self.line += 1
            yield line.decode("utf-8", errors="replace")


def _opened(stream: BinaryIO, known: _File | None, inode: int, delimiter: str) -> _File:
    """Return what is known of a file that stands behind its header, afresh if it is another."""
    first = stream.readline(MAX_LINE_BYTES)
    identity = (inode, first)
    if known is not None and known.identity == identity and _still_there(stream, known):
        stream.seek(len(first))
        return known
    stream.seek(len(first))
    text = first.decode("utf-8-sig", errors="replace")
    header = [name.strip() for name in next(csv.reader([text], delimiter=delimiter), [])]
    if not any(header):
        raise InputError("the first line is empty, expected the names of the columns")
    return _File(identity, header)


def _still_there(stream: BinaryIO, known: _File) -> bool:
    """Return whether a file still goes on at the last mark: it was not written anew."""
    if not known.marks:
        return True
    stream.seek(known.marks[-1].offset - 1)
    return stream.read(1) == b"\n"
