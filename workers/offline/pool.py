"""Processes that share the work of one command, and end with it however it ends."""

import multiprocessing
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from typing import Any

from workers.tether import end_with_parent


def pool_of(
    processes: int, begin: Callable[..., None] | None = None, *given: Any
) -> ProcessPoolExecutor:
    """Return a pool whose processes end when this one is gone, also by `kill -9`.

    Args:
        processes: how many, each started when there is work for it.
        begin: called first in each of them, with what is given.
        given: what it is called with; it is pickled.
    """
    spawn = multiprocessing.get_context("spawn")  # a fork would copy the bar's thread's locks
    return ProcessPoolExecutor(
        processes, mp_context=spawn, initializer=_begin, initargs=(begin, given)
    )


def _begin(begin: Callable[..., None] | None, given: tuple[Any, ...]) -> None:
    end_with_parent()
    if begin is not None:
        begin(*given)
