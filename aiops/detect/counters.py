"""Cumulative counters that nobody declared: by what they are recognised, and how they are told of.

A counter's level says how long its process has been up. What it counts is its rate per second:
from its recognition on that is the value which every detector fits, judges and remembers.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

import numpy as np
import numpy.typing as npt

from aiops.detect.past import Past
from aiops.detect.traits import Slots
from aiops.domain.families import is_ratio, words_of
from aiops.domain.policies import Limit
from aiops.domain.series import Family, Series
from aiops.domain.ticks import Floats, Packed, Shard, Times

_LEAST_RISES: Final = 30
_MOST_RESETS: Final = 0.02
NEAR_ZERO: Final = 0.1
"""A counter begins anew near zero: at less than this share of what it had reached."""

_LEAST_VALUES: Final = 200
_MOSTLY: Final = 0.5
_LONG_SECONDS: Final = 2 * 86_400
_TOGETHER: Final = 500
_FIRST: Final = 100
"""Most gauges fall a little within so many values: the others need not be looked at."""

_NEVER, _BY_PAST, _BY_NAME = 0, 1, 2

_CUMULATIVE = frozenset({"total", "sum", "bucket"})
_RATES = frozenset({"rate", "rps", "qps", "tps", "rpm", "gauge", "current"})
_COUNTING = (Family.OTHER, Family.TRAFFIC, Family.ERRORS)


def is_counter(values: Packed | Floats) -> npt.NDArray[np.bool_]:
    """Return which series count up all the time, but for resets to near zero.

    Args:
        values: shape (ticks, series); NaN where nothing was measured.

    Examples:
        >>> ticks = np.arange(60, dtype=np.float32)
        >>> is_counter(np.column_stack([ticks, ticks % 40, ticks % 2, 0 * ticks])).tolist()
        [True, True, False, False]
    """
    with np.errstate(invalid="ignore"):
        steps = np.diff(values, axis=0)
    rises = (steps > 0).sum(axis=0)
    few = (steps < 0).sum(axis=0) <= np.maximum(_MOST_RESETS * rises, 1)
    return np.asarray((rises >= _LEAST_RISES) & few & _like_counters(values))


def counters_in(past: Past, series: Sequence[Series], limits: Sequence[Limit] = ()) -> Slots:
    """Return the slots of the counters among the series of a past, ascending.

    A name that says so (`…_total`, `…_sum`, `…_bucket`) needs two hundred values that only rise.
    Of other names a gauge may rise for a day, too: there most values have to rise, and a reset
    must have been seen, or two days without any fall. What is declared to be something else never
    is a counter: shares, rates, money, what a limit was set for, and by its name what fills up
    (disk, memory, a queue).
    """
    limited = {one.metric for one in limits}
    evidence = np.array(
        [_NEVER if one.key.metric in limited else _evidence(one) for one in series[: past.width]],
        dtype=np.int8,
    )
    able = np.flatnonzero(evidence)
    found: list[int] = []
    for first in range(0, len(able), _TOGETHER):
        slots = able[first : first + _TOGETHER]
        slots = slots[_like_counters(past.rows.values[:_FIRST, slots])]
        likely = slots[_like_counters(past.rows.values[:, slots])]
        for slot in likely.tolist():
            values = past.rows.values[:, slot]
            if _is_sure(past.rows.times, values, by_name=evidence[slot] == _BY_NAME):
                found.append(slot)
    return np.array(found, dtype=np.intp)


def rated(shard: Shard, counters: Slots) -> Shard:
    """Return a shard whose counters are described as the rates that are judged of them.

    Examples:
        >>> from aiops.domain.series import Direction, SeriesKey
        >>> hits = Series(key=SeriesKey(service="shop", metric="hits_total"), title="hits",
        ...     family=Family.TRAFFIC, bad_direction=Direction.BOTH)
        >>> shard = Shard(id="push.prod.0", env="prod", step_seconds=60, series=(hits,))
        >>> one, = rated(shard, np.array([0])).series
        >>> one.title, one.unit
        ('rate of hits', '1/s')
    """
    if not len(counters):
        return shard
    series = list(shard.series)
    for slot in counters.tolist():
        one = series[slot]
        unit = "1/s" if one.unit in ("", "1") else f"{one.unit}/s"
        series[slot] = replace(one, unit=unit, title=f"rate of {one.title or one.key.metric}")
    return replace(shard, series=tuple(series))


def _like_counters(values: Packed | Floats) -> npt.NDArray[np.bool_]:
    """Return which series are never below zero, and fall to near zero if they fall."""
    with np.errstate(invalid="ignore"):
        later, before = values[1:], values[:-1]
        far = (later < before) & (later > NEAR_ZERO * before)
        return np.asarray(~far.any(axis=0) & ~(values < 0).any(axis=0))


def _evidence(series: Series) -> int:
    """Return what it takes to believe that a series is a counter."""
    metric, unit = series.key.metric, series.unit
    words = words_of(metric)
    if series.kpi is not None or series.family in (Family.KPI, Family.AVAILABILITY):
        return _NEVER
    last = words[-1] if words else ""
    whole = "" if unit == "1" and last in _CUMULATIVE else unit  # a count without a unit, too
    if is_ratio(metric, whole) or "/" in unit or not _RATES.isdisjoint((unit.lower(), *words)):
        return _NEVER
    if last in _CUMULATIVE:
        return _BY_PAST if series.family is Family.SATURATION else _BY_NAME
    return _BY_PAST if series.family in _COUNTING or last == "count" else _NEVER


def _is_sure(times: Times, values: Packed, *, by_name: bool) -> bool:
    known = np.isfinite(values)
    times, values = times[known], values[known]
    if len(values) < _LEAST_VALUES or not is_counter(values[:, None])[0]:
        return False
    steps = np.diff(values)
    if by_name:
        return True
    seen = bool((steps < 0).any()) or int(times[-1] - times[0]) >= _LONG_SECONDS
    return seen and bool((steps > 0).mean() >= _MOSTLY)
