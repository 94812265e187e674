"""Recorded cases to diagnose, made of flat noisy series and what the trouble does to some."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from aiops.correlate.comparison import Comparison
from aiops.domain.series import SeriesKey
from topology.graph import Edge, ServiceGraph

STEP = 60
NORMAL = 120
TROUBLE = 30
SINCE = 1_700_000_000


def calls(*pairs: str) -> ServiceGraph:
    """Return the topology of calls written as `caller>callee`."""
    edges = [Edge(caller=one.split(">")[0], callee=one.split(">")[1]) for one in pairs]
    return ServiceGraph.from_edges((), edges)


def case(
    normal: Mapping[Any, float],
    trouble: Mapping[Any, Any] | None = None,
    *,
    noise: float = 0.02,
    alert: tuple[str, str] | None = None,
) -> Comparison:
    """Return a case.

    Args:
        normal: level of each series, by service, metric and, for an edge, peer.
        trouble: the levels that differ in the trouble; one level, or one for every sample.
        noise: deviation of every sample, as a share of its level.
        alert: what was alerting.
    """
    rng = np.random.default_rng(5)
    names = sorted(normal)
    times = SINCE + STEP * np.arange(-NORMAL, TROUBLE)
    rows = []
    for name in names:
        levels = np.full(NORMAL + TROUBLE, float(normal[name]))
        if trouble is not None and name in trouble:
            levels[NORMAL:] = trouble[name]
        rows.append(levels * (1 + noise * rng.standard_normal(len(levels))))
    return Comparison(
        keys=tuple(
            SeriesKey(
                service=name[0],
                metric=name[1],
                labels=(("peer", name[2]),) if len(name) > 2 else (),
            )
            for name in names
        ),
        units=("",) * len(names),
        series=np.repeat(np.arange(len(names), dtype=np.int32), len(times)),
        times=np.tile(times, len(names)),
        values=np.concatenate(rows),
        abnormal=np.tile(times >= SINCE, len(names)),
        since=SINCE,
        step_seconds=STEP,
        alert=alert,
    )
