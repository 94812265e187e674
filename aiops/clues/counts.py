"""Lines counted by minute: how many came at once, and how likely that is."""

import math
from datetime import datetime, timedelta
from typing import Final

STRETCH: Final = timedelta(minutes=15)
"""The longest stretch whose lines are compared with the busiest one of the past."""

Minutes = dict[datetime, int]


def busiest(minutes: Minutes, stretch: timedelta = STRETCH) -> int:
    """Return the most lines there were in one stretch of time.

    Examples:
        >>> from aiops.domain.time import utc
        >>> busiest({utc(0): 3, utc(600): 4, utc(3600): 5})
        7
    """
    most = total = 0
    ordered = sorted(minutes)
    first = 0
    for minute in ordered:
        total += minutes[minute]
        while minute - ordered[first] >= stretch:
            total -= minutes[ordered[first]]
            first += 1
        most = max(most, total)
    return most


def tail(count: int, expected: float) -> float:
    """Return an upper bound of the chance of `count` or more where `expected` are usual.

    The Chernoff bound of the Poisson distribution: exp(n - m - n ln(n/m)) for n above m.

    Examples:
        >>> tail(3, 5.0), tail(40, 5.0) < 1e-15
        (1.0, True)
    """
    if count <= expected:
        return 1.0
    return math.exp(count - expected - count * math.log(count / expected))
