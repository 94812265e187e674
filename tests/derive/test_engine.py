"""From samples as they come to derived series by region, segment and tenant."""

import math
from collections.abc import Iterable, Mapping, Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aiops.derive import engine
from aiops.derive.engine import RawSamples
from aiops.derive.plan import Plan, plan_of
from aiops.domain.derivations import Derivation, Selection
from aiops.domain.errors import ConfigurationError
from aiops.domain.families import classify
from aiops.domain.series import Direction, Family, Series, SeriesKey
from aiops.domain.time import utc

START = 1_790_000_000
SCRAPE = 15
LES = ("0.1", "0.5", "1", "+Inf")

REQUESTS = Selection(metric="requests_total")
FAILED = Selection(metric="requests_total", where=(("code", "5.."),))
SECONDS = Selection(metric="request_seconds_bucket")

ERROR_RATIO = Derivation(
    name="error_ratio", of=FAILED, per=REQUESTS, by=("service", "region"), worst_of="instance"
)
RATE = Derivation(name="requests_rate", of=REQUESTS, by=("service", "tenant"), unit="1/s")
P95, P99 = (
    Derivation(
        name=f"latency_p{percent}_seconds", of=SECONDS, quantile=percent / 100, worst_of="instance"
    )
    for percent in (95, 99)
)


def raw(metric: str, *, service: str = "shop", region: str = "EU", **labels: str) -> Series:
    family, direction = classify(metric)
    key = SeriesKey(
        service=service, metric=metric, region=region, labels=tuple(sorted(labels.items()))
    )
    return Series(key=key, family=family, bad_direction=direction, source="otlp")


def counters(codes: Iterable[str], instances: Iterable[str], **labels: str) -> list[Series]:
    return [
        raw("requests_total", code=code, instance=instance, **labels)
        for instance in instances
        for code in codes
    ]


def histogram(instance: str, les: Sequence[str] = LES, **labels: str) -> list[Series]:
    return [raw("request_seconds_bucket", le=le, instance=instance, **labels) for le in les]


class Run:
    """A plan with its state, told what each raw series counts per second."""

    def __init__(self, derivations: Sequence[Derivation], series: Sequence[Series]) -> None:
        self.derivations = derivations
        self.plan: Plan = plan_of(derivations, series)
        self.rings = engine.start(self.plan, SCRAPE)
        self.at = START

    def append(self, series: Sequence[Series]) -> None:
        new = plan_of(self.derivations, (*self.plan.series, *series))
        self.rings = engine.carried(self.plan, self.rings, new, SCRAPE)
        self.plan = new

    def observe(self, values: Sequence[float], at: int | None = None) -> None:
        moment = (self.at if at is None else at) * 1000
        slots = np.flatnonzero(~np.isnan(values))
        engine.observe(
            self.plan,
            self.rings,
            RawSamples(
                slots=slots,
                at=np.full(len(slots), moment),
                values=np.array(values, dtype=np.float64)[slots],
            ),
        )

    def run(self, per_second: Sequence[float], seconds: int = 300) -> None:
        for elapsed in range(0, seconds + 1, SCRAPE):
            self.at = START + elapsed
            self.observe([1000 + one * elapsed for one in per_second])

    def told(self) -> Mapping[str, float]:
        values = engine.derive(self.plan, self.rings, utc(self.at))
        assert values.dtype == np.float32
        names = [one.key.fingerprint for one in self.plan.outputs]
        return dict(zip(names, values.tolist(), strict=True))


def test_an_error_ratio_by_region_does_not_hide_its_worst_instance() -> None:
    run = Run([ERROR_RATIO], counters(["200", "500"], ["a", "b"]))
    run.run([90, 0, 6, 4])
    assert run.told() == pytest.approx(
        {
            "shop:error_ratio{env=prod,region=EU}": 0.04,
            "shop:error_ratio_worst_instance{env=prod,region=EU}": 0.4,
        }
    )
    whole, worst = run.plan.outputs
    assert (whole.family, whole.bad_direction, whole.unit) == (Family.ERRORS, Direction.UP, "1")
    assert (whole.title, worst.title) == ("error rate", "error rate of the worst instance")
    assert worst.family is Family.ERRORS
    assert whole.source == "otlp"


