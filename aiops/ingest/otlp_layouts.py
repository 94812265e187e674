"""How points of OTLP metrics lie in their bytes, as every SDK and collector writes them. Pure.

    number      [11 start] 19 time  21 value | 31 value  3a attributes …
    histogram    11 start  19 time  21 count  29 sum  32 counts  3a bounds  4a attributes …
                 [59 min  61 max]

A tag is one byte; what follows it is eight bytes, or has its length before it. Whatever lies
otherwise is read in full.
"""

from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from aiops.domain.ticks import Floats, Times
from aiops.ingest.protobuf import past_fields

EXTREMES: Final = 18
"""Bytes of the least and the greatest value at the end of a histogram."""

_START, _TIME, _COUNT, _SUM, _COUNTS = 0x11, 0x19, 0x21, 0x29, 0x32
_DOUBLE, _INT = 0x21, 0x31
_NUMBER_ATTRIBUTES, _BOUNDS, _ATTRIBUTES = 0x3A, 0x3A, 0x4A
_MIN, _MAX = 0x59, 0x61
_FIELD: Final = 9
_COUNTS_AT: Final = 36
_MOST_COUNT_BYTES: Final = 1600

Bytes = npt.NDArray[np.uint8]


class Layout(NamedTuple):
    """Where the parts of a point are.

    Args:
        head: bytes before the end, which is looked up.
        counts: buckets of a histogram; 0 for a number.
        extremes: whether least and greatest value come last.
    """

    head: int
    counts: int = 0
    extremes: bool = False

    def end_of(self, point: bytes) -> bytes | None:
        """Return the end of a point that tells whose it is; None where other parts are in it.

        So it is where nothing is: whatever is shorter than a point ends like that, too.
        """
        end = point[self.head : -EXTREMES] if self.extremes else point[self.head :]
        if not end:
            return None
        if not self.counts:
            return end if past_fields(end, _NUMBER_ATTRIBUTES) == len(end) else None
        attributes = past_fields(end, _BOUNDS)
        return end if past_fields(end, _ATTRIBUTES, attributes) == len(end) else None


class Columns(NamedTuple):
    """Points side by side.

    Args:
        fits: which of them lie as their layout says, shape (points,).
        start: nanoseconds since 1970, 0 where it is not told.
        time: the same.
        values: shape (points, width).
    """

    fits: npt.NDArray[np.bool_]
    start: Times
    time: Times
    values: Floats


def layout_of(point: bytes, *, is_histogram: bool) -> Layout | None:
    """Return how a point lies; None where it is none of the usual forms."""
    if is_histogram:
        return _of_histogram(point)
    head = 3 * _FIELD if point[:1] == bytes([_START]) else 2 * _FIELD
    tags = [_START, _TIME] if head > 2 * _FIELD else [_TIME]
    usual = len(point) >= head and [point[n * _FIELD] for n in range(len(tags))] == tags
    return Layout(head) if usual and point[head - _FIELD] in (_DOUBLE, _INT) else None


def has_extremes(point: bytes) -> bool:
    """Return whether a point may end with its least and greatest value."""
    return len(point) > EXTREMES and (point[-EXTREMES], point[-_FIELD]) == (_MIN, _MAX)


def read_columns(layout: Layout, points: Sequence[bytes]) -> Columns:
    """Return points side by side."""
    head = layout.head
    raw = np.frombuffer(b"".join([one[:head] for one in points]), np.uint8).reshape(-1, head)
    if layout.counts:
        return _histograms(layout, points, raw)
    fields = raw.reshape(len(points), -1, _FIELD)
    tags, numbers = fields[:, :, 0], _numbers(fields)
    is_int = tags[:, -1] == _INT
    fits = (tags[:, -2] == _TIME) & (is_int | (tags[:, -1] == _DOUBLE))
    value = np.where(is_int, numbers[:, -1], np.ascontiguousarray(numbers[:, -1]).view("<f8"))
    start = np.zeros_like(numbers[:, 0])
    if numbers.shape[1] > 2:
        fits &= tags[:, 0] == _START
        start = numbers[:, 0]
    return Columns(fits & (numbers[:, -2] > 0), start, numbers[:, -2], value[:, None])


def _of_histogram(point: bytes) -> Layout | None:
    if len(point) < _COUNTS_AT + 3:
        return None
    tags = [point[n * _FIELD] for n in range(5)]
    if tags != [_START, _TIME, _COUNT, _SUM, _COUNTS]:
        return None
    length, begin = point[_COUNTS_AT + 1], _COUNTS_AT + 2
    if length >= 0x80:
        length, begin = (length & 0x7F) | (point[begin] << 7), begin + 1
    if not length or length % 8 or length > _MOST_COUNT_BYTES or len(point) < begin + length:
        return None
    return Layout(begin + length, length // 8, has_extremes(point))


def _histograms(layout: Layout, points: Sequence[bytes], raw: Bytes) -> Columns:
    begin = layout.head - 8 * layout.counts
    first = raw[0, _COUNTS_AT:begin]
    fields = raw[:, :_COUNTS_AT].reshape(len(points), -1, _FIELD)
    tags = np.array([_START, _TIME, _COUNT, _SUM], dtype=np.uint8)
    fits = (fields[:, :, 0] == tags).all(axis=1) & (raw[:, _COUNTS_AT:begin] == first).all(axis=1)
    if layout.extremes:
        last = b"".join([one[-EXTREMES:] for one in points])
        ends = np.frombuffer(last, np.uint8).reshape(-1, EXTREMES)
        fits &= (ends[:, 0] == _MIN) & (ends[:, _FIELD] == _MAX)
    numbers = _numbers(fields)
    counts = np.ascontiguousarray(raw[:, begin:]).view("<u8").astype(np.float64)
    total = np.ascontiguousarray(numbers[:, 3]).view("<f8")
    values = np.empty((len(points), layout.counts + 2))
    np.cumsum(counts, axis=1, out=values[:, :-2])
    values[:, -2], values[:, -1] = numbers[:, 2], total
    return Columns(fits & (numbers[:, 1] > 0), numbers[:, 0], numbers[:, 1], values)


def _numbers(fields: Bytes) -> Times:
    """Return what follows the tags, shape (points, fields, 9) -> (points, fields)."""
    found: Times = np.ascontiguousarray(fields[:, :, 1:]).view("<i8")[:, :, 0]
    return found
