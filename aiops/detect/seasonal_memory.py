"""What the seasonal detector remembers between ticks, and how it learns after scoring."""

from typing import Any

import numpy as np
import numpy.typing as npt

from aiops.detect.importance import blank_factors
from aiops.detect.medians import nan_median
from aiops.detect.protocol import Frame, Memory, Verdict
from aiops.detect.recent import CELLS, Recent
from aiops.detect.season_fit import YOUNG
from aiops.detect.traits import Bools, Slots
from aiops.domain.ticks import Packed

_DRIFT_SECONDS = 1800
_MEAN_SECONDS = 600
_STRIDES = 8
"""Young series have their median taken anew every eighth tick: at another one in every shard."""

_BETTER_SECONDS = 3 * 3600
"""What stays outside its band on the harmless side for this long is the level from then on."""

_LONGEST_ELAPSED = 3600


def blank_memory(count: int) -> Memory:
    """Return the memory of series never seen.

    `level`, `drift`: slow and quick distance of the series from its season; `evidence`, `since`:
    CUSUM (up, down) and its start; `smooth`: recent distance; `median`, `spread`, `seen`: the
    last hour; `mean`: the last ten minutes; `usual`: what was expected last; `held`: whether a
    symptom was open; `harmless`: ticks outside the band on the side that does not hurt; `factor`:
    on the bars, of series that people marked.
    """
    names = ("level", "drift", "smooth", "median", "spread", "seen", "mean", "usual", "season")
    memory: dict[str, npt.NDArray[Any]] = {
        name: np.zeros(count, dtype=np.float32) for name in names
    }
    memory["mean"] = np.full(count, np.nan, dtype=np.float32)
    for name in ("usual_known", "held"):
        memory[name] = np.zeros(count, dtype=np.uint8)
    memory["harmless"] = np.zeros(count, dtype=np.int32)
    memory["evidence"] = np.zeros((2, count), dtype=np.float32)
    memory["since"] = np.zeros((2, count), dtype=np.int64)
    return {**memory, **blank_factors(count)}


def refreshed_young(memory: Memory, recent: Recent, slots: Slots) -> Memory:
    """Return the memory with median, spread and count of the last hour of some slots.

    The spread is the largest of what the middle, the edges and the extremes of the hour suggest,
    so that a series that spikes now and then is not surprised by its own spikes.
    """
    if not recent.rows or not len(slots):
        return memory
    columns = np.sort(recent.columns(slots), axis=0)
    median, count = nan_median(columns)
    away = np.sort(np.abs(columns - median), axis=0)
    middle = nan_median(away)[0] * 1.4826
    last = np.maximum(count.astype(np.intp) - 1, 0)
    across = np.arange(len(slots))
    edge = away[(0.9 * last).astype(np.intp), across] / 1.645
    largest = away[last, across] / 4.0
    spread = np.nan_to_num(np.maximum(np.maximum(middle, edge), largest))
    fresh = {name: memory[name].copy() for name in ("median", "spread", "seen")}
    fresh["median"][slots] = median
    fresh["spread"][slots] = spread * (1 + 4 / np.maximum(count, 1))
    fresh["seen"][slots] = count
    return {**memory, **fresh}


def level_from(usual: Packed, season: Packed, relative: Bools) -> Packed:
    """Return the level at which a season gives these expected values."""
    unit = np.where(relative & (season > 0), season, 1)
    return np.asarray((usual - season) / unit, dtype=np.float32)


def level_from_history(tail: Packed, seasons: Packed, relative: Bools) -> Packed:
    """Return the level of the last ticks: the median over them, shape (series,)."""
    unit = np.where(relative & (seasons > 0), seasons, 1)
    rest = np.asarray((tail - seasons) / unit, dtype=np.float32)
    return nan_median(rest)[0]


