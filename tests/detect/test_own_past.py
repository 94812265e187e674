"""What a series' own past makes of a value: bars, budgets, units."""

from dataclasses import replace

import numpy as np
import pytest

from aiops.detect.own_past_alerts import faded
from aiops.detect.own_past_bars import BINS, LEAST_FAST, after_hours, blank_bars
from aiops.detect.own_past_memory import blank_past, rebased
from aiops.detect.protocol import Memory
from aiops.domain.series import Direction, Family
from aiops.domain.symptoms import FactKind
from aiops.domain.ticks import Packed
from tests.detect.made import DAY, MONDAY, Grid, Run, day_curve, series_of, shard_of

STEP = 300
TICKS = 5 * DAY // STEP
TIMES = MONDAY + STEP * np.arange(1, TICKS + 1, dtype=np.int64)
UNKNOWN = replace(series_of("value"), family=Family.OTHER, bad_direction=Direction.BOTH)


def floats(*values: float) -> Packed:
    return np.array(values, dtype=np.float32)


def noise(seed: int, share: float = 0.02) -> Grid:
    return share * np.random.default_rng(seed).standard_normal(TICKS)


def ratios(run: Run, values: Grid) -> list[float]:
    """Feed a series; return how near each value was to an alert."""
    found = []
    for at, value in zip(TIMES.tolist(), values, strict=True):
        run.feed(at, np.array([value], dtype=np.float32))
        found.append(float(run.ratio[0]))
    return found


def young(metric: str = "value") -> Run:
    series = UNKNOWN if metric == "value" else series_of(metric, unit="s")
    return Run(shard_of([series], STEP), None)


def test_one_extreme_value_of_a_series_nobody_knows_is_told_at_once() -> None:
    values = day_curve(TIMES) + noise(1)
    values[1000] += 1.0
    run = young()

    said = ratios(run, values)

    assert max(said[:1000]) < 1 <= said[1000]
    assert [fact.at.timestamp() for fact in run.facts if fact.kind is FactKind.OPENED] == [
        TIMES[1000]
    ]


def test_one_extreme_value_of_a_known_series_is_a_blip() -> None:
    values = day_curve(TIMES) + noise(1)
    values[1000] += 1.0
    run = young("latency_p95")

    said = ratios(run, values)

    assert said[1000] >= 1
    assert [fact for fact in run.facts if fact.kind is FactKind.OPENED] == []


def test_nothing_is_said_of_the_first_hundred_values() -> None:
    values = day_curve(TIMES) + noise(1)
    values[90] += 5.0
    assert ratios(young(), values)[90] == 0


def test_the_bar_of_a_noisy_series_is_what_it_has_reached_before() -> None:
    """Ten spikes in ten hours teach; the eleventh is no news, a larger one is."""
    values = noise(2, 1.0)
    values[200:1300:100] += 20
    values[1400] += 80
    said = ratios(young(), values)

    assert said[200] >= 1
    assert said[1200] < 1 <= said[1400]


def test_what_changes_with_the_season_is_no_change() -> None:
    memory: Memory = {**blank_past(1, STEP), "ref": floats(2), "cell_count": floats(3)}
    memory = rebased({**memory, "cell_sum": floats(6)}, floats(0.5))
    assert memory["ref"].tolist() == [2.5]
    assert memory["cell_sum"].tolist() == [7.5]


def test_a_budget_fades_by_half_in_twelve_hours() -> None:
    assert faded(floats(0.4), 43_200).tolist() == pytest.approx([0.2])


def hours_of(largest: list[float], unit: float) -> float:
    """Return the fast bar after hours with these largest answers."""
    memory: Memory = {**blank_bars(1), "unit": floats(unit), "width": floats(1)}
    for most in largest:
        memory = after_hours({**memory, "fast_most": floats(most)}, 1)
    return float(memory["fast_bar"][0])


def test_one_hour_in_twenty_does_not_lift_the_bar_of_a_predictable_series() -> None:
    quiet, troubled = [8.0] * 100, ([8.0] * 19 + [200.0]) * 5
    assert hours_of(troubled, unit=0.1) == pytest.approx(hours_of(quiet, unit=0.1), rel=0.15)
    assert hours_of(troubled, unit=1.0) > 200


def test_no_bar_is_below_what_people_would_speak_of() -> None:
    assert hours_of([0.6] * 50, unit=0.1) == LEAST_FAST


def test_an_hour_without_a_value_changes_no_bar() -> None:
    assert hours_of([30.0] * 20 + [-1.0] * 5, unit=0.1) == hours_of([30.0] * 20, unit=0.1)
    assert blank_bars(3)["fast_hours"].shape == (BINS, 3)


def test_it_remembers_little_of_a_series() -> None:
    run = Run(shard_of([UNKNOWN] * 8), None)
    arrays = run.state.memory["seasonal"].values()
    assert sum(array.nbytes for array in arrays) / 8 <= 660


def test_a_history_of_gaps_is_no_change() -> None:
    values = 2 + noise(3)
    values[500:700] = np.nan
    run = young()
    said = ratios(run, values)
    assert max(said) < 1
    assert run.facts == [] or all(fact.symptom.detector != "seasonal" for fact in run.facts)
