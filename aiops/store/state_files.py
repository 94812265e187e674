"""Running states of shards in memory-mapped files: what has not changed is not written again.

A file holds the arrays of up to two states, each with a header that says which place in the log
the state belongs to and where in the file its arrays lie. Reading gives views of the map. Writing
puts the arrays that are not such views where the state that was read has none, then its header in
place of the other one: whoever is killed on the way leaves the state he read as it was.

One process at a time works with a file, and its views are good for as long: the kernel takes the
lock from a process that dies. It is a cache: what cannot be read is not there.
"""

import fcntl
import mmap
import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

import numpy as np
import numpy.typing as npt

from aiops.detect.blob import Arrays, layout_of
from aiops.store.state_headers import (
    HEADER_BYTES,
    PAGE_BYTES,
    PREFIX_BYTES,
    About,
    Header,
    packed,
    pages_of,
    unpacked,
)

Write = Callable[[int, memoryview, int], int]
"""`os.pwrite`: descriptor, bytes, offset → how many of them were written."""

_HEADERS = np.array([[0], [2 * HEADER_BYTES // PAGE_BYTES]])
_NOWHERE = np.empty((2, 0), dtype=np.int64)


class StateFiles:
    """The files of all shards.

    Nothing is synced to the disk, so files are believed only until the machine starts anew.

    Args:
        directory: made with the first file.
        boot: `boot_id`, or "" where it is not known: then there are no files.
        fault: is told what is in the way of a file; whoever wants it does without.
        write: the only way to the disk.
    """

    def __init__(
        self,
        directory: Path,
        boot: str,
        fault: Callable[[str], None],
        write: Write = os.pwrite,
    ) -> None:
        self._directory = directory
        self._boot = boot
        self._fault = fault
        self._write = write
        self._open: dict[str, StateFile] = {}

    @contextmanager
    def held(self, shard_id: str) -> Iterator["StateFile | None"]:
        """Give a shard's file to this process alone; None where there can be none."""
        file = self._held(shard_id) if self._boot else None
        try:
            yield file
        finally:
            if file is not None:
                file.release()

    def _held(self, shard_id: str) -> "StateFile | None":
        path = self._directory / quote(shard_id, safe="") / self._boot
        try:
            while True:
                file = self._open.get(shard_id) or StateFile.opened(path, self._fault, self._write)
                self._open[shard_id] = file
                if file.hold():
                    return file
                del self._open[shard_id]  # somebody has removed or replaced it
        except OSError as error:
            self._fault(f"{path} cannot be opened: {error}")
            return None


class StateFile:
    """The file of one shard; `StateFiles.held` gives it."""

    def __init__(
        self, path: Path, descriptor: int, fault: Callable[[str], None], write: Write
    ) -> None:
        self._path = path
        self._descriptor = descriptor
        self._fault = fault
        self._pwrite = write
        self._map: mmap.mmap | None = None
        self._kept: int | None = None
        self._views: dict[int, tuple[npt.NDArray[Any], int]] = {}
        self._spans = _NOWHERE

    def __del__(self) -> None:
        os.close(self._descriptor)

    @classmethod
    def opened(cls, path: Path, fault: Callable[[str], None], write: Write) -> "StateFile":
        """Return a shard's file, made where there is none; those of other boots are removed."""
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        for other in path.parent.iterdir():
            if other != path:
                other.unlink(missing_ok=True)
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        return cls(path, descriptor, fault, write)

    def hold(self) -> bool:
        """Wait until nobody else has the file; return whether it is still the one of its path."""
        fcntl.flock(self._descriptor, fcntl.LOCK_EX)
        self._forget()
        own = os.fstat(self._descriptor)
        try:
            now = self._path.stat()
        except FileNotFoundError:
            return False
        if (own.st_dev, own.st_ino) != (now.st_dev, now.st_ino):
            return False
        if self._map is None or len(self._map) != own.st_size:
            self._map_anew(own.st_size)
        return True

    def release(self) -> None:
        """Let others have it; no view of it is good from now on."""
        self._forget()
        fcntl.flock(self._descriptor, fcntl.LOCK_UN)

    def load(self, name: str) -> tuple[About, Arrays] | None:
        """Return what was saved under a name, without copying; None where there is nothing."""
        self._forget()
        if self._map is None:
            return None
        for number in (0, 1):
            header = unpacked(self._map, number * HEADER_BYTES)
            if header is not None and header.name == name:
                self._kept = number
                return header.about, self._mapped(self._map, header)
        return None

    def save(self, name: str, about: About, arrays: Arrays) -> bool:
        """Write a state beside the one that was loaded; return whether it is there.

        Args:
            name: to load it by.
            about: what else is to be known of it; whatever JSON can hold.
            arrays: by name; those that `load` returned are not written again.
        """
        try:
            self._save(name, about, arrays)
        except OSError as error:
            self._fault(f"{self._path} cannot be written: {error}")
            return False
        return True

    def _save(self, name: str, about: About, arrays: Arrays) -> None:
        starts, fresh, end = self._placed(arrays)
        header = packed(name, about, layout_of(arrays), [starts[key] for key in arrays])
        for number in {0, 1} - {self._kept}:
            # First of all: what it points to will not be what it was.
            self._write(number * HEADER_BYTES, bytes(PREFIX_BYTES))
        if self._map is None or end * PAGE_BYTES > len(self._map):
            size = 2 * end * PAGE_BYTES  # what is not written takes no room on the disk
            os.ftruncate(self._descriptor, size)
            self._map_anew(size)
        for start, content in _runs([(starts[key], arrays[key]) for key in fresh]):
            self._write(start * PAGE_BYTES, content)
        self._write(HEADER_BYTES if self._kept == 0 else 0, header)

    def _placed(self, arrays: Arrays) -> tuple[dict[str, int], list[str], int]:
        """Return the first page of each array, which ones to write, and where all of them end."""
        room = _Room(np.hstack([_HEADERS, self._spans]))
        starts: dict[str, int] = {}
        for key, array in arrays.items():
            known = self._views.get(id(array))
            if known is not None:
                starts[key] = known[1]
        # The large ones first: they leave fewer gaps that nothing fits into.
        fresh = sorted(arrays.keys() - starts.keys(), key=lambda key: (-arrays[key].nbytes, key))
        for key in fresh:
            starts[key] = room.take(pages_of(arrays[key].nbytes))
        return starts, fresh, room.end

    def _mapped(self, content: mmap.mmap, header: Header) -> dict[str, npt.NDArray[Any]]:
        arrays: dict[str, npt.NDArray[Any]] = {}
        self._spans = header.spans
        starts = header.spans[0].tolist()
        for (name, dtype, shape), start in zip(header.layout, starts, strict=True):
            array = arrays[name] = np.ndarray(shape, dtype, content, start * PAGE_BYTES)
            self._views[id(array)] = (array, start)
        return arrays

    def _map_anew(self, size: int) -> None:
        usable = size >= 2 * HEADER_BYTES
        # The map before it lives on for as long as there are views of it.
        self._map = mmap.mmap(self._descriptor, size, access=mmap.ACCESS_READ) if usable else None

    def _write(self, offset: int, data: bytes | memoryview) -> None:
        rest = memoryview(data)
        while rest:
            written = self._pwrite(self._descriptor, rest, offset)
            rest, offset = rest[written:], offset + written

    def _forget(self) -> None:
        self._kept = None
        self._views = {}
        self._spans = _NOWHERE


def _runs(placed: Iterable[tuple[int, npt.NDArray[Any]]]) -> Iterator[tuple[int, bytes]]:
    """Yield the arrays that lie one behind the other as one: a write costs more than a copy.

    Examples:
        >>> one = np.ones(4096, dtype=np.uint8)
        >>> [(start, len(content)) for start, content in _runs([(9, one), (5, one), (4, one[:3])])]
        [(4, 8192), (9, 4096)]
    """
    parts: list[Any] = []
    first = end = 0
    for start, array in sorted(placed, key=lambda one: one[0]):
        if parts and start != end:
            yield first, b"".join(parts)
            parts = []
        if not parts:
            first = end = start
        raw = np.ascontiguousarray(array).reshape(-1).view(np.uint8)
        end += pages_of(raw.size)
        parts += [raw.data, bytes(-raw.size % PAGE_BYTES)]
    if parts:
        yield first, b"".join(parts)


class _Room:
    """Which pages of a file are taken.

    Args:
        taken: first page and count of pages, shape (2, spans).

    Examples:
        >>> room = _Room(np.array([[0, 4, 4], [2, 1, 1]]))
        >>> room.take(3), room.take(2), room.end
        (5, 2, 8)
    """

    def __init__(self, taken: npt.NDArray[np.int64]) -> None:
        starts, ends = taken[0], taken.sum(axis=0)
        steps = np.zeros(int(ends.max()) + 1, dtype=np.int64)
        np.add.at(steps, starts, 1)
        np.subtract.at(steps, ends, 1)
        self._pages = bytearray((np.cumsum(steps[:-1]) > 0).tobytes())

    @property
    def end(self) -> int:
        return len(self._pages)

    def take(self, count: int) -> int:
        """Return the first of so many pages in the first gap that has room for them."""
        found = self._pages.find(bytes(count))
        start = found if found >= 0 else len(self._pages)
        self._pages[start : start + count] = b"\1" * count
        return start
