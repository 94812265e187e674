r"""How series of Prometheus remote write end: with one sample each, as Prometheus writes it. Pure.

    12 10 09 vv vv vv vv vv vv vv vv 10 tt tt tt tt tt tt
    12 07                            10 tt tt tt tt tt tt     where the value is 0

A time of today is a number of six bytes, seven bits in each, the least first; all but the last have
their eighth bit set. Series are read side by side: a column is a step, however many there are.
"""

from collections.abc import Sequence
from typing import Any, Final, NamedTuple

import numpy as np

from aiops.domain.pushed import Whole
from aiops.domain.ticks import Floats, Times

TAIL: Final = 18
"""Bytes of a sample, its own tag and length with them."""

ZERO_TAIL: Final = 9
"""The same of one whose value is 0, which protobuf leaves out."""

_LAYOUT: Final = np.dtype(
    {
        "names": ["head", "value", "zero_head", "last"],
        "formats": ["<u4", "<f8", "<u2", "<u8"],
        "offsets": [0, 3, TAIL - ZERO_TAIL, TAIL - 8],
        "itemsize": TAIL,
    }
)
"""What may stand in the last 18 bytes of a series, one on top of the other."""

_HEAD, _HEAD_BITS, _ZERO_HEAD = 0x09_10_12, 0xFF_FF_FF, 0x07_12
_TIMED, _TIMED_BITS = np.uint64(0x00_80_80_80_80_80_10_00), np.uint64(0x80_80_80_80_80_80_FF_00)
_EVEN, _ODD = np.uint64(0x00_7F_00_7F_00_7F), np.uint64(0x7F_00_7F_00_7F_00)
_PAIR: Final = np.uint64(0x3F_FF)


class Tails(NamedTuple):
    """Samples at the end of series.

    Args:
        sizes: how many bytes are the sample; 0 where a series ends otherwise, shape (series,).
        at: epoch milliseconds, nonsense where the size is 0.
        values: the same.
    """

    sizes: Whole
    at: Times
    values: Floats


def read_tails(series: Sequence[bytes]) -> Tails:
    r"""Return how series end.

    Examples:
        >>> zero = b"\x12\x07\x10\x80\xc8\xe2\xe1\xc1\x33"
        >>> sizes, at, values = read_tails([b"labels" + zero, b"no sample"])
        >>> sizes.tolist(), at[0].tolist(), values[0].tolist()
        ([9, 0], 1770000000000, 0.0)
    """
    lengths = np.fromiter(map(len, series), np.int64, len(series))
    # With something before the first, each has a whole tail before its end.
    joined = b"".join((bytes(TAIL), *series))
    every = np.ndarray((len(joined) - TAIL + 1,), f"V{TAIL}", joined, strides=(1,))
    found = every[np.cumsum(lengths)].view(_LAYOUT)
    last = found["last"]
    timed = (last & _TIMED_BITS) == _TIMED
    full = timed & ((found["head"] & _HEAD_BITS) == _HEAD) & (lengths > TAIL)
    zero = timed & (found["zero_head"] == _ZERO_HEAD) & (lengths > ZERO_TAIL)
    sizes = np.where(full, TAIL, np.where(zero, ZERO_TAIL, 0))
    return Tails(sizes, _moments(last >> np.uint64(16)), np.where(full, found["value"], 0.0))


def _moments(digits: Any) -> Times:
    """Return the numbers that six bytes each spell."""
    pairs = (digits & _EVEN) | ((digits & _ODD) >> np.uint64(1))
    low, middle = pairs & _PAIR, (pairs >> np.uint64(16)) & _PAIR
    found = low | (middle << np.uint64(14)) | ((pairs >> np.uint64(32)) << np.uint64(28))
    moments: Times = found.view(np.int64)
    return moments
