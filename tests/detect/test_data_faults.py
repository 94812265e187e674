"""Faults of the data are named for what they are, and ordinary series are not called faulty."""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import pytest

from aiops.domain.symptoms import FactKind, Symptom, SymptomKind
from aiops.domain.ticks import History, Packed
from aiops.domain.time import utc
from tests.detect.made import DAY, Grid, Run, day_curve, series_of, shard_of, times_of

STEP = 300
TIMES = times_of(9, STEP)
HALF = 7 * DAY // STEP
NOON = 150
RNG = np.random.default_rng(11)
CURVE = day_curve(TIMES)


def noisy(level: Grid, share: float = 0.04) -> Grid:
    return np.asarray(level * (1 + share * np.random.default_rng(5).standard_normal(len(TIMES))))


def found(values: Grid, metric: str = "latency_p95", unit: str = "s") -> list[Symptom]:
    """Return what the detectors of data faults open in the last two of nine days."""
    shard = shard_of([series_of(metric, unit=unit)], STEP)
    packed = values.astype(np.float32)[:, None]
    run = Run(shard, History(times=TIMES[:HALF], values=packed[:HALF]))
    facts = run.feed_all(History(times=TIMES[HALF:], values=packed[HALF:]))
    kinds = (SymptomKind.FROZEN_VALUE, SymptomKind.UNIT_CHANGE)
    opened = [fact.symptom for fact in facts if fact.kind is FactKind.OPENED]
    return [one for one in opened if one.kind in kinds]


def told(values: Grid) -> list[Symptom]:
    """Return what is opened of a KPI with these values in the last two of nine days."""
    shard = shard_of([series_of("revenue", unit="EUR", kpi="revenue")], STEP)
    packed = values.astype(np.float32)[:, None]
    run = Run(shard, History(times=TIMES[:HALF], values=packed[:HALF]))
    facts = run.feed_all(History(times=TIMES[HALF:], values=packed[HALF:]))
    return [fact.symptom for fact in facts if fact.kind is FactKind.OPENED]


def _first(values: Grid) -> npt.NDArray[np.bool_]:
    return np.asarray(np.arange(len(values)) == 0)


def live(values: Grid, change: Callable[[Grid], Grid | float], ticks: int = 60) -> Grid:
    """Return values of which some live ticks from the first noon on are changed."""
    changed = values.copy()
    chosen = slice(HALF + NOON, HALF + NOON + ticks)
    changed[chosen] = change(values[chosen])
    return changed


class TestFrozenValues:
    def test_a_value_that_used_to_move_and_is_repeated_is_frozen_since_its_first_tick(self) -> None:
        values = noisy(0.2 * CURVE)
        (symptom,) = found(live(values, lambda usual: float(usual[0])))

        assert symptom.kind is SymptomKind.FROZEN_VALUE
        assert symptom.observed == pytest.approx(values[HALF + NOON])
        assert symptom.onset == utc(int(TIMES[HALF + NOON]))
        assert (symptom.detected_at - symptom.onset).total_seconds() <= 3600

    def test_it_ends_when_the_value_moves_again(self) -> None:
        shard = shard_of([series_of("cpu_usage", unit="1")], STEP)
        values = live(noisy(0.1 * CURVE), lambda usual: float(usual[0])).astype(np.float32)[:, None]
        run = Run(shard, History(times=TIMES[:HALF], values=values[:HALF]))
        facts = run.feed_all(History(times=TIMES[HALF:], values=values[HALF:]))
        ended = [fact.symptom for fact in facts if fact.kind is FactKind.ENDED]

        assert [one.detector for one in ended if one.is_telemetry] == ["frozen"]
        assert ended[-1].ended_at == utc(int(TIMES[HALF + NOON + 60]))

    @pytest.mark.parametrize(
        ("name", "values", "unit"),
        [
            ("a constant", np.full(len(TIMES), 512.0), "By"),
            ("replicas", np.repeat(RNG.integers(2, 6, 27), 96).astype(float), ""),
            ("a sparse counter", (RNG.random(len(TIMES)) < 0.02).astype(float), ""),
            ("idle nights", np.where(CURVE < 1.4, 3.0, np.round(40 * noisy(CURVE))), ""),
            ("an error share of zero", np.where(CURVE < 2, 0, 0.01 * noisy(CURVE)), "1"),
            ("rounded values", np.round(noisy(0.3 + 0 * CURVE), 2), "1"),
        ],
    )
    def test_series_that_rest_by_nature_are_not(self, name: str, values: Grid, unit: str) -> None:
        assert found(values, "active_workers" if unit == "" else "cpu_usage", unit) == [], name

    def test_zero_and_all_of_a_ratio_are_where_values_rest(self) -> None:
        ratio = 0.5 + 0.1 * np.sin(np.arange(len(TIMES)))

        assert found(live(ratio, lambda _: 1.0), "cpu_usage", "1") == []
        assert found(live(ratio, lambda _: 0.0), "cpu_usage", "1") == []
        assert len(found(live(ratio, lambda _: 0.5), "cpu_usage", "1")) == 1


