from datetime import UTC, datetime, timedelta

import pytest


class StepClock:
    """A clock that moves a fixed time forward whenever it is read."""

    def __init__(self, start: datetime, step: timedelta) -> None:
        self._next = start
        self.step = step

    def now(self) -> datetime:
        present = self._next
        self._next += self.step
        return present


@pytest.fixture
def clock() -> StepClock:
    return StepClock(datetime(2026, 4, 18, 10, 3, tzinfo=UTC), timedelta(seconds=2))
