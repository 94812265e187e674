"""Packed vectors as the history database keeps them: a header that names them, then numbers."""

import struct

import numpy as np
import numpy.typing as npt

from aiops.domain.errors import StateFormatError
from aiops.domain.ticks import Floats, Packed

Slots = npt.NDArray[np.int32]

_HEADER = struct.Struct("<4sBcxxI")  # magic, version, dtype, count of columns
_MAGIC = b"AIOV"
_VERSION = 1
EMPTY_BYTES = _HEADER.size
"""Length of a vector without any column."""

_TICK = b"f"
_KPI = b"k"


def pack_tick(values: Packed) -> bytes:
    """Return one tick's float32 values with their header.

    Examples:
        >>> unpack_tick(pack_tick(np.array([1.5, np.nan], dtype=np.float32))).tolist()
        [1.5, nan]
    """
    body = np.ascontiguousarray(values, dtype="<f4")
    return _HEADER.pack(_MAGIC, _VERSION, _TICK, body.size) + body.tobytes()


def unpack_tick(blob: bytes) -> Packed:
    """Return the values `pack_tick` packed.

    Raises:
        StateFormatError: the blob has another form or is cut.
    """
    return np.frombuffer(_body(blob, _TICK, 4), dtype="<f4")


def pack_kpis(slots: Slots, rows: Floats) -> bytes:
    """Return KPI readings with their header.

    Args:
        slots: of which series of the shard, shape (series,).
        rows: observed, expected and scale, shape (3, series).
    """
    where = np.ascontiguousarray(slots, dtype="<i4")
    body = np.ascontiguousarray(rows, dtype="<f8")
    return _HEADER.pack(_MAGIC, _VERSION, _KPI, where.size) + where.tobytes() + body.tobytes()


def unpack_kpis(blob: bytes) -> tuple[Slots, Floats]:
    """Return what `pack_kpis` packed.

    Raises:
        StateFormatError: the blob has another form or is cut.
    """
    body = _body(blob, _KPI, 4 + 3 * 8)
    count = len(body) // (4 + 3 * 8)
    slots = np.frombuffer(body, dtype="<i4", count=count)
    return slots, np.frombuffer(body, dtype="<f8", offset=4 * count).reshape(3, count)


def _body(blob: bytes, kind: bytes, bytes_per_series: int) -> bytes:
    if len(blob) < _HEADER.size:
        raise StateFormatError(f"a stored vector has {len(blob)} bytes, less than its header")
    magic, version, dtype, count = _HEADER.unpack_from(blob)
    if (magic, version, dtype) != (_MAGIC, _VERSION, kind):
        raise StateFormatError(f"a stored vector begins with {blob[:6]!r}, which is unknown here")
    body = blob[_HEADER.size :]
    if len(body) != count * bytes_per_series:
        raise StateFormatError(f"a stored vector of {count} series is cut at {len(body)} bytes")
    return body
