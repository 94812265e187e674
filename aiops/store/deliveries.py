"""Deliveries: claimed notifications, and the conditions and rows the outbox is made of."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import (
    Connection,
    Update,
    select,
    update,
)
from sqlalchemy.engine import Row

from aiops.domain.incidents import Incident
from aiops.domain.notifications import DeliveryAction, DeliveryState, Notification
from aiops.domain.symptoms import Origin
from aiops.store.columns import is_one_of
from aiops.store.outbox_tables import OUTBOX, SINK_REFERENCES
from aiops.store.upsert import insert

WAITING = (DeliveryState.PENDING, DeliveryState.SENDING)
"""The states in which a notification is still to be told."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """A claimed notification: whoever holds the token sends it, and nobody else does meanwhile.

    Args:
        id: of the outbox row.
        token: proves the claim to `delivered` and `failed`.
        notification: what was decided.
        revision: the revision to tell, which may be newer than the notification's: updates that
            wait behind it are told with it, and superseded once it is delivered.
        attempt: 1 for the first.
        decided_at: when it was decided, by the product's clock.
        repeated: an earlier attempt may have been taken although we never heard so.
        reference: what the sink calls this incident's episode so far; empty before the first.
        traceparent: W3C trace context of the work that decided it.
        held: whether a silence has held it back.
    """

    id: int
    token: str
    notification: Notification
    revision: int
    attempt: int
    decided_at: datetime
    repeated: bool
    reference: Mapping[str, str]
    traceparent: str
    held: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryRecord:
    """A notification and what became of it, for people to look at."""

    id: int
    notification: Notification
    state: DeliveryState
    attempts: int
    created_at: datetime
    next_attempt_at: datetime
    delivered_at: datetime | None
    last_error: str
    dead_reason: str


def add_notifications(
    connection: Connection,
    notifications: Sequence[Notification],
    *,
    now: datetime,
    traceparent: str,
) -> tuple[int, ...]:
    """Write notifications inside the transaction of the revision they announce.

    Returns:
        The ids of those that were not there yet, in order.
    """
    statement = insert(connection, OUTBOX).on_conflict_do_nothing().returning(OUTBOX.c.id)
    rows = [_row(notification, now, traceparent) for notification in notifications]
    ids = [connection.execute(statement, row).scalar_one_or_none() for row in rows]
    return tuple(one for one in ids if one is not None)


def hasten(connection: Connection, incidents: Mapping[str, Incident], now: datetime) -> None:
    """Make pages due that were to wait longer than their incidents say by now.

    Args:
        connection: of the transaction in which the incidents are written.
        incidents: as they stand, by id.
        now: the product's clock.
    """
    table = OUTBOX.c
    waits = (
        is_one_of(table.state, [DeliveryState.PENDING]),
        table.action == DeliveryAction.TRIGGER,
        table.attempts == 0,
        table.held.is_(False),
        table.next_attempt_at > now,
    )
    query = select(table.id, table.incident_id, table.episode, table.next_attempt_at).where(*waits)
    for row in connection.execute(query).all():
        one = incidents.get(row.incident_id)
        if one is None or one.episode != row.episode or one.paged_at is None:
            continue
        if one.paged_at < row.next_attempt_at:
            sooner = {"next_attempt_at": one.paged_at, "not_before": one.paged_at}
            connection.execute(update(OUTBOX).where(table.id == row.id, *waits).values(**sooner))


def withdraw_untold(connection: Connection, incident_ids: Sequence[str]) -> None:
    """Close what was never sent of incidents that became links: nobody is called for a link.

    A sink that has heard of one, or may have, hears of its end all the same.
    """
    untold = update(OUTBOX).where(
        OUTBOX.c.incident_id.in_(incident_ids),
        OUTBOX.c.state == DeliveryState.PENDING,
        OUTBOX.c.attempts == 0,
    )
    first = untold.where(OUTBOX.c.action == DeliveryAction.TRIGGER)
    closed = first.values(state=DeliveryState.SUPERSEDED).returning(
        OUTBOX.c.incident_id, OUTBOX.c.sink
    )
    for incident_id, sink in connection.execute(closed).all():
        rest = untold.where(OUTBOX.c.incident_id == incident_id, OUTBOX.c.sink == sink)
        connection.execute(rest.values(state=DeliveryState.SUPERSEDED))


def withdraw_called(connection: Connection, incident: Incident, sink: str, now: datetime) -> None:
    """Close what waits for a sink on which a person ended an incident: it would call them again.

    What is on its way by now may still arrive after their word: then the end follows it.
    """
    table = OUTBOX.c
    mine = (
        table.incident_id == incident.id,
        table.episode == incident.episode,
        table.sink == sink,
        table.action.in_(
            (DeliveryAction.TRIGGER, DeliveryAction.UPDATE, DeliveryAction.ACKNOWLEDGE)
        ),
    )
    waiting = update(OUTBOX).where(*mine, table.state == DeliveryState.PENDING)
    connection.execute(waiting.values(state=DeliveryState.SUPERSEDED))
    on_its_way = select(table.id).where(*mine, table.state == DeliveryState.SENDING).limit(1)
    if connection.scalar(on_its_way) is not None:
        end = Notification(
            incident_id=incident.id,
            episode=incident.episode,
            revision=incident.revision,
            sink=sink,
            action=DeliveryAction.RESOLVE,
            not_before=now,
            reason=incident.decision_reason.value,
            origin=incident.origin,
        )
        add_notifications(connection, [end], now=now, traceparent="")


def _row(notification: Notification, now: datetime, traceparent: str) -> dict[str, Any]:
    return {
        "incident_id": notification.incident_id,
        "episode": notification.episode,
        "revision": notification.revision,
        "sink": notification.sink,
        "action": notification.action,
        "reason": notification.reason,
        "not_before": notification.not_before,
        "state": DeliveryState.PENDING,
        "attempts": 0,
        "next_attempt_at": notification.not_before,
        "ambiguous": False,
        "urgency": notification.urgency,
        "last_error": "",
        "dead_reason": "",
        "traceparent": traceparent,
        "created_at": now,
        "origin": notification.origin,
    }


def supersede_told(row: Row[Any]) -> Update:
    """Return the statement that closes the updates a delivered notification has told with."""
    return (
        update(OUTBOX)
        .where(
            OUTBOX.c.incident_id == row.incident_id,
            OUTBOX.c.episode == row.episode,
            OUTBOX.c.sink == row.sink,
            OUTBOX.c.id > row.id,
            OUTBOX.c.action == DeliveryAction.UPDATE,
            OUTBOX.c.state == DeliveryState.PENDING,
            OUTBOX.c.revision <= row.shown_revision,
        )
        .values(state=DeliveryState.SUPERSEDED)
    )


def reference_of(
    connection: Connection, incident_id: str, episode: int, sink: str
) -> dict[str, str] | None:
    """Return what a sink calls an incident's episode, or None when it was never told."""
    table = SINK_REFERENCES.c
    text = connection.scalar(
        select(table.reference).where(
            table.incident_id == incident_id, table.episode == episode, table.sink == sink
        )
    )
    return None if text is None else dict(json.loads(text))


