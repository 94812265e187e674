"""Forget what is older than the installation keeps: ticks, readings, facts and bodies."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Protocol

from aiops.ports import Clock

MINUTES_KEPT = timedelta(days=3)
"""How long log counts and trace examples are kept: an incident looks back on two days."""

SERIES_KEPT = timedelta(days=7)
"""How long a raw series is known that nobody sends any more. Longer than a process of ours goes on
using the number of a series without asking (`workers.receiving.MEET_EVERY`)."""


class Prunable(Protocol):
    """A store that can forget."""

    def prune(self, before: datetime) -> int:
        """Delete what is older than `before`, little by little; return how many rows."""
        ...


class PrunableMinutes(Protocol):
    """A store whose minutes are of use for some days only."""

    def prune_minutes(self, before: datetime) -> int:
        """Delete the minutes before `before`; return how many rows."""
        ...


class PrunableSeries(Protocol):
    """A store whose series come and go."""

    def prune_series(self, before: datetime, now: datetime) -> int:
        """Forget the series that were seen last before `before`; return how many."""
        ...


class Forget:
    """Deletes old rows; incidents, the outbox and the audit stay."""

    def __init__(
        self,
        *,
        stores: Sequence[Prunable],
        minutes: PrunableMinutes,
        cases: Prunable,
        pushed: PrunableSeries,
        clock: Clock,
        history_days: int,
        case_days: int,
    ) -> None:
        self._stores = stores
        self._minutes = minutes
        self._clock = clock
        self._cases = cases
        self._pushed = pushed
        self._cases_kept = timedelta(days=case_days)
        self._kept = timedelta(days=history_days)

    def run(self) -> None:
        """Forget what is older than `history_days`; running it twice deletes nothing more."""
        now = self._clock.now()
        for store in self._stores:
            store.prune(now - self._kept)
        self._cases.prune(now - self._cases_kept)
        self._minutes.prune_minutes(now - MINUTES_KEPT)
        self._pushed.prune_series(now - SERIES_KEPT, now)
