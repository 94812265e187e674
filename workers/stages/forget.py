"""Forget what is older than the installation keeps: ticks, readings, facts and bodies."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Protocol

from aiops.ports import Clock


class Prunable(Protocol):
    """A store that can forget."""

    def prune(self, before: datetime) -> int:
        """Delete what is older than `before`, little by little; return how many rows."""
        ...


class Forget:
    """Deletes old rows; symptoms, incidents, the outbox and the audit stay."""

    def __init__(self, *, stores: Sequence[Prunable], clock: Clock, history_days: int) -> None:
        self._stores = stores
        self._clock = clock
        self._kept = timedelta(days=history_days)

    def run(self) -> None:
        """Forget what is older than `history_days`; running it twice deletes nothing more."""
        before = self._clock.now() - self._kept
        for store in self._stores:
            store.prune(before)
