"""Exponential histograms of OTLP -> cumulative counts below fixed bounds. Pure.

Their buckets follow the values: scale and offset change from point to point. Rates need bounds that
stay, so counts are brought down to a ladder of powers of two that only the unit chooses. Buckets of
the ladder's scale or of a finer one add up to it exactly, because each second bound of a scale is a
bound of the next coarser one. Of a coarser one, bounds that lie inside its buckets are not known:
they are missing (NaN) rather than guessed, since a guess that changes later looks like a reset.

Source: OpenTelemetry, Metrics Data Model,
https://opentelemetry.io/docs/specs/otel/metrics/data-model/#exponentialhistogram.
"""

from dataclasses import dataclass
from math import ldexp
from types import MappingProxyType
from typing import Any, Final

import numpy as np

from aiops.domain.ticks import Times

MOST_BUCKETS: Final = 10_000
"""Of one point; SDKs hold 160 and fewer."""

_ROOTS: Final = (1.0, 1.189207115002721, 1.4142135623730951, 1.681792830507429)
"""2 ** 0, 2 ** 0.25, 2 ** 0.5 and 2 ** 0.75: the same doubles on every machine."""

_MOST_SHIFT: Final = 31


@dataclass(frozen=True, slots=True)
class Ladder:
    """Bounds that all points of a unit are brought down to.

    Args:
        scale: 2 ** scale bounds double the value; 0 to 2.
        lowest: the exponent to 2 of the first bound.
        highest: that of the last one.
    """

    scale: int
    lowest: int
    highest: int

    def bounds(self) -> tuple[float, ...]:
        """Return the upper bounds, ascending, without +Inf.

        Examples:
            >>> Ladder(1, 0, 2).bounds()
            (1.0, 1.4142135623730951, 2.0, 2.8284271247461903, 4.0)
        """
        steps, apart = 1 << self.scale, len(_ROOTS) >> self.scale
        numbers = range(self.lowest * steps, self.highest * steps + 1)
        return tuple(ldexp(_ROOTS[one % steps * apart], one // steps) for one in numbers)


_ANY: Final = Ladder(1, -20, 40)
_LADDERS: Final = MappingProxyType(
    {"s": Ladder(2, -17, 12), "ms": Ladder(2, -7, 22)}
    | {"us": Ladder(2, 3, 32), "ns": Ladder(2, 13, 42)}
)
_BOUNDS: Final = MappingProxyType({one: one.bounds() for one in (_ANY, *_LADDERS.values())})


def ladder_of(unit: str) -> tuple[Ladder, tuple[float, ...]]:
    """Return the ladder of a unit, and its bounds.

    Durations: from 8 microseconds to 68 minutes, each bound 19% above the one before. All else:
    from a millionth to a million millions, each 41% above.

    Examples:
        >>> [(len(bounds), bounds[0], bounds[-1]) for _, bounds in map(ladder_of, ("ms", "By"))]
        [(117, 0.0078125, 4194304.0), (121, 9.5367431640625e-07, 1099511627776.0)]
    """
    ladder = _LADDERS.get(unit, _ANY)
    return ladder, _BOUNDS[ladder]


def cumulative(point: Any, ladder: Ladder) -> list[float] | None:
    """Return how many values of a point lie at or below each bound, and in all.

    Values below 0 and those that count as 0 lie below the first bound. A bound inside a bucket, or
    inside the zero bucket, is NaN; so are all of a point that tells only how many values it has.

    Args:
        point: an `ExponentialHistogramDataPoint`.
        ladder: of its unit.

    Returns:
        One number more than there are bounds; None for over `MOST_BUCKETS` buckets.
    """
    buckets = point.positive.bucket_counts
    if len(buckets) + len(point.negative.bucket_counts) > MOST_BUCKETS:
        return None
    size = len(_BOUNDS[ladder])
    least = float(point.zero_count) + float(sum(point.negative.bucket_counts))
    if point.count and not least and not any(buckets):
        return [*[np.nan] * size, float(point.count)]
    counts = np.zeros(size + 1)
    counts[0] = least
    first = ladder.lowest << ladder.scale
    if buckets:
        at = _ends(point, ladder.scale) - first
        np.minimum(np.maximum(at, 0, out=at), size, out=at)
        counts += np.bincount(at, np.array(buckets, dtype=np.float64), minlength=size + 1)
    below = np.cumsum(counts)
    coarse = min(ladder.scale - point.scale, _MOST_SHIFT)
    if coarse > 0:
        below[:-1][(np.arange(first, first + size) & ((1 << coarse) - 1)) != 0] = np.nan
    if point.zero_threshold > 0:
        below[:-1][np.array(_BOUNDS[ladder]) < point.zero_threshold] = np.nan
    told: list[float] = below.tolist()
    return told


def _ends(point: Any, scale: int) -> Times:
    """Return where on the ladder the buckets above 0 end, in steps of it from 1 on."""
    found: Times = np.arange(len(point.positive.bucket_counts), dtype=np.int64)
    found += point.positive.offset
    finer = point.scale - scale
    if finer >= 0:
        found >>= min(finer, _MOST_SHIFT + 1)
        return found + 1
    found += 1
    found <<= min(-finer, _MOST_SHIFT)
    return found
