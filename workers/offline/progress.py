"""A progress bar on stderr, for who watches; nothing for a pipe."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

Report = Callable[[float], None]
"""Told how much was done since it was told last, in the unit of the total."""


@contextmanager
def progress(doing: str, total: float) -> Iterator[Report]:
    """Show a bar on stderr while it is a terminal.

    Args:
        doing: what takes its time.
        total: how much there is to do, in any unit.
    """
    if not sys.stderr.isatty():
        yield lambda count: None
        return
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(doing, total=total)
        yield lambda count: bar.advance(task, count)
