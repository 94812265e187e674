"""Pushed samples as bytes: a header, then each block with its numbers, times and values.

Packed with snappy, for they go to the disk twice, and most times and many digits repeat.
"""

import struct
from collections.abc import Sequence

import numpy as np

from aiops.domain.errors import StateFormatError
from aiops.domain.pushed import Block

_HEADER = struct.Struct("<4sBxxxI")  # magic, version, count of blocks; or bytes, where packed
_BLOCK = struct.Struct("<II")  # samples, width
_MAGIC = b"AIOP"
_VERSION = 1
_PACKED = 2


def pack_blocks(blocks: Sequence[Block]) -> bytes:
    """Return blocks as bytes.

    Examples:
        >>> one = Block(np.array([7], np.int32), np.array([1000]), np.array([[0.5]]))
        >>> (again,) = unpack_blocks(pack_blocks([one]))
        >>> again.numbers.tolist(), again.at.tolist(), again.values.tolist()
        ([7], [1000], [[0.5]])
    """
    parts = [_HEADER.pack(_MAGIC, _VERSION, len(blocks))]
    for numbers, at, values in blocks:
        parts.append(_BLOCK.pack(*values.shape))
        parts.append(np.ascontiguousarray(numbers, dtype="<i4").tobytes())
        parts.append(np.ascontiguousarray(at, dtype="<i8").tobytes())
        parts.append(np.ascontiguousarray(values, dtype="<f8").tobytes())
    plain = b"".join(parts)
    import pyarrow as pa  # noqa: PLC0415 - it takes a while, and only what pushes needs it

    packed: bytes = pa.compress(plain, codec="snappy", asbytes=True)
    return _HEADER.pack(_MAGIC, _PACKED, len(plain)) + packed


def unpack_blocks(blob: bytes) -> tuple[Block, ...]:
    """Return the blocks `pack_blocks` packed.

    Raises:
        StateFormatError: the bytes have another form or are cut.
    """
    try:
        blob = _unpacked(blob)
        magic, version, count = _HEADER.unpack_from(blob)
        if (magic, version) != (_MAGIC, _VERSION):
            raise StateFormatError(f"pushed samples begin with {blob[:5]!r}, unknown here")
        place, found = _HEADER.size, []
        for _ in range(count):
            samples, width = _BLOCK.unpack_from(blob, place)
            place += _BLOCK.size
            numbers = np.frombuffer(blob, "<i4", samples, place)
            place += 4 * samples
            at = np.frombuffer(blob, "<i8", samples, place)
            place += 8 * samples
            values = np.frombuffer(blob, "<f8", samples * width, place)
            place += 8 * samples * width
            found.append(Block(numbers, at, values.reshape(samples, width)))
    except (struct.error, ValueError) as error:
        raise StateFormatError(f"pushed samples are cut at {len(blob)} bytes") from error
    return tuple(found)


def _unpacked(blob: bytes) -> bytes:
    """Return a blob as it was before it was packed; earlier releases wrote them so."""
    magic, version, length = _HEADER.unpack_from(blob)
    if (magic, version) != (_MAGIC, _PACKED):
        return blob
    import pyarrow as pa  # noqa: PLC0415

    try:
        plain: bytes = pa.decompress(blob[_HEADER.size :], length, codec="snappy", asbytes=True)
    except (OSError, pa.ArrowException) as error:
        raise StateFormatError(f"pushed samples cannot be unpacked ({error})") from error
    return plain
