"""What waits for a sink beyond what it takes in a minute: told together, in one digest."""

from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import datetime

from sqlalchemy import Engine, select, tuple_, update

from aiops.domain.digests import DIGEST_PREFIX, Digest, Queued
from aiops.domain.errors import StaleStateError
from aiops.domain.notifications import DeliveryAction, DeliveryState
from aiops.domain.symptoms import Origin
from aiops.store.columns import is_one_of
from aiops.store.deliveries import WAITING
from aiops.store.digests import announce, store_digest
from aiops.store.engine import reading, writing
from aiops.store.origins import LIVE_ONLY, among
from aiops.store.outbox_tables import OUTBOX

AT_ONCE = 200
"""So many calls are told together at most; the rest is with the next digest."""

_MOST_URGENT = 1


class OverflowStore:
    """Finds what waits too long for a sink, and tells it together instead of one by one."""

    def __init__(self, engine: Engine, *, origins: Collection[Origin] = LIVE_ONLY) -> None:
        self._engine = engine
        self._origins = origins

    def beyond(self, sink: str, room: int, now: datetime) -> tuple[Queued, ...]:
        """Return the calls that wait behind the `room` most urgent deliveries that are due.

        The most urgent calls are never among them, nor what anybody has begun to tell, nor what a
        silence holds back.

        Args:
            sink: its name.
            room: so many are told one by one.
            now: the product's clock.
        """
        table = OUTBOX.c
        is_due = is_one_of(table.state, WAITING) & (table.next_attempt_at <= now)
        behind = (
            select(OUTBOX)
            .where(table.sink == sink, is_due, among(OUTBOX, self._origins))
            .order_by(table.urgency, table.next_attempt_at, table.id)
            .offset(room)
            .subquery()
        )
        is_call = (behind.c.action == DeliveryAction.TRIGGER) & (behind.c.urgency > _MOST_URGENT)
        is_new = (behind.c.state == DeliveryState.PENDING) & (behind.c.attempts == 0)
        is_told_alone = behind.c.incident_id.startswith(DIGEST_PREFIX) | behind.c.held
        query = (
            select(behind.c.id, behind.c.incident_id, behind.c.episode, behind.c.created_at)
            .where(is_call, is_new, ~is_told_alone)
            .order_by(behind.c.id)
            .limit(AT_ONCE)
        )
        with reading(self._engine) as connection:
            rows = connection.execute(query).all()
        return tuple(
            Queued(delivery_id=row[0], incident_id=row[1], episode=row[2], decided_at=row[3])
            for row in rows
        )

    def tell(
        self, queued: Sequence[Queued], digest: Digest, sink: str, *, now: datetime, origin: Origin
    ) -> None:
        """Store a digest and close the calls it stands for, with all that waits behind them.

        It goes behind the most urgent calls that wait already, and before all others: nobody is
        to wait for what they could know.

        Args:
            queued: what the digest tells of.
            digest: to be stored.
            sink: whom it is told to.
            now: the product's clock.
            origin: of this installation.

        Raises:
            StaleStateError: somebody began to tell some of it; nothing was written.
        """
        table = OUTBOX.c
        mine = table.id.in_([one.delivery_id for one in queued])
        is_new = (table.state == DeliveryState.PENDING) & (table.attempts == 0)
        episodes = tuple_(table.incident_id, table.episode)
        told = episodes.in_([(one.incident_id, one.episode) for one in queued])
        with writing(self._engine) as connection:
            number = store_digest(connection, digest, origin)
            digest = replace(digest, id=f"{DIGEST_PREFIX}{number}")
            closed = {"state": DeliveryState.SUPERSEDED, "last_error": f"told in {digest.id}"}
            taken = connection.execute(update(OUTBOX).where(mine, is_new).values(**closed))
            if taken.rowcount != len(queued):
                raise StaleStateError("somebody has begun to tell some of it already")
            waiting = (table.sink == sink, table.state == DeliveryState.PENDING)
            connection.execute(update(OUTBOX).where(told, *waiting).values(**closed))
            announce(connection, digest, [sink], _MOST_URGENT, now=now, origin=origin)
