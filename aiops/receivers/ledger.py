"""What every receiver keeps: each request in order, its answer, and a file that outlives a kill."""

import hashlib
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import parse_qsl

import orjson

from aiops.domain.errors import InputError
from aiops.domain.time import require_aware

Clock = Callable[[], datetime]
"""Gives the present moment, aware; the demo's runs fast, the tests' stands still."""

_KEPT_HEADERS = ("content-type", "user-agent", "retry-after", "traceparent", "x-request-id")
_FILES = ("application/octet-stream", "image/png")
_SECRET_PARAMETERS = frozenset({"token"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Received:
    """One request as it arrived, before anything was made of it.

    Args:
        seq: 1 for the first request of a ledger, then counting.
        at: when it arrived, aware UTC.
        method: GET, POST …
        path: without the query.
        query: the parameters of the query string.
        headers: all of them, names in lower case.
        body: the raw bytes.
        sender: who sent it, once its credentials were checked; never the credentials.
    """

    seq: int
    at: datetime
    method: str
    path: str
    query: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    sender: str | None = None

    @property
    def media_type(self) -> str:
        """Return the content type without its parameters, in lower case."""
        return self.headers.get("content-type", "").partition(";")[0].strip().lower()

    def content(self) -> Any:
        """Return the body for people and judges: decoded JSON or form, else its text.

        Of a file its size and a digest are enough.
        """
        if self.media_type in _FILES:
            digest = hashlib.sha256(self.body).hexdigest()
            return {"bytes": len(self.body), "sha256": digest}
        if self.media_type == "application/x-www-form-urlencoded":
            return dict(parse_qsl(self.body.decode(errors="replace"), keep_blank_values=True))
        try:
            return orjson.loads(self.body)
        except orjson.JSONDecodeError:
            return self.body.decode(errors="replace")


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What goes back to the sender.

    Args:
        status: of HTTP.
        content: sent as JSON, unless it is bytes, which are sent as they are.
        headers: beside content-type and content-length.
        accepted: whether the receiver acted on the request; only these are replayed on start.
        sender: who the receiver took the sender for.
    """

    status: int
    content: Any
    headers: Mapping[str, str] = field(default_factory=dict)
    accepted: bool = False
    sender: str | None = None

    def encoded(self) -> bytes:
        """Return the bytes of the body."""
        return self.content if isinstance(self.content, bytes) else orjson.dumps(self.content)


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """One request and what became of it, without secrets; a line of the ledger's file.

    Args:
        status: of the answer; None when the connection was cut instead.
        fault: the kind of the forced answer, None when the receiver answered by itself.
    """

    seq: int
    at: datetime
    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: Any
    accepted: bool
    status: int | None
    answer: Any
    fault: str | None = None
    sender: str | None = None

    def to_json(self) -> bytes:
        """Return the record as one line of JSON, times in ISO 8601."""
        return orjson.dumps(self)

    @classmethod
    def from_json(cls, line: bytes) -> "Record":
        """Return the record of one line of a ledger's file.

        Raises:
            InputError: the line is no record.
        """
        try:
            fields = orjson.loads(line)
            at = require_aware(datetime.fromisoformat(fields.pop("at")), "at")
            return cls(at=at, **fields)
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            raise InputError(f"not a receiver's record: {error}") from error

    def received(self) -> Received:
        """Return the request again, its body as JSON whatever it was sent as."""
        body = self.body.encode() if isinstance(self.body, str) else orjson.dumps(self.body)
        headers = {**self.headers, "content-type": "application/json"}
        return Received(
            seq=self.seq,
            at=self.at,
            method=self.method,
            path=self.path,
            query=self.query,
            headers=headers,
            body=body,
            sender=self.sender,
        )


class Ledger(ABC):
    """Every request a receiver got, in order, and the state they add up to.

    One thread calls `stamp`, `answer` and `keep`; any thread may read `records`.

    Args:
        clock: gives the time each request is stamped with.
        path: a file that gets one JSON line per request, before its answer goes out, and from
            which a new ledger reloads; None keeps everything in memory only.

    Raises:
        InputError: the file holds a whole line that is no record.
    """

    name: ClassVar[str]

    def __init__(self, *, clock: Clock, path: Path | None = None) -> None:
        self._clock = clock
        self._path = path
        self._records: list[Record] = []
        self._next_seq = 1

    @property
    def records(self) -> tuple[Record, ...]:
        """Return every request so far, in order."""
        return tuple(self._records)

    def stamp(
        self,
        *,
        method: str,
        path: str,
        query: Mapping[str, str],
        headers: Mapping[str, str],
        body: bytes,
    ) -> Received:
        """Return the request with its sequence number and time, without acting on it."""
        received = Received(
            seq=self._next_seq,
            at=require_aware(self._clock(), "the receiver's clock"),
            method=method,
            path=path,
            query=query,
            headers={name.lower(): value for name, value in headers.items()},
            body=body,
        )
        self._next_seq += 1
        return received

    def keep(
        self, received: Received, answer: Answer, *, fault: str | None = None, cut: bool = False
    ) -> None:
        """Append a request and what became of it, in memory and to the file.

        Args:
            received: from `stamp`.
            answer: what the receiver answered or was made to answer.
            fault: the kind of the fault that was injected, if any.
            cut: whether the connection was cut, so that the sender saw no status.
        """
        kept = not isinstance(answer.content, bytes)
        record = Record(
            seq=received.seq,
            at=received.at,
            method=received.method,
            path=received.path,
            query=_without_secrets(received.query),
            headers={n: received.headers[n] for n in _KEPT_HEADERS if n in received.headers},
            body=_without_secrets(received.content()),
            accepted=answer.accepted,
            status=None if cut else answer.status,
            answer=answer.content if kept else answer.content.decode(errors="replace"),
            fault=fault,
            sender=answer.sender,
        )
        self._records.append(record)
        if self._path is not None:
            with self._path.open("ab") as file:
                file.write(record.to_json() + b"\n")

    @abstractmethod
    def answer(self, received: Received) -> Answer:
        """Check a request as the vendor does, act on it if it passes, return the answer."""

    @abstractmethod
    def apply(self, received: Received) -> Answer:
        """Act on a request whose credentials were good; the state depends on nothing else."""

    @abstractmethod
    def refusal(self, status: int, retry_after_seconds: int) -> Answer:
        """Return what the vendor answers with `status` when it is in trouble itself."""

    @abstractmethod
    def state(self) -> Mapping[str, Any]:
        """Return what the requests added up to, as JSON values."""

    def _reload(self) -> None:
        """Read the file of an earlier life and act again on what had been accepted."""
        if self._path is None or not self._path.exists():
            return
        whole, _, torn = self._path.read_bytes().rpartition(b"\n")
        if torn:  # killed in mid-write: that request was never answered, its sender tries again
            with self._path.open("r+b") as file:
                file.truncate(len(whole) + 1 if whole else 0)
        for number, line in enumerate(whole.splitlines(), start=1):
            try:
                record = Record.from_json(line)
            except InputError as error:
                raise InputError(
                    f"{self._path}, line {number}: {error}; move the file away to start afresh"
                ) from error
            self._records.append(record)
            self._next_seq = record.seq + 1
            if record.accepted:
                self.apply(record.received())


def _without_secrets(content: Any) -> Any:
    if not isinstance(content, Mapping):
        return content
    return {k: "***" if k in _SECRET_PARAMETERS else v for k, v in content.items()}
