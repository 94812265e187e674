"""Accepted bodies: what a sender was told we have, committed before it was told."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

from sqlalchemy import Connection, Engine, and_, select, update

from aiops.domain.symptoms import Origin
from aiops.store.columns import is_one_of
from aiops.store.engine import reading, writing
from aiops.store.prune import delete_in_steps
from aiops.store.tables import ACCEPTED_BODIES
from aiops.store.upsert import insert_missing

SHOWN_BYTES: Final = 2048
"""So much is kept of a body that was refused."""


class BodyState(StrEnum):
    """Where an accepted body is: accepted → done | rejected."""

    ACCEPTED = "accepted"
    DONE = "done"
    REJECTED = "rejected"


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
    """

    idempotency_key: str
    source: str
    content_type: str
    received_at: datetime
    body: bytes
    traceparent: str = ""
    origin: Origin = Origin.LIVE


@dataclass(frozen=True, slots=True, kw_only=True)
class NotedBody:
    """A body there is something to be known of: why it was refused, or what it left out."""

    id: int
    source: str
    received_at: datetime
    state: BodyState
    note: str
    beginning: bytes


class BodyStore:
    """Keeps accepted bodies until they are worked through, and after."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def accept(self, bodies: Sequence[AcceptedBody]) -> dict[str, int]:
        """Store bodies in one commit; one that is there already is left as it is.

        Returns:
            The id of each by its idempotency key.
        """
        rows = [_row(body) for body in sorted(bodies, key=lambda one: one.idempotency_key)]
        table = ACCEPTED_BODIES.c
        keys = [row["idempotency_key"] for row in rows]
        query = select(table.idempotency_key, table.id).where(table.idempotency_key.in_(keys))
        if not rows:
            return {}
        with writing(self._engine) as connection:
            insert_missing(connection, ACCEPTED_BODIES, rows)
            return dict(connection.execute(query).all())

    def waiting(self, limit: int = 1000) -> tuple[int, ...]:
        """Return the ids of bodies not worked through yet, oldest first."""
        table = ACCEPTED_BODIES.c
        is_waiting = is_one_of(table.state, [BodyState.ACCEPTED])
        query = select(table.id).where(is_waiting).order_by(table.id)
        with reading(self._engine) as connection:
            return tuple(connection.scalars(query.limit(limit)))

    def load(self, body_id: int) -> AcceptedBody | None:
        """Return a body that still waits, or None: it is unknown, or was worked through."""
        table = ACCEPTED_BODIES.c
        query = select(ACCEPTED_BODIES).where(
            table.id == body_id, table.state == BodyState.ACCEPTED
        )
        with reading(self._engine) as connection:
            row = connection.execute(query).one_or_none()
        if row is None:
            return None
        return AcceptedBody(
            idempotency_key=row.idempotency_key,
            source=row.source,
            content_type=row.content_type,
            received_at=row.received_at,
            body=row.body,
            traceparent=row.traceparent,
            origin=Origin(row.origin),
        )

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
        row = {**_row(body), "state": BodyState.REJECTED, "error": error}
        with writing(self._engine) as connection:
            insert_missing(connection, ACCEPTED_BODIES, [{**row, "body": body.body[:SHOWN_BYTES]}])

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
            )
            for row in rows
        )

    def prune(self, before: datetime) -> int:
        """Delete bodies received before then that no longer wait; return how many."""
        table = ACCEPTED_BODIES
        over = and_(table.c.state != BodyState.ACCEPTED, table.c.received_at < before)
        return delete_in_steps(self._engine, table, over)

    def _finish(self, body_id: int, state: BodyState, error: str) -> bool:
        with writing(self._engine) as connection:
            return finish_body(connection, body_id, state, error)


def _row(body: AcceptedBody) -> dict[str, Any]:
    return {
        "idempotency_key": body.idempotency_key,
        "source": body.source,
        "content_type": body.content_type,
        "received_at": body.received_at,
        "body": body.body,
        "state": BodyState.ACCEPTED,
        "error": "",
        "traceparent": body.traceparent,
        "origin": body.origin,
    }


def finish_body(
    connection: Connection, body_id: int, state: BodyState = BodyState.DONE, error: str = ""
) -> bool:
    """Note inside a transaction that a body is worked through; False when it was before."""
    table = ACCEPTED_BODIES.c
    mine = (table.id == body_id, table.state == BodyState.ACCEPTED)
    statement = update(ACCEPTED_BODIES).where(*mine).values(state=state, error=error)
    return connection.execute(statement).rowcount == 1
