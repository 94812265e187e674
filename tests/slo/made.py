"""Service levels for tests: a shop's requests and failures, each at a level before and after."""

from collections.abc import Mapping

import numpy as np

from aiops.detect.tick_log import TickLog
from aiops.domain.samples import Excerpt
from aiops.domain.series import Series
from aiops.domain.ticks import Shard, Tick
from tests.builders import minute, series

ONSET = 3
DAYS = 2
TRAFFIC = series("checkout", "requests_per_second", unit="1/s")
ERRORS = series("checkout", "error_ratio", unit="1")
LATENCY = series("checkout", "latency_p95_seconds", unit="s")

Levels = Mapping[Series, tuple[float, float]]
"""Of each series the value before the onset and since."""


def log(levels: Levels, *, until: float = 120, since: float = -240, noise: float = 0.0) -> TickLog:
    """Make samples by the minute, and hours of the two days before them."""
    random = np.random.default_rng(5)
    made = TickLog(Shard(id="pull.prod.0", env="prod", step_seconds=60, series=tuple(levels)), None)
    past = range(-DAYS * 1440, int(since), 60)
    for at in (*past, *range(int(since), int(until) + 1)):
        values = [now if at >= ONSET else before for before, now in levels.values()]
        shaken = np.array(values) * (1 + noise * random.standard_normal(len(levels)))
        made.append(Tick(at=minute(at), values=shaken.astype(np.float32)))
    return made


def excerpt(levels: Levels, *, until: float = 60) -> Excerpt:
    """Make what the services of some series measured from two hours before ten."""
    names = {one.key.service for one in levels}
    (made,) = log(levels).around(names, minute(0), minute(until))
    return made
