"""Deliveries: one revision of one incident to one sink."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from aiops.domain.symptoms import Origin

_OF = "/"


def address(sink: str, page_id: str) -> str:
    """Return how a page of others is addressed that a sink writes notes to.

    Examples:
        >>> address("pagerduty", "Q1ABC")
        'pagerduty/Q1ABC'
    """
    return f"{sink}{_OF}{page_id}"


def page_of(sink: str) -> str:
    """Return the id of the page an address is of; "" for what is a sink by itself.

    Examples:
        >>> page_of("pagerduty/Q1ABC"), page_of("pagerduty")
        ('Q1ABC', '')
    """
    return sink.partition(_OF)[2]


def sink_of(sink: str) -> str:
    """Return the configured sink that tells an address, or the sink itself.

    Examples:
        >>> sink_of("pagerduty/Q1ABC"), sink_of("slack")
        ('pagerduty', 'slack')
    """
    return sink.partition(_OF)[0]


def lane(sink: str) -> str:
    """Return what shares a rate limit and a circuit breaker: a sink, or all pages it writes to.

    Examples:
        >>> lane("pagerduty"), lane("pagerduty/Q1ABC")
        ('pagerduty', 'pagerduty/')
    """
    name, of, _ = sink.partition(_OF)
    return f"{name}{of}"


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
        sink: name of the configured sink, or the address of a page of others.
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
