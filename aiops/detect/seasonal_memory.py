"""What the seasonal detector remembers between ticks, and how it learns after scoring."""

from typing import Any

import numpy as np
import numpy.typing as npt

from aiops.detect.importance import blank_factors
from aiops.detect.medians import nan_median
from aiops.detect.protocol import Frame, Memory, Verdict
from aiops.detect.recent import CELLS, Recent
from aiops.detect.seasonal_score import Sums
from aiops.detect.traits import Bools, Slots, Traits
from aiops.domain.ticks import Packed

_DRIFT_SECONDS = 1800
_MEAN_SECONDS = 600
_STRIDES = 8
"""Young series have their median taken anew every eighth tick: at another one in every shard."""

_BETTER_SECONDS = 3 * 3600
"""What stays outside its band on the harmless side for this long is the level from then on."""

_LONGEST_ELAPSED = 3600
_LEAST_UNIT = np.float32(1e-9)


def blank_memory(count: int) -> Memory:
    """Return the memory of series never seen.

    `level`, `drift`: slow and quick distance of the series from its season; `evidence`, `rising`:
    CUSUM (up, down) and for how many ticks; `smooth`: recent distance; `median`, `spread`,
    `seen`: the last hour; `mean`: the last ten minutes; `usual`: what was expected last; `held`:
    whether a symptom was open; `harmless`: ticks outside the band on the side that does not hurt;
    `factor`: on the bars, of series that people marked.
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
    memory["rising"] = np.zeros((2, count), dtype=np.uint16)
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
    frame: Frame, fitted: Memory, memory: Memory, verdict: Verdict, *, held: Bools, released: Bools
) -> Memory:
    """Return the memory after a tick.

    Level and drift follow values inside the band; of a tick on the harmless side they take one
    scale's worth, since after a peak the way back would look like a loss, and all of it after
    some hours. While a symptom is open they stay.
    """
    sums: Sums = verdict.working["sums"]
    scale, traits = sums.band.scale, frame.traits
    calm = sums.measured & ~held & (sums.bad < sums.bar)
    farthest = np.abs(sums.distance) >= sums.bar
    rest = sums.band.rest(sums.values)
    least, most = _harmless_reach(traits)
    rest = np.minimum(np.maximum(rest, least * scale), most * scale)
    rest[~calm] = 0
    quick = rest - memory["drift"]
    quick[farthest | ~calm] = 0
    drift = memory["drift"] + _gain(frame, _DRIFT_SECONDS) * quick
    wide = 2 * scale
    slow = _gain(frame, frame.policy.level_memory_seconds)
    after: Memory = {
        **memory,
        **sums.factors,
        "level": memory["level"] + slow * rest / np.maximum(sums.band.unit, _LEAST_UNIT),
        "drift": np.minimum(np.maximum(drift, -wide), wide),
        "evidence": sums.evidence,
        "rising": sums.rising,
        "smooth": sums.smooth,
        "mean": _mean(frame, memory),
        "usual": sums.band.usual,
        "season": sums.band.season,
        "harmless": _harmless(memory["harmless"], sums.measured, farthest, calm),
        **_flags(memory, sums.measured, held),
    }
    over = (memory["held"] > 0) & ~held
    if over.any():
        after = {**after, "evidence": np.where(over, np.float32(0), sums.evidence)}
    long = np.flatnonzero(after["harmless"])
    better = after["harmless"][long] * frame.step_seconds >= _BETTER_SECONDS
    if released.any() or better.any():
        accepted = released.copy()
        accepted[long[better]] = True
        after = _accepted(after, fitted, sums.band.season, accepted)
    odd = sums.measured & verdict.outside  # else its first tick would hide what goes on
    return _young(frame, after, sums.young, held | odd)


def _harmless_reach(traits: Traits) -> tuple[Packed, Packed]:
    """Return how far (down, up) a tick may move the level, in scales: less where it is harmless."""
    return 2 * traits.worse[1] - 1, 2 * traits.worse[0] + 1


def _harmless(
    ticks: npt.NDArray[np.int32], measured: Bools, farthest: Bools, calm: Bools
) -> npt.NDArray[np.int32]:
    """Return for how many ticks each series has been far away on the side that does not hurt."""
    far = farthest & calm
    if not far.any() and not ticks.any():
        return ticks
    after = (ticks + np.int32(1)) * far
    return after if measured.all() else np.where(measured, after, ticks)


def _flags(memory: Memory, measured: Bools, held: Bools) -> Memory:
    """Return what has changed of who is held, and of whose usual value is known."""
    after: dict[str, npt.NDArray[Any]] = {}
    if not np.array_equal(memory["held"], held):
        after["held"] = held.astype(np.uint8)
    if not memory["usual_known"].all():
        after["usual_known"] = measured.astype(np.uint8) | memory["usual_known"]
    return after


def _gain(frame: Frame, memory_seconds: float) -> np.float32:
    elapsed = min(frame.elapsed_seconds, _LONGEST_ELAPSED)
    return np.float32(-np.expm1(-elapsed / memory_seconds))


def _mean(frame: Frame, memory: Memory) -> Packed:
    before, now = memory["mean"], frame.values
    moved = before + _gain(frame, _MEAN_SECONDS) * (now - before)
    missing = np.isnan(moved)
    if missing.any():
        moved[missing] = np.where(frame.measured, now, before)[missing]
    return np.asarray(moved)


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


def _young(frame: Frame, memory: Memory, young: Bools, held: Bools) -> Memory:
    if not young.any():
        return memory
    turn = frame.at // frame.step_seconds + frame.traits.phase_seconds // 60
    if turn % _STRIDES:  # the first hour has a median at every value
        young = young & frame.measured & (memory["seen"] < CELLS)
    return refreshed_young(memory, frame.recent, np.flatnonzero(young & ~held))
