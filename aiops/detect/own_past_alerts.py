"""Alerts by a series' own past: when one is over, and the budget that limits repeats.

Every fast alert raises the bar of its series by a fifth, which fades with a half-life of twelve
hours: `boost` in the memory shows how much of it is left.
"""

from collections.abc import Mapping

import numpy as np

from aiops.detect.protocol import Memory
from aiops.detect.traits import Bools
from aiops.domain.ticks import Packed

RELEASE = 0.5
"""An alert is over below this share of its bar."""

_BOOST = np.float32(0.2)
_HALF_LIFE_SECONDS = 43_200
_REST_SECONDS = {"fast": 1800, "slow": 6 * 3600}
"""No second alert within this time."""


def faded(boost: Packed, elapsed_seconds: int) -> Packed:
    """Return what is left of the budgets' shares; the same array where there are none."""
    if not boost.any():
        return boost
    return boost * np.float32(2.0 ** (-elapsed_seconds / _HALF_LIFE_SECONDS))


def after_alerts(at: int, memory: Memory, measured: Bools, ratios: Mapping[str, Packed]) -> Memory:
    """Return the memory with what is open after this tick, and with the bars it raises."""
    after = dict(memory)
    for name, ratio in ratios.items():
        was, since = memory[f"{name}_open"], memory[f"{name}_at"]
        slots = np.flatnonzero(was | (ratio >= 1))
        if not len(slots):
            continue
        above = ratio[slots] >= 1
        held = np.where(measured[slots], above | (ratio[slots] >= RELEASE), was[slots])
        after[f"{name}_open"] = was.copy()
        after[f"{name}_open"][slots] = held
        new = slots[above & ~was[slots] & (at - since[slots] >= _REST_SECONDS[name])]
        if len(new):
            after[f"{name}_at"] = since.copy()
            after[f"{name}_at"][new] = at
        if len(new) and name == "fast":
            after["boost"] = memory["boost"].copy()
            after["boost"][new] += _BOOST
    return after
