"""What counts as an event of a journey, and which events are bad."""

from dataclasses import replace

import numpy as np
import pytest

from aiops.domain.journeys import Journey, Step
from aiops.domain.slos import Budgeting, Sli, Slo
from aiops.slo.indicator import AVAILABILITY, Track, called, indicator, slos_of
from tests.builders import minute, series
from tests.slo.made import ERRORS, LATENCY, TRAFFIC, Levels, excerpt

CHECKOUT = Journey(name="checkout", entry="checkout", services=("checkout", "cart"))
IN_TIME = Slo(sli=Sli.LATENCY, budgeting=Budgeting.TIMESLICES, threshold_seconds=0.5)


def read(levels: Levels, slo: Slo = AVAILABILITY, journey: Journey = CHECKOUT) -> Track:
    found = indicator(excerpt(levels), journey, slo)
    assert found is not None
    return found


def shares(track: Track) -> tuple[float, float]:
    """Return the bad share before the onset and since, the same at every tick of each."""
    since = track.times >= minute(3).timestamp()
    (before,) = np.unique(track.bad_share[~since].round(6))
    (after,) = np.unique(track.bad_share[since].round(6))
    return float(before), float(after)


def test_a_journey_that_declares_no_availability_is_assumed_to_owe_one() -> None:
    assert slos_of(CHECKOUT) == (AVAILABILITY,)
    assert AVAILABILITY.assumed
    declared = Slo(objective=0.995)
    assert slos_of(replace(CHECKOUT, slos=(declared,))) == (declared,)
    assert slos_of(replace(CHECKOUT, slos=(IN_TIME,))) == (AVAILABILITY, IN_TIME)


def test_availability_is_read_from_the_error_ratio_and_the_requests_of_the_entry() -> None:
    track = read({TRAFFIC: (10, 10), ERRORS: (0.01, 0.21)})
    assert shares(track) == (0.01, 0.21)
    assert np.unique(track.total).tolist() == [600]
    assert track.basis == "`error_ratio` of checkout times `requests_per_second`"


def test_without_requests_every_tick_weighs_the_same() -> None:
    track = read({ERRORS: (0.01, 0.21)})
    assert shares(track) == (0.01, 0.21)
    assert np.unique(track.total).tolist() == [1]


def test_cohorts_weigh_as_much_as_they_ask_and_totals_are_not_counted_twice() -> None:
    def of(metric: str, unit: str, region: str | None) -> dict[str, object]:
        return {"service": "checkout", "metric": metric, "unit": unit, "region": region}

    levels: Levels = {
        series(**of("requests_per_second", "1/s", "EU")): (30, 30),  # type: ignore[arg-type]
        series(**of("requests_per_second", "1/s", "US")): (10, 10),  # type: ignore[arg-type]
        series(**of("error_ratio", "1", "EU")): (0.0, 0.2),  # type: ignore[arg-type]
        series(**of("error_ratio", "1", "US")): (0.0, 0.0),  # type: ignore[arg-type]
    }
    assert shares(read(levels)) == (0.0, 0.15)
    whole: Levels = {TRAFFIC: (40, 40), ERRORS: (0.0, 0.1)}
    assert shares(read({**levels, **whole})) == (0.0, 0.1)


def test_a_journey_does_no_better_than_its_weakest_step() -> None:
    cart = series("cart", "error_ratio", unit="1")
    steps = (Step(service="cart"), Step(service="checkout"))
    levels: Levels = {cart: (0.02, 0.02), TRAFFIC: (10, 10), ERRORS: (0.01, 0.21)}
    track = read(levels, journey=replace(CHECKOUT, steps=steps))
    assert shares(track) == (0.02, 0.21)
    assert np.unique(track.total).tolist() == [600]  # the requests of its entry


def test_a_step_is_read_by_its_operation_where_that_is_measured() -> None:
    pay = series("checkout", "error_ratio", unit="1", labels=(("operation", "/pay"),))
    other = series("checkout", "error_ratio", unit="1", labels=(("operation", "/help"),))
    journey = replace(CHECKOUT, steps=(Step(service="checkout", operation="/pay"),))
    levels: Levels = {TRAFFIC: (10, 10), ERRORS: (0, 0), pay: (0, 0.5), other: (0.9, 0.9)}
    assert shares(read(levels, journey=journey)) == (0, 0.5)
    levels = {TRAFFIC: (10, 10), ERRORS: (0, 0.1), other: (0.9, 0.9)}
    assert shares(read(levels, journey=journey)) == (0, 0.1)


