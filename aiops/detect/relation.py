"""What goes with what: each metric of a service as a linear function of its other metrics.

    y_i = offset_i + sum_j weight_ij y_j + sum_k clock_ik f_k(time of day) + rest_i

over standardised values y. The weights are the conditional expectation of a Gaussian with the
service's covariance, -P_ij / P_ii of its inverse P: a Mahalanobis distance is made of these rests,
and taken one by one they tell which metric left the relation.
"""

from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt

from aiops.detect.medians import nan_median
from aiops.detect.protocol import Frame, Memory, Whole
from aiops.detect.traits import EVERY, Bools, Slots
from aiops.domain.ticks import Packed, Shard

LEAST, MOST = 3, 24
"""Fewer metrics have no relation to speak of; of more, those with the fewest labels are taken."""

SLOW_SECONDS, QUICK_SECONDS = 6 * 3600, 3600
"""The rest is counted from its own level: relations drift."""

DAY_SECONDS = 86_400
WAVES = 4
_MIDDLE = 1.5
_NAMED, _LITTLE = 3, 0.1


def waves(times: Whole) -> Packed:
    """Return the time of day as waves of a day and of half a day, shape (times, 4)."""
    turn = 2 * np.pi * (times % DAY_SECONDS) / DAY_SECONDS
    found = [wave(number * turn) for number in (1, 2) for wave in (np.sin, np.cos)]
    return np.stack(found, axis=-1).astype(np.float32)


@lru_cache(maxsize=64)
def waves_at(at: int) -> Packed:
    """Return the waves at one time, shape (4,): shards of one tick share them."""
    return np.asarray(waves(np.array([at]))[0])


def no_relations(shard: Shard) -> dict[str, npt.NDArray[Any]]:
    """Return the arrays of series of which no relation is known: `bar` is infinite.

    `group`: first slot of the service and region; `partner` and `weight`: slots and weights of
    the others; `clock`, `offset`: the rest of the formula; `centre`, `spread`: what standardises
    a value; `scale`: the usual rest; `bar`: how many of them are outside.
    """
    count = len(shard.series)
    own = np.arange(count, dtype=np.int32)
    names = ("offset", "centre")
    return {
        "group": own,
        "partner": np.tile(own, (MOST, 1)),
        "weight": np.zeros((MOST, count), dtype=np.float32),
        "clock": np.zeros((WAVES, count), dtype=np.float32),
        **{name: np.zeros(count, dtype=np.float32) for name in names},
        **{name: np.ones(count, dtype=np.float32) for name in ("spread", "scale")},
        "bar": np.full(count, np.inf, dtype=np.float32),
    }


def standard(values: Packed, fitted: Memory) -> Packed:
    """Return values in units of their spread around their centre."""
    return np.asarray((values - fitted["centre"]) / fitted["spread"], dtype=np.float32)


def rest_of(
    fitted: Memory,
    usual: Packed,
    clock: Packed,
    slots: Slots | slice = EVERY,
    *,
    most: int = MOST,
) -> Packed:
    """Return what relations leave of standardised values, (series,) or (times, series).

    Args:
        fitted: the relations.
        usual: standardised values of every series.
        clock: `waves` of the times.
        slots: the series whose rest is asked for.
        most: how many partners a series has, where that is known.
    """
    rest = usual[..., slots] - fitted["offset"][slots] - clock @ fitted["clock"][:, slots]
    for partner, weight in zip(fitted["partner"][:most], fitted["weight"][:most], strict=True):
        if most < MOST or weight.any():
            places = partner[slots].astype(np.intp)  # picks values out in half the time
            rest -= weight[slots] * (usual[..., places] if usual.ndim > 1 else usual[places])
    return np.asarray(rest, dtype=np.float32)


def stretch(usual: Packed, rest: Packed) -> Packed:
    """Return by how much a relation may stray more than usual, ≥ 1, far from the usual values.

    There noise is larger, and what is a line near the middle need not be one.
    """
    farthest = np.abs(usual - rest)
    np.maximum(farthest, np.abs(usual), out=farthest)
    farthest /= np.float32(_MIDDLE)
    return np.asarray(np.maximum(farthest, np.float32(1)))


def beyond(rest: Packed, slow: Packed, quick: Packed) -> Packed:
    """Return how far a rest is outside of what lies between its two levels.

    Examples:
        >>> beyond(*(np.array([one], dtype=np.float32) for one in (3.0, 0.5, 1.0))).tolist()
        [2.0]
    """
    between = np.minimum(rest, np.maximum(slow, quick))
    np.maximum(between, np.minimum(slow, quick), out=between)
    return np.asarray(rest - between, dtype=np.float32)


def worst(share: Packed, held: Bools, group: npt.NDArray[np.int32]) -> Bools:
    """Return the worst of each service that is beyond its bar, or the one already told of."""
    beyond_bar = share >= 1
    if not np.count_nonzero(beyond_bar):
        return beyond_bar
    rank = np.where(held, np.inf, share)
    most = np.zeros(len(share))
    np.fmax.at(most, group, rank)  # NaN: not measured
    return np.asarray(beyond_bar & (rank >= most[group]))


def alarmed_when(frame: Frame, fitted: Memory, memory: Memory) -> Whole:
    """Return when another detector last had something to say of each series' service."""
    if frame.alarmed is None or not np.count_nonzero(frame.alarmed):
        return memory["alarmed_at"]
    group = fitted["group"]
    loud = np.zeros(len(group), dtype=np.bool_)
    loud[group[frame.alarmed]] = True
    changed = memory["alarmed_at"].copy()
    changed[loud[group]] = frame.at
    return changed


def recent_level(fitted: Memory, frame: Frame) -> Packed:
    """Return the median rest of the last hour, NaN where there is none or no relation is known."""
    times, rows = np.array(frame.recent.times, dtype=np.int64), frame.recent.rows
    related = np.isfinite(fitted["bar"])
    if not rows or not related.any():
        return np.full(len(frame.series), np.nan, dtype=np.float32)
    lately = np.flatnonzero(times > times[-1] - QUICK_SECONDS)
    usual = standard(np.stack([rows[row] for row in lately]), fitted)
    level, count = nan_median(rest_of(fitted, usual, waves(times[lately])))
    return np.where(related & (count > 0), level, np.nan).astype(np.float32)


def followed(level: Packed, rest: Packed, share: float, follows: Bools, fresh: Bools) -> Packed:
    """Return a level after `share` of its memory: towards the rest, or there where it is fresh."""
    after = rest - level
    after *= np.float32(-np.expm1(-share))
    np.copyto(after, 0, where=~follows)
    after += level
    np.copyto(after, rest, where=fresh)
    return after


def partners_of(fitted: Memory, slot: int, frame: Frame) -> list[str]:
    """Return the metrics that say most of one, as people call them, the first most."""
    weight = np.abs(fitted["weight"][:, slot])
    first = np.argsort(-weight, kind="stable")[:_NAMED]
    tied = [place for place in first if weight[place] > _LITTLE * weight.max()]
    others = [frame.series[int(fitted["partner"][place, slot])] for place in tied]
    return list(dict.fromkeys(one.title or one.key.metric for one in others))
