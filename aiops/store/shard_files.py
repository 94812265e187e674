"""Large values of a shard as files that processes map: a cache, never the only place.

A file is written beside its name and put there in one step, so a name stands for whole content.
What processes map they share; a file that is removed lives on until the last of them lets go.
"""

import os
from collections.abc import Callable
from mmap import ACCESS_READ, mmap
from pathlib import Path
from urllib.parse import quote


class ShardFiles:
    """The files of all shards of one kind.

    Nothing is synced to the disk, so files are believed only until the machine starts anew.

    Args:
        directory: made with the first file.
        boot: `boot_id`, or "" where it is not known: then there are no files.
        fault: is told what is in the way of a file; whoever wants it does without.
    """

    def __init__(self, directory: Path, boot: str, fault: Callable[[str], None]) -> None:
        self._directory = directory
        self._boot = boot
        self._fault = fault

    def load(self, shard_id: str, name: str) -> mmap | None:
        """Return the content of a file, mapped read-only; None where it is not there or empty."""
        path = self._path(shard_id, name)
        if not self._boot or not path.exists():
            return None
        try:
            with path.open("rb") as file:
                return mmap(file.fileno(), 0, access=ACCESS_READ)
        except (OSError, ValueError) as error:  # ValueError: there is nothing in it
            self._fault(f"{path} cannot be read: {error}")
            return None

    def save(self, shard_id: str, name: str, data: bytes) -> bool:
        """Write a file, replacing one of that name; return whether it is there."""
        if not self._boot:
            return False
        path = self._path(shard_id, name)
        new = path.with_name(f"{path.name}.{os.getpid()}.new")
        try:
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            new.write_bytes(data)
            new.replace(path)
        except OSError as error:
            self._fault(f"{path} cannot be written: {error}")
            return False
        return True

    def keep_only(self, shard_id: str, name: str) -> None:
        """Remove every other file of a shard."""
        kept = self._path(shard_id, name)
        for path in kept.parent.glob("*"):
            if path != kept:
                path.unlink(missing_ok=True)

    def _path(self, shard_id: str, name: str) -> Path:
        return self._directory / quote(shard_id, safe="") / f"{name}.{self._boot}"


def boot_id() -> str:
    """Return what names this run of the machine; "" where nothing does."""
    path = Path("/proc/sys/kernel/random/boot_id")
    return path.read_text(encoding="ascii").strip() if path.exists() else ""