def test_another_operation_says_nothing_of_the_whole_service() -> None:
    other = series("checkout", "error_ratio", unit="1", labels=(("operation", "/help"),))
    part = series("checkout", "error_ratio", unit="1", region="EU", segment="gold")
    assert shares(read({other: (0.9, 0.9), part: (0.01, 0.21)})) == (0.01, 0.21)


def test_success_ratios_and_per_cents_are_understood() -> None:
    good = series("checkout", "success_ratio", unit="1")
    assert shares(read({good: (0.99, 0.79)})) == (0.01, 0.21)
    percent = series("checkout", "errors_percent", unit="%")
    assert shares(read({percent: (1, 21)})) == (0.01, 0.21)


@pytest.mark.parametrize(
    "told",
    [
        series("checkout", "client_error_ratio", unit="1", labels=(("peer", "cards"),)),
        series("checkout", "cache_availability_hits", unit="1/s"),
        series("payment", "error_ratio", unit="1"),
        series("checkout", "connection_errors", unit="1/min"),
    ],
)
def test_what_is_no_share_of_its_own_requests_tells_nothing(told: object) -> None:
    levels = {told: (0.0, 0.5), TRAFFIC: (1, 1)}
    assert indicator(excerpt(levels), CHECKOUT, AVAILABILITY) is None  # type: ignore[arg-type]


def test_good_or_bad_events_are_counted_as_declared() -> None:
    good = series("checkout", "orders_ok", unit="1/s")
    total = series("checkout", "orders_all", unit="1/s")
    counted = Slo(good="orders_ok", total="orders_all")
    track = read({good: (99, 79), total: (100, 100)}, counted)
    assert shares(track) == (0.01, 0.21)
    assert np.unique(track.total).tolist() == [6000]
    fails = Slo(bad="orders_ok", total="orders_all")
    assert shares(read({good: (1, 21), total: (100, 100)}, fails)) == (0.01, 0.21)


def test_more_good_events_than_events_are_not_better_than_all() -> None:
    good = series("checkout", "orders_ok", unit="1/s")
    total = series("checkout", "orders_all", unit="1/s")
    track = read({good: (101, 0), total: (100, 0)}, Slo(good="orders_ok", total="orders_all"))
    since = track.times >= minute(3).timestamp()
    assert not track.bad[~since].any()
    assert np.isnan(track.total[since]).all()  # nobody asked


def test_a_latency_is_good_while_it_keeps_its_threshold() -> None:
    assert shares(read({LATENCY: (0.4, 0.6)}, IN_TIME)) == (0, 1)
    milliseconds = series("checkout", "latency_p95", unit="ms")
    assert shares(read({milliseconds: (400, 600)}, IN_TIME)) == (0, 1)


def test_time_slices_are_good_where_enough_of_their_requests_are() -> None:
    slices = Slo(objective=0.99, budgeting=Budgeting.TIMESLICES)
    assert shares(read({TRAFFIC: (10, 10), ERRORS: (0.01, 0.02)}, slices)) == (0, 1)
    quarter = replace(slices, slice_objective=0.75)
    assert shares(read({TRAFFIC: (10, 10), ERRORS: (0.25, 0.5)}, quarter)) == (0, 1)
    coarse = replace(slices, slice_objective=0.9)
    assert shares(read({TRAFFIC: (10, 10), ERRORS: (0.01, 0.02)}, coarse)) == (0, 0)


def test_a_provider_is_measured_by_those_who_call_it() -> None:
    seen = series("checkout", "client_error_ratio", unit="1", labels=(("peer", "cards"),))
    track = called(excerpt({seen: (0.01, 0.21)}), "cards")
    assert track is not None
    assert shares(track) == (0.01, 0.21)
    assert called(excerpt({seen: (0.01, 0.21)}), "mail") is None


def test_what_was_not_measured_is_not_known() -> None:
    levels: Levels = {TRAFFIC: (10, 10), ERRORS: (0.01, float("nan"))}
    track = read(levels)
    after = track.times >= minute(3).timestamp()
    assert np.isnan(track.total[after]).all()
    assert np.isfinite(track.total[~after]).all()
