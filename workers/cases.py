"""Event logs as they come: rows stored little by little, what is wrong kept to be looked at."""

import hashlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from io import StringIO
from pathlib import Path
from typing import BinaryIO, Final

from aiops.domain.cases import CaseEvent
from aiops.domain.errors import InputError
from aiops.ingest import xes
from aiops.ingest.case_events import MAX_ROW_CHARACTERS, RefusedRow, rows
from aiops.ingest.gzipped import unpacked
from aiops.ingest.xes import MAX_UNPACKED_BYTES
from aiops.process.quality import Quality, quality_of
from aiops.settings import CASE_EVENTS, CaseSourceSettings
from aiops.store.accepted import AcceptedBody
from aiops.store.cases import AT_ONCE
from workers.wiring import Parts

MOST_KEPT: Final = 50
"""Refused rows of one load that are kept to be looked at; further ones are counted."""

_JSON_SUFFIXES: Final = (".jsonl", ".ndjson", ".json")
_XES_SUFFIXES: Final = (".xes", ".xes.gz")
_CHUNK_BYTES: Final = 64 * 1024
_TOLD: Final = 20


@dataclass(slots=True)
class Load:
    """What became of a file or request."""

    added: int = 0
    known: int = 0
    refused: Counter[str] = field(default_factory=Counter)
    told: list[tuple[int, RefusedRow]] = field(default_factory=list)

    @property
    def rejected(self) -> int:
        """How many rows were not taken."""
        return sum(self.refused.values())

    def answer(self) -> dict[str, object]:
        """Return what its sender is answered."""
        counts: dict[str, object] = {
            "accepted": self.added + self.known,
            "known": self.known,
            "refused": self.rejected,
        }
        reasons = [{"line": line, "why": one.why} for line, one in self.told[:_TOLD]]
        return counts | ({"reasons": reasons} if reasons else {})


def receive(
    parts: Parts, source: CaseSourceSettings, body: bytes, *, is_json: bool
) -> Mapping[str, object]:
    """Store the case events of a request; the same ones again change nothing.

    Raises:
        InputError: nothing of it can be taken; its beginning is kept.
        StoreError: it cannot be stored now; sent again, it is taken once.
    """
    hashed = hashlib.sha256(body)
    try:
        lines = StringIO(_decoded(body), newline=None)
        load = _take(parts, source, rows(lines, source, is_json=is_json), hashed.hexdigest)
    except InputError as error:
        _keep(parts, source, f"{hashed.hexdigest()}:0", body, str(error))
        raise
    if load.rejected and not load.added + load.known:
        raise InputError("\n".join(f"line {line}: {one.why}" for line, one in load.told[:_TOLD]))
    return load.answer()


def import_file(
    parts: Parts, source: CaseSourceSettings, path: Path, done: Callable[[int], None]
) -> Load:
    """Store the case events of a file, without holding it; again, it changes nothing.

    Args:
        parts: of this installation.
        source: whose name the log has, and what its columns are like.
        path: a CSV file; by its suffix JSON lines, or XES, packed or not.
        done: told how many bytes were read since it was told last.

    Raises:
        InputError: it cannot be read, or lacks a column.
        StoreError: it cannot be stored now; what was stored so far stays.
    """
    hashed, name = hashlib.sha256(), path.name.lower()

    def parts_of(stream: BinaryIO, read: Callable[[int], bytes], size: int) -> Iterator[bytes]:
        with stream:
            while part := read(size):
                hashed.update(part)
                done(len(part))
                yield part

    try:
        stream = path.open("rb")
        if name.endswith(_XES_SUFFIXES):
            chunks = parts_of(stream, stream.read, _CHUNK_BYTES)
            if name.endswith(".gz"):
                chunks = unpacked(chunks, MAX_UNPACKED_BYTES)
            found = xes.rows(chunks, source)
        else:
            given = parts_of(stream, stream.readline, MAX_ROW_CHARACTERS * 4)
            lines = (line.decode("utf-8", errors="replace") for line in given)
            found = rows(lines, source, is_json=name.endswith(_JSON_SUFFIXES))
        return _take(parts, source, found, hashed.hexdigest)
    except OSError as error:
        raise InputError(f"{path} cannot be read ({error.strerror})") from error


def quality(parts: Parts, log: str) -> Quality:
    """Return how good a log is.

    Raises:
        InputError: there is no such log.
    """
    refused = parts.cases.refused(log)
    found = quality_of(parts.cases.by_case(log), refused, parts.clock.now())
    if not found.events and not refused:
        names = ", ".join(one.log for one in parts.cases.logs()) or "none; `aiops cases import`"
        raise InputError(f"there is no event log {log!r}; there are: {names}")
    return found


def _take(
    parts: Parts,
    source: CaseSourceSettings,
    found: Iterable[tuple[int, CaseEvent | RefusedRow]],
    digest: Callable[[], str],
) -> Load:
    """Store rows; `digest` is asked once all of them were read."""
    load, waiting = Load(), list[CaseEvent]()
    oldest = parts.clock.now() - timedelta(days=parts.settings.case_days)
    for line, row in found:
        if isinstance(row, CaseEvent) and row.at >= oldest:
            waiting.append(row)
            if len(waiting) == AT_ONCE:
                _store(parts, load, waiting)
            continue
        refused = row if isinstance(row, RefusedRow) else _too_old(row, parts.settings.case_days)
        load.refused[refused.column] += 1
        if len(load.told) < MOST_KEPT:
            load.told.append((line, refused))
    _store(parts, load, waiting)
    if load.refused:
        name = digest()
        for line, one in load.told:
            _keep(parts, source, f"{name}:{line}", one.text.encode(), f"line {line}: {one.why}")
        parts.cases.note_refused(source.name, name, load.refused, at=parts.clock.now())
    return load


def _store(parts: Parts, load: Load, waiting: list[CaseEvent]) -> None:
    if waiting:
        added = parts.cases.add(waiting)
        load.added += added
        load.known += len(waiting) - added
        waiting.clear()


def _too_old(event: CaseEvent, days: int) -> RefusedRow:
    why = (
        f"timestamp: found {event.at.isoformat()}, expected one of the last {days} days; others "
        "are not kept (`retention.case_days`)"
    )
    text = f"{event.case_id} {event.name}"
    return RefusedRow(column="timestamp", why=why, text=text)


def _decoded(body: bytes) -> str:
    try:
        return body.decode("utf-8")
    except UnicodeDecodeError as error:
        raise InputError(f"found other bytes, expected UTF-8 ({error})") from error


def _keep(parts: Parts, source: CaseSourceSettings, place: str, body: bytes, why: str) -> None:
    """Keep what was refused where people look for it; the same once."""
    name = f"{CASE_EVENTS}:{source.name}"
    refused = AcceptedBody(
        idempotency_key=f"{name}:refused:{place}",
        source=name,
        content_type="text/plain",
        received_at=parts.clock.now(),
        body=body,
        traceparent=parts.telemetry.traceparent(),
        origin=parts.settings.origin,
    )
    parts.bodies.refuse(refused, why)