def learnt(
    frame: Frame,
    fitted: Memory,
    memory: Memory,
    verdict: Verdict,
    *,
    held: Bools,
    released: Bools,
) -> Memory:
    """Return the memory after a tick.

    Level and drift follow values inside the band; of a tick on the harmless side they take one
    scale's worth, since after a peak the way back would look like a loss, and all of it after
    some hours. While a symptom is open they stay.
    """
    working, scale = verdict.working, verdict.scale
    usual = verdict.usual
    if scale is None or usual is None:
        return memory
    calm = verdict.measured & ~held & (working["bad"] < working["bar"])
    rest = np.where(calm, working["rest"], 0)
    harmless = np.abs(working["distance"]) >= working["bar"]
    traits = frame.traits
    rest = np.clip(rest, np.where(traits.down, -3, -1) * scale, np.where(traits.up, 3, 1) * scale)
    unit = np.where(fitted["relative"], np.maximum(working["season"], 1e-9), 1)
    slow = _gain(frame, frame.policy.level_memory_seconds)
    quick = _gain(frame, _DRIFT_SECONDS)
    drift = memory["drift"] + quick * np.where(calm & ~harmless, rest - memory["drift"], 0)
    over = (memory["held"] > 0) & ~held
    after: Memory = {
        **memory,
        **working["factors"],
        "level": (memory["level"] + slow * rest / unit).astype(np.float32),
        "drift": np.clip(drift, -2 * scale, 2 * scale).astype(np.float32),
        "evidence": np.where(over, 0, working["evidence"]).astype(np.float32),
        "since": working["since"],
        "smooth": np.where(verdict.measured, working["smooth"], memory["smooth"]),
        "mean": _mean(frame, memory),
        "usual": usual,
        "season": working["season"],
        "harmless": np.where(
            verdict.measured,
            np.where(harmless & calm, memory["harmless"] + 1, 0),
            memory["harmless"],
        ).astype(np.int32),
        "held": held.astype(np.uint8),
        "usual_known": verdict.measured.astype(np.uint8) | memory["usual_known"],
    }
    better = after["harmless"] * frame.step_seconds >= _BETTER_SECONDS
    if released.any() or better.any():
        after = _accepted(after, fitted, working["season"], released | better)
    odd = verdict.measured & verdict.outside  # else its first tick would hide what goes on
    return _young(frame, fitted, after, held | odd)


def _gain(frame: Frame, memory_seconds: float) -> np.float32:
    elapsed = min(frame.elapsed_seconds, _LONGEST_ELAPSED)
    return np.float32(-np.expm1(-elapsed / memory_seconds))


def _mean(frame: Frame, memory: Memory) -> Packed:
    before, now = memory["mean"], frame.values
    moved = before + _gain(frame, _MEAN_SECONDS) * (now - before)
    moved = np.where(np.isfinite(before), moved, now)
    return np.where(np.isfinite(now), moved, before).astype(np.float32)


def _accepted(memory: Memory, fitted: Memory, season: Packed, released: Bools) -> Memory:
    """Return the memory in which a shift that stayed is the level from now on."""
    level = level_from(memory["mean"], season, fitted["relative"])
    return {
        **memory,
        "level": np.where(released, level, memory["level"]).astype(np.float32),
        "median": np.where(released, memory["mean"], memory["median"]).astype(np.float32),
        "drift": np.where(released, 0, memory["drift"]).astype(np.float32),
        "evidence": np.where(released, 0, memory["evidence"]).astype(np.float32),
        "smooth": np.where(released, 0, memory["smooth"]).astype(np.float32),
        "harmless": np.where(released, 0, memory["harmless"]).astype(np.int32),
    }


def _young(frame: Frame, fitted: Memory, memory: Memory, held: Bools) -> Memory:
    young = fitted["kind"] == YOUNG
    if not young.any():
        return memory
    turn = frame.at // frame.step_seconds + frame.traits.phase_seconds // 60
    if turn % _STRIDES:  # the first hour has a median at every value
        young &= np.isfinite(frame.values) & (memory["seen"] < CELLS)
    return refreshed_young(memory, frame.recent, np.flatnonzero(young & ~held))
