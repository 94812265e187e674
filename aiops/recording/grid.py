"""Samples at any time -> ticks at a fixed step, as a live system would have closed them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from aiops.domain.errors import InputError
from aiops.domain.ticks import History, Packed, Times
from aiops.recording.rows import Numbers, Rows

SEAM_SECONDS: Final = 86_400
SEAM_TICKS: Final = 3_600
"""Where nothing at all was recorded for a day, or for so many ticks if that is less, two
recordings were put together; a shorter silence is one of the system's telemetry."""

MAX_CELLS: Final = 1 << 29
"""Ticks times series: 2 GiB of values; more is a wrong step."""

WEEK_SECONDS: Final = 7 * 86_400
_SERIES_ASKED: Final = 64


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Grid:
    """The ticks of a recording: those at which a sample is due.

    A sample belongs to the first tick not before it, so no tick knows of the future. Silence of
    all series is kept as ticks without values, up to a seam, which is left out.

    Args:
        step_seconds: distance between two ticks.
        phase_seconds: where in a step the ticks lie, from 0: where the samples do.
        firsts: number of the first tick of every stretch between seams, ascending.
        lasts: number of the last tick of it.
    """

    step_seconds: int
    phase_seconds: int
    firsts: Times
    lasts: Times

    @property
    def times(self) -> Times:
        """Every tick, in epoch seconds."""
        numbers = [
            np.arange(first, last + 1)
            for first, last in zip(self.firsts.tolist(), self.lasts.tolist(), strict=True)
        ]
        return np.concatenate(numbers) * self.step_seconds + self.phase_seconds

    def rows_of(self, times: Times) -> Times:
        """Return which row of `times` each sample falls into."""
        numbers = _numbers(times, self.step_seconds, self.phase_seconds)
        offsets = np.concatenate([[0], np.cumsum(self.lasts - self.firsts + 1)[:-1]])
        stretch = np.searchsorted(self.firsts, numbers, side="right") - 1
        rows: Times = numbers + (offsets - self.firsts)[stretch]
        return rows


def grid_of(rows: Rows, step_seconds: int | None) -> Grid:
    """Return the ticks of a recording.

    Args:
        rows: its samples.
        step_seconds: None: the median distance between two samples of a series.
    """
    step = step_seconds or median_step(rows)
    phase = _phase(rows.times, step)
    found = pc.unique(pa.array(_numbers(rows.times, step, phase))).to_numpy()
    numbers = np.sort(found)
    seams = np.flatnonzero(np.diff(numbers) > max(min(SEAM_TICKS, SEAM_SECONDS // step), 1))
    return Grid(
        step_seconds=step,
        phase_seconds=phase,
        firsts=numbers[np.concatenate([[0], seams + 1])],
        lasts=numbers[np.concatenate([seams, [len(numbers) - 1]])],
    )


def median_step(rows: Rows) -> int:
    """Return the median distance between two samples of one series, in whole seconds, ≥ 1.

    Of an even number of distances the lower one in the middle: one that occurs. Asks a fixed
    choice of series, because a median needs no more; 60 where no series has two samples.
    """
    count = len(rows.columns)
    chosen = np.zeros(count, dtype=np.bool_)
    chosen[:: -(-count // _SERIES_ASKED)] = True
    asked = chosen[rows.series]
    series, times = rows.series[asked], rows.times[asked]
    order = np.lexsort((times, series))
    distances = np.diff(times[order])[np.diff(series[order]) == 0]
    distances = distances[distances > 0]
    if not len(distances):
        return 60
    return max(int(np.quantile(distances, 0.5, method="lower")), 1)


def history_of(rows: Rows, slots: Sequence[int] | Numbers, width: int, grid: Grid) -> History:
    """Return the samples as ticks; of several samples in one tick the last counts.

    Args:
        rows: the samples.
        slots: by column of `rows`, which slot its values go to; below 0 for none.
        width: how many slots there are.
        grid: the ticks.

    Raises:
        InputError: there would be more values than make sense.
    """
    times = grid.times
    if len(times) * width > MAX_CELLS:
        raise InputError(
            f"{len(times)} ticks of {grid.step_seconds} s for {width} series are too many; "
            "expected a step that fits the samples (`step_s` in case.json)"
        )
    values = np.full(len(times) * width, np.nan, dtype=np.float32)
    slot = np.asarray(slots, dtype=np.int64)[rows.series]
    kept = np.isfinite(rows.values) & (slot >= 0)
    cells = (grid.rows_of(rows.times) * width + slot)[kept]
    _put(values, cells, rows.values[kept], rows.times[kept])
    return History(times=times, values=values.reshape(len(times), width))


def _put(values: Packed, cells: Times, samples: Packed, times: Times) -> None:
    """Write samples into their cells, the latest last where a cell is met twice."""
    filled = np.zeros(len(values), dtype=np.bool_)
    filled[cells] = True
    if np.count_nonzero(filled) < len(cells):
        order = np.argsort(times, kind="stable")
        cells, samples = cells[order], samples[order]
    values[cells] = samples


def before(history: History, start: int) -> History:
    """Return a baseline as one that ended before `start`, moved back by whole weeks if need be.

    Fault-free time is often recorded afterwards; whole weeks keep its hours and weekdays.
    """
    if not len(history.times) or history.times[-1] < start:
        return history
    weeks = (int(history.times[-1]) - start) // WEEK_SECONDS + 1
    return History(times=history.times - weeks * WEEK_SECONDS, values=history.values)


def _numbers(times: Times, step: int, phase: int) -> Times:
    return -((phase - times) // step)


def _phase(times: Times, step: int) -> int:
    """Return where in a step ticks lie: after the samples, before the widest silence."""
    if step == 1:
        return 0
    residues = np.flatnonzero(_common(np.bincount(times % step, minlength=step)))
    silence = np.diff(np.append(residues, residues[0] + step))
    return int(residues[int(silence.argmax())])


def _common(counts: npt.NDArray[np.int64]) -> npt.NDArray[np.bool_]:
    """Return the places in a step at which more than a stray sample lies."""
    common: npt.NDArray[np.bool_] = counts * len(counts) * 10 >= counts.sum()
    return common
