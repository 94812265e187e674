"""What the processes below this one use: CPU, memory and written bytes, as Linux counts them."""

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from aiops.domain.errors import ConfigurationError

_PROC = Path("/proc")
_SAMPLE_SECONDS = 0.5


class Usage(NamedTuple):
    """Totals since the processes began."""

    cpu_seconds: float
    written_bytes: int

    def since(self, before: "Usage") -> "Usage":
        """Return what was used after `before`."""
        return Usage(
            self.cpu_seconds - before.cpu_seconds, self.written_bytes - before.written_bytes
        )


def require_linux() -> None:
    """Refuse to measure where nothing tells what processes use.

    Raises:
        ConfigurationError: there is no Linux /proc here.
    """
    if not (_PROC / "self" / "smaps_rollup").exists():
        raise ConfigurationError(
            "aiops bench detect reads /proc/*/smaps_rollup, which only Linux has; run it there"
        )


def usage_of(pid: int, *, itself: bool = True) -> Usage:
    """Return what a process and all below it have used."""
    seconds, written = 0.0, 0
    for one in _tree(pid):
        if one != pid or itself:
            seconds += _cpu_seconds(one)
            written += _field(one, "io", "write_bytes:")
    return Usage(seconds, written)


class Memory:
    """The most memory in bytes that this process and all below it had at once.

    Of this process counts what it had in the beginning: what it makes afterwards is the
    benchmark's own. PSS: a page that several processes share counts once.
    """

    def __init__(self) -> None:
        self._own = _pss_bytes(os.getpid())
        self.peak_bytes = 0

    def look(self) -> None:
        """Take the memory of this moment into account."""
        own = os.getpid()
        below = sum(_pss_bytes(pid) for pid in _tree(own) if pid != own)
        self.peak_bytes = max(self.peak_bytes, self._own + below)


@contextmanager
def watched_memory() -> Iterator[Memory]:
    """Look at the memory twice a second until the end of the block."""
    memory, stop = Memory(), threading.Event()

    def watch() -> None:
        while not stop.wait(_SAMPLE_SECONDS):
            memory.look()

    thread = threading.Thread(target=watch, daemon=True)
    thread.start()
    try:
        yield memory
    finally:
        stop.set()
        thread.join()


def _pss_bytes(pid: int) -> int:
    return _field(pid, "smaps_rollup", "Pss:") * 1024


def _tree(root: int) -> list[int]:
    """Return a process and all below it that live now."""
    children: dict[int, list[int]] = {}
    for entry in _PROC.iterdir():
        if entry.name.isdigit() and (stat := _stat(int(entry.name))):
            children.setdefault(int(stat[1]), []).append(int(entry.name))
    found = [root]
    for pid in found:
        found += children.get(pid, ())
    return found


def _cpu_seconds(pid: int) -> float:
    stat = _stat(pid)
    return sum(map(int, stat[11:13])) / os.sysconf("SC_CLK_TCK") if stat else 0.0


def _stat(pid: int) -> list[str]:
    """Return what follows the name in /proc/PID/stat: state, parent …; [] if it has ended."""
    return _read(pid, "stat").rpartition(")")[2].split()


def _field(pid: int, file: str, name: str) -> int:
    for line in _read(pid, file).splitlines():
        if line.startswith(name):
            return int(line.split()[1])
    return 0


def _read(pid: int, file: str) -> str:
    try:
        return (_PROC / str(pid) / file).read_text(encoding="utf-8", errors="replace")
    except (FileNotFoundError, ProcessLookupError, PermissionError):  # ended meanwhile
        return ""
