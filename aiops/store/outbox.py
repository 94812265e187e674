"""The outbox: notifications waiting for their sink, claimed under a lease, told in order.

    pending ──claim──▶ sending ──delivered──▶ delivered
       ▲                  │
       ├──failed, lease──◀┼──failed for good──▶ dead (with its reason; `replay` makes it pending)
       └──────────────────┴──told by another──▶ superseded

Two clocks: `now` is the product's (the demo's runs fast) and says when something is due; `wall`
is the real one and says how long a claim holds, and how fast a sink may be told. Where not
everything can go at once, calls go before news and the worst first (`aiops.domain.pacing`).
"""

import secrets
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any

from sqlalchemy import Connection, literal, or_, select, update

from aiops.domain.errors import DeliveryError
from aiops.domain.notifications import DeliveryState, Notification, lane
from aiops.domain.pacing import NO_LIMIT, Rate, Standing
from aiops.domain.symptoms import Origin
from aiops.store.accepted import BodyState, finish_body
from aiops.store.audit import AuditEntry, write_entry
from aiops.store.columns import is_one_of
from aiops.store.deliveries import (
    WAITING,
    Delivery,
    add_notifications,
    keep_reference,
    notification_of,
    reference_of,
    supersede_told,
)
from aiops.store.engine import reading, writing
from aiops.store.fallback import fall_back
from aiops.store.held import FREE, close_held, held_row
from aiops.store.outbox_claims import claim, most_urgent, on_their_way
from aiops.store.outbox_reads import OutboxReads
from aiops.store.outbox_tables import OUTBOX
from aiops.store.sinks import held_standing, keep_standing, standings

NO_RATES: Mapping[str, Rate] = MappingProxyType({})


