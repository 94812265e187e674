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
Layout = tuple[tuple[str, np.dtype[Any], tuple[int, ...]], ...]
"""Name, type and shape of arrays, in their order."""

MAGIC = b"AIOD"
VERSION = 7
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


def layout_of(arrays: Arrays) -> Layout:
    """Return what describes arrays."""
    return tuple((name, array.dtype, array.shape) for name, array in arrays.items())


def described(layout: Layout) -> list[Any]:
    """Return a layout in what JSON knows.

    Examples:
        >>> described(layout_of({"level": np.zeros((2, 3), np.float32)}))
        [['level', '<f4', [2, 3]]]
    """
    return [
        [name, dtype.descr if dtype.names else dtype.str, list(shape)]
        for name, dtype, shape in layout
    ]


def layout_from(found: Sequence[Any]) -> Layout:
    """Return the layout that `described` described."""
    return tuple(
        (
            name,
            np.dtype(dtype if isinstance(dtype, str) else [*map(tuple, dtype)]),
            tuple(shape),
        )
        for name, dtype, shape in found
    )


def about(series: Sequence[Series]) -> dict[str, Any]:
    """Return what says that something is of exactly these series, and in which form."""
    return {"form": VERSION, "count": len(series), "series": _known_digest(series)}


def check(kind: str, about: Mapping[str, Any], series: Sequence[Series]) -> int:
    """Return how many of these series something is of: all of them, or fewer.

    Slots never move, new series are appended.

    Raises:
        StateFormatError: it has another form, or is of another series set.
    """
    count = int(about["count"])
    if about["form"] != VERSION:
        raise StateFormatError(
            f"{kind} blob: of form {about['form']}, expected {VERSION}; rebuild it"
        )
    if count > len(series) or about["series"] != _known_digest(series[:count]):
        raise StateFormatError(
            f"{kind} blob: of another series set ({count} series, the shard has {len(series)});"
            " rebuild it"
        )
    return count


def pack(kind: str, about: Mapping[str, Any], arrays: Arrays) -> bytes:
    """Return `arrays`, and what JSON can hold about them, as bytes."""
    layout = described(layout_of(arrays))
    header = json.dumps({"kind": kind, "about": about, "arrays": layout}).encode()
    parts: list[Any] = [_PREFIX.pack(MAGIC, VERSION, len(header)), header]
    size = _PREFIX.size + len(header)
    for array in arrays.values():
        # A view, not `tobytes`: megabytes of a state would be copied once more.
        raw = np.ascontiguousarray(array).reshape(-1).view(np.uint8)
        padding = -size % _ALIGNMENT
        parts += [b"\0" * padding, raw.data]
        size += padding + raw.size
    return b"".join(parts)


def unpack(kind: str, data: Buffer) -> tuple[dict[str, Any], dict[str, npt.NDArray[Any]]]:
    """Return what `pack` packed; the arrays are read-only.

    Raises:
        StateFormatError: another form or version, or cut off.
    """
    header = _header(kind, data)
    arrays: dict[str, npt.NDArray[Any]] = {}
    offset = _PREFIX.size + int(header["length"])
    for name, dtype, shape in layout_from(header["arrays"]):
        offset += -offset % _ALIGNMENT
        items = int(np.prod(shape, dtype=np.int64))
        if offset + items * dtype.itemsize > len(data):
            raise StateFormatError(f"{kind} blob: cut off in {name!r}; rebuild it")
        arrays[name] = np.frombuffer(data, dtype, items, offset).reshape(shape)
        offset += items * dtype.itemsize
    return header["about"], arrays


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
