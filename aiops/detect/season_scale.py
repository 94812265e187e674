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
_CUT = 3.0
_LEAST_OF_HOUR = 20
_MEDIAN_ROWS = 3000


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
        cap = np.where(usual > 0, 3 * usual, np.inf).astype(np.float32)
        gain = np.float32(-np.expm1(-1 / memory))
        level = np.empty_like(rest)
        level[0] = nan_median(rest[: 2 * _HOUR_BINS])[0]
        holes = np.isnan(rest).any(axis=1)
        lowest, move = -cap, np.empty_like(cap)
        for block in range(1, len(rest)):
            now, before = level[block - 1], rest[block - 1]
            np.subtract(before, now, out=move)
            np.maximum(np.minimum(move, cap, out=move), lowest, out=move)
            if holes[block - 1]:
                move[np.isnan(before)] = 0
            np.add(now, np.multiply(move, gain, out=move), out=level[block])
        far = np.abs(rest - level) > _SUSTAINED * np.where(usual > 0, usual, np.inf)
        nature = far.mean(axis=0) > _MOST_MASKED
        return cls(level=level, calm=~far | nature, relative=relative)

    def rest(self, values: Packed, season: Packed, blocks: npt.NDArray[np.intp]) -> Packed:
        """Return what season and level leave of ticks, whose blocks are given; NaN where not calm.

        The rest of a relative series is a share of its season, as its level is.
        """
        rest = np.asarray(values - season, dtype=np.float32)
        if self.relative.any():
            rest /= np.where(self.relative, season, np.float32(1))  # relative ones are above zero
        rest -= self.level[blocks]
        if not self.calm.all():
            rest[~self.calm[blocks]] = np.nan
        return rest


def residual_scale(rest: Packed, positions: Floats, floor: Packed) -> Packed:
    """Return the usual size of a rest by hour group, shape (48, series).

    Args:
        rest: what season and level leave of some ticks, shape (ticks, series).
        positions: of the ticks in the local week.
        floor: least believable scale, in the unit of the rest.
    """
    hour = hour_groups(positions)
    size = np.abs(rest)
    scale = _by_hour(size, hour, floor)
    tail = _upper_tail(np.divide(size, scale[hour], out=size))
    return np.asarray(scale * np.maximum(1, tail / _TAIL_DISTANCE), dtype=np.float32)


def trust_in_sums(rest: Packed, positions: Floats, scale: Packed) -> Packed:
    """Return 1 for independent ticks, less where neighbours go together: sums prove less then.

    Args:
        rest: what season and level leave of runs of neighbouring ticks, shape (ticks, series).
        positions: of the ticks in the local week.
        scale: what `residual_scale` returns.
    """
    groups = len(rest) // _GROUP
    if groups < 20:
        return np.full(rest.shape[1], 0.5, dtype=np.float32)
    standard = rest[: groups * _GROUP] / scale[hour_groups(positions[: groups * _GROUP])]
    np.clip(standard, np.float32(-4), np.float32(4), out=standard)
    standard[np.isnan(standard)] = 0
    single = np.var(standard, axis=0)
    sums = np.var(standard.reshape(groups, _GROUP, -1).mean(axis=1), axis=0)
    excess = _GROUP * sums / np.maximum(single, 1e-12)
    excess /= 1 + (2 / groups) ** 0.5  # what chance alone may add is no proof against sums
    return np.asarray(1 / np.sqrt(np.maximum(excess, 1)), dtype=np.float32)


def _by_hour(size: Packed, hour: npt.NDArray[np.intp], floor: Packed) -> Packed:
    """Return the usual size in every hour where it clearly varies, else that of all hours.

    Means of sizes cut off tell a ratio between hours from a third of the ticks that medians need.
    """
    whole = _SIGMA * nan_median(size[:: -(-len(size) // _MEDIAN_ROWS)])[0]
    least = np.maximum(np.maximum(whole, floor), 1e-12)
    cut = np.minimum(size, _CUT * whole)
    of_hour = (hour == np.arange(HOUR_GROUPS)[:, None]).astype(np.float32)
    total, count = of_hour @ cut, of_hour.sum(axis=1, keepdims=True)
    if np.isnan(total).any():
        known = np.isfinite(cut)
        count = of_hour @ known.astype(np.float32)
        total = of_hour @ np.where(known, cut, np.float32(0))
    usual = total.sum(axis=0) / np.maximum(count.sum(axis=0), 1)
    share = total / np.maximum(count, 1) / np.maximum(usual, 1e-30)
    hours = whole * np.where(count >= _LEAST_OF_HOUR, share, 1)
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
