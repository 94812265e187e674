"""Faults that no single series shows: what goes together, and does not any more."""

import subprocess
import sys
from functools import cache

import numpy as np
import pytest

from aiops.domain.series import Direction
from aiops.domain.symptoms import FactKind, Symptom, SymptomFact, SymptomKind
from aiops.domain.ticks import History, Packed
from aiops.domain.time import utc
from tests.detect.made import DAY, Grid, Run, series_of, shard_of, times_of, week_curve

STEP = 900
TIMES = times_of(28, STEP)
HALF = 3 * len(TIMES) // 4
NOON = 3 * DAY // STEP + 48
FAULT = slice(NOON, NOON + 8)
SERVICES = ("checkout", "orders")
METRICS = (("requests", "1/s"), ("cpu_usage", "1"), ("latency_p95", "s"), ("error_ratio", "1"))
SHARD = shard_of(
    [series_of(metric, name, unit=unit) for name in SERVICES for metric, unit in METRICS], STEP
)
REQUESTS, CPU = 0, 1


def bursts(rng: np.random.Generator) -> Grid:
    """Return a load that jumps about by a sixth from one moment to the next."""
    shocks = rng.standard_normal(len(TIMES) + 8) * 0.16
    smooth = np.convolve(shocks, [0.6, 0.5, 0.4, 0.3, 0.2, 0.15, 0.1, 0.05, 0.03])
    return np.asarray(week_curve(TIMES) * np.exp(smooth[8 : 8 + len(TIMES)]))


def service(rng: np.random.Generator) -> Grid:
    """Return requests, CPU and latency that follow one load, and errors that do not."""
    load = bursts(rng)
    noise = rng.standard_normal((3, len(TIMES)))
    requests = 300 * load * (1 + 0.01 * noise[0])
    cpu = 0.08 + 0.12 * load * (1 + 0.03 * noise[1])
    latency = 0.1 + 0.02 * load**1.5 * np.exp(0.05 * noise[2])
    return np.column_stack([requests, cpu, latency, rng.binomial(2000, 0.003, len(TIMES)) / 2000])


@cache
def estate(seed: int = 1) -> Packed:
    rng = np.random.default_rng(seed)
    return np.hstack([service(rng) for _ in SERVICES]).astype(np.float32)


def live(values: Packed) -> History:
    return History(times=TIMES[HALF:], values=values)


def at(tick: int) -> int:
    return int(TIMES[HALF + tick])


def run(values: Packed, seed: int = 1) -> list[SymptomFact]:
    past = History(times=TIMES[:HALF], values=estate(seed)[:HALF])
    return Run(SHARD, past).feed_all(live(values))


def opened(facts: list[SymptomFact]) -> list[Symptom]:
    return [fact.symptom for fact in facts if fact.kind is FactKind.OPENED]


@cache
def broken() -> list[SymptomFact]:
    """Traffic rises by a sixth and CPU falls by as much: each does so now and then."""
    values = estate()[HALF:].copy()
    values[FAULT, REQUESTS] *= 1.15
    values[FAULT, CPU] *= 0.8
    return run(values)


def test_a_relation_that_breaks_is_found_where_no_single_series_shows_it() -> None:
    found = opened(broken())

    assert {one.detector for one in found} == {"multivariate"}
    (symptom,) = found
    assert symptom.service == "checkout"
    assert symptom.kind is SymptomKind.RELATION
    assert symptom.onset == utc(at(NOON))
    assert symptom.detected_at == utc(at(NOON + 1))


def test_it_says_which_metric_what_was_expected_and_by_what() -> None:
    (symptom,) = opened(broken())

    assert symptom.series.key.metric == "requests"
    assert symptom.direction is Direction.UP
    assert symptom.observed == pytest.approx(1.15 * estate()[HALF + NOON, REQUESTS])
    assert symptom.expected == symptom.before
    assert symptom.expected < symptom.high < symptom.observed
    assert symptom.compared_with == "what goes with its cpu_usage, latency_p95"


def test_it_ends_when_the_metrics_go_together_again() -> None:
    ended = [fact.symptom for fact in broken() if fact.kind is FactKind.ENDED]

    assert [one.detector for one in ended] == ["multivariate"]
    assert ended[0].ended_at == utc(at(FAULT.stop))


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_quiet_week_of_bursts_gives_nothing(seed: int) -> None:
    found = opened(run(estate(seed)[HALF:], seed))

    assert [one for one in found if one.detector == "multivariate"] == []


def test_what_a_single_series_shows_is_not_said_again() -> None:
    values = estate()[HALF:].copy()
    values[FAULT, CPU] = 0.98

    found = opened(run(values))

    assert {one.detector for one in found} == {"seasonal"}


def test_a_lasting_new_relation_is_the_usual_one_after_a_day() -> None:
    values = estate()[HALF:].copy()
    values[NOON:, REQUESTS] += 200

    found = [fact for fact in run(values) if fact.symptom.detector == "multivariate"]

    kinds = [fact.kind for fact in found if fact.kind is not FactKind.STRENGTHENED]
    assert kinds == [FactKind.OPENED, FactKind.ENDED]
    assert found[-1].at == utc(at(NOON) + DAY)


def shrunk(metrics: int, days: float) -> list[SymptomFact]:
    """Return what is found of the broken relation with fewer metrics or less history."""
    series = SHARD.series[:metrics]
    first = HALF - int(days * DAY / STEP)
    values = estate()[HALF:, :metrics].copy()
    values[FAULT, REQUESTS] *= 1.15
    values[FAULT, CPU] *= 0.8
    past = History(times=TIMES[first:HALF], values=estate()[first:HALF, :metrics])
    cut = slice(NOON - 50, NOON + 50)
    near = History(times=TIMES[HALF:][cut], values=values[cut])
    return Run(shard_of(series, STEP), past).feed_all(near)


def test_two_metrics_or_a_day_of_history_are_too_little_to_speak_of_relations() -> None:
    detectors = [{fact.symptom.detector for fact in shrunk(*one)} for one in [(2, 14), (4, 1)]]

    assert all("multivariate" not in names for names in detectors)
    assert "multivariate" in {fact.symptom.detector for fact in shrunk(4, 14)}


def test_of_many_metrics_the_least_specific_ones_are_related() -> None:
    wide = [series_of(f"metric_{number}", "orders") for number in range(30)]
    load = bursts(np.random.default_rng(4))[:HALF]
    noise = np.random.default_rng(5).standard_normal((HALF, 30))
    values = load[:, None] * (1 + 0.02 * noise)
    past = History(times=TIMES[:HALF], values=values.astype(np.float32))
    fitted = Run(shard_of(wide, STEP), past).profile.fitted["multivariate"]

    assert np.isfinite(fitted["bar"]).sum() == 24


def test_scikit_learn_is_loaded_only_where_there_is_something_to_relate() -> None:
    program = (
        "import sys; from aiops.detect import engine; from tests.detect.made import POLICY;"
        "from tests.detect.test_past import SHARD, made; engine.fit(SHARD, made(9), POLICY);"
        "sys.exit(any(name.startswith(('sklearn', 'scipy')) for name in sys.modules))"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
