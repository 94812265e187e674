"""What is odd about a recording's telemetry: infinities, doubles, counters, wrong clocks.

None of it stops a backtest; a person who reads it can repair what writes the file.
"""

from collections.abc import Iterator, Sequence
from typing import Final

import numpy as np
import numpy.typing as npt

from aiops.detect.counters import is_counter
from aiops.domain.ticks import History, Packed, Times
from aiops.domain.time import utc
from aiops.recording.grid import Grid
from aiops.recording.rows import Column, Rows

_TIME_BITS: Final = 40
_ASTRAY: Final = 0.01
_TOGETHER: Final = 256
_NAMED: Final = 3


def remarks_on(rows: Rows, grid: Grid, history: History) -> tuple[str, ...]:
    """Return what is odd about a recording's telemetry, one line each.

    Args:
        rows: its samples.
        grid: its ticks.
        history: the samples in those ticks, by column of `rows`.
    """
    return (*_infinite(rows), *_repeated(rows), *_astray(rows, grid), *_counters(rows, history))


def _infinite(rows: Rows) -> Iterator[str]:
    if len(rows.infinite):
        names = _names(rows.columns, rows.infinite)
        yield f"{_counted(len(rows.infinite), 'value')} infinite, counted as missing: {names}"


def _repeated(rows: Rows) -> Iterator[str]:
    """Tell of rows with series and time of another one."""
    keys = np.sort((rows.series.astype(np.int64) << _TIME_BITS) | rows.times)
    twice = keys[1:][np.diff(keys) == 0]
    if len(twice):
        names = _names(rows.columns, (twice >> _TIME_BITS).astype(np.int32))
        yield f"{_counted(len(twice), 'row')} repeated, the last one counts: {names}"


def _astray(rows: Rows, grid: Grid) -> Iterator[str]:
    """Tell of rows that lie alone, far from all others: the clock of their sender was wrong."""
    if len(grid.firsts) < 2:
        return
    starts = grid.firsts * grid.step_seconds + grid.phase_seconds - grid.step_seconds
    stretch = np.searchsorted(starts, rows.times, side="right") - 1
    counts = np.bincount(stretch, minlength=len(starts))
    for lonely in np.flatnonzero(counts < _ASTRAY * len(stretch)).tolist():
        there = np.flatnonzero(stretch == lonely)
        at = utc(int(rows.times[there[0]])).isoformat()
        names = _names(rows.columns, rows.series[there])
        yield f"{_counted(len(there), 'row')} far from all others at {at}, a wrong clock? {names}"


def _counters(rows: Rows, history: History) -> Iterator[str]:
    """Tell of cumulative counters, and when they began anew."""
    for first in range(0, len(rows.columns), _TOGETHER):
        values = history.values[:, first : first + _TOGETHER]
        for place in np.flatnonzero(is_counter(values)).tolist():
            name = rows.columns[first + place].key.fingerprint
            resets = _resets(history.times, values[:, place])
            text = f", reset at {', '.join(resets[:_NAMED])}" if resets else ""
            more = f" and {len(resets) - _NAMED} times more" if len(resets) > _NAMED else ""
            yield (
                f"{name} is a counter, it only rises{text}{more}; "
                "its rate is what is judged, once that is certain"
            )


def _resets(times: Times, values: Packed) -> list[str]:
    known = np.flatnonzero(np.isfinite(values))
    fell = known[1:][np.diff(values[known]) < 0]
    return [utc(int(at)).isoformat() for at in times[fell]]


def _counted(count: int, noun: str) -> str:
    return f"{count} {noun} is" if count == 1 else f"{count} {noun}s are"


def _names(columns: Sequence[Column], series: npt.NDArray[np.int32]) -> str:
    """Return the first series of some, and how many more there are."""
    found = np.unique(series)
    names = ", ".join(columns[place].key.fingerprint for place in found[:_NAMED].tolist())
    return f"{names} and {len(found) - _NAMED} more" if len(found) > _NAMED else names
