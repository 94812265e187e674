"""One user per data directory, also across a ``kill -9`` of that user."""

import fcntl
import os
import signal
import time
from pathlib import Path
from types import TracebackType
from typing import Self

from aiops.domain.errors import AiopsError
from workers.interrupts import Interrupted


class DirectoryInUseError(AiopsError):
    """Another process holds the data directory; the message says which."""


class DirectoryLock:
    """Holds a data directory for us, as long as the process or a child it gave ``fd`` to lives.

    Children that write into the directory inherit ``fd``. So after a ``kill -9`` of the holder
    the directory is free only when the last of them has ended, and the next start waits for that.

    Args:
        directory: made if missing, readable by its owner only.
        leftover_pid_file: a child's pid file; a leftover child that does not end is killed.
        leftover_grace_seconds: how long children of a holder that is gone may take to end.
    """

    def __init__(
        self,
        directory: Path,
        *,
        leftover_pid_file: Path | None = None,
        leftover_grace_seconds: float = 5.0,
    ) -> None:
        self.directory = directory
        self._leftover_pid_file = leftover_pid_file
        self._leftover_grace_seconds = leftover_grace_seconds
        self._fd: int | None = None

    @property
    def fd(self) -> int:
        """The descriptor that carries the lock, for ``ProcessSpec.inherited_fds``."""
        if self._fd is None:
            raise DirectoryInUseError(f"{self.directory} is not locked: acquire it first")
        return self._fd

    def acquire(self) -> None:
        """Take the lock.

        Raises:
            DirectoryInUseError: a live process holds it.
            AiopsError: it cannot be made or written.
        """
        fd = self._open()
        try:
            self._wait_for(fd)
        except (DirectoryInUseError, Interrupted):
            os.close(fd)
            raise
        os.ftruncate(fd, 0)
        os.pwrite(fd, str(os.getpid()).encode(), 0)
        self._fd = fd

    def release(self) -> None:
        """Give the lock back; children that inherited it keep it until they end."""
        if self._fd is not None:
            os.close(self._fd)
            self._fd = None

    def __enter__(self) -> Self:
        self.acquire()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.release()

    def _open(self) -> int:
        try:
            self.directory.mkdir(parents=True, exist_ok=True, mode=0o700)
            return os.open(self.directory / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise AiopsError(
                f"{self.directory} cannot be written ({error.strerror}): "
                "give this user the right to, or name another data directory"
            ) from error

    def _wait_for(self, fd: int) -> None:
        """Lock ``fd``; children of a holder that is gone get some seconds to end."""
        grace_ends = time.monotonic() + self._leftover_grace_seconds
        killed = False
        while not _try_lock(fd):
            holder = _read_pid(self.directory / "lock")
            now = time.monotonic()
            if _is_alive(holder) or (killed and now > grace_ends):
                raise DirectoryInUseError(
                    f"{self.directory} is in use by process {holder}: end that process, "
                    "or name another data directory"
                )
            if now > grace_ends:
                # Whoever still holds the lock is a child of the dead holder: no other process
                # can be meant by the pid file while it lives.
                _kill(_read_pid(self._leftover_pid_file))
                killed, grace_ends = True, now + self._leftover_grace_seconds
            time.sleep(0.05)


def _try_lock(fd: int) -> bool:
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _read_pid(path: Path | None) -> int | None:
    if path is None or not path.exists():
        return None
    text = path.read_text().strip()
    return int(text) if text.isdecimal() else None


def _is_alive(pid: int | None) -> bool:
    if pid is None:
        return False
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:  # it lives, as another user
        return True
    return True


def _kill(pid: int | None) -> None:
    if pid is not None and _is_alive(pid):
        os.kill(pid, signal.SIGKILL)
