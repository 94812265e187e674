"""Robust seasonal profiles of many series at once: season, scale and how far to trust sums.

Blocks of 15 minutes are reduced to days or weeks by medians. A series gets the simplest season
whose error on held-out time is clearly smaller.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date
from typing import Self

import numpy as np
import numpy.typing as npt

from aiops.detect.calendar import (
    BIN_SECONDS,
    DAY_BINS,
    WEEK_BINS,
    local_days,
    week_positions,
)
from aiops.detect.clock_change import NO_CHANGE, ClockChange
from aiops.detect.medians import nan_median
from aiops.detect.past import Past
from aiops.detect.season_blocks import Blocks
from aiops.detect.season_scale import LevelPath, residual_scale, trust_in_sums
from aiops.detect.traits import Bools
from aiops.domain.ticks import Floats, History, Packed, Times

YOUNG, LEVEL, DAILY, WEEKLY = 0, 1, 2, 3
"""What a series is compared with: its last hour, its level, its day, its week."""

_DAY = 86_400
_BETTER_BY = 0.95
_TAME_SHARE = 0.995


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Fitted:
    """What was fitted for some series, the last axis.

    Args:
        season: shape (672, series), in the series' unit.
        scale: usual distance by hour group, shape (48, series); a share of the season where
            `relative`.
        trust: factor on the evidence of sums of ticks in (0, 1]; correlated noise has less.
        relative: whether season times level (True) or season plus level.
        kind: YOUNG, LEVEL, DAILY or WEEKLY.
        days: days of values each season was learnt from.
    """

    season: Packed
    scale: Packed
    trust: Packed
    relative: npt.NDArray[np.bool_]
    kind: npt.NDArray[np.int8]
    days: Packed


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LocalTimes:
    """Where the ticks of a past lie in the local week and among the local days.

    Args:
        slots: bin of the week of every block.
        days: number of the local day of every block.
        rows: positions of the rows in the week, as of `calendar.week_positions`.
        runs: positions of the runs.
    """

    slots: npt.NDArray[np.intp]
    days: Times
    rows: Floats
    runs: Floats

    @classmethod
    def of(
        cls, past: Past, zone: str, holidays: frozenset[date], change: ClockChange = NO_CHANGE
    ) -> Self:
        """Return where the ticks of a past lie by the clock of a zone, and since a change of it."""
        blocks, rows, runs = (
            week_positions(change.today(one.times), zone, holidays)
            for one in (past.blocks, past.rows, past.runs)
        )
        return cls(
            slots=blocks.astype(np.intp) % WEEK_BINS,
            days=local_days(change.today(past.blocks.times), zone),
            rows=rows,
            runs=runs,
        )


def fit_seasons(
    past: Past,
    local: LocalTimes,
    *,
    floor: Callable[[Packed], Packed],
    level_memory_seconds: int,
    unknown: Bools,
) -> Fitted:
    """Fit every series of a past.

    Args:
        past: of series of one zone.
        local: its ticks by the clock of that zone.
        floor: typical level → least believable scale, both of shape (series,).
        level_memory_seconds: how fast the level will follow the series.
        unknown: series of which nothing but their values is known, shape (series,).
    """
    blocks = Blocks(
        seconds=max(BIN_SECONDS, int(past.step_seconds)),
        values=past.blocks.values,
        slots=local.slots,
        days=local.days,
    )
    kind, known_days = _choose(blocks, unknown)
    season = _season_by_kind(blocks, kind)
    relative = _moves_by_factor(blocks.values, season)
    path = LevelPath.follow(
        blocks.values,
        season[blocks.slots],
        relative,
        memory=level_memory_seconds / blocks.seconds,
    )
    typical = np.median(season, axis=0)
    least = np.asarray(floor(typical) / np.where(relative, typical, 1), dtype=np.float32)

    def rest_of(ticks: History, at: Floats) -> Packed:
        usual = interpolate(season, at) if blocks.seconds == BIN_SECONDS else season[at.astype(int)]
        return path.rest(ticks.values, usual, past.blocks_at(ticks.times))

    near = rest_of(past.runs, local.runs)
    rest = np.concatenate([rest_of(past.rows, local.rows), near])
    scale = residual_scale(rest, np.concatenate([local.rows, local.runs]), least)
    trust = trust_in_sums(near, local.runs, scale)
    return Fitted(
        season=season, scale=scale, trust=trust, relative=relative, kind=kind, days=known_days
    )


def interpolate(season: Packed, positions: Floats) -> Packed:
    """Return the season at positions between bin centres, shape (positions, series)."""
    shifted = np.asarray(positions) - 0.5
    low = np.floor(shifted).astype(np.intp)
    weight = (shifted - low).astype(np.float32)[:, None]
    change = np.roll(season, -1, axis=0) - season
    values = change[low % WEEK_BINS]
    values *= weight
    values += season[low % WEEK_BINS]
    return values


def _choose(blocks: Blocks, unknown: Bools) -> tuple[npt.NDArray[np.int8], Packed]:
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
    level = _error(
        future, np.broadcast_to(nan_median(past.values)[0], (WEEK_BINS, len(kind))), unknown
    )
    daily = _error(future, _tiled(_daily(past)), unknown)
    kind[(daily < _BETTER_BY * level) & (known_days >= 1.99)] = DAILY
    if weekly:
        best = np.minimum(daily, level)
        better = _error(future, _weekly(past), unknown) < _BETTER_BY * best
        kind[better & (known_days >= 12.9)] = WEEKLY
    return kind, known_days


def _error(future: Blocks, season: Packed, unknown: Bools) -> Packed:
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


def _season_by_kind(blocks: Blocks, kind: npt.NDArray[np.int8]) -> Packed:
    season = np.empty((WEEK_BINS, blocks.values.shape[1]), dtype=np.float32)
    season[:] = nan_median(blocks.values)[0]
    for which, build in ((DAILY, _daily), (WEEKLY, _weekly)):
        chosen = np.flatnonzero(kind == which)
        if len(chosen):
            season[:, chosen] = _tiled(build(replace(blocks, values=blocks.values[:, chosen])))
    return season


def _tiled(season: Packed) -> Packed:
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
    sorts = _by_sort_of_day(blocks)
    even = np.isfinite(weeks).sum(axis=0) % 2 == 0
    votes = np.concatenate([weeks, np.where(even, sorts, np.nan)[None]])
    return blocks.smooth(_median_or_nan(votes))


def _by_sort_of_day(blocks: Blocks) -> Packed:
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


def _moves_by_factor(values: Packed, season: Packed) -> npt.NDArray[np.bool_]:
    """Return whether a series keeps its shape by factors: above zero, clearly seasonal."""
    low, high = season.min(axis=0), season.max(axis=0)
    lowest = np.nanmin(np.where(np.isfinite(values), values, np.inf), axis=0)
    return np.asarray((lowest >= 0) & (low > 0.05 * high) & (high > 1.5 * low))