class TestUnitChanges:
    @pytest.mark.parametrize("factor", [60, 100, 1000, 1024, 1 / 1000, 1 / 60])
    def test_an_exact_factor_that_stays_is_another_unit(self, factor: float) -> None:
        (symptom,) = found(live(noisy(0.2 * CURVE), lambda usual: usual * factor))

        assert symptom.kind is SymptomKind.UNIT_CHANGE
        assert symptom.observed / symptom.expected == pytest.approx(factor, rel=0.15)
        assert symptom.onset == utc(int(TIMES[HALF + NOON]))
        assert (symptom.detected_at - symptom.onset).total_seconds() == 2 * STEP
        assert symptom.compared_with == "its level of the last 40 min"

    @pytest.mark.parametrize(
        ("name", "change"),
        [
            ("no round factor", lambda usual: usual * 250),
            ("a timeout", lambda usual: np.full(len(usual), 400.0)),
            ("a rise", lambda usual: usual * np.linspace(1, 1000, len(usual))),
            ("a spike", lambda usual: usual * np.where(np.arange(len(usual)) < 2, 1000, 1)),
        ],
    )
    def test_other_jumps_are_not(self, name: str, change: Callable[[Grid], Grid]) -> None:
        values = found(live(noisy(0.2 * CURVE), change))

        assert [one for one in values if one.kind is SymptomKind.UNIT_CHANGE] == [], name

    @pytest.mark.parametrize("factor", [100, 1000, 1 / 100])
    def test_a_kpi_in_another_unit_is_named_before_anything_else_is_said_of_it(
        self, factor: float
    ) -> None:
        first = told(live(noisy(5000 * CURVE), lambda usual: usual * factor))[0]

        assert first.kind is SymptomKind.UNIT_CHANGE
        assert first.onset == utc(int(TIMES[HALF + NOON]))

    @pytest.mark.parametrize(
        ("name", "change"),
        [
            ("no round factor", lambda usual: usual / 250),
            ("one tick at a hundredth", lambda usual: usual / np.where(_first(usual), 100, 70)),
            ("nothing", lambda usual: usual * 0),
        ],
    )
    def test_a_kpi_that_breaks_down_is_told_of_at_once(
        self, name: str, change: Callable[[Grid], Grid]
    ) -> None:
        first = told(live(noisy(5000 * CURVE), change))[0]

        assert first.kind is SymptomKind.ANOMALY, name
        assert (first.detected_at - utc(int(TIMES[HALF + NOON]))).total_seconds() <= STEP

    def test_a_hundred_times_the_errors_are_trouble_unless_more_than_all_requests(self) -> None:
        errors = noisy(0.002 + 0 * CURVE)
        many = noisy(0.03 + 0 * CURVE)

        assert found(live(errors, lambda usual: usual * 100), "error_ratio", "1") == []
        assert len(found(live(many, lambda usual: usual * 100), "error_ratio", "1")) == 1


def test_two_quiet_days_of_a_hundred_series_have_no_data_fault() -> None:
    rng = np.random.default_rng(8)
    shapes: tuple[Callable[[], Grid], ...] = (
        lambda: rng.poisson(20 * CURVE).astype(np.float64),
        lambda: rng.poisson(0.3, len(TIMES)).astype(np.float64),
        lambda: np.round(0.2 * CURVE * np.exp(0.3 * rng.standard_normal(len(TIMES))), 2),
        lambda: 1e6 * CURVE * (1 + 0.01 * rng.standard_normal(len(TIMES))),
    )
    columns: Packed = np.column_stack([shapes[n % 4]() for n in range(100)]).astype(np.float32)
    shard = shard_of([series_of("messages", f"service-{n}") for n in range(100)], STEP)
    run = Run(shard, History(times=TIMES[:HALF], values=columns[:HALF]))
    facts = run.feed_all(History(times=TIMES[HALF:], values=columns[HALF:]))

    assert [fact for fact in facts if fact.symptom.is_telemetry] == []
