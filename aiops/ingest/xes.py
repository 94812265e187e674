"""XES event logs (IEEE 1849) -> case events, event by event, never the whole document. Pure.

XML may name other files and may let a few bytes stand for gigabytes; both need a document type
declaration, so a log with one is refused where it begins. What is left to bound are tags, which
are read whole, and how deep they stand.

Source: IEEE 1849-2016 and its extensions Concept, Time, Organizational and Lifecycle,
https://xes-standard.org/.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final
from xml.parsers import expat

from aiops.domain.cases import CaseEvent
from aiops.domain.errors import InputError
from aiops.ingest.case_events import MAX_TEXT, RefusedRow, read_row
from aiops.ingest.cells import Moments
from aiops.settings import CaseSourceSettings

MAX_TAG_BYTES: Final = 1024 * 1024
MAX_DEPTH: Final = 60
MAX_UNPACKED_BYTES: Final = 4 * 1024**3
"""What a packed log may hold; public ones of a million events hold half of it."""

_PREFIXES: Final = MappingProxyType(
    {"Concept": "concept", "Time": "time", "Organizational": "org", "Lifecycle": "lifecycle"}
)
_COLUMNS: Final = MappingProxyType(
    {
        "event_name": ("concept:name",),
        "timestamp": ("time:timestamp",),
        "actor": ("org:role", "org:resource", "org:group"),
        "channel": ("channel",),
        "location": ("location",),
        "amount": ("amount",),
        "reason_code": ("reason_code",),
    }
)
_KEYS: Final = frozenset(key for keys in _COLUMNS.values() for key in keys)
_LIFECYCLE: Final = "lifecycle:transition"
_PLAIN: Final = ("", "complete", "unknown")
"""Transitions that leave an event the name of its activity."""

_OF_CASES: Final = ("channel", "location")
"""What an event without them takes from its trace."""

_NOT_KNOWN: Final = "__INVALID__"
"""What XES' own tools write for an attribute that has no value."""

Row = tuple[int, CaseEvent | RefusedRow]


def rows(chunks: Iterable[bytes], source: CaseSourceSettings) -> Iterator[Row]:
    r"""Read an event log event by event; one that is wrong costs itself only.

    Args:
        chunks: of the log, unpacked.
        source: whose log it is.

    Yields:
        Each event with its line, from 1. Where the document ends too early or is torn, what stood
        before, and last of all a row that says so.

    Raises:
        InputError: it is no XES from its beginning on, or has a document type.

    Examples:
        >>> log = b'''<log><trace><string key="concept:name" value="7"/>
        ... <event><string key="concept:name" value="paid"/>
        ... <date key="time:timestamp" value="2026-04-18T12:00:00+02:00"/></event></trace></log>'''
        >>> (_, event), = rows([log], CaseSourceSettings(name="orders"))
        >>> event.case_id, event.name, event.at.hour
        ('7', 'paid', 10)
    """
    reader = _Reader(source)
    has_any = False
    for found, why in reader.read(chunks):
        yield from found
        has_any = has_any or bool(found)
        if why and not has_any:
            raise InputError(f"line {reader.line}: {why}")
        if why:
            yield reader.line, RefusedRow(column="", why=why, text="")