class Outbox(OutboxReads):
    """Hands out notifications, each to one sender at a time, per incident and sink in order."""

    def due(
        self, now: datetime, wall: datetime, rates: Mapping[str, Rate] = NO_RATES, limit: int = 200
    ) -> tuple[int, ...]:
        """Return the ids that can be claimed at this moment: by sink, the most urgent first.

        Args:
            now: the product's clock.
            wall: the real clock.
            rates: how fast each sink may be told.
            limit: so many at most for each sink.
        """
        waiting = select(OUTBOX.c.sink).where(is_one_of(OUTBOX.c.state, WAITING)).distinct()
        with reading(self._engine) as connection:
            known = standings(connection)
            found: list[int] = []
            for sink in connection.scalars(waiting.order_by(OUTBOX.c.sink)).all():
                way = lane(sink)
                standing = known.get(way, Standing())
                free = standing.free(rates.get(way, NO_LIMIT), wall)
                room = standing.at_once - on_their_way(connection, way, wall)
                most = max(min(free, room, limit), 0)
                asked = {"sink": sink, "now": now, "wall": wall, "most": most}
                found += connection.scalars(most_urgent(), asked)
        return tuple(found)

    def next_of(self, sink: str, now: datetime, wall: datetime) -> int | None:
        """Return the most urgent one of a sink that is due, whether or not it may be told now."""
        with reading(self._engine) as connection:
            asked = {"sink": sink, "now": now, "wall": wall, "most": 1}
            return connection.scalar(most_urgent(), asked)

    def claim(
        self,
        delivery_id: int,
        *,
        now: datetime,
        wall: datetime,
        lease_seconds: float,
        rates: Mapping[str, Rate] = NO_RATES,
    ) -> Delivery | None:
        """Take a notification for sending, or return None when it is not to be had.

        Not to be had: not due, delivered, held by somebody else, behind an earlier one of the
        same incident and sink, behind a more urgent one of the same sink, or the sink may not be
        told now, or is told as much as it may be at once. A claim whose lease ran out can be
        taken over.

        Args:
            delivery_id: from `due`, or from the commit that wrote it.
            now: the product's clock.
            wall: the real clock.
            lease_seconds: how long the claim holds; longer than a send may take.
            rates: how fast each sink may be told.
        """
        lease = timedelta(seconds=lease_seconds)
        claimed = {
            "claimed": delivery_id,
            "now": now,
            "wall": wall,
            "token": secrets.token_hex(8),
            "until": wall + lease,
        }
        if not self._has_room(delivery_id, wall, rates):
            return None
        with writing(self._engine) as connection:
            sink, origin = _addressee(connection, delivery_id)
            standing = held_standing(connection, sink, origin)
            rate = rates.get(sink, NO_LIMIT)
            if not standing.free(rate, wall):
                return None
            if on_their_way(connection, sink, wall) >= standing.at_once:
                return None
            row = connection.execute(claim(), claimed).one_or_none()
            if row is None:
                return None
            keep_standing(connection, sink, standing.sent(rate, wall, lease))
            reference = reference_of(connection, row.incident_id, row.episode, row.sink)
        return Delivery(
            id=row.id,
            token=row.lease_token,
            notification=notification_of(row),
            revision=row.shown_revision,
            attempt=row.attempts,
            repeated=row.ambiguous,
            decided_at=row.created_at,
            reference=reference or {},
            traceparent=row.traceparent,
            held=row.held,
        )

    def _has_room(self, delivery_id: int, wall: datetime, rates: Mapping[str, Rate]) -> bool:
        """Return whether a delivery's sink may be told now; of many that wait few may be.

        It writes nothing, and so keeps nobody else from writing.
        """
        with reading(self._engine) as connection:
            sink, _ = _addressee(connection, delivery_id)
            standing = standings(connection).get(sink, Standing())
        return bool(standing.free(rates.get(sink, NO_LIMIT), wall))

    def delivered(
        self,
        delivery_id: int,
        token: str,
        reference: Mapping[str, str],
        *,
        now: datetime,
    ) -> bool:
        """Note that the sink took it, and what the sink calls it.

        Returns:
            False when somebody else has taken the claim over; the reference is kept all the same,
            for the message is there.
        """
        done = {"state": DeliveryState.DELIVERED, "delivered_at": now, "last_error": "", **FREE}
        with writing(self._engine) as connection:
            sink, origin = _addressee(connection, delivery_id)
            keep_standing(connection, sink, held_standing(connection, sink, origin).took())
            held = connection.execute(held_row(delivery_id, token).values(**done)).rowcount == 1
            row = connection.execute(select(OUTBOX).where(OUTBOX.c.id == delivery_id)).one()
            keep_reference(connection, row, reference)
            if held:
                connection.execute(supersede_told(row))
        return held

    def failed(
        self,
        delivery_id: int,
        token: str,
        error: DeliveryError,
        *,
        wall: datetime,
        next_attempt_at: datetime | None = None,
        dead_reason: str = "",
    ) -> bool:
        """Note that the sink did not take it: try again later, or give up with a reason.

        An attempt does not count while the sink fails whatever it is told: an outage buries
        nothing.

        Args:
            delivery_id: of the claim.
            token: of the claim.
            error: what happened, without secrets; shown.
            wall: the real clock.
            next_attempt_at: when to try again, by the product's clock.
            dead_reason: why not to try again; exactly one of the two is given.

        Returns:
            False when somebody else has taken the claim over; nothing was written of this claim.
        """
        if (next_attempt_at is None) == (not dead_reason):
            raise ValueError("say when to try again or why not to, one of the two")
        with writing(self._engine) as connection:
            sink, origin = _addressee(connection, delivery_id)
            standing = held_standing(connection, sink, origin)
            if error.retryable:
                standing = standing.failed(wall, error.retry_after_seconds)
            else:
                standing = standing.took()
            keep_standing(connection, sink, standing)
            values: dict[str, Any] = {
                "state": DeliveryState.DEAD if dead_reason else DeliveryState.PENDING,
                "dead_reason": dead_reason,
                "last_error": str(error),
                "attempts": OUTBOX.c.attempts - int(standing.is_failing),
                "ambiguous": or_(OUTBOX.c.ambiguous, literal(error.ambiguous)),
                **FREE,
            }
            if next_attempt_at is not None:
                values["next_attempt_at"] = next_attempt_at
            return connection.execute(held_row(delivery_id, token).values(**values)).rowcount == 1

    def fall_back(
        self, sink: str, stand_in: str, *, now: datetime, due_before: datetime
    ) -> tuple[int, ...]:
        """Give a stand-in what a sink did not take in time; see `aiops.store.fallback`."""
        with writing(self._engine) as connection:
            return fall_back(connection, sink, stand_in, now=now, due_before=due_before)

    def give_up(self, delivery_id: int, token: str, why: str) -> bool:
        """Note that it cannot be told, for a reason that is not the sink's; False as `failed`."""
        values = {"state": DeliveryState.DEAD, "dead_reason": why, "last_error": why, **FREE}
        with writing(self._engine) as connection:
            return connection.execute(held_row(delivery_id, token).values(**values)).rowcount == 1

    def hold(self, delivery_id: int, token: str, why: str, until: datetime) -> bool:
        """Put a claimed call off, as if never tried; False as `failed`. `why` is shown."""
        values = {
            "state": DeliveryState.PENDING,
            "attempts": OUTBOX.c.attempts - 1,
            "next_attempt_at": until,
            "held": True,
            "last_error": why,
            **FREE,
        }
        with writing(self._engine) as connection:
            return connection.execute(held_row(delivery_id, token).values(**values)).rowcount == 1

    def let_go(self, delivery: Delivery) -> bool:
        """Close a call that was held back until it was over, with all that follows on it."""
        with writing(self._engine) as connection:
            return close_held(connection, delivery.id, delivery.token, delivery.notification)

    def add(self, notifications: Sequence[Notification], *, now: datetime) -> None:
        """Write what is told beside any incident; what is there already stays as it is."""
        with writing(self._engine) as connection:
            add_notifications(connection, notifications, now=now, traceparent="")

    def tell(self, notifications: Sequence[Notification], body_id: int, *, now: datetime) -> None:
        """Write what a body asks to be told beside any revision, and finish it, in one step."""
        with writing(self._engine) as connection:
            if finish_body(connection, body_id, BodyState.DONE):
                add_notifications(connection, notifications, now=now, traceparent="")

    def wait(self, sink: str, rate: Rate, wall: datetime) -> timedelta:
        """Return how long it is until a sink may be told something; zero when it is now."""
        return self.standings().get(lane(sink), Standing()).wait(rate, wall)

    def replay(self, delivery_id: int, *, now: datetime, entry: AuditEntry) -> bool:
        """Make a dead notification pending again, as if never tried; False when it is not dead.

        `entry` says who wanted it, and is kept only if it was so.
        """
        statement = (
            update(OUTBOX)
            .where(OUTBOX.c.id == delivery_id, OUTBOX.c.state == DeliveryState.DEAD)
            .values(
                state=DeliveryState.PENDING,
                attempts=0,
                next_attempt_at=now,
                created_at=now,
                dead_reason="",
            )
        )
        with writing(self._engine) as connection:
            done = connection.execute(statement).rowcount == 1
            if done:
                write_entry(connection, entry)
        return done


def _addressee(connection: Connection, delivery_id: int) -> tuple[str, Origin]:
    """Return the lane a delivery is told in, and its origin."""
    query = select(OUTBOX.c.sink, OUTBOX.c.origin).where(OUTBOX.c.id == delivery_id)
    row = connection.execute(query).one()
    return lane(row.sink), Origin(row.origin)
