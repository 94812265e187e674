"""The outbox: notifications waiting for their sink, claimed under a lease, told in order.

    pending ──claim──▶ sending ──delivered──▶ delivered
       ▲                  │
       ├──failed, lease──◀┼──failed for good──▶ dead (with its reason; `replay` makes it pending)
       └──────────────────┴──told by another──▶ superseded

Two clocks: `now` is the product's (the demo's runs fast) and says when something is due; `wall`
is the real one and says how long a claim holds.
"""

import secrets
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Engine, and_, func, literal, or_, select, update

from aiops.domain.notifications import DeliveryState
from aiops.store.columns import is_one_of
from aiops.store.deliveries import (
    WAITING,
    Delivery,
    DeliveryRecord,
    can_be_claimed,
    keep_reference,
    newest_to_tell,
    notification_of,
    record_of,
    reference_of,
    supersede_told,
)
from aiops.store.engine import reading, writing
from aiops.store.tables import OUTBOX, SINK_REFERENCES


class Outbox:
    """Hands out notifications, each to one sender at a time, per incident and sink in order."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def due(self, now: datetime, wall: datetime, limit: int = 100) -> tuple[int, ...]:
        """Return the ids that can be claimed at this moment, longest due first."""
        query = (
            select(OUTBOX.c.id)
            .where(can_be_claimed(now, wall))
            .order_by(OUTBOX.c.next_attempt_at, OUTBOX.c.id)
            .limit(limit)
        )
        with reading(self._engine) as connection:
            return tuple(connection.scalars(query))

    def claim(
        self, delivery_id: int, *, now: datetime, wall: datetime, lease_seconds: float
    ) -> Delivery | None:
        """Take a notification for sending, or return None when it is not to be had.

        Not to be had: not due, delivered, held by somebody else, or behind an earlier one of the
        same incident and sink. A claim whose lease ran out can be taken over.

        Args:
            delivery_id: from `due`, or from the commit that wrote it.
            now: the product's clock.
            wall: the real clock.
            lease_seconds: how long the claim holds; longer than a send may take.
        """
        statement = (
            update(OUTBOX)
            .where(OUTBOX.c.id == delivery_id, can_be_claimed(now, wall))
            .values(
                state=DeliveryState.SENDING,
                lease_token=secrets.token_hex(8),
                lease_until=wall + timedelta(seconds=lease_seconds),
                attempts=OUTBOX.c.attempts + 1,
                ambiguous=or_(OUTBOX.c.ambiguous, OUTBOX.c.state == DeliveryState.SENDING),
                shown_revision=newest_to_tell(),
            )
            .returning(OUTBOX)
        )
        with writing(self._engine) as connection:
            row = connection.execute(statement).one_or_none()
            if row is None:
                return None
            reference = reference_of(connection, row.incident_id, row.episode, row.sink)
        return Delivery(
            id=row.id,
            token=row.lease_token,
            notification=notification_of(row),
            revision=row.shown_revision,
            attempt=row.attempts,
            repeated=row.ambiguous,
            reference=reference or {},
            traceparent=row.traceparent,
        )

    def delivered(
        self, delivery_id: int, token: str, reference: Mapping[str, str], *, now: datetime
    ) -> bool:
        """Note that the sink took it, and what the sink calls it.

        Returns:
            False when somebody else has taken the claim over; the reference is kept all the same,
            for the message is there.
        """
        mine = and_(
            OUTBOX.c.id == delivery_id,
            OUTBOX.c.lease_token == token,
            OUTBOX.c.state == DeliveryState.SENDING,
        )
        done = {
            "state": DeliveryState.DELIVERED,
            "delivered_at": now,
            "lease_token": None,
            "lease_until": None,
            "last_error": "",
        }
        with writing(self._engine) as connection:
            held = connection.execute(update(OUTBOX).where(mine).values(**done)).rowcount == 1
            row = connection.execute(select(OUTBOX).where(OUTBOX.c.id == delivery_id)).one()
            keep_reference(connection, row, reference)
            if held:
                connection.execute(supersede_told(row))
        return held

    def failed(
        self,
        delivery_id: int,
        token: str,
        error: str,
        *,
        next_attempt_at: datetime | None = None,
        dead_reason: str = "",
        ambiguous: bool = False,
    ) -> bool:
        """Note that the sink did not take it: try again later, or give up with a reason.

        Args:
            delivery_id: of the claim.
            token: of the claim.
            error: what happened, without secrets; shown.
            next_attempt_at: when to try again, by the product's clock.
            dead_reason: why not to try again; exactly one of the two is given.
            ambiguous: whether the sink may have taken it all the same.

        Returns:
            False when somebody else has taken the claim over; nothing was written.
        """
        if (next_attempt_at is None) == (not dead_reason):
            raise ValueError("say when to try again or why not to, one of the two")
        values: dict[str, Any] = {
            "state": DeliveryState.DEAD if dead_reason else DeliveryState.PENDING,
            "dead_reason": dead_reason,
            "last_error": error,
            "lease_token": None,
            "lease_until": None,
            "ambiguous": or_(OUTBOX.c.ambiguous, literal(ambiguous)),
        }
        if next_attempt_at is not None:
            values["next_attempt_at"] = next_attempt_at
        statement = update(OUTBOX).where(
            OUTBOX.c.id == delivery_id,
            OUTBOX.c.lease_token == token,
            OUTBOX.c.state == DeliveryState.SENDING,
        )
        with writing(self._engine) as connection:
            return connection.execute(statement.values(**values)).rowcount == 1

    def replay(self, delivery_id: int, *, now: datetime) -> bool:
        """Make a dead notification pending again, as if never tried; False when it is not dead."""
        statement = (
            update(OUTBOX)
            .where(OUTBOX.c.id == delivery_id, OUTBOX.c.state == DeliveryState.DEAD)
            .values(state=DeliveryState.PENDING, attempts=0, next_attempt_at=now, dead_reason="")
        )
        with writing(self._engine) as connection:
            return connection.execute(statement).rowcount == 1

    def reference(self, incident_id: str, episode: int, sink: str) -> Mapping[str, str] | None:
        """Return what a sink calls an incident's episode, or None when it was never told."""
        with reading(self._engine) as connection:
            return reference_of(connection, incident_id, episode, sink)

    def told(self, incident_id: str, episode: int) -> tuple[str, ...]:
        """Return the sinks that were told of an incident's episode, sorted."""
        table = SINK_REFERENCES.c
        query = select(table.sink).where(table.incident_id == incident_id, table.episode == episode)
        with reading(self._engine) as connection:
            return tuple(sorted(connection.scalars(query)))

    def counts(self) -> dict[DeliveryState, int]:
        """Return how many notifications there are in each state."""
        query = select(OUTBOX.c.state, func.count()).group_by(OUTBOX.c.state)
        with reading(self._engine) as connection:
            found = {DeliveryState(state): count for state, count in connection.execute(query)}
        return {state: found.get(state, 0) for state in DeliveryState}

    def oldest_due(self) -> datetime | None:
        """Return since when the longest waiting notification is due, None when none waits."""
        query = select(func.min(OUTBOX.c.next_attempt_at)).where(is_one_of(OUTBOX.c.state, WAITING))
        with reading(self._engine) as connection:
            oldest: datetime | None = connection.scalar(query)
        return oldest

    def dead_letters(self, limit: int = 100) -> tuple[DeliveryRecord, ...]:
        """Return the notifications that were given up, newest first, with their reasons."""
        query = select(OUTBOX).where(OUTBOX.c.state == DeliveryState.DEAD)
        with reading(self._engine) as connection:
            rows = connection.execute(query.order_by(OUTBOX.c.id.desc()).limit(limit)).all()
        return tuple(record_of(row) for row in rows)

    def of_incident(self, incident_id: str) -> tuple[DeliveryRecord, ...]:
        """Return every notification of an incident, in the order they were decided."""
        query = select(OUTBOX).where(OUTBOX.c.incident_id == incident_id).order_by(OUTBOX.c.id)
        with reading(self._engine) as connection:
            rows = connection.execute(query).all()
        return tuple(record_of(row) for row in rows)
