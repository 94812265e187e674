"""What a sink does not take goes to the one that stands in for it, and is followed to its end."""

from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Connection, and_, literal, or_, select

from aiops.domain.notifications import DeliveryAction, DeliveryState
from aiops.store.columns import is_one_of
from aiops.store.deliveries import WAITING
from aiops.store.outbox_tables import OUTBOX
from aiops.store.upsert import insert

_COPIED = ("origin", "incident_id", "episode", "revision", "action", "not_before", "urgency")
_FRESH = {
    "state": DeliveryState.PENDING.value,
    "attempts": 0,
    "ambiguous": False,
    "last_error": "",
    "dead_reason": "",
}


OLDEST = timedelta(days=1)
"""A call that was due before that is history."""


def fall_back(
    connection: Connection, sink: str, stand_in: str, *, now: datetime, due_before: datetime
) -> tuple[int, ...]:
    """Give the stand-in the calls a sink did not take in time, and all that follows on them.

    Said twice it adds nothing: a row that is there already, for whatever reason, is enough. Nobody
    is called for what is over, or older than a day: a stand-in may have been named just now.

    Args:
        connection: in a writing transaction.
        sink: that should have been told.
        stand_in: that is told instead.
        now: the product's clock.
        due_before: a call that was due before this and is not taken, or was given up, is late.

    Returns:
        The ids of what was added, in order.
    """
    is_late = or_(
        and_(is_one_of(OUTBOX.c.state, WAITING), OUTBOX.c.not_before <= due_before),
        OUTBOX.c.state == DeliveryState.DEAD,
    )
    is_call = and_(OUTBOX.c.action == DeliveryAction.TRIGGER, OUTBOX.c.not_before >= now - OLDEST)
    is_over = _is_there(sink, DeliveryAction.RESOLVE)
    is_followed = _is_there(stand_in, DeliveryAction.TRIGGER)
    wanted = (
        select(
            *(OUTBOX.c[name] for name in _COPIED),
            literal(stand_in).label("sink"),
            (literal(f"{sink} did not take it: ") + OUTBOX.c.reason).label("reason"),
            literal(now, OUTBOX.c.created_at.type).label("next_attempt_at"),
            literal(now, OUTBOX.c.created_at.type).label("created_at"),
            OUTBOX.c.traceparent,
            *(literal(value).label(name) for name, value in _FRESH.items()),
        )
        .where(
            OUTBOX.c.sink == sink,
            OUTBOX.c.state != DeliveryState.SUPERSEDED,
            ~OUTBOX.c.held,
            or_(
                and_(is_call, is_late, ~is_over),
                and_(OUTBOX.c.action != DeliveryAction.TRIGGER, is_followed),
            ),
        )
        .order_by(OUTBOX.c.id)
    )
    names = [*_COPIED, "sink", "reason", "next_attempt_at", "created_at", "traceparent", *_FRESH]
    statement = insert(connection, OUTBOX).from_select(names, wanted).on_conflict_do_nothing()
    return tuple(sorted(connection.scalars(statement.returning(OUTBOX.c.id))))


def _is_there(sink: str, action: DeliveryAction) -> ColumnElement[bool]:
    """Return the condition that a row's incident and episode has such a row for a sink."""
    other = OUTBOX.alias()
    return (
        select(other.c.id)
        .where(
            other.c.incident_id == OUTBOX.c.incident_id,
            other.c.episode == OUTBOX.c.episode,
            other.c.sink == sink,
            other.c.action == action,
        )
        .exists()
    )
