"""Ctrl-C and its like, so that none of them is lost."""

import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sys import UnraisableHookArgs  # it exists for type checkers only

_AGAIN_SECONDS = 0.05


class Interrupted(BaseException):
    """Somebody asked us to end: Ctrl-C, SIGTERM or SIGHUP; its text is the signal's name.

    Not `KeyboardInterrupt`: CPython ends as if by SIGINT when one met the `exec` of a string, as
    dataclasses use, even if it was caught later.
    """


@contextmanager
def interruptible() -> Iterator[None]:
    """Raise `Interrupted` in the block when SIGINT, SIGTERM or SIGHUP comes.

    One that meets code whose exceptions Python ignores (``__del__``, the callbacks of weak
    references, as while a module is imported) would be lost: it is sent again. One that meets a
    library half-way through makes it fail in a way of its own: whatever leaves the block after a
    signal leaves as `Interrupted`.

    Only the main thread may use it: Python delivers signals there.

    Raises:
        Interrupted: it was asked to end.
    """
    asked: list[str] = []

    def interrupt(number: int, _frame: FrameType | None) -> None:
        asked.append(signal.Signals(number).name)
        raise Interrupted(asked[-1])

    def notice(lost: "UnraisableHookArgs") -> None:
        if issubclass(lost.exc_type, Interrupted):
            # Not at once: we are still where it would be ignored.
            again = threading.Timer(_AGAIN_SECONDS, os.kill, (os.getpid(), signal.SIGTERM))
            again.daemon = True
            again.start()
        else:
            hook(lost)

    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    hook, sys.unraisablehook = sys.unraisablehook, notice
    before = {number: signal.signal(number, interrupt) for number in numbers}
    try:
        yield
    except Exception as error:
        if asked:
            raise Interrupted(asked[-1]) from error
        raise
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        sys.unraisablehook = hook
