"""How unusual a value is for this series, against what its own past has reached.

    fast = |mean of the last 3 min - median of the last 30 min| / unit     both without the season
    slow = |mean of 2 h - mean of 24 h| / unit                             of the raw values
    ratio = answer / bar                                                   1 is the bar

The unit is the series' usual change; the bars come from its own past (`own_past_bars`).
"""

from dataclasses import dataclass

import numpy as np

from aiops.detect.own_past_alerts import after_alerts, faded
from aiops.detect.own_past_memory import DAY, HOUR, after_cells, gain
from aiops.detect.protocol import Frame, Memory
from aiops.detect.traits import Bools, Slots
from aiops.domain.ticks import Packed

_YOUNG_VALUES, _YOUNG_SLOW = 100, DAY
_QUICK, _SLOW = 2 * HOUR, DAY
_MOST_UNITS = np.float32(1e9)
_STILL = np.float32(0.01)  # of its level: the unit of a series that never changed
_LEAST_UNIT = np.float32(1e-30)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class News:
    """What the larger answer says of some slots, in the series' unit.

    Args:
        ratio: the answer as a share of its bar.
        change: how far the value has moved, signed.
        expected: what from.
        band: how far from it the bar is.
        slower: whether the slow answer is above its bar.
        lasting: whether the tick by itself is above the bar, too, or the slow answer is: no blip.
    """

    ratio: Packed
    change: Packed
    expected: Packed
    band: Packed
    slower: Bools
    lasting: Bools


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Surprise:
    """What a tick is to its series' own past; every array has shape (series,).

    Args:
        values: of the tick, 0 where there is none.
        ratio: the larger of the two answers, as a share of its bar.
        now: how far the tick by itself is from the last half hour, in the series' unit.
        change: how far the last ticks are.
        size: of that change.
        drift: how far two hours are from the day before them.
        unit: the usual change; `local`, in this hour of the day.
        fast: answer in units, `fast_bar` its bar.
        slow: answer in units, `slow_bar` its bar, `slow_ratio` as a share of it.
        memory: what was over is closed, alerts and levels are noted; the rest is to be learnt.
    """

    values: Packed
    ratio: Packed
    now: Packed
    change: Packed
    size: Packed
    drift: Packed
    unit: Packed
    local: Packed
    fast: Packed
    fast_bar: Packed
    slow: Packed
    slow_bar: Packed
    slow_ratio: Packed
    memory: Memory

    def at(self, slots: Slots) -> News:
        """Return what the larger of the answers says of some slots."""
        ratio, slow_ratio = self.ratio[slots], self.slow_ratio[slots]
        change, drift = self.change[slots], self.drift[slots]
        band = self.fast_bar[slots] * self.local[slots]
        slowly = slow_ratio >= ratio
        slower = slow_ratio >= 1
        return News(
            ratio=ratio,
            change=np.where(slowly, drift, change),
            expected=np.where(
                slowly,
                self.memory["quick_mean"][slots] - drift,
                self.values[slots] - self.now[slots],
            ),
            band=np.where(slowly, self.slow_bar[slots] * self.unit[slots], band),
            slower=slower,
            lasting=(np.sign(change) * self.now[slots] >= band) | slower,
        )


def surprise(frame: Frame, memory: Memory, season: Packed, factor: Packed | np.float32) -> Surprise:
    """Judge a tick by what was known before it.

    Args:
        frame: the tick.
        memory: of `own_past_memory.blank_past`, as it was after the tick before.
        season: what the profile says of the moment, without level.
        factor: on the bars, of series that people marked.
    """
    memory = after_cells(frame, memory)
    measured, count = frame.measured, memory["count"]
    values = frame.values if frame.complete else np.where(measured, frame.values, np.float32(0))
    least = float(count.min(initial=np.inf))
    now, change, last = _change(frame, memory, values - season)
    unit = _unit(memory, season)
    local = unit * memory["hour_factor"]
    size = np.abs(change)
    fast = _divided(size, local)
    drift, levels = _drift(frame, memory, values, least)
    slow = _divided(np.abs(drift), unit)
    boost = faded(memory["boost"], frame.elapsed_seconds)
    fast_bar, slow_bar = memory["fast_bar"] * factor, memory["slow_bar"] * factor
    fast_bar = fast_bar if boost is memory["boost"] else fast_bar * (1 + boost)
    fast_ratio, slow_ratio = fast / fast_bar, slow / slow_bar
    day = _YOUNG_SLOW / frame.step_seconds
    if not frame.complete or least < max(day, _YOUNG_VALUES):
        fast_ratio *= measured & (count >= _YOUNG_VALUES)
        slow_ratio *= measured & (count >= day)
    memory = {**memory, **levels, "last": last, "boost": boost}
    ratios = {"fast": fast_ratio, "slow": slow_ratio}
    return Surprise(
        values=values,
        ratio=np.maximum(fast_ratio, slow_ratio),
        now=now,
        change=change,
        size=size,
        drift=drift,
        unit=unit,
        local=local,
        fast=fast,
        fast_bar=fast_bar,
        slow=slow,
        slow_bar=slow_bar,
        slow_ratio=slow_ratio,
        memory=after_alerts(frame.at, memory, measured, ratios),
    )


def _change(frame: Frame, memory: Memory, rest: Packed) -> tuple[Packed, Packed, Packed]:
    """Return how far the tick and the last ticks are from the last half hour; their distances."""
    now = rest - memory["ref"]
    young = np.isnan(now)
    if young.any():
        now[young] = 0
    last = memory["last"]
    if len(last) < 2:
        return now, now, last
    kept = np.flatnonzero(~frame.measured)
    after = np.empty_like(last)
    after[:-1], after[-1] = last[1:], now
    after[:, kept] = last[:, kept]
    total = after[0] + after[1]
    for row in after[2:]:  # in this order, whatever the number of series
        total += row
    total /= np.float32(len(last))
    few = np.isnan(total)
    return now, np.where(few, now, total) if few.any() else total, after


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
        share = np.minimum(size / np.maximum(unit, _LEAST_UNIT), _MOST_UNITS)
    none = unit <= 0
    if none.any():
        share[none] = 0
    return share


def _drift(frame: Frame, memory: Memory, values: Packed, least: float) -> tuple[Packed, Memory]:
    """Return how far two hours are from the day before them, and both means after the tick.

    Args:
        frame: the tick.
        memory: as it was before.
        values: of the tick.
        least: values of the series that has the fewest.
    """
    step, slow = frame.step_seconds, memory["slow_mean"]
    after = _followed(frame, memory, values, "quick_mean", max(_QUICK, 2 * step), least)
    return after - slow, {
        "quick_mean": after,
        "slow_mean": _followed(frame, memory, values, "slow_mean", _SLOW, least),
    }


def _followed(  # noqa: PLR0917  # one mean of several
    frame: Frame, memory: Memory, values: Packed, name: str, seconds: float, least: float
) -> Packed:
    """Return a mean after the tick; of a few values, the plain one."""
    mean = memory[name]
    share: Packed | np.float32 = gain(frame.step_seconds, seconds)
    if (least + 1) * share < 1:
        share = np.maximum(share, 1 / (memory["count"] + np.float32(1)))
    after = mean + share * (values - mean)
    return after if frame.complete else np.where(frame.measured, after, mean)
