"""Rows of the outbox that somebody holds, and calls that a silence held back until it was over."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from sqlalchemy import Connection, Update, update

from aiops.domain.notifications import DeliveryState, Notification
from aiops.store.outbox_tables import OUTBOX

FREE: Mapping[str, None] = MappingProxyType({"lease_token": None, "lease_until": None})
"""What a row's lease is while nobody holds it."""

_CLOSED: Mapping[str, Any] = MappingProxyType({"state": DeliveryState.SUPERSEDED, **FREE})


def held_row(delivery_id: int, token: str) -> Update:
    """Return the start of a statement on a row that this token still holds."""
    return update(OUTBOX).where(
        OUTBOX.c.id == delivery_id,
        OUTBOX.c.lease_token == token,
        OUTBOX.c.state == DeliveryState.SENDING,
    )


def close_held(
    connection: Connection, delivery_id: int, token: str, notification: Notification
) -> bool:
    """Close a claimed call and all that follows on it; False where somebody else has the claim."""
    if connection.execute(held_row(delivery_id, token).values(**_CLOSED)).rowcount == 0:
        return False
    rest = update(OUTBOX).where(
        OUTBOX.c.incident_id == notification.incident_id,
        OUTBOX.c.episode == notification.episode,
        OUTBOX.c.sink == notification.sink,
        OUTBOX.c.state == DeliveryState.PENDING,
    )
    connection.execute(rest.values(**_CLOSED))
    return True
