"""Bars from a series' own past: what its hours reached, in histograms that fade.

    bar = factor * what this share of the hours reached           (by the largest answer of each)

Hours, not ticks: an incident of ten minutes is one hour in any resolution. Where recent past and
season explain a series (noise 0), one hour in ten tells the bar, since incidents fill less than
that; where they do not (noise 1), only what one hour in ten days reached is news.
"""

import numpy as np
import numpy.typing as npt

from aiops.detect.protocol import Memory
from aiops.domain.ticks import Packed

BINS = 64
_PER_OCTAVE = 3.0
_LOWEST, _HIGHEST = 0.5, 1e7
_MEMORY_HOURS = 14 * 24.0
_PREDICTABLE, _NOISY = 0.3, 0.6
"""Usual change, as a share of the usual spread, of series that are one or the other."""

_SHARES = (0.1, 0.1 / 24)
_FACTORS = (2.0, 1.5)
"""Of a predictable and of a noisy series."""

LEAST_FAST, LEAST_SLOW = 7.0, 2.0


def blank_bars(count: int) -> Memory:
    """Return the bars of series without a past.

    `fast_hours`, `slow_hours`: hours by their largest answer, shape (64, series); `fast_most`,
    `slow_most`: the largest answer of the hour that goes on, -1 before the first; `fast_bar`,
    `slow_bar`: what the next answers are held against.
    """
    return {
        "fast_hours": np.zeros((BINS, count), dtype=np.float16),
        "slow_hours": np.zeros((BINS, count), dtype=np.float16),
        "fast_most": np.full(count, -1, dtype=np.float32),
        "slow_most": np.full(count, -1, dtype=np.float32),
        "fast_bar": np.full(count, LEAST_FAST, dtype=np.float32),
        "slow_bar": np.full(count, LEAST_SLOW, dtype=np.float32),
    }


def noise_of(unit: Packed, spread: Packed) -> Packed:
    """Return how much of a series is noise, from 0 (predictable) to 1."""
    known = spread > 0
    share = np.where(known, unit / np.where(known, spread, 1), 1)
    noise = np.clip((share - _PREDICTABLE) / (_NOISY - _PREDICTABLE), 0, 1)
    return np.asarray(noise, dtype=np.float32)


def after_hours(memory: Memory, hours: int) -> Memory:
    """Return the memory when an hour is over: its largest answers learnt, the bars taken anew."""
    fade = np.float32(np.exp(-hours / _MEMORY_HOURS))
    noise = noise_of(memory["unit"], memory["width"])
    share, factor = _between(_SHARES, noise), _between(_FACTORS, noise)
    rare = np.float32(_SHARES[1]), np.float32(_FACTORS[1])
    fast = _learnt(memory, "fast", fade, share, factor * 1, LEAST_FAST)
    slow = _learnt(memory, "slow", fade, *rare, LEAST_SLOW)
    return {**memory, **fast, **slow}


def hours_reaching(hours: npt.NDArray[np.float16], answers: Packed) -> tuple[Packed, Packed]:
    """Return how many of the hours reached an answer, or nearly so, and how many there are.

    Args:
        hours: histogram of the largest answers, shape (64, series).
        answers: of the same series, in units.

    Examples:
        >>> hours = np.zeros((BINS, 1), dtype=np.float16)
        >>> hours[[3, 9, 12], 0] = 30, 5, 1
        >>> [int(count[0]) for count in hours_reaching(hours, np.array([4.0], dtype=np.float32))]
        [6, 36]
    """
    weights = hours.astype(np.float32)
    high = np.arange(BINS)[:, None] >= _bins(answers)
    return np.where(high, weights, 0).sum(axis=0), weights.sum(axis=0)


def _bins(answers: Packed) -> npt.NDArray[np.intp]:
    known = np.fmin(np.fmax(answers, np.float32(_LOWEST)), np.float32(_HIGHEST))
    octaves = np.log2(known / np.float32(_LOWEST))
    return np.minimum((octaves * _PER_OCTAVE).astype(np.intp), BINS - 1)


def _between(ends: tuple[float, float], noise: Packed) -> Packed:
    low, high = np.log(np.float32(ends[0])), np.log(np.float32(ends[1]))
    return np.asarray(np.exp(low + noise * (high - low)), dtype=np.float32)


def _learnt(  # noqa: PLR0917  # one line of the table above
    memory: Memory,
    name: str,
    fade: np.float32,
    share: Packed | np.float32,
    factor: Packed | np.float32,
    least: float,
) -> Memory:
    most = memory[f"{name}_most"]
    counted = np.flatnonzero(most >= 0)
    if not len(counted):
        return {}
    hours = memory[f"{name}_hours"].astype(np.float32) * fade
    hours[_bins(most[counted]), counted] += 1
    bar = np.maximum(factor * _reached_by(hours, share), np.float32(least))
    return {
        f"{name}_hours": hours.astype(np.float16),
        f"{name}_most": np.full_like(most, -1),
        f"{name}_bar": np.where(most >= 0, bar, memory[f"{name}_bar"]).astype(np.float32),
    }


def _reached_by(hours: Packed, share: Packed | np.float32) -> Packed:
    """Return what this share of the hours reached, in units, shape (series,)."""
    above = np.cumsum(hours[::-1], axis=0)[::-1]  # hours in this bin or a higher one
    want = share * above[0]
    place = np.maximum((above >= want).sum(axis=0) - 1, 0)
    across = np.arange(hours.shape[1])
    own = hours[place, across]
    inside = np.where(own > 0, (above[place, across] - want) / np.where(own > 0, own, 1), 0)
    octaves = (place + np.clip(inside, 0, 1)) / _PER_OCTAVE
    return np.asarray(_LOWEST * np.exp2(octaves), dtype=np.float32)
