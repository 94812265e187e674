"""The header of a running state in a file: its place in the log, and where its arrays lie."""

import errno
import json
import math
import mmap
import struct
import zlib
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from aiops.detect.blob import Layout, described, layout_from

About = Mapping[str, Any]

PAGE_BYTES = 4096
HEADER_BYTES = 1 << 16
"""The most a header may take."""

_MAGIC, _VERSION = b"AIOM", 1
_PREFIX = struct.Struct("<4sIIIII")
"""Magic, version, CRC of what follows; lengths of what it is of, of the layout, of the places."""
PREFIX_BYTES = _PREFIX.size
_START = np.dtype("<u4")
_REMEMBERED = 256


class Header(NamedTuple):
    """What a file says of one state.

    Args:
        name: its place in the log.
        about: what else is to be known of it.
        layout: of its arrays.
        spans: first page and count of pages of each of them, shape (2, arrays).
    """

    name: str
    about: About
    layout: Layout
    spans: npt.NDArray[np.int64]


def packed(name: str, about: About, layout: Layout, starts: Sequence[int]) -> bytes:
    """Return a header as bytes; `starts` are the first pages of the arrays.

    Raises:
        OSError: there is no room for it.
    """
    parts = (
        json.dumps([name, about]).encode(),
        _layout_bytes(layout),
        np.array(starts, dtype=_START).tobytes(),
    )
    body = b"".join(parts)
    if _PREFIX.size + len(body) > HEADER_BYTES:
        raise OSError(errno.EFBIG, f"{len(layout)} arrays take more than a header has room")
    return _PREFIX.pack(_MAGIC, _VERSION, zlib.crc32(body), *map(len, parts)) + body


def unpacked(content: mmap.mmap, offset: int) -> Header | None:
    """Return a header; None where there is none, half of one, or one of more than the file."""
    magic, version, crc, *lengths = _PREFIX.unpack_from(content, offset)
    if (magic, version) != (_MAGIC, _VERSION) or _PREFIX.size + sum(lengths) > HEADER_BYTES:
        return None
    offset += _PREFIX.size
    body = content[offset : offset + sum(lengths)]
    if zlib.crc32(body) != crc:
        return None
    behind_about, behind_layout = lengths[0], lengths[0] + lengths[1]
    name, about = json.loads(body[:behind_about])
    layout, pages = _layout_of(body[behind_about:behind_layout])
    starts = np.frombuffer(body, _START, offset=behind_layout)
    spans = np.stack([starts, pages])
    if int(spans.sum(axis=0).max(initial=0)) * PAGE_BYTES > len(content):
        return None
    return Header(name, about, layout, spans)


@lru_cache(maxsize=_REMEMBERED)
def _layout_bytes(layout: Layout) -> bytes:
    return json.dumps(described(layout)).encode()


@lru_cache(maxsize=_REMEMBERED)
def _layout_of(packed: bytes) -> tuple[Layout, npt.NDArray[np.int64]]:
    """Return a layout, and how many pages each of its arrays takes."""
    layout = layout_from(json.loads(packed))
    pages = [pages_of(dtype.itemsize * math.prod(shape)) for _, dtype, shape in layout]
    return layout, np.array(pages, dtype=np.int64)


def pages_of(size: int) -> int:
    """Return how many pages hold so many bytes."""
    return -(-size // PAGE_BYTES)