def keep_reference(connection: Connection, row: Row[Any], new: Mapping[str, str]) -> None:
    """Add to what the sink of an outbox row calls its incident's episode."""
    old = reference_of(connection, row.incident_id, row.episode, row.sink) or {}
    statement = insert(connection, SINK_REFERENCES).values(
        incident_id=row.incident_id,
        episode=row.episode,
        sink=row.sink,
        reference=json.dumps(old | dict(new), sort_keys=True),
        origin=row.origin,
    )
    connection.execute(
        statement.on_conflict_do_update(
            index_elements=["incident_id", "episode", "sink"],
            set_={"reference": statement.excluded.reference},
        )
    )


def notification_of(row: Row[Any]) -> Notification:
    """Return what was decided, from its outbox row."""
    return Notification(
        incident_id=row.incident_id,
        episode=row.episode,
        revision=row.revision,
        sink=row.sink,
        action=DeliveryAction(row.action),
        not_before=row.not_before,
        reason=row.reason,
        urgency=row.urgency,
        origin=Origin(row.origin),
    )


def record_of(row: Row[Any]) -> DeliveryRecord:
    """Return what became of a notification, from its outbox row."""
    return DeliveryRecord(
        id=row.id,
        notification=notification_of(row),
        state=DeliveryState(row.state),
        attempts=row.attempts,
        created_at=row.created_at,
        next_attempt_at=row.next_attempt_at,
        delivered_at=row.delivered_at,
        last_error=row.last_error,
        dead_reason=row.dead_reason,
    )
