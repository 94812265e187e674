"""Seasons by medians of days or weeks, and the simplest of them that tells a series best.

A series gets the simplest season whose error on held-out time is clearly smaller.
"""

from dataclasses import replace

import numpy as np
import numpy.typing as npt

from aiops.detect.calendar import DAY_BINS, WEEK_BINS
from aiops.detect.medians import nan_median
from aiops.detect.season_blocks import Blocks
from aiops.detect.traits import Bools
from aiops.domain.ticks import Packed

YOUNG, LEVEL, DAILY, WEEKLY = 0, 1, 2, 3
"""What a series is compared with: its last hour, its level, its day, its week."""

Kinds = npt.NDArray[np.int8]

_DAY = 86_400
_BETTER_BY = 0.95
_TAME_SHARE = 0.995


def choose_kind(blocks: Blocks, unknown: Bools) -> tuple[Kinds, Packed]:
    """Return the season of every series and how many days it has values of."""
    known = np.isfinite(blocks.values)
    known_days = np.zeros(blocks.values.shape[1], dtype=np.float32)
    day_numbers = np.unique(blocks.days)
    for day in day_numbers:
        known_days += known[blocks.days == day].any(axis=0)
    span_days = len(blocks.days) * blocks.seconds / _DAY
    known_days = np.minimum(known_days, np.float32(max(span_days, 0.0)))
    kind = np.where(known_days >= 0.99, LEVEL, YOUNG).astype(np.int8)
    if span_days < 1.99:
        return kind, known_days
    weekly = span_days >= 13.9
    held_days = 7 if weekly else max(1, len(day_numbers) // 3)
    held = blocks.days > day_numbers[-1] - held_days
    past, future = blocks.where(~held), blocks.where(held)
    level = error_of(
        future, np.broadcast_to(nan_median(past.values)[0], (WEEK_BINS, len(kind))), unknown
    )
    daily = error_of(future, tiled(_daily(past)), unknown)
    kind[(daily < _BETTER_BY * level) & (known_days >= 1.99)] = DAILY
    if weekly:
        best = np.minimum(daily, level)
        better = error_of(future, _weekly(past), unknown) < _BETTER_BY * best
        kind[better & (known_days >= 12.9)] = WEEKLY
    return kind, known_days


def error_of(future: Blocks, season: Packed, unknown: Bools) -> Packed:
    """Return how badly a season tells values it has not seen; inf where nothing was measured.

    A declared metric is held against its band: the season must tell the shape of whole days. Of a
    series nothing is known of, a change within the last half hour is what counts: the season need
    only help to tell a block from the two before it.
    """
    rest = future.values - season[future.slots]
    error = np.empty(rest.shape[1], dtype=np.float32)
    if not unknown.all():
        told = ~unknown
        error[told] = _mean(np.minimum(np.abs(_centred(rest[:, told])), _tame(future, told)))
    if unknown.any():
        steps = rest[:, unknown]
        error[unknown] = _mean(np.abs(steps[2:] - 0.5 * (steps[1:-1] + steps[:-2])))
    return error


def _tame(future: Blocks, chosen: Bools) -> Packed:
    """Return what all but the wildest half per cent of the values are away from their middle.

    A distance counts at most as much, the same for every season that is compared.
    """
    away = np.sort(np.abs(_centred(future.values[:, chosen])), axis=0)
    count = np.isfinite(away).sum(axis=0)
    rank = np.maximum(np.ceil(_TAME_SHARE * count).astype(np.intp) - 1, 0)
    return np.asarray(np.take_along_axis(away, rank[None], 0)[0])


def _centred(values: Packed) -> Packed:
    return np.asarray(values - nan_median(values)[0], dtype=np.float32)


def _mean(away: Packed) -> Packed:
    known = np.isfinite(away)
    total, count = np.where(known, away, 0).sum(axis=0, dtype=np.float64), known.sum(axis=0)
    return np.where(count > 0, total / np.maximum(count, 1), np.inf).astype(np.float32)


def season_by_kind(blocks: Blocks, kind: Kinds) -> Packed:
    """Return the season of every series by medians, shape (672, series)."""
    season = np.empty((WEEK_BINS, blocks.values.shape[1]), dtype=np.float32)
    season[:] = nan_median(blocks.values)[0]
    for which, build in ((DAILY, _daily), (WEEKLY, _weekly)):
        chosen = np.flatnonzero(kind == which)
        if len(chosen):
            season[:, chosen] = tiled(build(replace(blocks, values=blocks.values[:, chosen])))
    return season


def tiled(season: Packed) -> Packed:
    """Return a day as a week, shape (672, series); a week stays one."""
    return np.tile(season, (WEEK_BINS // len(season), 1))


def _by_bin(values: Packed, bins: npt.NDArray[np.intp], count: int) -> Packed:
    """Return each bin's values, shape (occurrences, count, series); NaN where it has fewer."""
    order = np.argsort(bins, kind="stable")
    ordered = bins[order]
    occurrence = np.arange(len(bins)) - np.searchsorted(ordered, ordered)
    shape = (int(occurrence.max()) + 1, count, values.shape[1])
    table = np.empty(shape, np.float32)
    if len(bins) < shape[0] * count:
        table[:] = np.nan
    table[occurrence, ordered] = values[order]
    return table


def _daily(blocks: Blocks) -> Packed:
    return blocks.smooth(_median_or_nan(_by_bin(blocks.values, blocks.slots % DAY_BINS, DAY_BINS)))


def _weekly(blocks: Blocks) -> Packed:
    """Return shape (672, series): per bin the median over weeks.

    With an even number of weeks the median over days of its sort (working day or weekend) has a
    vote too, so that one week's incident does not become half of every week.
    """
    weeks = _by_bin(blocks.values, blocks.slots, WEEK_BINS)
    sorts = by_sort_of_day(blocks)
    even = np.isfinite(weeks).sum(axis=0) % 2 == 0
    votes = np.concatenate([weeks, np.where(even, sorts, np.nan)[None]])
    return blocks.smooth(_median_or_nan(votes))


def by_sort_of_day(blocks: Blocks) -> Packed:
    """Return working days as one and days of the weekend as one, shape (672, series)."""
    everything = _daily(blocks)
    sorts = []
    for weekend in (False, True):
        chosen = (blocks.slots >= 5 * DAY_BINS) == weekend
        if chosen.any():
            found = _median_or_nan(
                _by_bin(blocks.values[chosen], blocks.slots[chosen] % DAY_BINS, DAY_BINS)
            )
            sorts.append(np.where(np.isfinite(found), found, everything))
        else:
            sorts.append(everything)
    return np.concatenate([np.tile(sorts[0], (5, 1)), np.tile(sorts[1], (2, 1))])


def _median_or_nan(table: Packed) -> Packed:
    median, count = nan_median(table)
    return np.where(count > 0, median, np.nan).astype(np.float32)
