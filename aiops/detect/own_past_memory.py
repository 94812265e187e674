"""What own past remembers: the last half hour in cells, the usual change, levels; how it learns.

It sees the values of an open symptom, too: what happens now is compared with what just happened.
"""

import numpy as np

from aiops.detect.own_past_bars import after_hours, blank_bars
from aiops.detect.protocol import Frame, Memory
from aiops.detect.recent import nan_median
from aiops.domain.ticks import Packed

HOUR, DAY = 3600, 86_400
_CELL, _RING, _LEAST_CELLS = 300, 6, 3
_SMOOTH = 180
_MOST_LAST = 12
_MOST = 60_000
_NUMBERS = (
    *("cell_sum", "cell_count", "count", "changed", "hour_changed", "unit", "hour_unit"),
    *("middle", "width", "quick_mean", "slow_mean", "boost"),
)
_KNOWN, _HOUR_PARTS = 10, (np.float32(0.3), np.float32(5.0))
"""Changes after which an hour of the day has a unit of its own, and its bounds, in units."""


def blank_past(count: int, step_seconds: int) -> Memory:
    """Return the memory of series never seen.

    `ring`, `ring_cell`: means of the last cells and their numbers, oldest first; `cell_sum`,
    `cell_count`: of the cell that goes on; `ref`: median of the ring; `last`: changes of the last
    ticks; `count`, `changed`: values, and changes among them; `unit`: the usual change;
    `hour_unit`, `hour_changed`: the same in this hour of the day, `hour_factor`: what that makes
    of it, taken with every cell; `units`, `changes`: in every hour; `middle`, `width`: where the
    raw values are and how far they usually are from there; `quick_mean`, `slow_mean`: of two hours
    and of a day; `boost`: what alerts added to the bar;
    `fast_open`, `fast_at`, `slow_open`, `slow_at`: whether an alert goes on, and when the last
    one began.
    """
    last = min(max(1, _SMOOTH // step_seconds), _MOST_LAST)
    return {
        **{name: np.zeros(count, dtype=np.float32) for name in _NUMBERS},
        "ring": np.full((_RING, count), np.nan, dtype=np.float32),
        "ring_cell": np.zeros((_RING, count), dtype=np.int32),
        "ref": np.full(count, np.nan, dtype=np.float32),
        "hour_factor": np.ones(count, dtype=np.float32),
        "last": np.full((last, count), np.nan, dtype=np.float32),
        "units": np.zeros((24, count), dtype=np.float32),
        "changes": np.zeros((24, count), dtype=np.uint16),
        **{name: np.zeros(count, dtype=np.bool_) for name in ("fast_open", "slow_open")},
        **{name: np.zeros(count, dtype=np.int64) for name in ("fast_at", "slow_at")},
        **blank_bars(count),
    }


def gain(step_seconds: int, memory_seconds: float) -> np.float32:
    """Return the share of a new value in an exponential mean."""
    return np.float32(-np.expm1(-step_seconds / memory_seconds))


def hour_of(at: int, phase_seconds: int) -> int:
    """Return the number of the hour, as this shard counts them."""
    return (at - phase_seconds) // HOUR


def after_cells(frame: Frame, memory: Memory) -> Memory:
    """Return the memory with everything closed that was over before this tick."""
    if not frame.recent.times:
        return memory
    before, phase = frame.recent.times[-1], frame.traits.phase_seconds
    width = max(_CELL, frame.step_seconds)
    cell, last_cell = (frame.at - phase) // width, (before - phase) // width
    if cell <= last_cell:
        return memory
    memory = _pushed(memory, cell, last_cell, width)
    hour, last_hour = hour_of(frame.at, phase), hour_of(before, phase)
    if hour > last_hour:
        memory = _turned(after_hours(memory, hour - last_hour), hour % 24, last_hour % 24)
    return {**memory, "hour_factor": _hour_factor(memory)}


def _turned(memory: Memory, hour: int, last: int) -> Memory:
    """Return the memory with the unit of another hour of the day at hand."""
    units, changes = memory["units"].copy(), memory["changes"].copy()
    units[last], changes[last] = memory["hour_unit"], np.minimum(memory["hour_changed"], _MOST)
    return {
        **memory,
        "units": units,
        "changes": changes,
        "hour_unit": units[hour].copy(),
        "hour_changed": changes[hour].astype(np.float32),
    }


def _hour_factor(memory: Memory) -> Packed:
    """Return what this hour of the day makes of the usual change."""
    unit = memory["unit"]
    known = (memory["hour_changed"] > _KNOWN) & (unit > 0)
    part = np.divide(memory["hour_unit"], unit, out=np.ones_like(unit), where=known)
    least, most = _HOUR_PARTS
    return np.sqrt(np.minimum(np.maximum(part, least), most))


def _pushed(memory: Memory, cell: int, last_cell: int, width: int) -> Memory:
    """Return the memory with the cell that is over in the ring, and a median over it."""
    count = memory["cell_count"]
    full = count > 0
    if not full.any():
        return memory
    mean = memory["cell_sum"] / np.maximum(count, 1)
    ring = np.where(full, np.concatenate([memory["ring"][1:], mean[None]]), memory["ring"])
    number = np.full_like(memory["ring_cell"][:1], last_cell)
    numbers = memory["ring_cell"]
    numbers = np.where(full, np.concatenate([numbers[1:], number]), numbers)
    fresh = (cell - numbers) * width <= _RING * _CELL
    fresh[-_LEAST_CELLS:] = True
    median, _ = nan_median(np.where(fresh, ring, np.float32(np.nan)))
    return {
        **memory,
        "ring": ring.astype(np.float32),
        "ring_cell": numbers.astype(np.int32),
        "cell_sum": np.where(full, 0, memory["cell_sum"]).astype(np.float32),
        "cell_count": np.where(full, 0, count).astype(np.float32),
        "ref": np.where(full, median, memory["ref"]).astype(np.float32),
    }


def rebased(memory: Memory, shift: Packed) -> Memory:
    """Return the memory under a new season; `shift`: the old one less the new one, now."""
    return {
        **memory,
        "ring": (memory["ring"] + shift).astype(np.float32),
        "ref": (memory["ref"] + shift).astype(np.float32),
        "cell_sum": (memory["cell_sum"] + memory["cell_count"] * shift).astype(np.float32),
    }
