"""Rows of recorded series -> the ticks a worker would have closed, series side by side."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from aiops.domain.ticks import Packed, Times
from workers.stages.fit import FIT_SPAN

STEP_ROWS: Final = 12
"""The step is the median distance of this many rows at the beginning; they are not judged."""

_STEP_WITHOUT_ROWS: Final = 60
_WEEK: Final = 7 * 86_400
_SILENT_TICKS: Final = 50_000
"""A silence of so many ticks, or as long as a fit looks back, is not closed tick by tick."""

Rows = npt.NDArray[np.intp]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SeriesGrid:
    """The ticks that some series have in common.

    Args:
        step_seconds: distance of two ticks.
        times: epoch seconds, ascending; the same one twice where a row replaces another.
        values: shape (ticks, series), NaN where nothing was measured.
        places: of the series in the input.
        rows: of every series, the tick of each of its rows.
    """

    step_seconds: int
    times: Times
    values: Packed
    places: tuple[int, ...]
    rows: tuple[Rows, ...]


def grids_of(series: Sequence[tuple[Times, Packed]], together: bool = True) -> list[SeriesGrid]:
    """Return grids that hold every series once.

    Those whose rows keep to one step share a grid with others of that step: they are moved by
    whole weeks until they begin in the same one, which no season notices.

    Args:
        series: times, never descending, and values of each.
        together: False gives every series a grid of its own.
    """
    shared: dict[tuple[int, int], list[int]] = defaultdict(list)
    grids = []
    for place, (times, values) in enumerate(series):
        step = step_seconds_of(times)
        if together and _is_regular(times, step):
            shared[step, int(times[0] % step)].append(place)
        else:
            grids.append(_alone(place, times, values, step))
    for (step, _), places in shared.items():
        grids.append(_side_by_side(places, [series[place] for place in places], step))
    return grids


def step_seconds_of(times: Times) -> int:
    """Return the lower median distance of the first `STEP_ROWS` rows, in seconds, ≥ 1.

    Only these decide, so that no later row changes what was said before it.

    Examples:
        >>> step_seconds_of(np.array([0, 60, 120, 600, 660]))
        60
    """
    distances = np.diff(times[:STEP_ROWS])
    distances = distances[distances > 0]
    if not len(distances):
        return _STEP_WITHOUT_ROWS
    return int(np.quantile(distances, 0.5, method="lower"))


def longest_silence(step_seconds: int) -> int:
    """Return how many ticks without a row are closed at most."""
    return max(min(_SILENT_TICKS, int(FIT_SPAN.total_seconds()) // step_seconds), 1)


def _is_regular(times: Times, step: int) -> bool:
    distances = np.diff(times)
    return (
        _WEEK % step == 0
        and bool((distances > 0).all())
        and bool((distances % step == 0).all())
        and bool((distances <= step * longest_silence(step)).all())
    )


def _side_by_side(
    places: Sequence[int], series: Sequence[tuple[Times, Packed]], step: int
) -> SeriesGrid:
    week = int(series[0][0][0]) // _WEEK
    moved = [times + (week - int(times[0]) // _WEEK) * _WEEK for times, _ in series]
    first = min(int(times[0]) for times in moved)
    last = max(int(times[-1]) for times in moved)
    times = np.arange(first, last + 1, step, dtype=np.int64)
    values = np.full((len(times), len(series)), np.nan, dtype=np.float32)
    rows = []
    for slot, (own, (_, measured)) in enumerate(zip(moved, series, strict=True)):
        rows.append((own - first) // step)
        values[rows[-1], slot] = measured
    return SeriesGrid(
        step_seconds=step, times=times, values=values, places=tuple(places), rows=tuple(rows)
    )


def _alone(place: int, times: Times, values: Packed, step: int) -> SeriesGrid:
    """Return the rows as ticks, with ticks of no value where rows are missing."""
    distances = np.diff(times)
    missing = np.maximum((distances / step - 0.5).astype(np.int64), 0)
    missing[missing >= longest_silence(step)] = 0
    rows = np.r_[0, np.cumsum(missing + 1)].astype(np.intp)
    whole = np.repeat(times, np.r_[missing + 1, 1])
    ticks = np.arange(len(whole))
    since = ticks - np.repeat(rows, np.r_[missing + 1, 1])
    column = np.full((len(whole), 1), np.nan, dtype=np.float32)
    column[rows, 0] = values
    return SeriesGrid(
        step_seconds=step,
        times=whole + since * step,
        values=column,
        places=(place,),
        rows=(rows,),
    )
