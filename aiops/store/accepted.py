"""Accepted bodies: what a sender was told we have, committed before it was told."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

from sqlalchemy import Connection, Engine, and_, func, select, update

from aiops.domain.errors import StaleStateError
from aiops.domain.symptoms import Origin
from aiops.store.columns import is_one_of
from aiops.store.engine import reading, writing
from aiops.store.prune import delete_in_steps
from aiops.store.tables import ACCEPTED_BODIES
from aiops.store.upsert import insert_missing_at_once

SHOWN_BYTES: Final = 2048
"""So much is shown of a body that was refused, and kept of one that is too long to be replayed."""

REFUSED: Final = ":refused:"
"""What stands before the digest in the key of a body that was refused at the door."""

WHOLE_BYTES: Final = 65_536
"""A refused body up to here is kept as it came: it can be worked again."""


_LOADED_AT_ONCE: Final = 100


class BodyState(StrEnum):
    """Where a body is: accepted → done | rejected. Of those that were shed only a count is kept."""

    ACCEPTED = "accepted"
    DONE = "done"
    REJECTED = "rejected"
    SHED = "shed"


@dataclass(frozen=True, slots=True, kw_only=True)
class AcceptedBody:
    """A request body as it came.

    Args:
        idempotency_key: the sender's delivery id, or a digest of the body; the same one again
            is the same body.
        source: which ingester parses it.
        content_type: as the sender named it.
        received_at: by the product's clock, aware UTC.
        body: unchanged bytes.
        traceparent: W3C trace context of the request.
        refused: why it was not accepted: it is kept as a dead letter; empty where it was.
    """

    idempotency_key: str
    source: str
    content_type: str
    received_at: datetime
    body: bytes
    traceparent: str = ""
    origin: Origin = Origin.LIVE
    refused: str = ""

    @property
    def size(self) -> int:
        """Return how many bytes it holds."""
        return len(self.body)


class BodyStore:
    """Keeps accepted bodies until they are worked through, and after."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def accept(self, bodies: Sequence[AcceptedBody]) -> dict[str, int]:
        """Store bodies in one commit; one that is there already is left as it is.

        Returns:
            The id of each by its idempotency key.
        """
        if not bodies:
            return {}
        table = ACCEPTED_BODIES.c
        keys = [body.idempotency_key for body in bodies]
        query = select(table.idempotency_key, table.id).where(table.idempotency_key.in_(keys))
        rows = _rows(bodies)
        with writing(self._engine) as connection:
            insert_missing_at_once(connection, ACCEPTED_BODIES, rows)
            return dict(connection.execute(query).all())

    def keep_all(self, bodies: Sequence[AcceptedBody]) -> None:
        """Store bodies as `accept` does, where nobody wants to know their ids."""
        if bodies:
            rows = _rows(bodies)
            with writing(self._engine) as connection:
                insert_missing_at_once(connection, ACCEPTED_BODIES, rows)

    def waiting(self, limit: int = 1000) -> tuple[int, ...]:
        """Return the ids of bodies not worked through yet, oldest first."""
        table = ACCEPTED_BODIES.c
        is_waiting = is_one_of(table.state, [BodyState.ACCEPTED])
        query = select(table.id).where(is_waiting).order_by(table.id)
        with reading(self._engine) as connection:
            return tuple(connection.scalars(query.limit(limit)))

    def count_waiting(self) -> int:
        """Return how many bodies wait to be worked, of whatever kind."""
        is_waiting = is_one_of(ACCEPTED_BODIES.c.state, [BodyState.ACCEPTED])
        with reading(self._engine) as connection:
            return connection.scalar(select(func.count()).where(is_waiting)) or 0

    def load(self, body_id: int) -> AcceptedBody | None:
        """Return a body that still waits, or None: it is unknown, or was worked through."""
        table = ACCEPTED_BODIES.c
        query = select(ACCEPTED_BODIES).where(
            table.id == body_id, table.state == BodyState.ACCEPTED
        )
        with reading(self._engine) as connection:
            row = connection.execute(query).one_or_none()
        return None if row is None else body_of(row)

    def load_all(self, body_ids: Sequence[int]) -> Iterator[tuple[int, AcceptedBody]]:
        """Yield the bodies among some that still wait, with their ids, in order of those.

        They are read as they are asked for: a few large ones need not all be held.
        """
        table = ACCEPTED_BODIES.c
        is_waiting = table.state == BodyState.ACCEPTED
        for first in range(0, len(body_ids), _LOADED_AT_ONCE):
            some = body_ids[first : first + _LOADED_AT_ONCE]
            query = select(ACCEPTED_BODIES).where(table.id.in_(some), is_waiting)
            with reading(self._engine) as connection:
                rows = connection.execute(query.order_by(table.id)).all()
            yield from ((row.id, body_of(row)) for row in rows)

    def done(self, body_id: int) -> bool:
        """Note that everything in a body is stored; False when it did not wait any more."""
        return self._finish(body_id, BodyState.DONE, "")

    def rejected(self, body_id: int, error: str) -> bool:
        """Note that a body cannot be read, and why; it stays to be looked at."""
        return self._finish(body_id, BodyState.REJECTED, error)

    def refuse(self, body: AcceptedBody, error: str) -> None:
        """Keep the beginning of a body that was refused at the door, and why: to be looked at.

        The same one is kept once, however often it is sent.
        """
        self.keep_all([replace(body, refused=error)])

    def prune(self, before: datetime) -> int:
        """Delete bodies received before then that no longer wait; return how many."""
        table = ACCEPTED_BODIES
        over = and_(table.c.state != BodyState.ACCEPTED, table.c.received_at < before)
        return delete_in_steps(self._engine, table, over)

    def _finish(self, body_id: int, state: BodyState, error: str) -> bool:
        with writing(self._engine) as connection:
            return finish_body(connection, body_id, state, error)


