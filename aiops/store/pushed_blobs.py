"""Pushed samples as bytes: a header, then each block with its numbers, times and values."""

import struct
from collections.abc import Sequence

import numpy as np

from aiops.domain.errors import StateFormatError
from aiops.domain.pushed import Block

_HEADER = struct.Struct("<4sBxxxI")  # magic, version, count of blocks
_BLOCK = struct.Struct("<II")  # samples, width
_MAGIC = b"AIOP"
_VERSION = 1


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
    return b"".join(parts)


def unpack_blocks(blob: bytes) -> tuple[Block, ...]:
    """Return the blocks `pack_blocks` packed.

    Raises:
        StateFormatError: the bytes have another form or are cut.
    """
    try:
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
