"""Deliveries: one revision of one incident to one sink."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from aiops.domain.symptoms import Origin


class DeliveryAction(StrEnum):
    """What the sink is asked to do; `refresh`: show how it is, without a word of what changed."""

    TRIGGER = "trigger"
    UPDATE = "update"
    REFRESH = "refresh"
    ACKNOWLEDGE = "acknowledge"
    RESOLVE = "resolve"


class DeliveryState(StrEnum):
    """Where a notification is: pending → sending → delivered | superseded | dead."""

    PENDING = "pending"
    SENDING = "sending"
    DELIVERED = "delivered"
    SUPERSEDED = "superseded"
    DEAD = "dead"


@dataclass(frozen=True, slots=True, kw_only=True)
class Notification:
    """One delivery of one revision of one incident to one sink.

    Unique on (incident_id, episode, sink, action, revision).

    Args:
        sink: name of the configured sink.
        not_before: earliest time to send it, aware UTC, by the product's clock (settle time).
        reason: why it is sent, shown with it.
        urgency: what goes first where not everything can: 1 … 4 by severity, 5 … 8 for updates.
    """

    incident_id: str
    episode: int
    revision: int
    sink: str
    action: DeliveryAction
    not_before: datetime
    reason: str
    urgency: int = 1
    origin: Origin = Origin.LIVE
