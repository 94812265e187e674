"""Tie the life of a process to the life of the process that started it.

Two halves, both for the case that the parent is killed with ``kill -9`` and can stop nobody:

* Any program: it is started through this file, which asks the kernel for a signal on the parent's
  death and then becomes the program (``tethered``). Nothing runs between fork and exec, which is
  what makes ``preexec_fn`` unsafe in a process with threads.
* Python programs of ours: they call ``die_with_parent`` first thing. It ends the children of the
  child as well (Celery's pool), which the kernel's signal does not reach. One that shares the
  group of a command calls ``end_with_parent``.

This file is run by path with ``-I -S``, so it imports the standard library only.
"""

import ctypes
import os
import signal
import sys
import threading
import time

_PR_SET_PDEATHSIG = 1  # <linux/prctl.h>
_WATCH_INTERVAL_SECONDS = 0.25
_EXIT_ORPHANED = 143  # what a shell shows for a process ended by SIGTERM


def tethered(argv: tuple[str, ...]) -> tuple[str, ...]:
    """Return the command line that runs ``argv`` and ends it when the caller dies.

    On Linux the kernel sends SIGTERM when the *thread* that started the child ends, so start it
    from a thread that lives as long as the child shall. Elsewhere the program is not tethered.

    Examples:
        >>> tethered(("sleep", "60"))[-2:]
        ('sleep', '60')
    """
    return (sys.executable, "-I", "-S", __file__, str(os.getpid()), *argv)


def die_with_parent() -> None:
    """End this process and its whole process group when its parent dies.

    Call it first thing in a child that leads its own process group (``Supervisor`` starts them
    so). A thread watches the parent and kills the group, on every platform. It takes the place of
    the kernel's SIGTERM, which would end this process alone and leave Celery's pool behind.
    """
    parent = os.getppid()
    _signal_on_parent_death(None)
    threading.Thread(target=_watch, args=(parent,), name="die-with-parent", daemon=True).start()


def end_with_parent() -> None:
    """End this process, and no other, when its parent dies: for one that shares its group."""
    watch = threading.Thread(
        target=_leave, args=(os.getppid(),), name="end-with-parent", daemon=True
    )
    watch.start()


def _watch(parent: int) -> None:
    _wait_for_end(parent)
    os.killpg(os.getpgrp(), signal.SIGKILL)


def _leave(parent: int) -> None:
    _wait_for_end(parent)
    os._exit(_EXIT_ORPHANED)


def _wait_for_end(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(_WATCH_INTERVAL_SECONDS)


def _signal_on_parent_death(number: signal.Signals | None) -> None:
    if not sys.platform.startswith("linux"):
        return
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(_PR_SET_PDEATHSIG, int(number or 0), 0, 0, 0) != 0:
        code = ctypes.get_errno()
        raise OSError(code, f"prctl(PR_SET_PDEATHSIG): {os.strerror(code)}")


def _become(argv: list[str]) -> None:
    """Run ``PARENT_PID PROGRAM ARGUMENT...`` in place of this process."""
    parent, program, arguments = int(argv[0]), argv[1], argv[1:]
    _signal_on_parent_death(signal.SIGTERM)
    if os.getppid() != parent:  # it died before the kernel was asked to tell us
        sys.exit(_EXIT_ORPHANED)
    try:
        os.execvp(program, arguments)  # noqa: S606 - no shell is the point
    except OSError as error:
        sys.exit(f"cannot start {program}: {error.strerror}")


if __name__ == "__main__":
    _become(sys.argv[1:])
