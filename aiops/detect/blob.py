"""Named arrays ↔ bytes, with a header that says what they are; nothing is ever pickled."""

import hashlib
import json
import struct
from collections.abc import Mapping, Sequence
from mmap import mmap
from typing import Any

import numpy as np
import numpy.typing as npt

from aiops.domain.errors import StateFormatError
from aiops.domain.series import Series

Buffer = bytes | mmap
Arrays = Mapping[str, npt.NDArray[Any]]

MAGIC = b"AIOD"
VERSION = 4
_PREFIX = struct.Struct("<4sHI")
_ALIGNMENT = 16
_REMEMBERED = 512


def series_digest(series: Sequence[Series]) -> str:
    """Return a digest of an ordered set of series: the same set gives the same text anywhere."""
    digest = hashlib.blake2b(digest_size=16)
    for one in series:
        digest.update(one.key.fingerprint.encode() + b"\x1f")
    return digest.hexdigest()


_digests: dict[int, tuple[Sequence[Series], str]] = {}


def _known_digest(series: Sequence[Series]) -> str:
    """Return `series_digest`, remembered for the tuples of the shards in use."""
    found = _digests.get(id(series))
    if found is None or found[0] is not series:
        if len(_digests) >= _REMEMBERED:
            _digests.clear()
        found = _digests[id(series)] = (series, series_digest(series))
    return found[1]


def pack(kind: str, series: Sequence[Series], arrays: Arrays, facts: Mapping[str, int]) -> bytes:
    """Return `arrays` and the whole numbers of `facts` as bytes for exactly these series."""
    described = [
        [name, array.dtype.descr if array.dtype.names else array.dtype.str, list(array.shape)]
        for name, array in arrays.items()
    ]
    header = json.dumps(
        {
            "kind": kind,
            "count": len(series),
            "series": _known_digest(series),
            "facts": dict(facts),
            "arrays": described,
        }
    ).encode()
    parts: list[Any] = [_PREFIX.pack(MAGIC, VERSION, len(header)), header]
    size = _PREFIX.size + len(header)
    for array in arrays.values():
        # A view, not `tobytes`: megabytes of a state would be copied twice at every tick.
        raw = np.ascontiguousarray(array).reshape(-1).view(np.uint8)
        padding = -size % _ALIGNMENT
        parts += [b"\0" * padding, raw.data]
        size += padding + raw.size
    return b"".join(parts)


def unpack(
    kind: str, data: Buffer, series: Sequence[Series]
) -> tuple[int, dict[str, npt.NDArray[Any]], dict[str, int]]:
    """Return the count of series, the read-only arrays and the facts that `pack` wrote.

    The blob may be of fewer series than there are now: slots never move, new ones are appended.

    Raises:
        StateFormatError: another form or version, another series set, or cut off.
    """
    header = _header(kind, data)
    count = int(header["count"])
    if count > len(series) or header["series"] != _known_digest(series[:count]):
        raise StateFormatError(
            f"{kind} blob: of another series set ({count} series, the shard has {len(series)});"
            " rebuild it"
        )
    arrays: dict[str, npt.NDArray[Any]] = {}
    offset = _PREFIX.size + int(header["length"])
    for name, described, shape in header["arrays"]:
        dtype = np.dtype(described if isinstance(described, str) else [*map(tuple, described)])
        offset += -offset % _ALIGNMENT
        items = int(np.prod(shape, dtype=np.int64))
        if offset + items * dtype.itemsize > len(data):
            raise StateFormatError(f"{kind} blob: cut off in {name!r}; rebuild it")
        arrays[name] = np.frombuffer(data, dtype, items, offset).reshape(shape)
        offset += items * dtype.itemsize
    return count, arrays, {name: int(value) for name, value in header["facts"].items()}


def _header(kind: str, data: Buffer) -> dict[str, Any]:
    if len(data) < _PREFIX.size:
        raise StateFormatError(f"{kind} blob: {len(data)} bytes are no header; rebuild it")
    magic, version, length = _PREFIX.unpack_from(data)
    if magic != MAGIC or version != VERSION:
        raise StateFormatError(
            f"{kind} blob: header {magic!r} version {version}, expected {MAGIC!r} version"
            f" {VERSION}; rebuild it"
        )
    try:
        header: dict[str, Any] = json.loads(data[_PREFIX.size : _PREFIX.size + length])
    except ValueError as error:
        raise StateFormatError(f"{kind} blob: unreadable header; rebuild it") from error
    if header.get("kind") != kind:
        raise StateFormatError(f"{kind} blob: holds a {header.get('kind')!r}; rebuild it")
    return {**header, "length": length}
