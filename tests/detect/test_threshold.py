"""Fixed limits: what somebody set holds whatever is usual, for as long as it is set."""

from dataclasses import replace

import numpy as np

from aiops.domain.policies import Limit
from aiops.domain.symptoms import FactKind
from tests.detect.made import MONDAY, POLICY, Run, series_of, shard_of

STEP = 300
LIMITED = replace(POLICY, limits=(Limit(metric="queue_depth", above=100.0),))


def queues(count: int) -> list[str]:
    return [f"orders-{number}" for number in range(count)]


def run_of(count: int) -> Run:
    shard = shard_of([series_of("queue_depth", name) for name in queues(count)], STEP)
    return Run(shard, None, policy=LIMITED)


def told(run: Run) -> list[tuple[FactKind, str]]:
    kinds = (FactKind.OPENED, FactKind.ENDED)
    return [
        (fact.kind, fact.symptom.service)
        for fact in run.facts
        if fact.symptom.detector == "threshold" and fact.kind in kinds
    ]


def feed(run: Run, ticks: range, *values: float) -> None:
    for tick in ticks:
        run.feed(MONDAY + tick * STEP, np.array(values, dtype=np.float32))


def test_a_limit_does_not_become_normal_by_being_passed_for_a_day() -> None:
    run = run_of(1)
    feed(run, range(1, 26 * 3600 // STEP), 150.0)
    assert told(run) == [(FactKind.OPENED, "orders-0")]


def test_a_series_that_joins_a_running_shard_has_its_limits() -> None:
    run = run_of(1)
    feed(run, range(1, 5), 10.0)
    run.shard = run_of(2).shard
    feed(run, range(5, 9), 10.0, 150.0)
    assert told(run) == [(FactKind.OPENED, "orders-1")]
