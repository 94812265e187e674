"""`events.jsonl` <-> changes, one JSON object a line."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, Final, Protocol

import orjson

from aiops.domain.changes import Change
from aiops.domain.errors import InputError

OTHER_KINDS: Final = frozenset({"alert", "log", "case"})
"""Events that are no changes: other readers' business."""


class EventReader(Protocol):
    """How change events are understood; `aiops.ingest.changes` is one."""

    def read(self, event: Any, received_at: datetime | None, default_env: str) -> Change:
        """Return the change one event tells of.

        Raises:
            InputError: names the field, what was found and what was expected.
        """
        ...

    def meet(self, changes: Iterable[Change], known: Iterable[Change]) -> tuple[Change, ...]:
        """Return the changes with every end joined to the start it belongs to."""
        ...


def read_changes(
    path: Path, reader: EventReader, default_env: str
) -> tuple[tuple[Change, ...], tuple[str, ...]]:
    """Read the changes of a recording; a missing file is an empty one.

    Args:
        path: `events.jsonl`.
        reader: understands one event.
        default_env: the environment of events that name none.

    Returns:
        The changes by start, and a line for every event that could not be understood.

    Raises:
        InputError: the file is there and cannot be read.
    """
    if not path.is_file():
        return (), ()
    try:
        lines = path.read_bytes().splitlines()
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error}") from error
    changes, problems = [], []
    for number, line in enumerate(lines, 1):
        try:
            event = _event(line)
            if event is not None:
                changes.append(reader.read(event, None, default_env))
        except InputError as error:
            problems.append(f"{path}:{number}: {error}")
    return reader.meet(changes, ()), tuple(problems)


def _event(line: bytes) -> Any:
    """Return the event of a line, None where it holds no change."""
    if not line.strip():
        return None
    try:
        event = orjson.loads(line)
    except orjson.JSONDecodeError as error:
        raise InputError(f"found no JSON ({error}), expected one object a line") from error
    kind = event.get("kind") if isinstance(event, dict) else None
    return None if kind in OTHER_KINDS else event


def event_lines(changes: Sequence[Change]) -> bytes:
    """Return changes as `events.jsonl` holds them, by start then id."""
    ordered = sorted(changes, key=lambda change: (change.started_at, change.id))
    return b"".join(orjson.dumps(event_of(change)) + b"\n" for change in ordered)


def event_of(change: Change) -> dict[str, Any]:
    """Return one change, its start and its end, as one event."""
    attributes = {
        "rollback": True if change.is_rollback else None,
        "reverts": change.reverts or None,
        "percentage": change.percentage,
    }
    event = {
        "timestamp": change.started_at.isoformat(),
        "kind": change.kind.value,
        "service": change.service,
        "ref": change.ref,
        "env": change.env,
        "region": change.region,
        "segment": change.segment,
        "description": change.description or None,
        "actor": change.actor or None,
        "status": change.status or None,
        "source": change.source or None,
        "attributes": {name: value for name, value in attributes.items() if value is not None},
    }
    if change.ended_at is not None:
        event["started_at"] = change.started_at.isoformat()
        event["ended_at"] = change.ended_at.isoformat()
    return {name: value for name, value in event.items() if value is not None and value != {}}
