"""Raw series as sources push them, and their samples in columns."""

import math
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from aiops.domain.series import Direction, Family, Series, SeriesKey
from aiops.domain.ticks import Floats, Times

Numbers = npt.NDArray[np.int32]
Whole = npt.NDArray[np.int64]

BUCKET_LABEL = "le"


@dataclass(frozen=True, slots=True, kw_only=True)
class RawSeries:
    """A counter, a gauge or a whole histogram, as its sender calls it.

    Args:
        key: its identity with all its labels.
        unit: as we write it, empty where it is not known; of a histogram that of what it counts,
            while their number has none.
        bounds: of a histogram the upper bounds, ascending, without +Inf; None: it is none.
    """

    key: SeriesKey
    unit: str = ""
    bounds: tuple[float, ...] | None = None

    @property
    def width(self) -> int:
        """How many numbers a sample holds: of a histogram its buckets, then count and sum."""
        return 1 if self.bounds is None else len(self.bounds) + 3

    @property
    def weight(self) -> int:
        """For how many it counts where series are capped: each twenty columns cost as much as one.

        Examples:
            >>> key = SeriesKey(service="shop", metric="took")
            >>> [RawSeries(key=key, bounds=tuple(range(size))).weight for size in (15, 117)]
            [1, 6]
        """
        return max(1, self.width // 20)

    @property
    def fingerprint(self) -> str:
        """What tells it from others; a histogram with other bounds is another one."""
        return self.key.fingerprint + ("" if self.bounds is None else _spelled(self.bounds))

    def expanded(self) -> tuple[Series, ...]:
        """Return the series of its columns, shape (width,).

        Examples:
            >>> key = SeriesKey(service="shop", metric="took")
            >>> [one.key.fingerprint for one in RawSeries(key=key, bounds=(0.5,)).expanded()]
            ... # doctest: +NORMALIZE_WHITESPACE
            ['shop:took_bucket{env=prod,le=0.5}', 'shop:took_bucket{env=prod,le=inf}',
             'shop:took{env=prod}', 'shop:took_sum{env=prod}']
        """
        if self.bounds is None:
            return (self._named(""),)
        buckets = (self._named("_bucket", repr(one)) for one in (*self.bounds, math.inf))
        return (*buckets, replace(self._named(""), unit=""), self._named("_sum"))

    def _named(self, suffix: str, bound: str = "") -> Series:
        key = self.key
        labels = key.labels
        if bound:
            labels = tuple(sorted((*labels, (BUCKET_LABEL, bound))))
        return Series(
            key=SeriesKey(
                service=key.service,
                metric=key.metric + suffix,
                env=key.env,
                region=key.region,
                segment=key.segment,
                labels=labels,
            ),
            family=Family.OTHER,
            bad_direction=Direction.BOTH,
            unit=self.unit,
        )


@lru_cache(maxsize=256)
def _spelled(bounds: tuple[float, ...]) -> str:
    return "|" + ",".join(map(repr, bounds))


class Block(NamedTuple):
    """Samples of series of one width.

    Args:
        numbers: of the series: a wide one has as many numbers in a row, the first is named; shape
            (samples,).
        at: epoch milliseconds, shape (samples,).
        values: shape (samples, width); NaN where there is none, or it has gone stale.
    """

    numbers: Numbers
    at: Times
    values: Floats
