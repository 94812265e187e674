"""Points of OTLP metrics, side by side; call `Points`. Pure."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum
from itertools import pairwise
from types import MappingProxyType
from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt
from opentelemetry.proto.metrics.v1.metrics_pb2 import (
    ExponentialHistogramDataPoint,
    HistogramDataPoint,
    NumberDataPoint,
)

from aiops.domain.pushed import Block, RawSeries
from aiops.domain.ticks import Floats, Times
from aiops.ingest.catalog import MOST_LABELS, Catalog, Pushed, timely
from aiops.ingest.otlp_exponential import MOST_BUCKETS as MOST_EXPONENTIAL_BUCKETS
from aiops.ingest.otlp_exponential import cumulative, ladder_of
from aiops.ingest.otlp_layouts import EXTREMES, Layout, layout_of, read_columns
from aiops.ingest.otlp_values import told_by
from aiops.ingest.protobuf import decoded

MOST_BUCKETS: Final = 200
_MILLION: Final = 1_000_000
_NO_VALUE: Final = 1


class Kind(Enum):
    """What a metric's points are."""

    NUMBER = "number"
    HISTOGRAM = "histogram"
    EXPONENTIAL = "exponential histogram"


_MESSAGES: Final = MappingProxyType(
    {
        Kind.NUMBER: NumberDataPoint,
        Kind.HISTOGRAM: HistogramDataPoint,
        Kind.EXPONENTIAL: ExponentialHistogramDataPoint,
    }
)


@dataclass(slots=True, eq=False, kw_only=True)
class Family:
    """What the points of one metric of one resource have in common.

    Args:
        kind: what they are.
        metric: as the sender calls it.
        unit: as we write it.
        labels: of the resource.
        is_delta: whether a point tells what came since the one before.
        restarts: whether they count from 0 on, and say since when.
        keys: what their ends stand for.
    """

    kind: Kind
    metric: str
    unit: str
    labels: dict[str, str]
    is_delta: bool
    restarts: bool
    keys: dict[bytes, int] = field(default_factory=dict)


class _Spelled(NamedTuple):
    """A point that was read in full; times in nanoseconds."""

    family: Family
    key: bytes | None
    series: RawSeries
    start: int
    time: int
    values: list[float]


@dataclass(slots=True)
class _Found:
    """Points of one layout that are known by their ends."""

    numbers: list[int] = field(default_factory=list)
    points: list[bytes] = field(default_factory=list)
    families: list[tuple[Family, int]] = field(default_factory=list)
    """Whose they are, with how many in a row."""

    def family_of(self, place: int) -> Family:
        """Return whose a point is."""
        for family, count in self.families:
            if place < count:
                return family
            place -= count
        raise IndexError(place)


