"""Learns what goes with what within each service: covariance, inverse, and how far it strays."""

from collections import defaultdict
from collections.abc import Iterator, Sequence

import numpy as np

from aiops.detect.medians import nan_median
from aiops.detect.protocol import Memory, Whole
from aiops.detect.recent import finite
from aiops.detect.relation import (
    DAY_SECONDS,
    LEAST,
    MOST,
    QUICK_SECONDS,
    SLOW_SECONDS,
    beyond,
    no_relations,
    rest_of,
    stretch,
    waves,
)
from aiops.detect.traits import Bools, Slots, Traits
from aiops.domain.series import Series
from aiops.domain.ticks import History, Packed, Shard

_ROWS = 2000
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


def fit_relations(shard: Shard, traits: Traits, history: History, bar: float) -> Memory:
    """Return the relations within each service and region, and how far each usually strays.

    Learnt from every second day and calibrated on the days between; less than that is no base.

    Args:
        shard: whose series.
        traits: floors of their scales.
        history: past ticks; it may have fewer columns where the shard has grown.
        bar: robust distance that is the least to speak of.
    """
    fitted = no_relations(shard)
    stride = max(len(history.times) // _ROWS, 1)
    times, values = history.times[::stride], finite(history.values[::stride])
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
    usual = np.nan_to_num(np.clip((values - centre) / spread, -_CLIP, _CLIP))
    clock = waves(times)
    own = usual - _on_clock(usual, clock)
    for slots in _groups(shard.series[:width], usable):
        if _are_tied(own[:, slots]):
            rows = np.concatenate([usual[:, slots], clock], axis=1)[~held_out]
            _relate(fitted, slots, rows)
    related = np.flatnonzero(fitted["weight"].any(axis=0))
    if len(related):
        rest = rest_of(fitted, usual, clock, related)
        floor = traits.scale_floor(centre[related], related) / spread[related]
        shape = stretch(usual[:, related], rest)
        _calibrate(fitted, related, (rest, own[:, related], shape), times, held_out, floor, bar)
    return fitted


def _groups(series: Sequence[Series], usable: Bools) -> Iterator[Slots]:
    """Yield the slots of what one service measures in one region, at least three that move."""
    members: defaultdict[tuple[str, str | None], list[int]] = defaultdict(list)
    for slot in np.flatnonzero(usable).tolist():
        key = series[slot].key
        members[key.service, key.region].append(slot)
    for slots in members.values():
        chosen = sorted(slots, key=lambda slot: len(series[slot].key.labels))[:MOST]
        if len(chosen) >= LEAST:
            yield np.array(sorted(chosen), dtype=np.intp)


def _are_tied(own: Packed) -> bool:
    """Return whether any two metrics move together beyond what the time of day makes them do."""
    unit = own / np.maximum(np.sqrt((own**2).mean(axis=0)), 1e-9)
    together = np.abs(unit.T @ unit) / len(unit)
    np.fill_diagonal(together, 0)
    return bool(together.max() >= _TIED)


def _relate(fitted: Memory, slots: Slots, rows: Packed) -> None:
    """Write the conditional expectation of each metric of a group, given the others."""
    from sklearn import config_context  # noqa: PLC0415  # slow worker only
    from sklearn.covariance import empirical_covariance, shrunk_covariance  # noqa: PLC0415

    with config_context(assume_finite=True, skip_parameter_validation=True):  # half the time
        covariance = shrunk_covariance(empirical_covariance(rows), shrinkage=_RIDGE)
    size = len(slots)
    precision = np.linalg.inv(covariance)[:size]
    weights = -precision / np.diagonal(precision)[:, None]
    np.fill_diagonal(weights, 0)
    means = rows.mean(axis=0)
    fitted["group"][slots] = slots[0]
    fitted["partner"][:size, slots] = slots[:, None]
    fitted["weight"][:size, slots] = weights[:, :size].T
    fitted["clock"][:, slots] = weights[:, size:].T
    fitted["offset"][slots] = means[:size] - weights @ means


def _calibrate(  # noqa: PLR0917  # the order of the data flow
    fitted: Memory,
    related: Slots,
    days: tuple[Packed, Packed, Packed],
    times: Whole,
    held_out: Bools,
    floor: Packed,
    bar: float,
) -> None:
    """Write scale and bar of the series whose relation says more than their day does."""
    rest, own, shape = days
    step = float(np.median(np.diff(times)))
    alone = _NORMAL_MEAN * np.abs(_strayed(own, step)[held_out]).mean(axis=0)
    strayed = np.abs(_strayed(np.clip(rest, -_CLIP, _CLIP), step) / shape)[held_out]
    together = _NORMAL_MEAN * strayed.mean(axis=0)
    scale = np.maximum(together, _FLOOR_SHARE * floor) + _TINY
    lasting = np.sort(np.stack([strayed[:-2], strayed[1:-1], strayed[2:]]), axis=0)[1]
    highest = np.maximum(_MARGIN * lasting.max(axis=0) / scale, bar)
    narrower = highest * scale < _TIGHT * bar * np.maximum(alone, floor)
    tight = narrower & (together < _TIGHT * alone)
    fitted["scale"][related] = scale
    fitted["bar"][related] = np.where(tight, highest, np.inf)


def _on_clock(usual: Packed, clock: Packed) -> Packed:
    """Return what the time of day alone says of each series."""
    base = np.c_[np.ones(len(clock), dtype=np.float32), clock]
    return np.asarray(base @ (np.linalg.pinv(base) @ np.nan_to_num(usual)), dtype=np.float32)


def _strayed(rest: Packed, step_seconds: float) -> Packed:
    """Return how far rests are from the levels before them, tick by tick as when scoring."""
    gains = [-np.expm1(-step_seconds / memory) for memory in (SLOW_SECONDS, QUICK_SECONDS)]
    slow, quick = rest[0].copy(), rest[0].copy()
    strayed = np.zeros_like(rest)
    for number, row in enumerate(rest):
        strayed[number] = beyond(row, slow, quick)
        slow += gains[0] * (row - slow)
        quick += gains[1] * (row - quick)
    return strayed
