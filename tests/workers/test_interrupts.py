"""Signals interrupt a block wherever they meet it."""

import signal
import sys
import time

import pytest

from workers.interrupts import interruptible


class InterruptedWhenDeleted:
    """What is raised in its `__del__` Python ignores."""

    def __del__(self) -> None:
        signal.raise_signal(signal.SIGINT)


def test_the_handlers_of_before_are_back_after_the_block() -> None:
    before, hook = signal.getsignal(signal.SIGTERM), sys.unraisablehook
    with interruptible(), pytest.raises(KeyboardInterrupt, match="SIGTERM"):
        signal.raise_signal(signal.SIGTERM)
    assert signal.getsignal(signal.SIGTERM) is before
    assert sys.unraisablehook is hook


def test_an_interrupt_that_python_ignored_comes_again() -> None:
    with interruptible():
        InterruptedWhenDeleted()
        with pytest.raises(KeyboardInterrupt):
            time.sleep(5)
