"""How many requests of its users an incident made fail."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Affected:
    """Requests to the entry of a journey that failed beyond the usual, as its own metrics tell.

    Args:
        journey: the journey; empty where several are entered there and nothing tells them apart.
        service: the entry whose requests were counted.
        requests: how many failed beyond the usual, ≥ 0.
        low: lower end of a 90% interval of `requests`, ≥ 0.
        high: upper end of it.
        per_minute: of them per minute, over the last minutes.
        share: of all requests since, the share that failed beyond the usual, in [0, 1].
        since: from when they were counted, aware UTC.
        until: the last tick that was counted.
        assumption: from what they were counted, and what was taken for granted.
    """

    journey: str
    service: str
    requests: float
    low: float
    high: float
    per_minute: float
    share: float
    since: datetime
    until: datetime
    assumption: str
