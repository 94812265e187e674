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
    memory, measured = found.memory, found.measured
    values = np.where(measured, frame.values, np.float32(0))
    predictable = memory["unit"] <= _PREDICTABLE * memory["width"]
    late = measured & (memory["count"] >= _LEAST_COUNT)
    keep = late & ~(memory["fast_open"] & predictable)  # an alert is not what is usual
    none = np.float32(-1)
    most = _UNIT_SECONDS / frame.step_seconds
    count = memory["count"] + measured
    return {
        **memory,
        "count": count,
        "fast_most": np.maximum(memory["fast_most"], np.where(keep, found.fast, none)),
        "slow_most": np.maximum(memory["slow_most"], np.where(late, found.slow, none)),
        "cell_sum": memory["cell_sum"] + np.where(measured, values - season, np.float32(0)),
        "cell_count": memory["cell_count"] + measured,
        **_units(memory, measured & (found.size > _TIE * np.abs(values)), found.size, most),
        **_width(memory, measured, values, count, most),
    }


def _units(memory: Memory, moved: Bools, size: Packed, most: float) -> Memory:
    unit, hour_unit = memory["unit"], memory["hour_unit"]
    changed = memory["changed"] + moved
    hour_changed = memory["hour_changed"] + moved
    known = (changed > _KNOWN) & (unit > 0)
    new = np.minimum(size, np.where(known, _CAP * unit, np.float32(np.inf)))
    longest = max(_LEAST_COUNT, most / 24)
    share = moved / _between(changed, most)
    hour_share = moved / _between(hour_changed, longest)
    return {
        "changed": changed,
        "hour_changed": hour_changed,
        "unit": unit + share * (new - unit),
        "hour_unit": hour_unit + hour_share * (new - hour_unit),
    }


def _between(count: Packed, most: float) -> Packed:
    return np.minimum(np.maximum(count, np.float32(1)), np.float32(most))


def _width(memory: Memory, measured: Bools, values: Packed, count: Packed, most: float) -> Memory:
    """Return where the middle of the raw values is and how far they usually are from it."""
    width, middle = memory["width"], memory["middle"]
    first = np.flatnonzero(measured & (count == 1))
    if len(first):
        middle = middle.copy()
        middle[first] = values[first]
    share = measured / _between(count, most)
    away = values - middle
    known = (count > _KNOWN) & (width > 0)
    size = np.minimum(np.abs(away), np.where(known, _CAP * width, np.float32(np.inf)))
    width = width + share * (size - width)
    reach = np.where(count < _KNOWN, _LEAST_REACH * measured, 3 * share) * width
    return {
        "width": width,
        "middle": middle + np.minimum(np.maximum(away, -reach), reach),
    }
