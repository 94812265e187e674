"""Three weeks of quiet, noisy data after three weeks of the same: the rate of false symptoms."""

from collections import Counter

import numpy as np
import pytest

from aiops.domain.series import Series
from aiops.domain.symptoms import FactKind
from aiops.domain.ticks import History, Times
from tests.detect.made import DAY, MONDAY, Grid, Run, day_curve, series_of, shard_of, week_curve

STEP = 300
DAYS = 42
SERIES = 100
MOST_PER_SERIES_DAY = 0.01


def wandering(rng: np.random.Generator, ticks: int, keep: float, spread: float) -> Grid:
    """Return noise that remembers: every value keeps a share of the one before."""
    shocks = rng.standard_normal(ticks) * spread * np.sqrt(1 - keep**2)
    values = np.empty(ticks)
    now = 0.0
    for tick, shock in enumerate(shocks.tolist()):
        now = keep * now + shock
        values[tick] = now
    return values


def made_series(number: int, times: Times, rng: np.random.Generator) -> tuple[Series, Grid]:
    week, day, count = week_curve(times), day_curve(times), len(times)
    metric, unit, values = (
        lambda: ("requests", "", rng.poisson(300 * week * (1 + wandering(rng, count, 0.9, 0.03)))),
        lambda: ("latency_p95", "s", 0.1 + 0.05 * week * np.exp(wandering(rng, count, 0.6, 0.1))),
        lambda: ("error_ratio", "1", rng.binomial(2000, 0.003, count) / 2000),
        lambda: ("cpu_usage", "1", 0.2 + 0.15 * day * np.exp(wandering(rng, count, 0.9, 0.08))),
        lambda: ("revenue", "EUR", 5000 * week * (1 + 0.08 * rng.standard_normal(count))),
        lambda: ("connection_errors", "", rng.poisson(0.3, count)),
        lambda: ("queue_depth", "", rng.poisson(12 * day)),
        lambda: ("latency_p99", "s", spiky(rng, count)),
    )[number % 8]()
    kpi = "revenue" if metric == "revenue" else None
    series = series_of(metric, f"service-{number}", unit=unit, kpi=kpi)
    return series, np.asarray(values, dtype=np.float64)


def spiky(rng: np.random.Generator, count: int) -> Grid:
    spikes = 1 + 10 * (rng.random(count) < 0.002)
    return np.asarray(0.02 + 0.01 * rng.gamma(2, 1, count) * spikes)


@pytest.mark.parametrize("seed", [1, 2])
def test_quiet_noise_gives_almost_no_symptom(seed: int) -> None:
    rng = np.random.default_rng(seed)
    times = MONDAY + STEP * np.arange(1, DAYS * DAY // STEP + 1, dtype=np.int64)
    made = [made_series(number, times, rng) for number in range(SERIES)]
    values = np.column_stack([column for _, column in made]).astype(np.float32)
    half = len(times) // 2
    shard = shard_of([series for series, _ in made], STEP)
    run = Run(shard, History(times=times[:half], values=values[:half]))

    facts = run.feed_all(History(times=times[half:], values=values[half:]))

    found = Counter(
        fact.symptom.series.key.metric for fact in facts if fact.kind is FactKind.OPENED
    )
    assert found.total() / (SERIES * DAYS / 2) <= MOST_PER_SERIES_DAY, found
