"""Requests that failed beyond the usual, and what they are worth where nothing else says."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aiops.detect.tick_log import TickLog
from aiops.domain.affected import Affected
from aiops.domain.environment import Knowledge
from aiops.domain.incidents import Impact
from aiops.domain.journeys import Journey, Kpi, Step
from aiops.domain.samples import Excerpt, Samples
from aiops.domain.series import Series
from aiops.domain.symptoms import Symptom
from aiops.domain.ticks import Shard, Tick
from aiops.impact.affected import count_affected
from aiops.impact.money import assess
from tests.builders import Measured, ended, kpi_window, minute, series, shop, symptom

ONSET = 3
TRAFFIC = series("checkout", "http_requests_total", unit="1/s")
RATIO = series("checkout", "http_error_ratio", unit="1")


def measured(
    levels: Mapping[Series, tuple[float, float]], *, until: float = 60, noise: float = 0.0
) -> Measured:
    """Make samples of two hours before ten and since: each series at a level, then at another."""
    random = np.random.default_rng(5)
    of = tuple(levels)
    log = TickLog(Shard(id="pull.prod.0", env="prod", step_seconds=60, series=of), None)
    for at in range(-120, int(until) + 1):
        values = [now if at >= ONSET else before for before, now in levels.values()]
        shaken = np.array(values) * (1 + noise * random.standard_normal(len(of)))
        log.append(Tick(at=minute(at), values=shaken.astype(np.float32)))
    return Measured(log)


def failing(of: Series = RATIO, *, until: float | None = None) -> Symptom:
    made = symptom(of, at=ONSET, before=0.01, observed=0.21)
    return made if until is None else ended(made, until)


def counted(
    samples: Samples | None,
    *symptoms: Symptom,
    at: float = 12,
    known: Sequence[Affected] = (),
    knowledge: Knowledge | None = None,
) -> tuple[Affected, ...]:
    return count_affected(symptoms or (failing(),), samples, known, minute(at), knowledge or shop())


def test_failed_requests_are_traffic_times_errors_beyond_the_usual_while_they_last() -> None:
    (told,) = counted(measured({TRAFFIC: (10, 10), RATIO: (0.01, 0.21)}))
    assert told.requests == pytest.approx(10 * 60 * 0.2 * 10, rel=1e-3)  # ten ticks from 10:03
    assert told.per_minute == pytest.approx(120, rel=1e-3)
    assert told.share == pytest.approx(0.2, rel=1e-3)
    assert (told.journey, told.service) == ("checkout", "checkout")
    assert (told.since, told.until) == (minute(3), minute(12))
    assert told.assumption == (
        "`http_requests_total` of checkout times `http_error_ratio` beyond the usual,"
        " retries included"
    )


class Apart:
    """Samples whose series are in different shards."""

    def __init__(self, *parts: Measured) -> None:
        self.parts = parts

    def around(self, *asked: Any) -> Sequence[Excerpt]:
        return [one for part in self.parts for one in part.around(*asked)]

    def hourly(self, *asked: Any) -> Sequence[Excerpt]:
        return [one for part in self.parts for one in part.hourly(*asked)]


def test_it_does_not_matter_which_shard_traffic_and_errors_are_in() -> None:
    apart = Apart(measured({TRAFFIC: (10, 10)}), measured({RATIO: (0.01, 0.21)}))
    assert counted(apart) == counted(measured({TRAFFIC: (10, 10), RATIO: (0.01, 0.21)}))


def test_it_counts_no_further_than_the_last_failing_minute() -> None:
    samples = measured({TRAFFIC: (10, 10), RATIO: (0.01, 0.21)})
    (told,) = counted(samples, failing(until=8), at=30)
    assert told.until == minute(7)
    assert told.requests == pytest.approx(10 * 60 * 0.2 * 5, rel=1e-3)


def test_its_interval_holds_the_truth_and_is_wider_where_it_is_noisier() -> None:
    truth = 10 * 60 * 0.2 * 10
    widths = []
    for noise in (0.02, 0.3):
        (told,) = counted(measured({TRAFFIC: (10, 10), RATIO: (0.01, 0.21)}, noise=noise))
        widths.append(told.high - told.low)
        assert told.requests == pytest.approx(truth, rel=3 * noise)
        assert told.low <= told.requests <= told.high
    assert widths[0] < widths[1]


def test_percent_and_requests_per_minute_are_understood() -> None:
    traffic = series("checkout", "requests", unit="1/min")
    ratio = series("checkout", "errors_percent", unit="%")
    (told,) = counted(measured({traffic: (600, 600), ratio: (1, 21)}), failing(ratio))
    assert told.requests == pytest.approx(600 * 0.2 * 10, rel=1e-3)


@pytest.mark.parametrize(
    "traffic",
    [
        series("checkout", "network_bytes", unit="1/s"),
        series("checkout", "requests"),
        series("checkout", "client_requests", unit="1/s"),
        series("checkout", "requests", unit="1/s", region="EU"),
        series("payment-service", "requests", unit="1/s"),
    ],
)
def test_what_is_no_traffic_of_the_same_requests_tells_nothing(traffic: Series) -> None:
    assert counted(measured({traffic: (10, 10), RATIO: (0.01, 0.21)})) == ()


def test_nothing_is_counted_where_nobody_measured_or_users_meet_no_errors() -> None:
    assert counted(None) == ()
    samples = measured({TRAFFIC: (10, 10), RATIO: (0.01, 0.21)})
    behind = failing(series("payment-service", "http_error_ratio", unit="1"))
    assert counted(samples, behind) == ()
    slow = symptom(series("checkout", "latency_seconds", unit="s"))
    assert counted(samples, slow) == ()


def by_region(metric: str, unit: str) -> dict[str, Series]:
    return {one: series("checkout", metric, unit=unit, region=one) for one in ("EU", "US")}


def test_a_total_and_its_parts_are_not_counted_twice() -> None:
    asked, failed = by_region("http_requests", "1/s"), by_region("http_error_ratio", "1")
    levels = {TRAFFIC: (20.0, 20.0), RATIO: (0.01, 0.21)}
    levels |= dict.fromkeys(asked.values(), (10.0, 10.0))
    levels |= dict.fromkeys(failed.values(), (0.01, 0.21))
    (told,) = counted(measured(levels))
    assert told.requests == pytest.approx(20 * 60 * 0.2 * 10, rel=1e-3)


def test_only_the_region_that_fails_is_counted() -> None:
    asked, failed = by_region("http_requests", "1/s"), by_region("http_error_ratio", "1")
    levels = dict.fromkeys(asked.values(), (10.0, 10.0))
    levels |= dict.fromkeys(failed.values(), (0.01, 0.21))
    (told,) = counted(measured(levels), failing(failed["EU"]))
    assert told.requests == pytest.approx(10 * 60 * 0.2 * 10, rel=1e-3)


def journeys(**extra: object) -> Knowledge:
    """Make two journeys that are entered through one gateway."""
    pair = tuple(
        Journey(name=name, entry="gateway", steps=(Step(service="gateway", operation=f"/{name}"),))
        for name in ("browse", "pay")
    )
    return shop(journeys=pair, kpis=(), **extra)


def at_gateway(metric: str, unit: str, operation: str = "") -> Series:
    labels = (("operation", operation),) if operation else ()
    return series("gateway", metric, unit=unit, labels=labels)


def test_journeys_with_one_entry_are_told_apart_by_their_operations() -> None:
    levels: dict[Series, tuple[float, float]] = {}
    for name, ratio in (("browse", 0.01), ("pay", 0.21)):
        levels[at_gateway("requests", "1/s", f"/{name}")] = (10, 10)
        levels[at_gateway("error_ratio", "1", f"/{name}")] = (0.01, ratio)
    fails = failing(at_gateway("error_ratio", "1", "/pay"))
    told = counted(measured(levels), fails, knowledge=journeys())
    assert {one.journey: round(one.requests) for one in told} == {"browse": 0, "pay": 1200}


def test_where_nothing_tells_them_apart_they_are_no_journeys_requests() -> None:
    levels = {at_gateway("requests", "1/s"): (10.0, 10.0)}
    levels[at_gateway("error_ratio", "1")] = (0.01, 0.21)
    fails = failing(at_gateway("error_ratio", "1"))
    (told,) = counted(measured(levels), fails, knowledge=journeys())
    assert (told.journey, round(told.requests)) == ("", 1200)


def test_what_goes_on_is_counted_anew_every_five_minutes_and_once_it_is_over() -> None:
    samples = measured({TRAFFIC: (10, 10), RATIO: (0.01, 0.21)})
    known = counted(samples, at=12)
    assert counted(samples, at=16, known=known) == known
    assert samples.asked == 1
    later = counted(samples, at=17, known=known)
    assert later[0].until == minute(17)
    over = counted(samples, failing(until=19), at=25, known=later)
    assert over[0].until == minute(18)
    assert counted(samples, failing(until=19), at=26, known=over) == over
    assert samples.asked == 3


def test_what_was_counted_of_an_earlier_episode_is_not_told_of_the_next() -> None:
    samples = measured({TRAFFIC: (10, 10), RATIO: (0.01, 0.21)})
    before = counted(samples, failing(until=6), at=12)
    again = replace(failing(), onset=minute(11))
    (told,) = counted(samples, again, at=12, known=before)
    assert told.since == minute(11)


def test_of_an_incident_that_outlasts_what_is_looked_at_it_says_until_when_it_counted() -> None:
    samples = measured({TRAFFIC: (10, 10), RATIO: (0.01, 0.21)}, until=400)
    (told,) = counted(samples, at=400)
    assert told.until == minute(242)
    assert told.assumption.endswith("; counted until 14:02 UTC")


@settings(max_examples=40)
@given(
    before=st.floats(0.0, 0.3),
    more=st.floats(0.0, 0.7),
    per_second=st.floats(0.1, 1e4),
    at=st.integers(4, 50),
)
def test_no_more_requests_fail_than_were_made(
    before: float, more: float, per_second: float, at: int
) -> None:
    samples = measured({TRAFFIC: (per_second, per_second), RATIO: (before, before + more)})
    for told in counted(samples, at=at):
        made = per_second * 60 * (at - ONSET + 1)
        assert 0 <= told.low <= told.requests <= min(told.high, made * 1.001)
        assert 0 <= told.share <= 1


WORTH = (Journey(name="checkout", entry="checkout", kpis=("orders",), value_per_success=40.0),)


def money(affected: Sequence[Affected], *, knowledge: Knowledge, **more: object) -> list[Impact]:
    kpis = more.get("kpis")
    found = assess(
        [failing()],
        kpis,  # type: ignore[arg-type]
        minute(12),
        knowledge,
        since=minute(3),
        regions=(),
        affected=affected,
    )
    return [one for one in found if one.is_money]


def test_without_a_kpi_failed_requests_times_the_value_of_a_success_are_the_estimate() -> None:
    affected = counted(measured({TRAFFIC: (10, 10), RATIO: (0.01, 0.21)}))
    (told,) = money(affected, knowledge=shop(journeys=WORTH, kpis=()))
    assert told.total == pytest.approx(1200 * 40, rel=1e-3)
    assert told.per_minute == pytest.approx(120 * 40, rel=1e-3)
    assert (told.kpi, told.unit) == ("checkout value", "EUR")
    assert told.relative == pytest.approx(-0.2, rel=1e-3)
    assert told.low <= told.total <= told.high
    assert told.assumption.startswith("each request that fails loses EUR 40; counted from `http_")


def test_a_kpi_that_counts_successes_comes_before_an_estimate_from_requests() -> None:
    orders = Kpi(name="orders", metric="orders", service="checkout", unit="1/min")
    of = series("checkout", "orders", unit="1/min", kpi="orders")
    affected = counted(measured({TRAFFIC: (10, 10), RATIO: (0.01, 0.21)}))
    knowledge = shop(journeys=WORTH, kpis=(orders,))
    calm = kpi_window([of], [0.0], minutes=12, noise=0.01)
    assert money(affected, knowledge=knowledge, kpis=calm) == []
    falling = kpi_window([of], [0.3], minutes=12, noise=0.01)
    (told,) = money(affected, knowledge=knowledge, kpis=falling)
    assert told.assumption == "each success missing from orders is worth EUR 40"


def test_nothing_is_estimated_without_a_value_or_for_no_one_journey() -> None:
    affected = counted(measured({TRAFFIC: (10, 10), RATIO: (0.01, 0.21)}))
    unpriced = (replace(WORTH[0], value_per_success=None),)
    assert money(affected, knowledge=shop(journeys=unpriced, kpis=())) == []
    nobodys = [replace(one, journey="") for one in affected]
    assert money(nobodys, knowledge=shop(journeys=WORTH, kpis=())) == []