def test_where_falling_is_bad_the_lowest_instance_is_the_worst() -> None:
    good = Selection(metric="requests_total", where=(("code", "2.."),))
    success = Derivation(name="success_ratio", of=good, per=REQUESTS, worst_of="instance")
    run = Run([success], counters(["200", "500"], ["a", "b"]))
    run.run([90, 0, 6, 4])
    assert list(run.told().values()) == pytest.approx([0.96, 0.6])


def test_without_any_failed_request_the_error_ratio_is_zero_where_there_is_traffic() -> None:
    run = Run([ERROR_RATIO], counters(["200"], ["a"]))
    run.run([5])
    assert list(run.told().values()) == [0.0, 0.0]
    idle = Run([ERROR_RATIO], counters(["200"], ["a"]))
    assert math.isnan(idle.told()["shop:error_ratio{env=prod,region=EU}"])


def test_a_part_that_may_be_missing_is_missing_where_settings_say_so() -> None:
    strict = Derivation(name="error_ratio", of=FAILED, per=REQUESTS, absent_is_zero=False)
    run = Run([strict], counters(["200"], ["a"]))
    run.run([5])
    assert math.isnan(run.told()["shop:error_ratio{env=prod}"])


def test_rates_are_told_for_each_tenant() -> None:
    series = [*counters(["200"], "ab", tenant="acme"), *counters(["200"], "a", tenant="zoo")]
    run = Run([RATE], series)
    run.run([2, 3, 7])
    assert run.told() == pytest.approx(
        {
            "shop:requests_rate{env=prod,tenant=acme}": 5.0,
            "shop:requests_rate{env=prod,tenant=zoo}": 7.0,
        }
    )


def test_quantiles_come_from_the_buckets_of_all_instances_and_of_the_worst() -> None:
    run = Run([P95, P99], [*histogram("a"), *histogram("b")])
    run.run([95, 100, 100, 100, 0, 0, 10, 10])
    told = run.told()
    assert told["shop:latency_p95_seconds{env=prod}"] == pytest.approx(0.725)
    assert told["shop:latency_p95_seconds_worst_instance{env=prod}"] == pytest.approx(0.975)
    assert told["shop:latency_p99_seconds_worst_instance{env=prod}"] == pytest.approx(0.995)
    assert run.plan.outputs[0].title == "p95 latency"


def test_quantiles_of_one_histogram_share_their_sums() -> None:
    plan = plan_of([P95, P99], histogram("a"))
    assert len(plan.lanes) == 1
    assert len({id(one) for step in plan.steps for one in step.operands}) == 2


def test_a_ratio_of_gauges_takes_their_last_values() -> None:
    used, limit = (Selection(metric=name, gauge=True) for name in ("pool_used", "pool_limit"))
    pool = Derivation(name="pool_usage_ratio", of=used, per=limit, window_seconds=60)
    run = Run([pool], [raw("pool_used", pool="x"), raw("pool_used", pool="y"), raw("pool_limit")])
    run.observe([3, 5, 10])
    assert run.told() == pytest.approx({"shop:pool_usage_ratio{env=prod}": 0.8})
    run.at += 61
    assert math.isnan(run.told()["shop:pool_usage_ratio{env=prod}"])


def test_environments_are_never_added_up() -> None:
    series = counters(["200"], ["a"])
    staging = Series(
        key=SeriesKey(service="shop", metric="requests_total", env="staging"),
        family=Family.TRAFFIC,
        bad_direction=Direction.BOTH,
    )
    run = Run([RATE], [*series, staging])
    run.run([2, 9])
    assert list(run.told().values()) == pytest.approx([2.0, 9.0])


def test_new_series_are_appended_and_what_was_seen_is_kept() -> None:
    run = Run([ERROR_RATIO, P95], [*counters(["200"], ["a"]), *histogram("a", LES[1:])])
    run.run([10, 50, 100, 100])
    before = run.plan.outputs
    run.append([*counters(["500"], "ac"), *histogram("a", LES[:1]), *histogram("b", region="US")])
    assert run.plan.outputs[: len(before)] == before
    told = run.told()
    assert told["shop:error_ratio{env=prod,region=EU}"] == 0.0
    assert told["shop:latency_p95_seconds{env=prod}"] == pytest.approx(0.95)


