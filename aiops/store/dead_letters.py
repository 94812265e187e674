"""Dead letters: bodies that could not be read, and how many were sent away unread."""

import hashlib
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Engine, select, update

from aiops.domain.symptoms import Origin
from aiops.store.accepted import REFUSED, SHOWN_BYTES, AcceptedBody, BodyState, body_of
from aiops.store.engine import reading, writing
from aiops.store.tables import ACCEPTED_BODIES
from aiops.store.upsert import insert_missing_at_once

_SHED: Final = ":shed"
"""How the key of a row ends that counts what was shed: one a source."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NotedBody:
    """A body there is something to be known of: why it was refused, or what it left out."""

    id: int
    source: str
    received_at: datetime
    state: BodyState
    note: str
    beginning: bytes
    is_whole: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class DeadLetter:
    """A body that was refused, as far as it is kept."""

    id: int
    body: AcceptedBody
    is_whole: bool


class DeadLetterStore:
    """Shows what is kept of bodies that were refused, and has them wait to be worked again."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def get(self, body_id: int) -> DeadLetter | None:
        """Return a body that was refused, None where there is none of that id."""
        table = ACCEPTED_BODIES.c
        mine = (table.id == body_id, table.state == BodyState.REJECTED)
        with reading(self._engine) as connection:
            row = connection.execute(select(ACCEPTED_BODIES).where(*mine)).one_or_none()
        if row is None:
            return None
        return DeadLetter(id=row.id, body=body_of(row), is_whole=_is_whole(row))

    def revive(self, body_id: int) -> bool:
        """Have a body that was refused wait again; False when it was none any more."""
        table = ACCEPTED_BODIES.c
        mine = (table.id == body_id, table.state == BodyState.REJECTED)
        statement = update(ACCEPTED_BODIES).where(*mine)
        with writing(self._engine) as connection:
            changed = connection.execute(statement.values(state=BodyState.ACCEPTED, error=""))
            return changed.rowcount == 1

    def note_shed(self, counts: Mapping[str, int], at: datetime, origin: Origin) -> None:
        """Add to how many bodies of each source were sent away, for too many waited."""
        table = ACCEPTED_BODIES.c
        rows = [_shed_row(source, 0, at, origin) for source in sorted(counts)]
        keys = {row["idempotency_key"]: row["source"] for row in rows}
        with writing(self._engine) as connection:
            insert_missing_at_once(connection, ACCEPTED_BODIES, rows)
            mine = table.idempotency_key.in_(sorted(keys))
            query = select(table.source, table.body).where(mine).with_for_update()
            for source, before in connection.execute(query).all():
                row = _shed_row(source, int(before) + counts[source], at, origin)
                same = table.idempotency_key == row["idempotency_key"]
                connection.execute(update(ACCEPTED_BODIES).where(same).values(row))

    def shed(self, sources: Collection[str]) -> Mapping[str, int]:
        """Return how many bodies of each of some sources were sent away, where any were."""
        table = ACCEPTED_BODIES.c
        mine = table.idempotency_key.in_([f"{source}{_SHED}" for source in sorted(sources)])
        with reading(self._engine) as connection:
            rows = connection.execute(select(table.source, table.body).where(mine)).all()
        return {source: int(count) for source, count in sorted(rows)}

    def noted(self, source: str, limit: int = 100) -> tuple[NotedBody, ...]:
        """Return what was refused or could be read in part only, newest first.

        Args:
            source: what the sources of the bodies begin with.
            limit: so many at most.
        """
        table = ACCEPTED_BODIES.c
        query = (
            select(ACCEPTED_BODIES)
            .where(table.error != "", table.source.startswith(source, autoescape=True))
            .order_by(table.id.desc())
            .limit(limit)
        )
        with reading(self._engine) as connection:
            rows = connection.execute(query).all()
        return tuple(
            NotedBody(
                id=row.id,
                source=row.source,
                received_at=row.received_at,
                state=BodyState(row.state),
                note=row.error,
                beginning=row.body[:SHOWN_BYTES],
                is_whole=_is_whole(row),
            )
            for row in rows
        )


def _shed_row(source: str, count: int, at: datetime, origin: Origin) -> dict[str, Any]:
    return {
        "idempotency_key": f"{source}{_SHED}",
        "source": source,
        "content_type": "text/plain",
        "received_at": at,
        "body": str(count).encode(),
        "state": str(BodyState.SHED),
        "error": f"{count:,} bodies were sent away so far to come again, for too many waited",
        "traceparent": "",
        "origin": str(origin),
    }


def _is_whole(row: Any) -> bool:
    """Return whether all of a body is kept: one refused at the door has its digest in its key."""
    _, is_refused, digest = row.idempotency_key.rpartition(REFUSED)
    return not is_refused or hashlib.sha256(row.body).hexdigest() == digest
