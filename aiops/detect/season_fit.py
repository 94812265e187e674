"""Robust seasonal profiles of many series at once: season, scale and how far to trust sums.

Blocks of 15 minutes are reduced to days or weeks by medians (`season_medians`). To the season of a
KPI comes how its day has shifted of late, where that pays (`season_stl`).
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Self

import numpy as np
import numpy.typing as npt

from aiops.detect.calendar import (
    BIN_SECONDS,
    WEEK_BINS,
    local_days,
    week_positions,
)
from aiops.detect.clock_change import NO_CHANGE, ClockChange
from aiops.detect.past import Past
from aiops.detect.season_blocks import Blocks
from aiops.detect.season_medians import Kinds, choose_kind, season_by_kind
from aiops.detect.season_scale import LevelPath, residual_scale, trust_in_sums
from aiops.detect.season_stl import WINDOW_DAYS, shifted_seasons
from aiops.detect.traits import Bools, Slots
from aiops.domain.ticks import Floats, History, Packed, Times

_DAY = 86_400


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
        days: days of values each season was learnt from; of a day that shifts, the last ones.
    """

    season: Packed
    scale: Packed
    trust: Packed
    relative: npt.NDArray[np.bool_]
    kind: Kinds
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
    kpis: Slots,
) -> Fitted:
    """Fit every series of a past.

    Args:
        past: of series of one zone.
        local: its ticks by the clock of that zone.
        floor: typical level → least believable scale, both of shape (series,).
        level_memory_seconds: how fast the level will follow the series.
        unknown: series of which nothing but their values is known, shape (series,).
        kpis: positions of those whose day is followed as it shifts.
    """
    blocks = _blocks(past, local)
    kind, known_days = choose_kind(blocks, unknown)
    season = season_by_kind(blocks, kind)
    shifted = shifted_seasons(blocks, kind, kpis)
    for slot, one in shifted.items():
        season[:, slot], kind[slot], known_days[slot] = one.season, one.kind, WINDOW_DAYS
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
        rest = path.rest(ticks.values, usual, past.blocks_at(ticks.times))
        # A day that shifts was another one before: that says nothing of its usual distance now.
        before = ticks.times < past.times[-1] - WINDOW_DAYS * _DAY
        rest[np.ix_(before, list(shifted))] = np.nan
        return rest

    near = rest_of(past.runs, local.runs)
    rest = np.concatenate([rest_of(past.rows, local.rows), near])
    scale = residual_scale(rest, np.concatenate([local.rows, local.runs]), least)
    trust = trust_in_sums(near, local.runs, scale)
    return Fitted(
        season=season, scale=scale, trust=trust, relative=relative, kind=kind, days=known_days
    )


def _blocks(past: Past, local: LocalTimes) -> Blocks:
    return Blocks(
        seconds=max(BIN_SECONDS, int(past.step_seconds)),
        values=past.blocks.values,
        slots=local.slots,
        days=local.days,
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


def _moves_by_factor(values: Packed, season: Packed) -> npt.NDArray[np.bool_]:
    """Return whether a series keeps its shape by factors: above zero, clearly seasonal."""
    low, high = season.min(axis=0), season.max(axis=0)
    lowest = np.nanmin(np.where(np.isfinite(values), values, np.inf), axis=0)
    return np.asarray((lowest >= 0) & (low > 0.05 * high) & (high > 1.5 * low))