def test_a_reset_before_new_series_came_is_still_one_after() -> None:
    run = Run([RATE], counters(["200"], ["a"]))
    for turn, value in enumerate((100, 200, 50, 260)):
        run.at = START + turn * SCRAPE
        run.observe([value])
    before = run.told()
    run.append(counters(["200"], ["b"], tenant="acme"))
    assert run.told()["shop:requests_rate{env=prod}"] == before["shop:requests_rate{env=prod}"]


def test_of_two_values_for_one_moment_the_first_one_counts() -> None:
    run = Run([RATE], counters(["200"], ["a"]))
    run.observe([100.0], at=START)
    end = (START + 300) * 1000
    twice = RawSamples(slots=np.zeros(2, int), at=np.full(2, end), values=np.array([400.0, 900.0]))
    engine.observe(run.plan, run.rings, twice)
    run.at = START + 300
    assert run.told()["shop:requests_rate{env=prod}"] == pytest.approx(1.0)


def test_a_histogram_without_a_readable_bound_is_left_out_and_named() -> None:
    odd = raw("request_seconds_bucket", le="fast", instance="a")
    plan = plan_of([P95], [*histogram("a"), odd])
    assert plan.left_out == (odd,)
    assert len(plan.outputs) == 2


def test_two_derived_series_of_one_name_are_refused() -> None:
    with pytest.raises(ConfigurationError, match=r"two are called shop:requests_rate\{env=prod"):
        plan_of([RATE, RATE], counters(["200"], ["a"]))


@settings(max_examples=30)
@given(st.permutations(range(40)), st.integers(1, 40))
def test_samples_in_any_order_and_in_any_pieces_are_the_same(order: list[int], cut: int) -> None:
    """Two counters and twenty scrapes; the rate begins at zero, inside the window."""
    series = counters(["200", "500"], ["a"])
    slots = np.array([number % 2 for number in order])
    at = (START + SCRAPE * np.array([number // 2 for number in order])) * 1000
    values = np.array([number // 2 * (90.0 if number % 2 == 0 else 10.0) for number in order])
    run = Run([ERROR_RATIO, RATE], series)
    for part in (slice(None, cut), slice(cut, None)):
        samples = RawSamples(slots=slots[part], at=at[part], values=values[part])
        engine.observe(run.plan, run.rings, samples)
        engine.observe(run.plan, run.rings, samples)
    run.at = START + 19 * SCRAPE
    assert list(run.told().values()) == pytest.approx([0.1, 0.1, 19 * 100 / 300], rel=1e-6)


def test_a_stale_marker_of_a_counter_changes_nothing() -> None:
    run = Run([RATE], counters(["200"], ["a"]))
    run.run([4])
    before = run.told()
    engine.observe(
        run.plan,
        run.rings,
        RawSamples(
            slots=np.array([0]),
            at=np.array([(run.at + 1) * 1000]),
            values=np.array([math.nan]),
        ),
    )
    assert run.told() == before


@pytest.mark.parametrize(
    ("expected", "fields"),
    [
        ("per or quantile", {"per": REQUESTS, "quantile": 0.5}),
        (r"a quantile in \(0, 1\]", {"quantile": 95.0}),
        (r"a quantile in \(0, 1\]", {"quantile": 0.0}),
        ("by and worst_of without le", {"by": ("service", "le")}),
        ("not in by", {"worst_of": "service"}),
        ("service in by, or one named", {"by": ("region",)}),
        ("at least one second", {"window_seconds": 0}),
    ],
)
def test_a_description_that_contradicts_itself_is_refused(
    expected: str, fields: dict[str, object]
) -> None:
    with pytest.raises(ConfigurationError, match=rf"'odd': expected .*{expected}"):
        Derivation(name="odd", of=REQUESTS, **fields)  # type: ignore[arg-type]


def test_a_pattern_that_is_none_is_refused() -> None:
    with pytest.raises(ConfigurationError, match=r"where 'code' is '5\(', expected a regular"):
        Selection(metric="requests_total", where=(("code", "5("),))
