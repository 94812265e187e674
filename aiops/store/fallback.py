"""What a sink does not take goes to the one that stands in for it, and is followed to its end."""

from datetime import datetime

from sqlalchemy import Connection, and_, literal, or_, select

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


def fall_back(
    connection: Connection, sink: str, stand_in: str, *, now: datetime, due_before: datetime
) -> tuple[int, ...]:
    """Give the stand-in the calls a sink did not take in time, and all that follows on them.

    Said twice it adds nothing: a row that is there already, for whatever reason, is enough.

    Args:
        connection: in a writing transaction.
        sink: that should have been told.
        stand_in: that is told instead.
        now: the product's clock.
        due_before: a call that was due before this and is not taken, or was given up, is late.

    Returns:
        The ids of what was added, in order.
    """
    theirs = OUTBOX.alias()
    is_late = or_(
        and_(is_one_of(OUTBOX.c.state, WAITING), OUTBOX.c.not_before <= due_before),
        OUTBOX.c.state == DeliveryState.DEAD,
    )
    is_followed = (
        select(theirs.c.id)
        .where(
            theirs.c.incident_id == OUTBOX.c.incident_id,
            theirs.c.episode == OUTBOX.c.episode,
            theirs.c.sink == stand_in,
            theirs.c.action == DeliveryAction.TRIGGER,
        )
        .exists()
    )
    is_call = OUTBOX.c.action == DeliveryAction.TRIGGER
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
            or_(and_(is_call, is_late), and_(~is_call, is_followed)),
        )
        .order_by(OUTBOX.c.id)
    )
    names = [*_COPIED, "sink", "reason", "next_attempt_at", "created_at", "traceparent", *_FRESH]
    statement = insert(connection, OUTBOX).from_select(names, wanted).on_conflict_do_nothing()
    return tuple(sorted(connection.scalars(statement.returning(OUTBOX.c.id))))
