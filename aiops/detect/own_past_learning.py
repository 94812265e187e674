"""How own past learns from a tick after it was judged.

The usual change counts every change as at most five of it, and ties not at all: with them a
sparse series' unit would decay to nothing.
"""

import numpy as np

from aiops.detect.own_past import Surprise
from aiops.detect.own_past_memory import DAY
from aiops.detect.protocol import Frame, Memory
from aiops.detect.traits import Bools
from aiops.domain.ticks import Packed

_UNIT_SECONDS = 7 * DAY
_CAP, _KNOWN = np.float32(5.0), 30
_PREDICTABLE = np.float32(0.3)
_TIE = np.float32(1e-9)
_LEAST_COUNT = 20
_LEAST_REACH = np.float32(0.3)


def learnt_past(frame: Frame, found: Surprise, season: Packed) -> Memory:
    """Return the memory after a tick."""
    memory, measured = found.memory, frame.measured
    moved = measured & (found.size > _TIE * np.abs(found.values))
    most = _UNIT_SECONDS / frame.step_seconds
    count = memory["count"] + measured
    rest = found.values - season
    return {
        **memory,
        **_most(frame, found, count),
        "count": count,
        "cell_sum": memory["cell_sum"] + (rest if frame.complete else rest * measured),
        "cell_count": memory["cell_count"] + measured,
        **_units(memory, moved, found.size, most),
        **_width(frame, found, count, most),
    }


def _most(frame: Frame, found: Surprise, count: Packed) -> Memory:
    """Return the largest answers of this hour; an alert is not what is usual."""
    memory = found.memory
    fast, slow = found.fast, found.slow
    late = frame.measured & (count > _LEAST_COUNT)
    alarmed = np.flatnonzero(memory["fast_open"])
    predictable = memory["unit"][alarmed] <= _PREDICTABLE * memory["width"][alarmed]
    if len(alarmed) or not late.all():
        keep = late.copy()
        keep[alarmed[predictable]] = False
        fast = np.where(keep, fast, np.float32(-1))
        slow = np.where(late, slow, np.float32(-1))
    return {
        "fast_most": np.maximum(memory["fast_most"], fast),
        "slow_most": np.maximum(memory["slow_most"], slow),
    }


def _units(memory: Memory, moved: Bools, size: Packed, most: float) -> Memory:
    unit, hour_unit = memory["unit"], memory["hour_unit"]
    changed = memory["changed"] + moved
    hour_changed = memory["hour_changed"] + moved
    new = _capped(size, unit, changed)
    longest = max(_LEAST_COUNT, most / 24)
    return {
        "changed": changed,
        "hour_changed": hour_changed,
        "unit": unit + (new - unit) * _share(moved, changed, most),
        "hour_unit": hour_unit + (new - hour_unit) * _share(moved, hour_changed, longest),
    }


def _share(moved: Bools, count: Packed, most: float) -> Packed:
    """Return the share of a new value in a mean of `count` values, of `most` at the end."""
    return np.asarray(
        moved / np.minimum(np.maximum(count, np.float32(1)), np.float32(most)), dtype=np.float32
    )


def _capped(size: Packed, usual: Packed, count: Packed) -> Packed:
    """Return sizes of at most five times the usual, where that is known."""
    new: Packed = np.minimum(size, _CAP * usual)
    unknown = (count <= _KNOWN) | (usual <= 0)
    if unknown.any():
        new[unknown] = size[unknown]
    return new


def _width(frame: Frame, found: Surprise, count: Packed, most: float) -> Memory:
    """Return where the middle of the raw values is and how far they usually are from it."""
    memory, values, measured = found.memory, found.values, frame.measured
    width, middle = memory["width"], memory["middle"]
    young = count < _KNOWN
    if young.any():
        first = np.flatnonzero(measured & (count == 1))
        middle = middle.copy()
        middle[first] = values[first]
    share = _share(measured, count, most)
    away = values - middle
    width = width + share * (_capped(np.abs(away), width, count) - width)
    reach = np.float32(3) * share * width
    if young.any():
        reach[young] = (_LEAST_REACH * width * measured)[young]
    return {
        "width": width,
        "middle": middle + np.minimum(np.maximum(away, -reach), reach),
    }
