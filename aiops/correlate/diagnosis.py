"""Which service a recorded case began in, from nothing but its samples and its topology."""

from dataclasses import dataclass

import numpy as np

from aiops.correlate.comparison import Comparison, Values
from topology.graph import ServiceGraph

LEAST_SHARE = 0.01
"""A scale below this share of the level is a series that hardly moves, not one that is precise."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Diagnosis:
    """Where a case most likely began.

    Args:
        services: every service of the case, the likeliest first.
        metrics: (service, metric) of the series that speak for it, the strongest first.
        evidence: one sentence per service worth one, the likeliest first.
    """

    services: tuple[str, ...]
    metrics: tuple[tuple[str, str], ...]
    evidence: tuple[str, ...]


def diagnose(case: Comparison, graph: ServiceGraph) -> Diagnosis:
    """Rank the services of a case by how likely the trouble began there.

    Args:
        case: its samples; series without normal time tell nothing.
        graph: who calls whom.
    """
    distance = _distances(case)
    order = sorted(range(len(case.keys)), key=lambda place: (-distance[place], place))
    strongest: dict[str, int] = {}
    for place in order:
        strongest.setdefault(case.keys[place].service, place)
    names = sorted({*strongest, *graph.services})
    names.sort(key=lambda name: -distance[strongest[name]] if name in strongest else 0.0)
    loud = [place for place in order if distance[place] > 0]
    return Diagnosis(
        services=tuple(names),
        metrics=tuple((case.keys[place].service, case.keys[place].metric) for place in loud),
        evidence=tuple(
            f"{case.keys[place].service}: {case.keys[place].metric} is {distance[place]:.1f} "
            "deviations from its normal level"
            for place in strongest.values()
            if distance[place] > 0
        ),
    )


def _distances(case: Comparison) -> Values:
    """Return how far each series is from its normal level, in robust deviations."""
    _, normal = case.padded(~case.abnormal)
    _, abnormal = case.padded(case.abnormal)
    with np.errstate(all="ignore"):
        level = _median(normal)
        scale = 1.4826 * _median(np.abs(normal - level[:, None]))
        floor = LEAST_SHARE * np.abs(level) + np.finfo(np.float32).tiny
        shift = np.abs(_median(abnormal) - level) / np.maximum(scale, floor)
    return np.nan_to_num(np.log1p(shift), nan=0.0, posinf=0.0)


def _median(rows: Values) -> Values:
    """Return the median of every row, NaN for one without values."""
    ordered = np.sort(rows, axis=1)
    counts = np.count_nonzero(~np.isnan(rows), axis=1)
    middle = np.stack([np.maximum(counts - 1, 0) // 2, counts // 2], axis=1)
    middle = np.minimum(middle, rows.shape[1] - 1)
    medians: Values = np.take_along_axis(ordered, middle, axis=1).mean(axis=1)
    return medians
