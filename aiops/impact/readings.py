"""Readings of KPI series as they come → the window in which an incident's cost is judged."""

from collections.abc import Sequence
from datetime import datetime

import numpy as np

from aiops.domain.ticks import KpiTick, KpiWindow


class KpiLog:
    """Readings of the KPI series so far, for the window an incident is judged by."""

    def __init__(self, step_seconds: int) -> None:
        self._step_seconds = step_seconds
        self._ticks: list[KpiTick] = []

    def append(self, tick: KpiTick) -> None:
        """Add the readings of one more tick."""
        self._ticks.append(tick)

    def window(self, since: datetime, until: datetime) -> KpiWindow | None:
        """Return the readings in [since, until], or None when there are none."""
        first = max(
            len(self._ticks) - 1 - int((until - since).total_seconds() // self._step_seconds), 0
        )
        return kpi_window(
            [tick for tick in self._ticks[first:] if since <= tick.at <= until], self._step_seconds
        )


def kpi_window(ticks: Sequence[KpiTick], step_seconds: int) -> KpiWindow | None:
    """Return KPI ticks of the same series, in order, as one window; None when there are none."""
    if not ticks:
        return None
    series = ticks[-1].series
    ticks = [tick for tick in ticks if len(tick.series) == len(series)]
    return KpiWindow(
        series=series,
        step_seconds=step_seconds,
        times=np.array([int(tick.at.timestamp()) for tick in ticks], dtype=np.int64),
        observed=np.stack([tick.observed for tick in ticks]),
        expected=np.stack([tick.expected for tick in ticks]),
        scale=np.stack([tick.scale for tick in ticks]),
    )
