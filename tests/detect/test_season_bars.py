"""Bars that people move: lower for what is important, higher for what is noisy."""

from dataclasses import replace

import numpy as np
import pytest

from aiops.detect.importance import factors_of
from aiops.domain.symptoms import FactKind
from aiops.domain.ticks import Shard
from tests.detect.made import (
    DAY,
    MONDAY,
    POLICY,
    Run,
    day_curve,
    history_of,
    series_of,
    shard_of,
    times_of,
)

STEP = 300
MARKED = replace(POLICY, important=("till:*",), noisy=("batch-*:latency_p95",))
SERVICES = ("till", "shop", "batch-7")


def shop() -> Shard:
    return shard_of([series_of("latency_p95", one, unit="s") for one in SERVICES], STEP)


@pytest.fixture(scope="module")
def run() -> Run:
    """Three services with the same values: calm, a small and a large spike."""
    rng = np.random.default_rng(4)
    past, following = times_of(7, STEP), times_of(1, STEP, MONDAY + 7 * DAY)
    noise = rng.standard_normal(len(past) + len(following)) * 0.05
    before = day_curve(past) + noise[: len(past)]
    values = day_curve(following) + noise[len(past) :]
    values[60:63] *= 1.21  # the floor of a scale is a twentieth of the level
    values[200:202] *= 1.26
    run = Run(shop(), history_of(past, before, before, before), policy=MARKED)
    run.feed_all(history_of(following, values, values, values))
    return run


def openings(run: Run, service: str) -> int:
    return sum(
        fact.kind is FactKind.OPENED and fact.symptom.service == service for fact in run.facts
    )


def test_the_same_spikes_open_more_for_important_and_less_for_noisy_series(run: Run) -> None:
    assert [openings(run, one) for one in SERVICES] == [2, 1, 0]


def test_a_moved_bar_is_said(run: Run) -> None:
    words = {fact.symptom.service: fact.symptom.unusual for fact in run.facts}
    assert "at a bar times 0.7" in words["till"]
    assert "bar" not in words["shop"]


def test_marks_are_by_metric_or_by_service_and_metric() -> None:
    policy = replace(POLICY, important=("latency_*",), noisy=("shop:*", "latency_p95"))
    assert factors_of(shop().series, policy).tolist() == pytest.approx([0.7] * 3)
    policy = replace(POLICY, noisy=("shop:*",))
    assert factors_of(shop().series, policy).tolist() == pytest.approx([1, 1.5, 1])


def test_a_mark_that_is_taken_away_moves_the_bar_back() -> None:
    run = Run(shop(), None, policy=MARKED)
    factors = []
    for number, policy in enumerate((MARKED, POLICY), start=1):
        run.policy = policy
        run.feed(MONDAY + number * STEP, np.ones(3, dtype=np.float32))
        factors.append(run.state.memory["seasonal"]["factor"].tolist())
    assert factors[0] == pytest.approx([0.7, 1, 1.5])
    assert factors[1] == [1, 1, 1]
