from datetime import timedelta

import numpy as np
import numpy.typing as npt
import pytest

from aiops.domain.symptoms import FactKind, Symptom, SymptomFact, SymptomKind
from aiops.domain.ticks import History
from aiops.domain.time import utc
from tests.detect.made import MONDAY, POLICY, Run, series_of, shard_of

METRICS = ("latency_p95", "error_ratio", "cpu_usage")
SERVICES = ("checkout", "orders", "payments", "search", "gateway")
SHARD = shard_of([series_of(metric, service) for service in SERVICES for metric in METRICS])
TICKS = 200

Values = npt.NDArray[np.float32]


def steady(step_seconds: int = 60) -> tuple[npt.NDArray[np.int64], Values]:
    times = MONDAY + step_seconds * np.arange(1, TICKS + 1, dtype=np.int64)
    return times, np.full((TICKS, len(SHARD.series)), 0.2, dtype=np.float32)


def gaps(values: Values, step_seconds: int = 60) -> list[SymptomFact]:
    times, _ = steady(step_seconds)
    run = Run(shard_of(SHARD.series, step_seconds), None)
    facts = run.feed_all(History(times=times, values=values))
    return [fact for fact in facts if fact.symptom.kind is SymptomKind.TELEMETRY_GAP]


def only(facts: list[SymptomFact]) -> Symptom:
    (fact,) = [one for one in facts if one.kind is FactKind.OPENED]
    return fact.symptom


def test_a_series_that_falls_silent_is_named_for_itself_and_ends_when_it_is_back() -> None:
    times, values = steady()
    values[100:150, 4] = np.nan

    facts = gaps(values)

    symptom = only(facts)
    assert symptom.series.key == SHARD.series[4].key
    assert symptom.series.title == "telemetry of error_ratio"
    assert symptom.onset == utc(int(times[100]))
    assert symptom.detected_at == utc(int(times[100 + POLICY.gap_ticks - 1]))
    assert [fact.kind for fact in facts] == [FactKind.OPENED, FactKind.ENDED]
    assert facts[1].symptom.ended_at == utc(int(times[150]))


def test_gaps_of_a_series_that_often_misses_a_value_are_its_nature() -> None:
    _, values = steady()
    rng = np.random.default_rng(3)
    values[rng.random(TICKS) < 0.18, 4] = np.nan
    values[120:127, 4] = np.nan

    assert not gaps(values)

    values[160:, 4] = np.nan
    assert only(gaps(values)).series.key == SHARD.series[4].key


def test_a_service_that_falls_silent_is_one_symptom() -> None:
    _, values = steady()
    values[100:, 3:6] = np.nan

    symptom = only(gaps(values))

    assert (symptom.service, symptom.series.key.metric) == ("orders", "telemetry")
    assert (symptom.before, symptom.observed) == (1.0, 0.0)


def test_a_service_whose_series_stop_one_after_the_other_is_still_one_symptom() -> None:
    _, values = steady()
    for late in range(3):
        values[100 + late :, 3 + late] = np.nan

    assert only(gaps(values)).series.key.metric == "telemetry"


def test_a_source_that_falls_silent_is_one_symptom() -> None:
    _, values = steady()
    values[100:] = np.nan

    symptom = only(gaps(values))

    assert symptom.service == "prometheus"
    assert symptom.series.title == "telemetry from prometheus"


def test_a_series_that_is_usually_missing_is_no_gap() -> None:
    _, values = steady()
    values[:, 0] = np.nan
    values[::4, 0] = 1.0
    values[100:, 0] = np.nan
    values[:, 1] = np.nan

    assert gaps(values) == []


def test_a_missed_scrape_is_no_gap() -> None:
    _, values = steady()
    values[100 : 100 + POLICY.gap_ticks - 1] = np.nan

    assert gaps(values) == []


@pytest.mark.parametrize("step_seconds", [5, 300])
def test_a_gap_takes_ticks_or_seconds_whichever_is_longer(step_seconds: int) -> None:
    _, values = steady(step_seconds)
    values[100:, 4] = np.nan

    symptom = only(gaps(values, step_seconds))

    wait = max(POLICY.gap_ticks * step_seconds, POLICY.gap_seconds) - step_seconds
    assert symptom.detected_at - symptom.onset == timedelta(seconds=wait)


def test_a_series_gone_for_a_day_is_no_longer_expected() -> None:
    times = MONDAY + 300 * np.arange(1, 801, dtype=np.int64)
    values = np.full((800, 2), 0.2, dtype=np.float32)
    values[100:, 0] = np.nan
    run = Run(shard_of([series_of("cpu_usage", "a"), series_of("cpu_usage", "b")], 300), None)

    facts = run.feed_all(History(times=times, values=values))

    assert [fact.kind for fact in facts] == [FactKind.OPENED, FactKind.ENDED]
    assert facts[1].at - facts[0].symptom.onset == timedelta(days=1)