@dataclass(slots=True)
class Points:
    """Collects the points of one body."""

    catalog: Catalog
    received_at: datetime
    samples: int = 0
    refused: Counter[str] = field(default_factory=Counter)
    _found: dict[Layout, _Found] = field(default_factory=dict)
    _spelled: list[_Spelled] = field(default_factory=list)
    _blocks: list[Block] = field(default_factory=list)

    def refuse(self, why: str, count: int = 1) -> None:
        """Note points that are not taken."""
        self.samples += count
        self.refused[why] += count

    def take(self, family: Family, points: Sequence[bytes]) -> None:
        """Take the points of a family."""
        if not points:
            return
        layout = _layout(family, points[0])
        if layout is None:
            for one in points:
                self._spell(family, one)
            return
        get, begin = family.keys.get, layout.head
        numbers = (
            [get(one[begin:-EXTREMES]) for one in points]
            if layout.extremes
            else [get(one[begin:]) for one in points]
        )
        if None in numbers:
            for number, one in zip(numbers, points, strict=True):
                if number is None:
                    self._spell(family, one)
            points = [
                one for number, one in zip(numbers, points, strict=True) if number is not None
            ]
        found = self._found.setdefault(layout, _Found())
        found.numbers += [one for one in numbers if one is not None]
        found.points += points
        found.families.append((family, len(points)))

    def pushed(self) -> Pushed:
        """Return what the body came down to."""
        for layout, found in self._found.items():
            if found.points:
                self._read(layout, found)
        self._meet()
        return Pushed(blocks=tuple(self._blocks), samples=self.samples, refused=self.refused)

    def _read(self, layout: Layout, found: _Found) -> None:
        columns = read_columns(layout, found.points)
        for place in np.flatnonzero(~columns.fits):
            self._spell(found.family_of(int(place)), found.points[place])
        fits = columns.fits
        numbers = np.array(found.numbers, dtype=np.int64)[fits]
        start, at = columns.start[fits], columns.time[fits]
        self._keep(numbers, start // _MILLION, at // _MILLION, columns.values[fits])

    def _spell(self, family: Family, point: bytes) -> None:
        """Read a point in full."""
        found = decoded(point, _MESSAGES[family.kind], "a point")
        told = told_by(found.attributes)
        labels = {**family.labels, **{key: text for key, text in told.items() if key}}
        if len(labels) > MOST_LABELS:
            self.refuse(f"over {MOST_LABELS} attributes")
            return
        told_values = _told(family, found)
        if isinstance(told_values, str):
            self.refuse(told_values)
            return
        bounds, values = told_values
        if found.flags & _NO_VALUE:
            values = [np.nan] * len(values)
        key = self.catalog.signals.key(family.metric, labels)
        series = RawSeries(key=key, unit=family.unit, bounds=bounds)
        layout = _layout(family, point)
        end = None if layout is None or found.flags else layout.end_of(point)
        times = (found.start_time_unix_nano, found.time_unix_nano)
        self._spelled.append(_Spelled(family, end, series, *times, values))

    def _meet(self) -> None:
        """Take the points that were read in full, by the width of their values."""
        by_width: dict[int, list[tuple[int, _Spelled]]] = {}
        is_new = [one.series.fingerprint not in self.catalog.counted for one in self._spelled]
        numbers = self.catalog.meet([one.series for one in self._spelled])
        for number, fresh, one in zip(numbers, is_new, self._spelled, strict=True):
            family = one.family
            if one.key is not None:
                self.catalog.remember(family.keys, one.key, number)
            counts = family.restarts and (fresh or not family.is_delta)
            if number >= 0 and counts:
                self.catalog.begun(number)
            by_width.setdefault(len(one.values), []).append((number, one))
        for _, some in sorted(by_width.items()):
            self._keep(
                np.array([number for number, _ in some], dtype=np.int64),
                np.array([one.start // _MILLION for _, one in some], dtype=np.int64),
                np.array([one.time // _MILLION for _, one in some], dtype=np.int64),
                np.array([one.values for _, one in some], dtype=np.float64),
                deltas=np.array([one.family.is_delta for _, one in some]),
            )

    def _keep(
        self,
        numbers: npt.NDArray[np.int64],
        start: Times,
        at: Times,
        values: Floats,
        deltas: npt.NDArray[np.bool_] | None = None,
    ) -> None:
        self.samples += len(numbers)
        passed = numbers < 0
        if passed.any():
            self.catalog.count_passed(numbers[passed])
            asked = ~passed
            numbers, start, at, values = numbers[asked], start[asked], at[asked], values[asked]
            deltas = None if deltas is None else deltas[asked]
        if not len(numbers):
            return
        self._blocks.append(timely(numbers, at, values, self.received_at, self.refused))
        again = self.catalog.restarted(numbers, start, at)
        if again.any():
            zeros = np.zeros((int(again.sum()), values.shape[1]))
            old: Counter[str] = Counter()  # a start may be long ago, and is no point of its own
            self._blocks.append(timely(numbers[again], start[again], zeros, self.received_at, old))
        if deltas is not None and deltas.any():
            self.catalog.ended(numbers[deltas])  # from now on a start is but the time before


def _layout(family: Family, point: bytes) -> Layout | None:
    if family.kind is Kind.EXPONENTIAL:
        return None
    return layout_of(point, is_histogram=family.kind is Kind.HISTOGRAM)


def _told(family: Family, found: Any) -> tuple[tuple[float, ...] | None, list[float]] | str:
    """Return bounds, None for a number, and values of a point; why where it cannot be taken."""
    if family.kind is Kind.NUMBER:
        kind = found.WhichOneof("value")
        return None, [float(getattr(found, kind))] if kind else [np.nan]
    if family.kind is Kind.EXPONENTIAL:
        return _exponential(found, family.unit)
    return _histogram(found)


def _exponential(found: Any, unit: str) -> tuple[tuple[float, ...], list[float]] | str:
    ladder, bounds = ladder_of(unit)
    below = cumulative(found, ladder)
    if below is None:
        return f"an exponential histogram of over {MOST_EXPONENTIAL_BUCKETS:,} buckets"
    return bounds, [*below, float(found.count), _sum(found)]


def _histogram(found: Any) -> tuple[tuple[float, ...], list[float]] | str:
    """Return bounds and values of a histogram; why, for bounds that are none."""
    bounds = tuple(found.explicit_bounds)
    counts = list(found.bucket_counts) or [found.count]
    if not found.bucket_counts:
        bounds = ()
    rises = all(one < other for one, other in pairwise(bounds))
    if len(counts) != len(bounds) + 1 or len(counts) > MOST_BUCKETS or not rises:
        return f"a histogram without ascending bounds, or over {MOST_BUCKETS} of them"
    below = np.cumsum(np.array(counts, dtype=np.float64)).tolist()
    return bounds, [*below, float(found.count), _sum(found)]


def _sum(found: Any) -> float:
    return float(found.sum) if found.HasField("sum") else np.nan
