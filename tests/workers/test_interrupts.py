"""Signals interrupt a block wherever they meet it."""

import signal
import subprocess
import sys
import time

import pytest

from workers.interrupts import Interrupted, interruptible

IN_AN_EXEC = """
import signal
from workers.interrupts import Interrupted, interruptible
try:
    with interruptible():
        exec("signal.raise_signal(signal.SIGINT)")
except Interrupted:
    print("stopped")
"""


class InterruptedWhenDeleted:
    """What is raised in its `__del__` Python ignores."""

    def __del__(self) -> None:
        signal.raise_signal(signal.SIGINT)


def test_the_handlers_of_before_are_back_after_the_block() -> None:
    before, hook = signal.getsignal(signal.SIGTERM), sys.unraisablehook
    with interruptible(), pytest.raises(Interrupted, match="SIGTERM"):
        signal.raise_signal(signal.SIGTERM)
    assert signal.getsignal(signal.SIGTERM) is before
    assert sys.unraisablehook is hook


def test_an_interrupt_that_python_ignored_comes_again() -> None:
    with interruptible():
        InterruptedWhenDeleted()
        with pytest.raises(Interrupted):
            time.sleep(5)


def test_a_library_that_breaks_over_an_interrupt_was_interrupted() -> None:
    def commit() -> None:
        try:
            signal.raise_signal(signal.SIGTERM)
        finally:
            raise AssertionError("half-way through")

    with pytest.raises(Interrupted, match="SIGTERM"), interruptible():
        commit()


def test_a_failure_without_an_interrupt_stays_what_it_is() -> None:
    with pytest.raises(ValueError, match="of its own"), interruptible():
        raise ValueError("of its own")


def test_an_interrupt_in_an_exec_does_not_end_the_process_by_a_signal() -> None:
    ended = subprocess.run([sys.executable, "-c", IN_AN_EXEC], capture_output=True, check=False)
    assert (ended.returncode, ended.stdout) == (0, b"stopped\n"), ended.stderr
