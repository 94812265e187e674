"""Edges found in traffic: observed calls -> edges with confidence and last-seen."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from topology.graph import Edge

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

HALF_TRUST_CALLS: Final = 5.0
"""Calls after which an edge is as likely real as a stray probe or a mislabelled span."""

FORGET_AFTER: Final = timedelta(days=35)
"""A call unseen for longer is over; monthly jobs are seen again before."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """Calls from one service to another, as counted in a batch of spans.

    Attributes:
        caller: service of the parent span.
        callee: service of the child span.
        count: how many calls, 1 or more.
        seen_at: when the latest of them happened (aware, UTC).
    """

    caller: str
    callee: str
    count: int
    seen_at: datetime

    def __post_init__(self) -> None:
        if self.count < 1:
            raise ValueError(f"{self.caller} -> {self.callee}: {self.count} calls are not a call")
        if self.seen_at.tzinfo is None:
            raise ValueError(f"{self.caller} -> {self.callee}: {self.seen_at} has no time zone")


def edges_from_calls(
    calls: Iterable[Call], *, half_trust_calls: float = HALF_TRUST_CALLS
) -> tuple[Edge, ...]:
    """Return one edge per pair of services that called each other, sorted by caller, callee.

    Confidence is `n / (n + half_trust_calls)` over all n calls of the pair: it grows with every
    call and never reaches the 1.0 of a declared edge. Age is not part of it: `stale` finds the
    edges that are too old. Calls of a service to itself are spans inside one service and give no
    edge. Neither the order of the calls nor how they are batched changes the result.

    Args:
        calls: observations in any order.
        half_trust_calls: the n at which confidence is 0.5; above 0.

    Raises:
        ValueError: when `half_trust_calls` is not above 0.

    Examples:
        >>> from datetime import UTC, datetime
        >>> noon = datetime(2026, 4, 18, 12, tzinfo=UTC)
        >>> [edge] = edges_from_calls([Call(caller="a", callee="b", count=5, seen_at=noon)])
        >>> edge.confidence
        0.5
    """
    if half_trust_calls <= 0:
        raise ValueError(f"half_trust_calls must be above 0; got {half_trust_calls}")
    counts: dict[tuple[str, str], int] = {}
    latest: dict[tuple[str, str], datetime] = {}
    for call in calls:
        if call.caller != call.callee:
            pair = (call.caller, call.callee)
            counts[pair] = counts.get(pair, 0) + call.count
            latest[pair] = max(latest.get(pair, call.seen_at), call.seen_at)
    return tuple(
        Edge(
            caller=caller,
            callee=callee,
            confidence=count / (count + half_trust_calls),
            last_seen=latest[caller, callee],
        )
        for (caller, callee), count in sorted(counts.items())
    )


def stale(edges: Iterable[Edge], forget_after: timedelta = FORGET_AFTER) -> tuple[Edge, ...]:
    """Return the edges that were only ever seen, and not any more.

    Age counts from the newest sight of any edge: what was written down last year is as old as on
    the day it was written, and a source that fell silent as a whole makes nothing stale. A declared
    edge (confidence 1) stays until somebody removes it, and so does one whose sight has no time.

    Args:
        edges: declared and seen ones, merged.
        forget_after: how long a call may stay unseen.

    Examples:
        >>> from datetime import UTC, datetime
        >>> new, old = datetime(2026, 4, 18, tzinfo=UTC), datetime(2026, 1, 2, tzinfo=UTC)
        >>> seen = [Edge(caller="a", callee="b", confidence=0.9, last_seen=new),
        ...         Edge(caller="a", callee="c", confidence=0.9, last_seen=old)]
        >>> [edge.callee for edge in stale(seen)]
        ['c']
    """
    seen = [(edge, edge.last_seen) for edge in edges if edge.last_seen is not None]
    newest = max((at for _, at in seen), default=None)
    return tuple(
        edge
        for edge, at in seen
        if newest is not None and edge.confidence < 1.0 and newest - at > forget_after
    )
