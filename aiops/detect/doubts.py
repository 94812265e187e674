"""Of values that jumped: from where, and whether to an exact factor of it."""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from aiops.detect.protocol import Frame, Memory
from aiops.detect.recent import Recent
from aiops.detect.traits import Bools, Slots
from aiops.domain.ticks import Packed

FACTORS = np.log(np.array([60, 100, 1000, 1024, 3600, 1e6, 1024**2, 1e9], dtype=np.float32))
"""Minutes, per cent, milliseconds and their like; either way."""

LEVEL_ROWS = 8
"""Rows that a level is the mean of."""

_SPREAD_ROWS, _LEAST_ROWS, _LAST_ROWS = 30, 10, 16
_LEAST_SPREAD, _MOST_SPREAD = 1e-4, 0.1
_TOLERANCE, _SAME = (0.02, 0.15), 0.05


class Doubt(NamedTuple):
    """Series whose unit is in doubt, by slot; level, spread and factor are logarithms."""

    slots: Slots
    level: Packed
    spread: Packed
    factor: Packed
    hits: npt.NDArray[np.uint8]
    began: npt.NDArray[np.uint32]


def doubt_of(slots: Slots, frame: Frame, fitted: Memory, memory: Memory, held: Bools) -> Doubt:
    """Return level, spread and factor of some slots, and how many ticks in a row they are at it."""
    values, hits = frame.values[slots], memory["hits"][slots]
    level, spread = memory["level"][slots], memory["spread"][slots]
    for place in np.flatnonzero((hits == 0) & ~held[slots]):
        level[place], spread[place] = usual_size(frame.recent, int(slots[place]))
    away, before = np.log(values) - level, memory["factor"][slots]
    nearest = FACTORS[np.abs(np.abs(away)[:, None] - FACTORS).argmin(axis=1)]
    signed = np.copysign(nearest, away)
    exact = np.abs(away - signed) <= np.clip(3 * spread, *_TOLERANCE)
    moves = (spread >= _LEAST_SPREAD) & (spread <= _MOST_SPREAD)
    moves &= values != last_positive(frame.recent, slots)
    same = (before == 0) | (np.abs(before - signed) <= _SAME)
    likely = exact & (held[slots] | (moves & same)) & (values >= fitted["least"][slots])
    hits = np.where(likely, np.minimum(hits, 250) + 1, 0).astype(np.uint8)
    began = np.where(hits == 1, frame.at, memory["began"][slots]).astype(np.uint32)
    return Doubt(slots, level, spread, np.where(likely, signed, 0), hits, began)


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
