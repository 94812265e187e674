"""When a shard is fitted again while its ticks come: its ticks alone decide."""

from datetime import datetime, timedelta

from aiops.domain.ticks import History, Shard
from aiops.domain.time import utc

FIRST_FIT_TICKS = 60
"""Below this many ticks there is nothing to fit; series are young."""


def next_fit_at(first: datetime, fitted_at: datetime | None, step_seconds: int) -> datetime:
    """Return when the next fit is due.

    While a series is younger than a day its history doubles between fits; then it is daily.

    Args:
        first: its first tick.
        fitted_at: the last tick of the last fit, None before the first one.
        step_seconds: distance of two ticks.

    Examples:
        >>> next_fit_at(utc(0), None, 60).isoformat()
        '1970-01-01T01:00:00+00:00'
        >>> next_fit_at(utc(0), utc(7200), 60).isoformat()
        '1970-01-01T04:00:00+00:00'
    """
    if fitted_at is None:
        return first + timedelta(seconds=FIRST_FIT_TICKS * step_seconds)
    return fitted_at + min(max(fitted_at - first, timedelta(minutes=1)), timedelta(days=1))


class FitTimes:
    """Says at which ticks of a shard a fit is due; the ticks alone decide.

    Args:
        shard: whose ticks.
        baseline: what it was fitted on before the first of them; None: nothing.
    """

    def __init__(self, shard: Shard, baseline: History | None) -> None:
        self._step_seconds = shard.step_seconds
        self._first: datetime | None = None
        self._due: datetime | None = None
        if baseline is not None and len(baseline.times):
            self._first, last = utc(int(baseline.times[0])), utc(int(baseline.times[-1]))
            self._due = next_fit_at(self._first, last, self._step_seconds)

    def passes(self, at: datetime) -> bool:
        """Return whether a fit is due once the tick at `at` was worked; each is asked of once."""
        if self._first is None or self._due is None:
            self._first = at
            self._due = next_fit_at(at, None, self._step_seconds)
            return False
        if at < self._due:
            return False
        self._due = next_fit_at(self._first, at, self._step_seconds)
        return True
