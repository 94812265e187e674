"""Randomness addressed by (seed, series, second) instead of drawn in a row.

Every value is a hash of where it stands, so it is the same whether a range is asked at once, tick
by tick, or in another process.
"""

from functools import cache
from typing import Final

import numpy as np
import numpy.typing as npt

from aiops.domain.ticks import Packed, Times

Bits = npt.NDArray[np.uint64]

_LEVELS: Final = 1 << 16
_MASK: Final = (1 << 64) - 1


def _hashed(values: Bits) -> Bits:
    """Return the splitmix64 finaliser of each value.

    References:
        Steele, Lea, Flood: Fast Splittable Pseudorandom Number Generators (OOPSLA 2014).
    """
    values = (values ^ (values >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    values = (values ^ (values >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return values ^ (values >> np.uint64(31))


def keys(seed: int, count: int) -> Bits:
    """Return one hash key per series, shape (count,), from any integer seed."""
    start = np.full(count, (seed * 0x9E3779B97F4A7C15 + 0x632BE59BD9B4E019) & _MASK, np.uint64)
    return _hashed(start + np.arange(1, count + 1, dtype=np.uint64) * np.uint64(0xD1342543DE82EF95))


def bits(series_keys: Bits, times: Times) -> Bits:
    """Return 64 random bits per (time, series), shape (times, series).

    Args:
        series_keys: from `keys`, shape (series,).
        times: epoch seconds, or any other counter, shape (times,).
    """
    ticks = _hashed(times.astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15))
    return _hashed(ticks[:, None] ^ series_keys[None, :])


def lane(random_bits: Bits, number: int) -> npt.NDArray[np.uint16]:
    """Return one of the four independent 16-bit lanes (0 to 3) of random bits."""
    shift = np.uint64(16 * number)
    return ((random_bits >> shift) & np.uint64(_LEVELS - 1)).astype(np.uint16)


@cache
def quantiles() -> Packed:
    """Return standardised quantiles of three distributions, float32, shape (3, 65536).

    Row 0 is normal, row 1 Student's t with 6 and row 2 with 3 degrees of freedom: what real series
    do between their incidents. Indexed by a 16-bit lane, a row turns bits into noise.
    """
    places = np.linspace(-40.0, 40.0, 400_001)
    ranks = (np.arange(_LEVELS) + 0.5) / _LEVELS
    rows = []
    for density in (
        np.exp(-(places**2) / 2),
        (1 + places**2 / 6) ** -3.5,
        (1 + places**2 / 3) ** -2.0,
    ):
        cumulated = np.cumsum(density)
        row = np.interp(ranks, cumulated / cumulated[-1], places)
        rows.append(row / row.std())
    table = np.asarray(rows, dtype=np.float32)
    table.setflags(write=False)
    return table


def wander(series_keys: Bits, times: Times, every_seconds: int) -> Packed:
    """Return slow standard noise: normal knots every so many seconds, smoothly joined.

    Args:
        series_keys: from `keys`, shape (series,).
        times: epoch seconds, shape (times,), not empty.
        every_seconds: distance of two knots.

    Returns:
        float32, shape (times, series), about mean 0 and deviation 1 at the knots.
    """
    knot = times // every_seconds
    first = int(knot.min())
    numbers = np.arange(first, int(knot.max()) + 2, dtype=np.int64)
    # The counter is offset so that knots share no bits with the ticks' own noise.
    knots = quantiles()[0][lane(bits(series_keys, numbers * -1 - every_seconds), 0)]
    share = ((times % every_seconds) / every_seconds).astype(np.float32)[:, None]
    share = share * share * (3 - 2 * share)
    at = knot - first
    below = knots[at]
    return np.asarray(below + (knots[at + 1] - below) * share)
