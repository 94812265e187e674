"""How far every series of a case has left its own normal level, and how surely."""

from dataclasses import dataclass

import numpy as np

from aiops.correlate.comparison import Comparison, Flags, Values

LEAST_SHARE = 0.05
"""A scale below this share of the level is a series that hardly moves, not one that is precise."""

FULL_DISTANCE = 1000.0
"""A distance from which on more says nothing new; what was constant gets there at once."""

APART = 0.65
"""Trouble and normal time count as wholly apart from this difference of the chances on that one
value is above the other: time that was already bad, but counted as normal, keeps them from 1."""

FEW = 1.0
"""So many samples of the trouble prove half of what many would."""

MAD_TO_DEVIATION = 1.4826
MEAN_TO_DEVIATION = 1.2533
EDGE = 0.05
BEYOND = 3.0
_TINY = 1e-9


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Departures:
    """What the trouble did to every series; each array has shape (series,).

    Args:
        level: median of normal time; NaN without normal samples.
        scale: its robust deviation, the median's or the mean's, whichever is larger, with a floor.
        typical: median of the trouble; NaN without samples.
        distance: from the level, in scales, at most `FULL_DISTANCE`; 0 where it cannot be told.
        strength: log distance times how surely trouble and normal time differ; 0 and more.
        mean: of the trouble.
        normal_mean: of normal time.
        surprise: (mean - normal mean) in standard errors; 0 where it cannot be told.
        low: where the lowest 5% of normal time end.
        high: where the highest 5% of normal time begin.
        since: first sample of the trouble beyond three scales, the way it went; NaN if none.
    """

    level: Values
    scale: Values
    typical: Values
    distance: Values
    strength: Values
    mean: Values
    normal_mean: Values
    surprise: Values
    low: Values
    high: Values
    since: Values

    @property
    def rising(self) -> Flags:
        """Whether each series went up."""
        return self.typical > self.level


def departures(case: Comparison) -> Departures:
    """Compare the trouble with normal time, series by series.

    The distance alone is large for any series that seldom moves and was met moving. So it counts
    by how surely the two differ (the area under the ROC curve, which is what Mann and Whitney's
    test counts), and less where there are few samples.

    References:
        Mann and Whitney (1947), "On a test of whether one of two random variables is
        stochastically larger than the other".
    """
    _, normal = case.padded(~case.abnormal)
    times, trouble = case.padded(case.abnormal)
    normal.sort(axis=1)
    level, typical = _quantile(normal, 0.5), _quantile(np.sort(trouble, axis=1), 0.5)
    spread = np.sort(np.abs(normal - level[:, None]), axis=1)
    floor = LEAST_SHARE * np.abs(level) + _TINY
    scale = np.fmax(MAD_TO_DEVIATION * _quantile(spread, 0.5), MEAN_TO_DEVIATION * _mean(spread))
    scale = np.fmax(scale, floor)
    distance = np.minimum(np.nan_to_num(np.abs(typical - level) / scale), FULL_DISTANCE)
    counts = np.count_nonzero(~np.isnan(trouble), axis=1)
    apart = np.minimum(np.abs(2 * _chance_above(normal, trouble) - 1) / APART, 1.0)
    mean, normal_mean = _mean(trouble), _mean(normal)
    deviation = np.sqrt(_mean((normal - normal_mean[:, None]) ** 2))
    error = np.fmax(deviation, floor) / np.sqrt(np.maximum(counts, 1))
    way = np.where(typical > level, 1.0, -1.0)[:, None]
    beyond = way * (trouble - level[:, None]) > BEYOND * scale[:, None]
    first = np.take_along_axis(times, beyond.argmax(axis=1)[:, None], axis=1)[:, 0]
    return Departures(
        level=level,
        scale=scale,
        typical=typical,
        distance=distance,
        strength=np.log1p(distance) * apart * counts / (counts + FEW),
        mean=mean,
        normal_mean=normal_mean,
        surprise=np.nan_to_num((mean - normal_mean) / error),
        low=_quantile(normal, EDGE),
        high=_quantile(normal, 1 - EDGE),
        since=np.where(beyond.any(axis=1), first, np.nan),
    )


def _quantile(ordered: Values, share: float) -> Values:
    """Return a quantile of every row, sorted with NaN last; NaN for a row without values."""
    counts = np.count_nonzero(~np.isnan(ordered), axis=1)
    place = share * np.maximum(counts - 1, 0)
    below = np.floor(place).astype(np.int64)
    above = np.minimum(below + 1, np.maximum(counts - 1, 0))
    low, high = (np.take_along_axis(ordered, at[:, None], axis=1)[:, 0] for at in (below, above))
    found: Values = low + (high - low) * (place - below)
    return found


def _mean(rows: Values) -> Values:
    """Return the mean of every row, NaN for a row without values."""
    there = ~np.isnan(rows)
    counts = np.count_nonzero(there, axis=1)
    sums = np.where(there, rows, 0.0).sum(axis=1)
    return np.where(counts > 0, sums / np.maximum(counts, 1), np.nan)


def _chance_above(normal: Values, trouble: Values) -> Values:
    """Return the chance that a value of the trouble is above one of normal time; 0.5: no telling.

    All rows at once: a value's rank among all values, after its row, keeps rows apart and values
    in order, so that one search finds every place.

    Args:
        normal: every row sorted, NaN last.
        trouble: in any order.
    """
    calm_rows, calm_places = np.nonzero(~np.isnan(normal))
    hit_rows, hit_places = np.nonzero(~np.isnan(trouble))
    calm, hit = normal[calm_rows, calm_places], trouble[hit_rows, hit_places]
    distinct, ranks = np.unique(np.concatenate([calm, hit]), return_inverse=True)
    keys = np.concatenate([calm_rows, hit_rows]) * len(distinct) + ranks
    calm_keys, hit_keys = keys[: len(calm)], keys[len(calm) :]
    counts = np.bincount(calm_rows, minlength=len(normal))
    places = np.searchsorted(calm_keys, hit_keys, "left")
    places += np.searchsorted(calm_keys, hit_keys, "right")
    below = places / 2 - (np.cumsum(counts) - counts)[hit_rows]
    sums = np.bincount(hit_rows, weights=below, minlength=len(normal))
    pairs = counts * np.bincount(hit_rows, minlength=len(normal))
    return np.where(pairs > 0, sums / np.maximum(pairs, 1), 0.5)
