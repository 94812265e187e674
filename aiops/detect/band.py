"""The band a value is judged against at a moment: season, level, drift, scale."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from aiops.detect.calendar import BIN_SECONDS, WEEK_BINS, hour_group, week_position
from aiops.detect.protocol import Frame, Memory
from aiops.detect.traits import EVERY, Bools, Slots
from aiops.domain.ticks import Packed

_TINY = np.float32(1e-9)
_REMEMBERED = 64


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Season:
    """What a profile says of a moment; every array has shape (series,).

    Args:
        value: interpolated between bin centres; of a step longer than a bin, that of its bin.
        lowest: the least of the bins around it, a quarter of an hour and more to either side.
        highest: the largest of them.
        scale: usual distance in this hour; a share of the value for relative series.
    """

    value: Packed
    lowest: Packed
    highest: Packed
    scale: Packed


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Band:
    """What a value is compared with; every array has shape (series,), in its unit.

    Args:
        season: of the profile alone.
        unit: what a level of 1 is: the season of a relative series, 1 of others.
        usual: season at the slow level.
        centre: with the drift of the last half hour.
        scale: the usual distance from it.
        jumps: slots whose season jumps within a quarter of an hour, as at midnight before a
            weekend: a jump some minutes off is nothing unusual.
        below: how much lower it is then, by `jumps`.
        above: how much higher.
    """

    season: Packed
    unit: Packed
    usual: Packed
    centre: Packed
    scale: Packed
    jumps: Slots
    below: Packed
    above: Packed

    def rest(self, values: Packed) -> Packed:
        """Return how far values are from the usual, less what a jump excuses."""
        rest = values - self.usual
        if len(self.jumps):
            away = values[self.jumps] - self.centre[self.jumps]
            rest[self.jumps] -= _between(away, -self.below, self.above)
        return rest

    def away(self, values: Packed) -> Packed:
        """Return how far values are outside of all that is usual, in its unit.

        With the drift and without it, when a peak is over, the way back to the usual is no loss;
        a jump of the season nearby excuses them, too.
        """
        lower, upper = np.minimum(self.usual, self.centre), np.maximum(self.usual, self.centre)
        if len(self.jumps):
            centre = self.centre[self.jumps]
            lower[self.jumps] = np.minimum(lower[self.jumps], centre - self.below)
            upper[self.jumps] = np.maximum(upper[self.jumps], centre + self.above)
        return np.asarray(values - _between(values, lower, upper))

    def plainly_away(self, values: Packed, slots: Slots) -> Packed:
        """Return the same at some slots, in scales, with no jump to excuse them."""
        usual, centre = self.usual[slots], self.centre[slots]
        some = values[slots]
        inside = _between(some, np.minimum(usual, centre), np.maximum(usual, centre))
        return np.asarray((some - inside) / self.scale[slots])

    def ends(self, bar: Packed | np.float32) -> tuple[Packed, Packed]:
        """Return where the band ends, low and high, at a bar in scales."""
        reach = bar * self.scale
        low, high = self.centre - reach, self.centre + reach
        low[self.jumps] -= self.below
        high[self.jumps] += self.above
        return low, high


def season_at(fitted: Memory, frame: Frame, at: int) -> Season:
    """Return what the profile says of a moment, for each series in its own zone."""
    zones = frame.traits.zones
    if len(zones) == 1:
        return _season_in(fitted, at, zones[0][0], EVERY, frame)
    count = fitted["season"].shape[1]
    whole = np.zeros((4, count), dtype=np.float32)
    for zone, slots in zones:
        chosen = EVERY if slots is None else slots
        found = _season_in(fitted, at, zone, chosen, frame)
        whole[:, chosen] = (found.value, found.lowest, found.highest, found.scale)
    return Season(value=whole[0], lowest=whole[1], highest=whole[2], scale=whole[3])


def band_at(fitted: Memory, memory: Memory, frame: Frame, young: Bools) -> Band:
    """Return the band of a tick, from what was known before it."""
    season = season_at(fitted, frame, frame.at)
    relative = fitted["relative"].astype(np.float32)
    plain = 1 - relative
    unit = season.value * relative + plain
    usual = season.value + memory["level"] * unit
    scale = season.scale * (np.abs(usual) * relative + plain)
    if young.any():
        usual = np.where(young, memory["median"], usual)
        scale = np.where(young, memory["spread"], scale)
    scale = np.maximum(scale, frame.traits.scale_floor(usual)) + _TINY
    most = 2 * scale
    factor = 1 + memory["level"] * relative
    lower, higher = (season.value - season.lowest), (season.highest - season.value)
    jumps = np.flatnonzero(np.maximum(lower, higher) * factor > scale)
    return Band(
        season=season.value,
        unit=unit,
        usual=usual,
        centre=usual + _between(memory["drift"], -most, most),
        scale=scale,
        jumps=jumps,
        below=_jump((lower[jumps] * factor[jumps]), scale[jumps]),
        above=_jump((higher[jumps] * factor[jumps]), scale[jumps]),
    )


def _jump(change: Packed, scale: Packed) -> Packed:
    """Return a change of the season if it is a jump: all of it from two scales on, none to one."""
    return np.asarray(np.maximum(np.minimum(2 * (change - scale), change), np.float32(0)))


def _between(values: Packed, low: Packed, high: Packed) -> Packed:
    """Return the values within limits; several times faster than `np.clip` on short rows."""
    return np.asarray(np.minimum(np.maximum(values, low), high))


def _season_in(fitted: Memory, at: int, zone: str, slots: Slots | slice, frame: Frame) -> Season:
    position = week_position(at, zone, frame.holidays)
    season, scale = fitted["season"], fitted["scale"][hour_group(position), slots]
    if frame.step_seconds > BIN_SECONDS:
        value = season[int(position), slots]
        return Season(value=value, lowest=value, highest=value, scale=scale)
    low = int((position - 0.5) % WEEK_BINS)
    weight = np.float32((position - 0.5) % WEEK_BINS - low)
    around = _around(season, low)
    return Season(
        value=around.below[slots] + weight * around.rise[slots],
        lowest=around.lowest[slots],
        highest=around.highest[slots],
        scale=scale,
    )


class _Around(NamedTuple):
    """What a season is between two bin centres: at the first, up to the next, and around both."""

    season: Packed
    below: Packed
    rise: Packed
    lowest: Packed
    highest: Packed


_known: dict[tuple[int, int], _Around] = {}


def _around(season: Packed, low: int) -> _Around:
    """Return what is around a bin, remembered: the ticks of 15 minutes ask for the same."""
    found = _known.get((id(season), low))
    if found is None or found.season is not season:
        earlier, below, above, later = (season[(low + by) % WEEK_BINS] for by in (-1, 0, 1, 2))
        found = _Around(
            season=season,
            below=below,
            rise=above - below,
            lowest=np.minimum(np.minimum(earlier, later), np.minimum(below, above)),
            highest=np.maximum(np.maximum(earlier, later), np.maximum(below, above)),
        )
        if len(_known) >= _REMEMBERED:
            _known.clear()
        _known[id(season), low] = found
    return found
