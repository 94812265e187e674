"""The usual distance of a series from its season, as its own past shows it."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from aiops.detect.calendar import BIN_SECONDS, HOUR_GROUPS, hour_groups
from aiops.detect.medians import nan_median
from aiops.domain.ticks import Floats, Packed

_SIGMA = 1.4826  # of the median absolute deviation of a normal distribution
_HOUR_BINS = 3600 // BIN_SECONDS
_TAIL_SHARE = 0.001
_TAIL_DISTANCE = 4.0
"""The distance that one value in a thousand may reach: noisier series get a larger scale."""

_SUSTAINED = 4.0
_MOST_MASKED = 0.05
_GROUP = 5
_FEW_ROWS = 4000


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LevelPath:
    """The slow level through a history, causally, and which blocks lie in sustained trouble.

    Args:
        level: before each block, shape (blocks, series): a share of the season or a distance.
        calm: False in blocks that stay far away, shape (blocks, series).
        relative: whether the level is a share.
    """

    level: Packed
    calm: npt.NDArray[np.bool_]
    relative: npt.NDArray[np.bool_]

    @classmethod
    def follow(
        cls,
        values: Packed,
        season: Packed,
        relative: npt.NDArray[np.bool_],
        *,
        memory: float,
    ) -> "LevelPath":
        """Follow the level of blocks against their season, both of shape (blocks, series).

        Args:
            values: NaN where nothing was measured.
            season: what the profile says.
            relative: whether levels are factors.
            memory: blocks of exponential memory.
        """
        unit = np.where(relative, np.where(season > 0, season, 1), 1).astype(np.float32)
        rest = (values - season) / unit
        usual = _SIGMA * nan_median(np.abs(rest - nan_median(rest)[0]))[0]
        cap = np.where(usual > 0, 3 * usual, np.inf)
        gain = np.float32(-np.expm1(-1 / memory))
        level = np.empty_like(rest)
        now = nan_median(rest[: 2 * _HOUR_BINS])[0]
        missing = ~np.isfinite(rest)
        holes = missing.any(axis=1)
        move = np.empty_like(now)
        for block, row in enumerate(rest):
            level[block] = now
            np.subtract(row, now, out=move)
            np.maximum(np.minimum(move, cap, out=move), -cap, out=move)
            if holes[block]:
                move[missing[block]] = 0
            now += np.multiply(move, gain, out=move)
        far = np.abs(rest - level) > _SUSTAINED * np.where(usual > 0, usual, np.inf)
        nature = far.mean(axis=0) > _MOST_MASKED
        return cls(level=level, calm=~far | nature, relative=relative)

    def rest(self, values: Packed, season: Packed, blocks: npt.NDArray[np.intp]) -> Packed:
        """Return what season and level leave of ticks, whose blocks are given; NaN where not calm.

        The rest of a relative series is a share of its season, as its level is.
        """
        rest = np.asarray(values - season, dtype=np.float32)
        if self.relative.any():
            rest /= np.where(self.relative & (season > 0), season, np.float32(1))
        rest -= self.level[blocks]
        if not self.calm.all():
            rest[~self.calm[blocks]] = np.nan
        return rest


def residual_scale(
    values: Packed,
    season: Packed,
    positions: Floats,
    blocks: npt.NDArray[np.intp],
    *,
    path: LevelPath,
    floor: Packed,
) -> tuple[Packed, Packed]:
    """Return the scale by hour group, shape (48, series), and the trust in sums, shape (series,).

    The scale of a relative series is a share of its season, as its level is.

    Args:
        values: shape (ticks, series).
        season: at the ticks, same shape.
        positions: of the ticks in the local week.
        blocks: index of each tick's block.
        path: the level through the history.
        floor: least believable scale, a share for relative series.
    """
    rest = path.rest(values, season, blocks)
    hour = hour_groups(positions)
    size = np.abs(rest)
    scale = _by_hour(size, hour, floor)
    by_tick = scale[hour]
    tail = _upper_tail(np.divide(size, by_tick, out=size))
    wider = np.maximum(1, tail / _TAIL_DISTANCE)
    return (scale * wider).astype(np.float32), _trust(np.divide(rest, by_tick, out=rest) / wider)


def _by_hour(size: Packed, hour: npt.NDArray[np.intp], floor: Packed) -> Packed:
    few = max(1, len(size) // _FEW_ROWS)
    whole = _SIGMA * nan_median(size[::few])[0]
    least = np.maximum(np.maximum(whole, floor), 1e-12)
    hours = np.empty((HOUR_GROUPS, size.shape[1]), dtype=np.float32)
    for number in range(HOUR_GROUPS):
        median, count = nan_median(size[np.flatnonzero(hour == number)])
        hours[number] = np.where(count >= 20, _SIGMA * median, whole)
    days = hours.reshape(2, 24, -1)
    near = np.roll(days, 1, axis=1) + np.roll(days, -1, axis=1)
    smooth = (0.25 * near + 0.5 * days).reshape(HOUR_GROUPS, -1)
    pays = smooth.max(axis=0) > 1.5 * np.maximum(smooth.min(axis=0), 1e-12)
    varied = np.clip(smooth, 0.4 * least, 4 * least)
    return np.maximum(np.where(pays, varied, least), np.maximum(floor, 1e-12)).astype(np.float32)


def _upper_tail(standard: Packed) -> Packed:
    """Return the distance that `_TAIL_SHARE` of the values reach; the largest where few."""
    ticks = len(standard)
    columns = np.ascontiguousarray(standard.T)
    columns[np.isnan(columns)] = 0
    rank = max(0, ticks - 1 - int(_TAIL_SHARE * ticks))
    tail: Packed = np.partition(columns, rank, axis=1)[:, rank]
    return tail


def _trust(standard: Packed) -> Packed:
    """Return 1 for independent ticks, less where neighbours go together: sums prove less then."""
    groups = len(standard) // _GROUP
    if groups < 20:
        return np.full(standard.shape[1], 0.5, dtype=np.float32)
    clipped = np.clip(standard[: groups * _GROUP], np.float32(-4), np.float32(4))
    clipped[np.isnan(clipped)] = 0
    single = np.var(clipped, axis=0)
    sums = np.var(clipped.reshape(groups, _GROUP, -1).mean(axis=1), axis=0)
    excess = _GROUP * sums / np.maximum(single, 1e-12)
    return np.asarray(1 / np.sqrt(np.maximum(excess, 1)), dtype=np.float32)
