"""How the day of a KPI has shifted of late: its peak wanders, or its evenings grow.

A season by medians is the middle of weeks, and lags behind a day that changes a little from day to
day. What it leaves of the last weeks is decomposed (STL: seasonal and trend by local regression),
and the seasonal part of the last day is how the day has shifted. That takes much longer than the
medians: it is tried for the declared KPIs alone, and kept where it tells days it has not seen
clearly better.

An incident must not bend the day. Medians of three days running see to that before anything is
decomposed: weights inside the decomposition (its robust form) let more through, and cost more.

References:
    J. W. Tukey, Exploratory Data Analysis (1977), 7A: medians of 3 and what becomes of the ends.
    R. B. Cleveland et al., STL: A Seasonal-Trend Decomposition Procedure Based on Loess (1990).
"""

from dataclasses import replace
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from aiops.detect.calendar import BIN_SECONDS, DAY_BINS
from aiops.detect.season_blocks import Blocks
from aiops.detect.season_medians import (
    DAILY,
    WEEKLY,
    YOUNG,
    Kinds,
    by_sort_of_day,
    error_of,
    season_by_kind,
    tiled,
)
from aiops.detect.traits import Slots
from aiops.domain.ticks import Packed

_Days = npt.NDArray[np.float64]

WINDOW_DAYS = 7
"""Days that a shift is learnt from."""

MOST_KPIS = 20
"""Series of a shard for which a shift is looked for."""

_LEAST_DAYS, _MOST_DAYS = 14, 21
_HELD_DAYS, _WEEK = 3, 7
"""Days held out; of a week all of them, lest a shift is judged without a weekend."""

_LEAST_KNOWN = 0.75
"""Of every day: a shorter hole is filled from the days before and after."""

_BETTER_BY = 0.8
_JUMP = DAY_BINS // 10
_SMOOTH_BINS = 5


class Shifted(NamedTuple):
    """A season that has shifted: what it was before (DAILY or WEEKLY) and what it is now.

    Args:
        kind: of the season that was shifted.
        season: shape (672,), in the series' unit.
    """

    kind: int
    season: Packed


def shifted_seasons(blocks: Blocks, kinds: Kinds, tried: Slots) -> dict[int, Shifted]:
    """Return the seasons of those series whose day has shifted, by position of the series.

    Args:
        blocks: of series of one zone.
        kinds: which season by medians every series has, shape (series,).
        tried: positions of the series to look at.
    """
    found = {}
    for slot in tried[kinds[tried] != YOUNG].tolist():
        one = replace(blocks, values=blocks.values[:, slot : slot + 1])
        shifted = _shifted(one, int(kinds[slot]))
        if shifted is not None:
            found[slot] = shifted
    return found


def _shifted(one: Blocks, kind: int) -> Shifted | None:
    """Return the season of a series; None where it does not tell held-out days clearly better.

    The weeks of a day that shifts differ, so that a weekly season may be nothing but the shift.
    """
    days = _lately(one)
    if len(days) < _LEAST_DAYS:
        return None
    held_days = _WEEK if kind == WEEKLY else _HELD_DAYS
    held = one.days >= days[-held_days]
    past, future = one.where(~held), one.where(held)
    best, least = None, _error(future, season_by_kind(past, np.array([kind])))
    for base in sorted({DAILY, max(kind, DAILY)}):
        error = _error(future, _season(past, base, days[:-held_days]))
        if error < _BETTER_BY * least:
            best, least = base, error
    return None if best is None else Shifted(best, _season(one, best, days)[:, 0])


def _error(future: Blocks, season: Packed) -> float:
    return float(error_of(future, season, np.zeros(1, dtype=np.bool_))[0])


def _season(one: Blocks, base: int, days: Slots) -> Packed:
    """Return the season, shape (672, 1), as some last days tell that it has become.

    It is that of days, or of working days and weekends: a shift needs days that follow each other.
    Their sizes differ, so a shift counts as a share of the size of its day.
    """
    weekly = base == WEEKLY
    season = one.smooth(by_sort_of_day(one)) if weekly else season_by_kind(one, np.array([base]))
    size = np.abs(season).reshape(-1, DAY_BINS).mean(axis=1).repeat(DAY_BINS)[:, None]
    size[size == 0] = 1
    rest = (one.values - season[one.slots]) / size[one.slots]
    return np.asarray(season + size * tiled(_shift(rest, one, days)[:, None]))


def _lately(one: Blocks) -> Slots:
    """Return the numbers of the last days that were measured well, without a gap between them."""
    known = np.isfinite(_by_day(one.values, one)).mean(axis=1) >= _LEAST_KNOWN
    if one.seconds != BIN_SECONDS or not known.any():
        return np.empty(0, dtype=np.intp)
    last = int(np.flatnonzero(known)[-1])
    gaps = np.flatnonzero(~known[:last])
    first = int(gaps[-1]) + 1 if len(gaps) else 0
    return int(one.days[0]) + np.arange(max(first, last + 1 - _MOST_DAYS), last + 1)


def _by_day(values: Packed, one: Blocks) -> Packed:
    """Return the values of a series by day, shape (days, 96); NaN where it has none."""
    day = one.days - one.days[0]
    table = np.full((int(day[-1]) + 1, DAY_BINS), np.nan, dtype=np.float32)
    table[day, one.slots % DAY_BINS] = values[:, 0]
    return table


def _shift(rest: Packed, one: Blocks, days: Slots) -> Packed:
    """Return what the last of some days has in its bins beyond the season, shape (96,)."""
    from statsmodels.tsa.seasonal import STL  # noqa: PLC0415 - takes a second, seldom needed

    tame = _medians_of_three(_filled(_by_day(rest, one)[days - one.days[0]]))
    if not tame.any():
        return np.zeros(DAY_BINS, dtype=np.float32)
    parts = STL(
        tame.ravel(), period=DAY_BINS, seasonal=WINDOW_DAYS, trend_jump=_JUMP, low_pass_jump=_JUMP
    ).fit()
    return _smooth(parts.seasonal[-DAY_BINS:])


def _filled(rest: Packed) -> _Days:
    """Return days without holes: each bin goes straight from the day before to the day after."""
    filled = rest.astype(np.float64)
    day = np.arange(len(rest))
    for column in np.flatnonzero(np.isnan(rest).any(axis=0)):
        known = np.flatnonzero(np.isfinite(rest[:, column]))
        filled[:, column] = np.interp(day, known, rest[known, column]) if len(known) else 0.0
    return filled


def _medians_of_three(days: _Days) -> _Days:
    """Return the median of every day and its neighbours, bin by bin; what is alone is gone.

    The first day and the last have one neighbour, and what the two days next to them lead to.
    """
    inner = np.median([days[:-2], days[1:-1], days[2:]], axis=0)
    first = np.median([days[0], inner[0], 3 * inner[0] - 2 * inner[1]], axis=0)
    last = np.median([days[-1], inner[-1], 3 * inner[-1] - 2 * inner[-2]], axis=0)
    return np.concatenate([first[None], inner, last[None]])


def _smooth(shift: _Days) -> Packed:
    reach = _SMOOTH_BINS // 2
    around = np.concatenate([shift[-reach:], shift, shift[:reach]])
    return np.convolve(around, np.full(_SMOOTH_BINS, 1 / _SMOOTH_BINS), "valid").astype(np.float32)
