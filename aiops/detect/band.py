"""The band a value is judged against at a moment: season, level, drift, scale."""

from dataclasses import dataclass

import numpy as np

from aiops.detect.calendar import BIN_SECONDS, WEEK_BINS, hour_groups, week_position
from aiops.detect.protocol import Frame, Memory
from aiops.detect.season_fit import YOUNG
from aiops.detect.traits import EVERY, Slots
from aiops.domain.ticks import Packed

_TINY = np.float32(1e-9)


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
        usual: season at the slow level.
        centre: with the drift of the last half hour.
        scale: the usual distance from it.
        below: how much lower the season is within a quarter of an hour where it jumps, as at
            midnight before a weekend: a jump some minutes off is nothing unusual.
        above: how much higher.
    """

    season: Packed
    usual: Packed
    centre: Packed
    scale: Packed
    below: Packed
    above: Packed

    def rest(self, values: Packed) -> Packed:
        """Return how far values are from the band's centre, or from its jump."""
        away = values - self.centre
        return np.asarray(away - np.clip(away, -self.below, self.above))

    def away(self, values: Packed, *, jumps: bool = True) -> Packed:
        """Return how far values are outside of all that is usual: with the drift and without it.

        When a peak is over, the way back to the usual is no loss.

        Args:
            values: of a tick.
            jumps: whether a jump of the season nearby excuses them, too.
        """
        lower, upper = np.minimum(self.usual, self.centre), np.maximum(self.usual, self.centre)
        if jumps:
            lower = np.minimum(lower, self.centre - self.below)
            upper = np.maximum(upper, self.centre + self.above)
        return np.asarray(values - np.clip(values, lower, upper))


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


def band_at(fitted: Memory, memory: Memory, frame: Frame) -> Band:
    """Return the band of a tick, from what was known before it."""
    season = season_at(fitted, frame, frame.at)
    relative, level = fitted["relative"], memory["level"]
    factor = np.where(relative, 1 + level, 1)
    usual = season.value * factor + np.where(relative, 0, level)
    scale = np.where(relative, season.scale * np.abs(usual), season.scale)
    young = fitted["kind"] == YOUNG
    if young.any():
        usual = np.where(young, memory["median"], usual)
        scale = np.where(young, memory["spread"], scale)
    scale = np.maximum(scale, frame.traits.scale_floor(usual)) + _TINY
    lower = (season.value - season.lowest) * factor
    higher = (season.highest - season.value) * factor
    return Band(
        season=season.value,
        usual=usual.astype(np.float32),
        centre=(usual + np.clip(memory["drift"], -2 * scale, 2 * scale)).astype(np.float32),
        scale=scale.astype(np.float32),
        below=_jump(lower, scale),
        above=_jump(higher, scale),
    )


def _jump(change: Packed, scale: Packed) -> Packed:
    """Return a change of the season if it is a jump: all of it from two scales on, none to one."""
    jump = np.clip(2 * (change - scale), 0, np.maximum(change, 0))
    return np.asarray(jump, dtype=np.float32)


def _season_in(fitted: Memory, at: int, zone: str, slots: Slots | slice, frame: Frame) -> Season:
    position = week_position(at, zone, frame.holidays)
    season, group = fitted["season"], int(hour_groups(np.array([position]))[0])
    scale = fitted["scale"][group][slots]
    if frame.step_seconds > BIN_SECONDS:
        value = season[int(position), slots]
        return Season(value=value, lowest=value, highest=value, scale=scale)
    low = int((position - 0.5) % WEEK_BINS)
    weight = np.float32((position - 0.5) % WEEK_BINS - low)
    earlier, below, above, later = (season[(low + by) % WEEK_BINS, slots] for by in (-1, 0, 1, 2))
    return Season(
        value=below + weight * (above - below),
        lowest=np.minimum(np.minimum(earlier, later), np.minimum(below, above)),
        highest=np.maximum(np.maximum(earlier, later), np.maximum(below, above)),
        scale=scale,
    )
