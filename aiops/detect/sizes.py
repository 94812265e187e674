"""How large values were in the last hour, for the few series of which it is asked."""

import numpy as np

from aiops.detect.recent import Recent
from aiops.detect.traits import Slots
from aiops.domain.ticks import Packed

LEVEL_ROWS = 8
"""Rows that a level is the mean of."""

_SPREAD_ROWS, _LEAST_ROWS, _LAST_ROWS = 30, 10, 16


def last_positive(recent: Recent, slots: Slots) -> Packed:
    """Return the last value above 0 of some slots, NaN where there is none lately."""
    found = np.full(len(slots), np.nan, dtype=np.float32)
    places = np.arange(len(slots))
    for row in recent.rows[: -_LAST_ROWS - 1 : -1]:
        value = row[slots[places]]
        known = value > 0
        found[places[known]] = value[known]
        places = places[~known]
        if not len(places):
            break
    return found


def usual_size(recent: Recent, slot: int) -> tuple[float, float]:
    """Return what was usual of a slot in the last hour, as logarithms; NaN if that is not known."""
    values = np.array([row[slot] for row in recent.rows], dtype=np.float32)
    sizes = np.log(values[values > 0])
    if len(sizes) < _LEAST_ROWS:
        return np.nan, np.nan
    steps = np.abs(np.diff(sizes[-_SPREAD_ROWS:]))
    return float(sizes[-LEVEL_ROWS:].mean()), float(np.minimum(steps, 1).mean()) / 2**0.5