def body_of(row: Any) -> AcceptedBody:
    """Return the body a row holds."""
    return AcceptedBody(
        idempotency_key=row.idempotency_key,
        source=row.source,
        content_type=row.content_type,
        received_at=row.received_at,
        body=row.body,
        traceparent=row.traceparent,
        origin=Origin(row.origin),
    )


def _rows(bodies: Sequence[AcceptedBody]) -> list[dict[str, Any]]:
    # One order for all writers: two groups with common bodies cannot lock each other out.
    return [_row(body) for body in sorted(bodies, key=lambda one: one.idempotency_key)]


def _row(body: AcceptedBody) -> dict[str, Any]:
    is_whole = not body.refused or len(body.body) <= WHOLE_BYTES
    return {
        "idempotency_key": body.idempotency_key,
        "source": body.source,
        "content_type": body.content_type,
        "received_at": body.received_at,
        "body": body.body if is_whole else body.body[:SHOWN_BYTES],
        "state": str(BodyState.REJECTED if body.refused else BodyState.ACCEPTED),
        "error": body.refused,
        "traceparent": body.traceparent,
        "origin": str(body.origin),
    }


def finish_body(
    connection: Connection, body_id: int, state: BodyState = BodyState.DONE, error: str = ""
) -> bool:
    """Note inside a transaction that a body is worked through; False when it was before."""
    table = ACCEPTED_BODIES.c
    mine = (table.id == body_id, table.state == BodyState.ACCEPTED)
    statement = update(ACCEPTED_BODIES).where(*mine).values(state=state, error=error)
    return connection.execute(statement).rowcount == 1


def finish_bodies(connection: Connection, bodies: Mapping[int, str]) -> None:
    """Note inside a transaction that bodies are worked through, each once.

    Args:
        connection: in the transaction.
        bodies: their ids, with what is to be known of each; mostly nothing.

    Raises:
        StaleStateError: one was worked before.
    """
    table = ACCEPTED_BODIES.c
    plain = sorted(body_id for body_id, note in bodies.items() if not note)
    for first in range(0, len(plain), _LOADED_AT_ONCE):
        some = plain[first : first + _LOADED_AT_ONCE]
        mine = (table.id.in_(some), table.state == BodyState.ACCEPTED)
        statement = update(ACCEPTED_BODIES).where(*mine).values(state=BodyState.DONE, error="")
        if connection.execute(statement).rowcount != len(some):
            raise StaleStateError("one of the bodies was worked already")
    for body_id, note in sorted(bodies.items()):
        if note and not finish_body(connection, body_id, error=note):
            raise StaleStateError(f"body {body_id} was worked already")
