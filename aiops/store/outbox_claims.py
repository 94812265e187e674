"""What can be claimed now, and claiming it: statements that are built once.

SQLAlchemy takes longer to build them than a database to run them.
"""

from datetime import datetime
from functools import cache

from sqlalchemy import (
    ColumnElement,
    Connection,
    FromClause,
    Integer,
    Select,
    String,
    Update,
    and_,
    bindparam,
    case,
    func,
    or_,
    select,
    update,
)

from aiops.domain.notifications import DeliveryAction, DeliveryState
from aiops.store.columns import UtcDateTime, is_one_of
from aiops.store.deliveries import WAITING
from aiops.store.outbox_tables import OUTBOX

_NOW = bindparam("now", type_=UtcDateTime())
_WALL = bindparam("wall", type_=UtcDateTime())


@cache
def most_urgent() -> Select[int]:
    """Return the query of what can be claimed of a sink, the most urgent first.

    It takes `sink`, `now` (the product's clock), `wall` (the real one) and `most`.
    """
    return (
        select(OUTBOX.c.id)
        .where(OUTBOX.c.sink == bindparam("sink", type_=String()), _can_be_claimed(OUTBOX))
        .order_by(OUTBOX.c.urgency, OUTBOX.c.next_attempt_at, OUTBOX.c.id)
        .limit(bindparam("most", type_=Integer()))
    )


@cache
def claim() -> Update:
    """Return the statement that claims a row and returns it, or nothing where it is not to be had.

    It takes `claimed` (the row's id), `now`, `wall`, `token` and `until` (when the lease ends).
    """
    return (
        update(OUTBOX)
        .where(OUTBOX.c.id == bindparam("claimed"), _can_be_claimed(OUTBOX), ~_yields_to_another())
        .values(
            state=DeliveryState.SENDING,
            lease_token=bindparam("token", type_=String()),
            lease_until=bindparam("until", type_=UtcDateTime()),
            attempts=OUTBOX.c.attempts + 1,
            ambiguous=or_(OUTBOX.c.ambiguous, OUTBOX.c.state == DeliveryState.SENDING),
            shown_revision=_newest_to_tell(),
        )
        .returning(OUTBOX)
    )


def on_their_way(connection: Connection, way: str, wall: datetime) -> int:
    """Return how many deliveries somebody sends at this moment in a lane.

    Args:
        connection: of the claim.
        way: the lane: a sink, or all pages it writes to.
        wall: the real clock: a sender whose lease ran out is gone.
    """
    table = OUTBOX.c
    mine = table.sink.startswith(way, autoescape=True) if way.endswith("/") else table.sink == way
    # The waiting states are named by themselves: so the partial index serves the search.
    sent = is_one_of(table.state, WAITING) & (table.state == DeliveryState.SENDING)
    sent &= table.lease_until > wall
    query = select(func.count()).where(mine, sent)
    return connection.scalar(query) or 0


def _can_be_claimed(table: FromClause) -> ColumnElement[bool]:
    """Return the condition that a row is due, or left, and first of its incident and sink."""
    earlier = OUTBOX.alias()
    is_behind = (
        select(earlier.c.id)
        .where(
            earlier.c.incident_id == table.c.incident_id,
            earlier.c.sink == table.c.sink,
            earlier.c.id < table.c.id,
            is_one_of(earlier.c.state, WAITING),
        )
        .exists()
    )
    is_due = and_(table.c.state == DeliveryState.PENDING, table.c.next_attempt_at <= _NOW)
    is_left = and_(table.c.state == DeliveryState.SENDING, table.c.lease_until <= _WALL)
    # The state is named once more by itself: so the partial index serves the search.
    return and_(is_one_of(table.c.state, WAITING), or_(is_due, is_left), ~is_behind)


def _yields_to_another() -> ColumnElement[bool]:
    """Return the condition that something more urgent could be told to the same sink instead."""
    other = OUTBOX.alias()
    is_more_urgent = and_(other.c.sink == OUTBOX.c.sink, other.c.urgency < OUTBOX.c.urgency)
    return select(other.c.id).where(is_more_urgent, _can_be_claimed(other)).exists()


def _newest_to_tell() -> ColumnElement[int]:
    """Return the revision a row's delivery tells: the newest of the updates decided after it.

    So a message that was late, or is replayed, tells how things are and not how they were.
    """
    later = OUTBOX.alias("later")
    newest = (
        select(func.max(later.c.revision))
        .where(
            later.c.incident_id == OUTBOX.c.incident_id,
            later.c.episode == OUTBOX.c.episode,
            later.c.sink == OUTBOX.c.sink,
            later.c.id > OUTBOX.c.id,
            later.c.action == DeliveryAction.UPDATE,
        )
        .scalar_subquery()
    )
    tells_news = OUTBOX.c.action.in_((DeliveryAction.TRIGGER, DeliveryAction.UPDATE))
    return case((tells_news, func.coalesce(newest, OUTBOX.c.revision)), else_=OUTBOX.c.revision)
