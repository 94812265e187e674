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


@contextmanager
def interruptible() -> Iterator[None]:
    """Turn SIGTERM and SIGHUP into ``KeyboardInterrupt``, as Ctrl-C is, inside the block.

    An interrupt that meets code whose exceptions Python ignores (``__del__``, the callbacks of
    weak references, as while a module is imported) would be lost: it is sent again.

    Only the main thread may use it: Python delivers signals there.
    """

    def interrupt(number: int, _frame: FrameType | None) -> None:
        raise KeyboardInterrupt(signal.Signals(number).name)

    def notice(lost: "UnraisableHookArgs") -> None:
        if issubclass(lost.exc_type, KeyboardInterrupt):
            # Not at once: we are still where it would be ignored.
            again = threading.Timer(_AGAIN_SECONDS, os.kill, (os.getpid(), signal.SIGINT))
            again.daemon = True
            again.start()
        else:
            hook(lost)

    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    hook, sys.unraisablehook = sys.unraisablehook, notice
    before = {number: signal.signal(number, interrupt) for number in numbers}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        sys.unraisablehook = hook
