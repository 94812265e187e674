import itertools
from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest

from aiops.demo.faults import FaultKind
from aiops.demo.scenarios import quiet_scenario
from aiops.demo.simulation import Simulation
from aiops.domain.changes import ChangeKind
from topology.parse import parse_topology

SMALL = quiet_scenario(3, series=300, days=14)


@pytest.mark.parametrize("seed", range(4))
def test_a_scenario_has_the_size_asked_for_and_twenty_faults_of_all_kinds(seed: int) -> None:
    scenario = quiet_scenario(seed, series=2000, days=14)
    graph = parse_topology(scenario.topology_yaml(), "topology.yaml")

    assert 1900 <= len(scenario.series) <= 2300
    assert len(scenario.faults) == 20
    assert {fault.kind for fault in scenario.faults} == set(FaultKind)
    assert graph.problems == ()
    for fault in scenario.faults:
        assert fault.service in graph.graph
        assert set(fault.services) <= set(graph.graph.services)
        assert scenario.starts_at < fault.started_at < fault.ended_at < scenario.quiet_from


def test_few_faults_overlap_and_the_last_week_is_free_of_them() -> None:
    faults = SMALL.faults

    together = [
        (before, after)
        for before, after in itertools.pairwise(faults)
        if after.started_at - before.ended_at < timedelta(hours=1)
    ]
    assert 1 <= len(together) <= 3
    assert all(before.started_at < after.started_at for before, after in together)
    assert all(before.regions != after.regions for before, after in together)
    assert SMALL.quiet_until - SMALL.quiet_from == timedelta(days=7)
    assert SMALL.quiet_from - faults[-1].ended_at > timedelta(hours=1)


def test_most_changes_are_innocent_and_happen_in_the_quiet_week_too() -> None:
    guilty = {fault.change_ref for fault in SMALL.faults}
    innocent = [change for change in SMALL.changes if change.ref not in guilty]
    live = [change for change in innocent if change.started_at >= SMALL.starts_at]

    assert len(live) > 40
    assert any(change.started_at > SMALL.quiet_from for change in live)
    assert {ChangeKind.DEPLOY, ChangeKind.FLAG, ChangeKind.MAINTENANCE} <= {
        change.kind for change in innocent
    }


def test_every_fault_moves_what_it_says_and_nothing_else_in_its_time() -> None:
    fault = SMALL.faults[0]
    lasting = [one for one in SMALL.simulation.effects if one[0].end - one[0].start > 86_400]
    calm = replace(SMALL.simulation, effects=tuple(lasting))
    times = np.arange(
        int(fault.started_at.timestamp()) + 240, int(fault.ended_at.timestamp()) - 60, 60
    )
    moved = ~np.isclose(SMALL.simulation.values(times), calm.values(times), equal_nan=True)
    hit = {SMALL.series[column].key.service for column in np.flatnonzero(moved.mean(axis=0) > 0.9)}

    assert hit
    assert hit <= set(fault.services)


def test_chunks_join_to_the_whole_and_hold_every_tick_once() -> None:
    scenario = quiet_scenario(5, series=60, days=2)
    chunks = list(scenario.chunks(hours=7))
    times = np.concatenate([chunk.times for chunk in chunks])
    values = np.concatenate([chunk.values for chunk in chunks])

    assert values.dtype == np.float32
    assert np.array_equal(np.diff(times), np.full(len(times) - 1, 60))
    assert len(times) == 2 * 1440 + 1
    whole = scenario.values(scenario.starts_at, scenario.ends_at)
    assert np.array_equal(values, whole, equal_nan=True)


def test_the_baseline_is_three_weeks_before_the_first_live_tick() -> None:
    scenario = quiet_scenario(5, series=60, days=2)
    baseline = scenario.baseline()

    assert baseline.values.shape == (21 * 288, len(scenario.series))
    assert baseline.times[-1] < scenario.starts_at.timestamp()
    assert np.isfinite(baseline.values).mean() > 0.97


def test_noise_is_as_unlike_as_in_real_estates() -> None:
    values = SMALL.baseline(days=7).values
    steps = np.diff(values, axis=0)
    centred = steps - np.nanmedian(steps, axis=0)
    spread = np.nanmedian(np.abs(centred), axis=0)
    alive = spread > 0
    wildness = np.nanmax(np.abs(centred[:, alive]), axis=0) / spread[alive]

    assert np.nanmin(values) >= 0
    assert np.isnan(values).any()
    assert (values == 0).mean() > 0.01
    assert np.quantile(wildness, 0.9) > 2 * np.quantile(wildness, 0.1)


def test_the_same_seed_gives_the_same_scenario_and_another_one_another() -> None:
    again, other = quiet_scenario(3, series=300, days=14), quiet_scenario(4, series=300, days=14)
    start = SMALL.starts_at

    assert again.faults == SMALL.faults
    assert again.changes == SMALL.changes
    assert np.array_equal(
        again.values(start, start + timedelta(hours=1)),
        SMALL.values(start, start + timedelta(hours=1)),
        equal_nan=True,
    )
    assert {series.key.service for series in other.series}.isdisjoint(
        fault.service for fault in SMALL.faults
    )


def test_too_small_a_scenario_is_refused() -> None:
    with pytest.raises(ValueError, match="2 days and 50 series"):
        quiet_scenario(1, series=10, days=14)


def test_a_simulation_may_be_asked_for_some_of_its_series() -> None:
    times = np.arange(0, 3600, 60, dtype=np.int64)
    simulation: Simulation = SMALL.simulation

    assert np.array_equal(
        simulation.values(times, [5, 2]), simulation.values(times)[:, [5, 2]], equal_nan=True
    )
