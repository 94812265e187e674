"""Learns what goes with what within each service: covariance, inverse, and how far it strays."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from aiops.detect.medians import nan_median
from aiops.detect.past import Past
from aiops.detect.protocol import Memory, Whole
from aiops.detect.relation import (
    DAY_SECONDS,
    LEAST,
    MOST,
    QUICK_SECONDS,
    SLOW_SECONDS,
    beyond,
    no_relations,
    stretch,
    waves,
)
from aiops.detect.traits import Bools, Slots, Traits
from aiops.domain.series import Series
from aiops.domain.ticks import Packed, Shard

_MOST_ROWS = 2016
_BATCH_SERIES = 500
_STRETCH = 64
_LEAST_ROWS = 288
_CLIP = 5.0
_NORMAL_MEDIAN, _NORMAL_MEAN = 1.4826, 1.2533
_RIDGE = 0.01
_MARGIN = 1.5
_TINY = 1e-6
_TIED = 0.5
_FLOOR_SHARE = 0.5
"""A relation says more exactly what to expect than a season does."""

_TIGHT = 0.6
"""A relation is worth judging by if it draws a band this much narrower than the day's alone."""


def fit_relations(shard: Shard, traits: Traits, past: Past, bar: float) -> Memory:
    """Return the relations within each service and region, and how far each usually strays.

    Learnt from every second day and calibrated on the days between; less than that is no base.

    Args:
        shard: whose series.
        traits: floors of their scales.
        past: it may be of fewer series where the shard has grown.
        bar: robust distance that is the least to speak of.
    """
    fitted = no_relations(shard)
    every = max(1, -(-len(past.rows.times) // _MOST_ROWS))
    times, values = past.rows.times[::every], past.rows.values[::every]
    held_out = times // DAY_SECONDS % 2 == 1
    if min(held_out.sum(), (~held_out).sum()) < _LEAST_ROWS:
        return fitted
    width = values.shape[1]
    sample = values[:: max(len(values) // 500, 1)]
    centre = nan_median(sample)[0]
    spread = _NORMAL_MEDIAN * nan_median(np.abs(sample - centre))[0]
    usable = (spread > 0) & (np.isfinite(sample).mean(axis=0) >= 0.8)
    spread = np.where(usable, spread, 1)
    fitted["centre"][:width], fitted["spread"][:width] = centre, spread
    days = _Days(times=times, clock=waves(times), held_out=held_out)
    for slots in _batches(shard.series[:width], usable):
        usual = values[:, slots] - centre[slots]
        np.clip(np.divide(usual, spread[slots], out=usual), -_CLIP, _CLIP, out=usual)
        usual = np.ascontiguousarray(np.nan_to_num(usual, copy=False).swapaxes(0, 1))
        own = days.without_clock(usual)
        tied = _are_tied(own)
        if tied.any():
            related = slots[tied]
            rest = _relate(fitted, related, usual[tied], days)
            floor = traits.scale_floor(centre[related], related) / spread[related]
            shape = stretch(usual[tied], rest)
            _calibrate(fitted, related, (rest, own[tied], shape), days, floor, bar)
    return fitted


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Days:
    """Times of rows, their waves, and which rows are of the days that are held out."""

    times: Whole
    clock: Packed
    held_out: Bools

    def without_clock(self, usual: Packed) -> Packed:
        """Return what the time of day alone does not say, shape (services, rows, metrics)."""
        base = np.c_[np.ones(len(self.clock), dtype=np.float32), self.clock]
        inverse = np.linalg.pinv(base)
        return np.asarray(usual - base @ (inverse @ usual), dtype=np.float32)


def _batches(series: Sequence[Series], usable: Bools) -> Iterator[Slots]:
    """Yield the slots of services with as many metrics each, shape (services, metrics).

    A service is what it measures in one region, at least three metrics that move.
    """
    members: defaultdict[tuple[str, str | None], list[int]] = defaultdict(list)
    for slot in np.flatnonzero(usable).tolist():
        key = series[slot].key
        members[key.service, key.region].append(slot)
    same_width: defaultdict[int, list[list[int]]] = defaultdict(list)
    for slots in members.values():
        chosen = sorted(slots, key=lambda slot: len(series[slot].key.labels))[:MOST]
        if len(chosen) >= LEAST:
            same_width[len(chosen)].append(sorted(chosen))
    for width, services in same_width.items():
        count = max(1, _BATCH_SERIES // width)
        for first in range(0, len(services), count):
            yield np.array(services[first : first + count], dtype=np.intp)


def _are_tied(own: Packed) -> Bools:
    """Return of which services two metrics move together beyond what the time of day makes them.

    Args:
        own: shape (services, rows, metrics).
    """
    unit = own / np.maximum(np.sqrt((own**2).mean(axis=1, keepdims=True)), 1e-9)
    together = np.abs(unit.swapaxes(1, 2) @ unit) / own.shape[1]
    together[:, np.arange(own.shape[2]), np.arange(own.shape[2])] = 0
    return np.asarray(together.max(axis=(1, 2)) >= _TIED)


def _relate(
    fitted: dict[str, npt.NDArray[Any]], slots: Slots, usual: Packed, days: _Days
) -> Packed:
    """Write the conditional expectation of each metric, given the others; return the rests.

    Args:
        fitted: the arrays to write into.
        slots: shape (services, metrics).
        usual: standardised values, shape (services, rows, metrics).
        days: of the rows.
    """
    services, size = slots.shape
    clock = np.broadcast_to(days.clock, (services, *days.clock.shape))
    rows = np.concatenate([usual, clock], axis=2)[:, ~days.held_out]
    means = rows.mean(axis=1, keepdims=True)
    covariance = _covariance(rows - means)
    precision = np.linalg.inv(covariance)[:, :size]
    own = np.arange(size)
    weights = -precision / precision[:, own, own][:, :, None]
    weights[:, own, own] = 0
    offset = means[:, 0, :size] - (weights @ means[:, 0, :, None])[:, :, 0]
    fitted["group"][slots] = slots[:, :1]
    fitted["partner"][:size, slots] = slots.T[:, :, None]
    fitted["weight"][:size, slots] = np.moveaxis(weights[:, :, :size], 2, 0)
    fitted["clock"][:, slots] = np.moveaxis(weights[:, :, size:], 2, 0)
    fitted["offset"][slots] = offset
    expected = usual @ weights[:, :, :size].swapaxes(1, 2)
    expected += days.clock @ weights[:, :, size:].swapaxes(1, 2)
    return np.asarray(usual - expected - offset[:, None], dtype=np.float32)


def _covariance(rows: Packed) -> Packed:
    """Return the covariance of many services at once, drawn a little to that of independent ones.

    scikit-learn, `sklearn.covariance.shrunk_covariance`, for all services in one call.

    Args:
        rows: values less their means, shape (services, rows, metrics).

    Returns:
        Shape (services, metrics, metrics).
    """
    from sklearn.covariance import shrunk_covariance  # noqa: PLC0415 - 1 s, slow worker only

    found = rows.swapaxes(1, 2) @ rows / np.float32(rows.shape[1])
    return np.asarray(shrunk_covariance(found, shrinkage=_RIDGE), dtype=np.float32)


def _calibrate(  # noqa: PLR0917  # the order of the data flow
    fitted: Memory,
    slots: Slots,
    told: tuple[Packed, Packed, Packed],
    days: _Days,
    floor: Packed,
    bar: float,
) -> None:
    """Write scale and bar of the series whose relation says more than their day does.

    Args:
        fitted: the arrays to write into.
        slots: shape (services, metrics), as `floor`.
        told: rest, what the time of day leaves, and stretch, shape (services, rows, metrics).
        days: of the rows.
        floor: least believable scale of standardised values.
        bar: robust distance that is the least to speak of.
    """
    rest, own, shape = told
    step = float(np.median(np.diff(days.times)))
    held_out = days.held_out
    alone = _NORMAL_MEAN * np.abs(_strayed(own, step)[:, held_out]).mean(axis=1)
    strayed = _strayed(np.clip(rest, -_CLIP, _CLIP), step)[:, held_out] / shape[:, held_out]
    np.abs(strayed, out=strayed)
    together = _NORMAL_MEAN * strayed.mean(axis=1)
    scale = np.maximum(together, _FLOOR_SHARE * floor) + _TINY
    first, second, third = strayed[:, :-2], strayed[:, 1:-1], strayed[:, 2:]
    lasting = np.minimum(np.maximum(first, second), third)
    np.maximum(lasting, np.minimum(first, second), out=lasting)  # the middle one of three
    highest = np.maximum(_MARGIN * lasting.max(axis=1) / scale, bar)
    narrower = highest * scale < _TIGHT * bar * np.maximum(alone, floor)
    tight = narrower & (together < _TIGHT * alone)
    fitted["scale"][slots] = scale
    fitted["bar"][slots] = np.where(tight, highest, np.inf)


def _strayed(rest: Packed, step_seconds: float) -> Packed:
    """Return how far rests, (services, rows, metrics), are from the levels before them."""
    slow, quick = (
        _levels_before(rest, -np.expm1(-step_seconds / memory))
        for memory in (SLOW_SECONDS, QUICK_SECONDS)
    )
    return beyond(rest, slow, quick)


def _levels_before(rest: Packed, gain: float) -> Packed:
    """Return the exponential mean before each row, which is where scoring would stand.

    Stretches of rows at a time: within one, a level is a weighted sum of the rows before.

    Examples:
        >>> rest = np.array([[[4.0], [8.0], [0.0]]], dtype=np.float32)
        >>> _levels_before(rest, 0.5).ravel().tolist()
        [4.0, 4.0, 6.0]
    """
    row = np.arange(_STRETCH)
    ages = row[:, None] - row - 1
    weights = np.where(ages >= 0, gain * (1 - gain) ** np.maximum(ages, 0), 0).astype(np.float32)
    kept = ((1 - gain) ** row).astype(np.float32)[:, None]
    services, ticks, metrics = rest.shape
    rows = rest.swapaxes(0, 1).reshape(ticks, -1)  # one wide product instead of many narrow ones
    levels, level = np.empty_like(rows), rows[:1]
    for first in range(0, ticks, _STRETCH):
        part = rows[first : first + _STRETCH]
        size = len(part)
        levels[first : first + size] = kept[:size] * level + weights[:size, :size] @ part
        last = levels[first + size - 1 : first + size]
        level = last + np.float32(gain) * (part[-1:] - last)
    return levels.reshape(ticks, services, metrics).swapaxes(0, 1)
