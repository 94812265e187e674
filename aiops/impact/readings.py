"""Readings of KPI series as they come → the window in which an incident's cost is judged."""

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import numpy as np
import numpy.typing as npt

from aiops.domain.series import Series
from aiops.domain.ticks import Floats, KpiTick, KpiWindow

_FIRST_ROWS = 1024


class KpiLog:
    """Readings of the KPI series so far, for the window an incident is judged by.

    They lie in arrays that grow, so that a window of days is a part of them and no copy.
    """

    def __init__(self, step_seconds: int) -> None:
        self._step_seconds = step_seconds
        self._series: tuple[Series, ...] = ()
        self._at: list[datetime] = []
        self._times = np.zeros(_FIRST_ROWS, dtype=np.int64)
        self._columns: list[Floats] = []

    def append(self, tick: KpiTick) -> None:
        """Add the readings of one more tick; those of other series are forgotten."""
        readings = (tick.observed, tick.expected, tick.scale)
        if not self._columns or len(tick.series) != len(self._series):
            self._at = []
            rows = len(self._times)
            self._columns = [np.empty((rows, len(one)), dtype=one.dtype) for one in readings]
        row = len(self._at)
        if row == len(self._times):
            self._times = _doubled(self._times)
            self._columns = [_doubled(one) for one in self._columns]
        self._series = tick.series
        self._at.append(tick.at)
        self._times[row] = int(tick.at.timestamp())
        for column, one in zip(self._columns, readings, strict=True):
            column[row] = one

    def window(self, since: datetime, until: datetime) -> KpiWindow | None:
        """Return the readings in [since, until], or None when there are none."""
        rows = slice(bisect_left(self._at, since), bisect_right(self._at, until))
        if rows.start >= rows.stop:
            return None
        observed, expected, scale = (one[rows] for one in self._columns)
        return KpiWindow(
            series=self._series,
            step_seconds=self._step_seconds,
            times=self._times[rows],
            observed=observed,
            expected=expected,
            scale=scale,
        )


def _doubled(rows: npt.NDArray[Any]) -> npt.NDArray[Any]:
    return np.concatenate([rows, np.empty_like(rows)])


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
