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
_REMEMBERED = 64


class Header(NamedTuple):
    """What a file says of one state.

    Args:
        name: its place in the log.
        about: what else is to be known of it.
        layout: of its arrays.
        starts: the first page of each of them.
    """

    name: str
    about: About
    layout: Layout
    starts: Sequence[int]


def packed(header: Header) -> bytes:
    """Return a header as bytes.

    Raises:
        OSError: there is no room for it.
    """
    about = json.dumps([header.name, header.about]).encode()
    layout = _layout_bytes(header.layout)
    starts = np.array(header.starts, dtype=_START).tobytes()
    body = about + layout + starts
    if _PREFIX.size + len(body) > HEADER_BYTES:
        raise OSError(errno.EFBIG, f"{len(header.starts)} arrays take more than a header has room")
    lengths = (len(about), len(layout), len(starts))
    return _PREFIX.pack(_MAGIC, _VERSION, zlib.crc32(body), *lengths) + body


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
    if len(starts) and int((starts + pages).max()) * PAGE_BYTES > len(content):
        return None
    return Header(name, about, layout, starts.tolist())


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
