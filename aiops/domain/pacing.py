"""How fast a sink may be told, and when it is left alone: a rate limit and a circuit breaker.

Both are judged by the real clock, for they are the vendor's: the demo's fast clock does not make
PagerDuty take more.
"""

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

OPENS_AFTER = 5
"""So many failures in a row close a sink's door; from then on one delivery at a time knocks."""

AT_ONCE = 2
"""So many deliveries are on their way to a sink at once: one that hangs holds no more senders."""

_FIRST_REST = timedelta(seconds=5)
_LONGEST_REST = timedelta(minutes=1)
_LONGEST_WISH = timedelta(hours=1)
_EVER = datetime(1970, 1, 1, tzinfo=UTC)
_MINUTE = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Rate:
    """At most `per_minute` in any minute, of which `burst` may come at once.

    Examples:
        >>> Rate(per_minute=120, burst=4).interval.total_seconds()
        0.517241
    """

    per_minute: int
    burst: int = 1

    def __post_init__(self) -> None:
        if not 1 <= self.burst < self.per_minute:
            raise ValueError(
                f"a burst of {self.burst} does not go with {self.per_minute} a minute;"
                f" expected at least 1 and less than the rate"
            )

    @property
    def interval(self) -> timedelta:
        """The distance that keeps a burst and all that follows it in a minute within the rate."""
        return _MINUTE / (self.per_minute - self.burst)


NO_LIMIT = Rate(per_minute=1_000_000, burst=100_000)
"""As good as none: for sinks that say nothing of a limit."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """How a sink stands: what it was told lately, and whether it took it.

    The rate is kept by the generic cell rate algorithm (ITU-T I.371, 1996), which needs one time
    and no list of what was sent; the breaker opens after `OPENS_AFTER` failures in a row, for 5 s
    at first and at most a minute.

    Args:
        due_at: when the next one would be due if all were sent evenly; aware, real clock.
        failures: how many in a row were not taken.
        closed_until: until when nothing is sent to it: it asked for that, or fails.
    """

    due_at: datetime = _EVER
    failures: int = 0
    closed_until: datetime = _EVER

    @property
    def is_failing(self) -> bool:
        """Whether it is left alone but for one delivery at a time."""
        return self.failures >= OPENS_AFTER

    @property
    def at_once(self) -> int:
        """How many deliveries may be on their way to it: one after it failed, until it answers."""
        return 1 if self.failures else AT_ONCE

    def free(self, rate: Rate, now: datetime) -> int:
        """Return how many may be sent at this moment."""
        if self._closed(now):
            return 0
        if self.is_failing:
            return 1
        return rate.burst - -(-self._ahead(rate, now) // rate.interval)

    def wait(self, rate: Rate, now: datetime) -> timedelta:
        """Return how long it is until one may be sent; zero when it is now."""
        paced = self._ahead(rate, now) - (rate.burst - 1) * rate.interval
        return max(self._closed(now), timedelta(0) if self.is_failing else paced, timedelta(0))

    def sent(self, rate: Rate, now: datetime, lease: timedelta) -> "Standing":
        """Return how it stands once one is on its way.

        While it fails nothing else is sent until that one's lease ran out or it came back.
        """
        due_at = now + self._ahead(rate, now) + rate.interval
        closed_until = now + lease if self.is_failing else self.closed_until
        return replace(self, due_at=due_at, closed_until=closed_until)

    def took(self) -> "Standing":
        """Return how it stands after it answered, be it with a refusal of this one message."""
        closed_until = _EVER if self.is_failing else self.closed_until
        return replace(self, failures=0, closed_until=closed_until)

    def failed(self, now: datetime, retry_after_seconds: float | None) -> "Standing":
        """Return how it stands after one was not taken, and may be later."""
        failures = self.failures + 1
        rest = min(timedelta(seconds=retry_after_seconds or 0), _LONGEST_WISH)
        if failures >= OPENS_AFTER:
            doubled = _FIRST_REST * 2 ** min(failures - OPENS_AFTER, 10)
            rest = max(rest, min(doubled, _LONGEST_REST))
        return replace(self, failures=failures, closed_until=now + rest)

    def _ahead(self, rate: Rate, now: datetime) -> timedelta:
        """Return how far its burst is used up; one further ahead means the clock was set back."""
        ahead = max(self.due_at - now, timedelta(0))
        return ahead if ahead <= rate.burst * rate.interval else timedelta(0)

    def _closed(self, now: datetime) -> timedelta:
        closed = max(self.closed_until - now, timedelta(0))
        return closed if closed <= _LONGEST_WISH else timedelta(0)
