"""Values of the small shop, a row a minute: calm, and bad where a test says so."""

from datetime import datetime

import numpy as np

from aiops.domain.series import Series
from aiops.domain.ticks import Packed
from tests.builders import checkout_errors, minute, revenue, series
from tests.workers.installation import TableSource

SERIES: tuple[Series, ...] = (
    checkout_errors(),
    series("payment-service", "latency_seconds", region="EU", unit="s"),
    revenue("EU"),
)
CALM = np.array([0.003, 0.12, 5000.0])
BAD = np.array([0.072, 1.4, 3500.0])
FIRST = minute(-240)


def values(
    bad_from: float | None = None, bad_until: float = 60, *, minutes: int = 480, seed: int = 5
) -> Packed:
    """Return values from 6:00 on, bad in [bad_from, bad_until) minutes after 10:00."""
    noise = np.random.default_rng(seed).normal(1, 0.02, (minutes, len(SERIES)))
    made = CALM * noise
    if bad_from is not None:
        rows = slice(240 + int(bad_from), 240 + int(bad_until))
        made[rows] = BAD * noise[rows]
    return made.astype(np.float32)


def source(
    bad_from: float | None = None, bad_until: float = 60, *, first: datetime = FIRST
) -> TableSource:
    """Return the small shop as a source."""
    return TableSource(SERIES, first, values(bad_from, bad_until))