@dataclass(slots=True)
class _Reader:
    """Where in a document we are, and what of it is ready."""

    source: CaseSourceSettings
    line: int = 1
    _parser: expat.XMLParserType = field(default_factory=expat.ParserCreate)
    _moments: Moments = field(init=False)
    _ready: list[Row] = field(default_factory=list)
    _depth: int = 0
    _trace: dict[str, str] | None = None
    _event: dict[str, str] | None = None
    _event_depth: int = 0
    _event_line: int = 0
    _prefixes: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._moments = Moments(self.source.time_zone)
        self._parser.StartElementHandler = self._start
        self._parser.EndElementHandler = self._end
        self._parser.StartDoctypeDeclHandler = self._refuse_doctype

    def read(self, chunks: Iterable[bytes]) -> Iterator[tuple[list[Row], str]]:
        """Yield what is ready after each chunk, and why the document cannot be read further."""
        fed, given = 0, iter(chunks)
        while True:
            try:
                chunk = next(given, b"")
            except InputError as error:  # it cannot be unpacked further
                yield [], str(error)
                return
            fed += len(chunk)
            why = self._feed(chunk, is_last=not chunk)
            if not why and fed - max(self._parser.CurrentByteIndex, 0) > MAX_TAG_BYTES:
                why = f"found a tag of over {MAX_TAG_BYTES:,} bytes"
            yield self._taken(), why
            if why or not chunk:
                return

    def _feed(self, chunk: bytes, *, is_last: bool) -> str:
        try:
            self._parser.Parse(chunk, is_last)
        except InputError as error:
            return str(error)
        except expat.ExpatError as error:
            return f"it is no XML ({expat.ErrorString(error.code)})"
        except (LookupError, ValueError) as error:  # an encoding nobody knows
            return f"it is no XML that can be read ({error})"
        finally:
            self.line = self._parser.CurrentLineNumber
        return ""

    def _taken(self) -> list[Row]:
        taken, self._ready = self._ready, []
        return taken

    def _start(self, tag: str, attributes: dict[str, str]) -> None:
        name = tag.rpartition(":")[2]
        self._depth += 1
        if self._depth == 1 and name != "log":
            raise InputError(f"found <{name[:40]}>, expected <log>: it is no XES")
        if self._depth > MAX_DEPTH:
            raise InputError(f"tags stand in each other over {MAX_DEPTH} deep")
        if name == "event" and self._event is None and self._depth <= 3:
            self._event, self._event_depth = {}, self._depth
            self._event_line = self._parser.CurrentLineNumber
        elif name == "trace" and self._depth == 2:
            self._trace = {}
        elif name == "extension" and self._depth == 2:
            standard = _PREFIXES.get(attributes.get("name", ""))
            if standard:
                self._prefixes[attributes.get("prefix", standard)] = standard
        else:
            self._attribute(attributes.get("key", ""), attributes.get("value"))

    def _attribute(self, key: str, value: str | None) -> None:
        """Take an attribute of an event or of a trace itself; what is in others is theirs."""
        if value is None or value == _NOT_KNOWN:
            return
        prefix, colon, name = key.partition(":")
        if colon and self._prefixes.get(prefix, prefix) != prefix:
            key = f"{self._prefixes[prefix]}:{name}"
        if self._event is not None:
            if self._depth == self._event_depth + 1 and (key in _KEYS or key == _LIFECYCLE):
                self._event[key] = value
        elif self._trace is not None and self._depth == 3 and key in ("concept:name", *_OF_CASES):
            self._trace[key] = value

    def _end(self, tag: str) -> None:
        if self._event is not None and self._depth == self._event_depth:
            self._ready.append((self._event_line, self._row(self._event, self._trace or {})))
            self._event = None
        elif self._depth == 2 and tag.rpartition(":")[2] == "trace":
            self._trace = None
        self._depth -= 1

    def _row(self, event: dict[str, str], trace: dict[str, str]) -> CaseEvent | RefusedRow:
        row = {
            column: next((event[key] for key in keys if event.get(key)), "")
            for column, keys in _COLUMNS.items()
        }
        for column in _OF_CASES:
            row[column] = row[column] or trace.get(column, "")
        row["case_id"] = trace.get("concept:name", "")
        step = event.get(_LIFECYCLE, "").strip().lower()
        if row["event_name"] and step not in _PLAIN:
            row["event_name"] = f"{row['event_name']}+{step}"
        text = f"{row['case_id'][:MAX_TEXT]} {row['event_name'][:MAX_TEXT]}"
        return read_row(row, text, self.source, self._moments)

    def _refuse_doctype(self, *_: object) -> None:
        raise InputError("found a document type declaration, expected a log without one")
