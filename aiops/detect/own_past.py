"""How unusual a value is for this series, against what its own past has reached.

    fast = |mean of the last 3 min - median of the last 30 min| / unit     both without the season
    slow = |mean of 2 h - mean of 24 h| / unit                             of the raw values
    ratio = answer / bar                                                   1 is the bar

The unit is the series' usual change; the bars come from its own past (`own_past_bars`).
"""

from dataclasses import dataclass

import numpy as np

from aiops.detect.own_past_alerts import after_alerts, faded
from aiops.detect.own_past_memory import DAY, HOUR, after_cells, gain, hour_factor
from aiops.detect.protocol import Frame, Memory
from aiops.detect.traits import Bools
from aiops.domain.ticks import Packed

_YOUNG_VALUES, _YOUNG_SLOW = 100, DAY
_QUICK, _SLOW = 2 * HOUR, DAY
_MOST_UNITS = np.float32(1e9)
_STILL = np.float32(0.01)  # of its level: the unit of a series that never changed


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Surprise:
    """What a tick is to its series' own past; every array has shape (series,).

    Args:
        measured: whether there is a value.
        ratio: the larger of the two answers, as a share of its bar.
        lasting: whether the tick by itself is above the bar, too, or the slow answer is: no blip.
        slower: whether the slow answer is above its bar.
        raised: whether it is an alert: above the bar, the one before over and some time ago.
        change: signed, in the series' unit.
        expected: what the change is from.
        band: how far from it the bar is.
        fast: answer in units.
        slow: answer in units.
        size: of the fast change, in the series' unit.
        memory: what was over is closed, alerts and levels are noted; the rest is to be learnt.
    """

    measured: Bools
    ratio: Packed
    lasting: Bools
    slower: Bools
    raised: Bools
    change: Packed
    expected: Packed
    band: Packed
    fast: Packed
    slow: Packed
    size: Packed
    memory: Memory


def surprise(frame: Frame, memory: Memory, season: Packed, factor: Packed) -> Surprise:
    """Judge a tick by what was known before it.

    Args:
        frame: the tick.
        memory: of `own_past_memory.blank_past`, as it was after the tick before.
        season: what the profile says of the moment, without level.
        factor: on the bars, of series that people marked.
    """
    memory = after_cells(frame, memory)
    measured = np.isfinite(frame.values)
    values = np.where(measured, frame.values, np.float32(0))
    now, change, last = _change(memory, measured, values - season)
    unit = _unit(memory, season)
    local = unit * hour_factor(memory)
    size = np.abs(change)
    fast = _divided(size, local)
    drift, levels = _drift(frame, memory, measured, values)
    slow = _divided(np.abs(drift), unit)
    boost = faded(memory["boost"], frame.elapsed_seconds)
    bar, slow_bar = memory["fast_bar"] * (1 + boost) * factor, memory["slow_bar"] * factor
    count = memory["count"]
    fast_ratio = np.where(measured & (count >= _YOUNG_VALUES), fast / bar, np.float32(0))
    old = measured & (count >= _YOUNG_SLOW / frame.step_seconds)
    slow_ratio = np.where(old, slow / slow_bar, np.float32(0))
    memory = {**memory, **levels, "last": last, "boost": boost}
    memory, raised = after_alerts(
        frame.at, memory, measured, {"fast": fast_ratio, "slow": slow_ratio}
    )
    band = bar * local
    found = Surprise(
        measured=measured,
        ratio=np.maximum(fast_ratio, slow_ratio),
        lasting=(np.sign(change) * now >= band) | (slow_ratio >= 1),
        slower=slow_ratio >= 1,
        raised=raised,
        change=change,
        expected=values - change,
        band=band,
        fast=fast,
        slow=slow,
        size=size,
        memory=memory,
    )
    slots = np.flatnonzero(slow_ratio > fast_ratio)
    if len(slots):
        found.change[slots] = drift[slots]
        found.expected[slots] = (levels["quick_mean"] - drift)[slots]
        found.band[slots] = (slow_bar * unit)[slots]
    return found


def _change(memory: Memory, measured: Bools, rest: Packed) -> tuple[Packed, Packed, Packed]:
    """Return how far the tick and the last ticks are from the last half hour; their distances."""
    now = rest - memory["ref"]
    now[np.isnan(now)] = 0
    last = memory["last"]
    if len(last) < 2:
        return now, now.copy(), last
    last = np.where(measured, np.concatenate([last[1:], now[None]]), last)
    total = last[0].copy()
    for row in last[1:]:  # in this order, whatever the number of series
        total += row
    total /= np.float32(len(last))
    return now, np.where(np.isnan(total), now, total), last


def _unit(memory: Memory, season: Packed) -> Packed:
    """Return the usual change; of a series that never changed, a share of its level."""
    unit = memory["unit"]
    still = np.flatnonzero(unit <= 0)
    if len(still):
        unit = unit.copy()
        unit[still] = np.nan_to_num(_STILL * np.abs(season[still] + memory["ref"][still]))
    return unit


def _divided(size: Packed, unit: Packed) -> Packed:
    """Return the size in units, at most what a bar can tell apart; 0 where there is no unit."""
    with np.errstate(over="ignore"):
        share = np.divide(size, unit, out=np.zeros_like(size), where=unit > 0)
    return np.minimum(share, _MOST_UNITS)


def _drift(frame: Frame, memory: Memory, measured: Bools, values: Packed) -> tuple[Packed, Memory]:
    """Return how far two hours are from the day before them, and both means after the tick."""
    step, count = frame.step_seconds, memory["count"]
    first = 1 / (count + np.float32(1))
    quick, slow = memory["quick_mean"], memory["slow_mean"]
    share = np.maximum(first, gain(step, max(_QUICK, 2 * step)))
    after = np.where(measured, quick + share * (values - quick), quick)
    drift = after - slow
    share = np.maximum(first, gain(step, _SLOW))
    return drift, {
        "quick_mean": after,
        "slow_mean": np.where(measured, slow + share * (values - slow), slow),
    }
