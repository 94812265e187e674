"""Columnar samples: one float vector per shard and tick; no Python object per point."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from aiops.domain.series import Series

Floats = npt.NDArray[np.float64]
Packed = npt.NDArray[np.float32]
Times = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Shard:
    """A fixed, ordered set of series of one source, environment and step; a slot never moves.

    Args:
        id: `<source>.<env>.<number>`.
        env: the environment all its series share.
        step_seconds: distance between two ticks.
        series: the series by slot; new ones are appended.
    """

    id: str
    env: str
    step_seconds: int
    series: tuple[Series, ...]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Tick:
    """The values of one shard at the moment a tick closed; NaN where nothing was measured.

    Args:
        at: aware UTC, the end of the interval.
        values: float32, by slot; shorter than the shard where it was written before it grew,
            empty where nobody answered for the tick.
    """

    at: datetime
    values: Packed


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class History:
    """Past ticks of one shard, time-major.

    Args:
        times: epoch seconds, ascending, shape (ticks,).
        values: float32, shape (ticks, series), NaN where nothing was measured.
    """

    times: Times
    values: Packed


class Span(NamedTuple):
    """A stretch of time of one series of a shard.

    Args:
        slot: of the series.
        since: epoch seconds, inclusive.
        until: epoch seconds, exclusive.
    """

    slot: int
    since: int
    until: int


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class HistoryInParts:
    """Past ticks of one shard that come little by little: weeks of them need not fit in memory.

    Args:
        times: epoch seconds of all ticks, ascending, shape (ticks,).
        width: how many series there are; a part may have fewer columns.
        parts: the ticks in order, anew each time one goes through them; every part ends where a
            quarter of an hour does.
    """

    times: Times
    width: int
    parts: Iterable[History]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class KpiTick:
    """What detection saw of an environment's KPI series at one tick.

    `expected` is the seasonal profile at the level before any open symptom; `scale` is the usual
    distance from it. All float64, shape (KPI series,), in the series' own unit.
    """

    at: datetime
    series: tuple[Series, ...]
    observed: Floats
    expected: Floats
    scale: Floats


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class KpiWindow:
    """KPI readings of an environment over a stretch of time, for the impact of incidents.

    Args:
        series: the KPI series, by column.
        step_seconds: distance between two rows.
        times: epoch seconds, ascending, shape (ticks,).
        observed: shape (ticks, series); NaN where nothing was measured.
        expected: same shape: what the profile says.
        scale: same shape: the usual distance between the two.
    """

    series: tuple[Series, ...]
    step_seconds: int
    times: Times
    observed: Floats
    expected: Floats
    scale: Floats
