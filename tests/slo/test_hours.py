"""Indicators by the hour, and how journeys stand over a window of them."""

from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest

from aiops.domain.journeys import Journey, Step
from aiops.domain.samples import Excerpt
from aiops.domain.slos import Budgeting, Sli, SliHour, Slo
from aiops.slo.hours import hours, name_of_slo, names, services_of
from aiops.slo.indicator import AVAILABILITY
from aiops.slo.standing import JourneyStanding, export, last_hour, standings, window_of
from aiops.slo.wording import part_words, slo_words, standing_words
from tests.builders import minute, series
from tests.slo.made import ERRORS, TRAFFIC, log

PROMISED = Slo(objective=0.99)
CHECKOUT = Journey(
    name="checkout",
    entry="checkout",
    steps=(Step(service="checkout", operation="/checkout"),),
    services=("checkout", "payment-service"),
    slos=(PROMISED,),
)
PAYMENT = series("payment-service", "error_ratio", unit="1")
NAME = name_of_slo(CHECKOUT, PROMISED)
NOW = minute(125)


def excerpt(*, every: int = 1, last: int = 119) -> Excerpt:
    """Make two hours: calm until 10:03, and a fifth failing since."""
    (made,) = log({TRAFFIC: (10, 10), ERRORS: (0.0, 0.2), PAYMENT: (0.0, 0.4)}).around(
        {"checkout", "payment-service"}, minute(0), minute(last)
    )
    since = made.times >= minute(-60).timestamp()
    kept = since & ((made.times // 60) % every == 0)
    return replace(made, times=made.times[kept], values=made.values[kept])


def of(found: tuple[SliHour, ...], name: str = NAME) -> list[SliHour]:
    return [one for one in found if one.indicator == name]


def standing(found: tuple[SliHour, ...], journey: Journey = CHECKOUT) -> JourneyStanding:
    recent = [one for one in found if one.at >= last_hour(NOW)]
    (told,) = standings(found, recent, (journey,), NOW)
    return told


def test_every_hour_holds_its_events() -> None:
    before, first, second = of(hours([excerpt()], (CHECKOUT,)))
    assert [one.at for one in (before, first, second)] == [minute(-60), minute(0), minute(60)]
    assert (before.total, before.bad, before.seconds) == (36_000, 0, 3600)
    assert first.bad == pytest.approx(57 / 60 * 0.2 * 36_000)
    assert second.bad == pytest.approx(0.2 * 36_000)


def test_an_hour_that_is_counted_in_pieces_or_again_is_the_same() -> None:
    whole = {(one.indicator, one.at): one for one in hours([excerpt()], (CHECKOUT,))}
    again = {(one.indicator, one.at): one for one in hours([excerpt(last=59)], (CHECKOUT,))}
    assert again.items() <= whole.items()


def test_a_coarser_past_counts_as_much_as_a_fine_one() -> None:
    fine, coarse = (of(hours([excerpt(every=n)], (CHECKOUT,)))[2] for n in (1, 5))
    assert coarse.total == pytest.approx(fine.total)
    assert coarse.bad == pytest.approx(fine.bad)
    assert coarse.seconds == 3600


def test_an_hour_nobody_measured_is_none() -> None:
    (empty,) = log({TRAFFIC: (10, 10), ERRORS: (float("nan"), float("nan"))}).around(
        {"checkout"}, minute(0), minute(9)
    )
    assert hours([empty], (CHECKOUT,)) == ()


def test_the_name_follows_what_is_measured_and_not_what_is_promised() -> None:
    stricter = replace(PROMISED, objective=0.999, window_days=7)
    assert name_of_slo(CHECKOUT, stricter) == NAME
    assert name_of_slo(CHECKOUT, replace(PROMISED, errors="failures_ratio")) != NAME
    assert name_of_slo(replace(CHECKOUT, steps=()), PROMISED) != NAME
    slices = replace(PROMISED, budgeting=Budgeting.TIMESLICES)
    assert name_of_slo(CHECKOUT, slices) != name_of_slo(CHECKOUT, replace(slices, objective=0.9))
    assert NAME in names((CHECKOUT,))
    assert services_of((CHECKOUT,)) == {"checkout", "payment-service"}


def test_a_journeys_availability_is_that_of_its_window() -> None:
    told = standing(hours([excerpt()], (CHECKOUT,)))
    (one,) = told.slos
    bad = (57 + 60) / 60 * 0.2 * 36_000
    assert one.level.good_share == pytest.approx(1 - bad / (3 * 36_000))
    assert one.level.recent == pytest.approx(0.8)  # the last hour and what there is of this one
    assert one.level.known_days == pytest.approx(3 / 24)
    # Of the whole window's budget: the days before are taken to have been asked as often.
    assert one.spent == pytest.approx(bad / (0.01 * 28 * 24 * 36_000))


def test_each_step_and_service_stands_beside_it() -> None:
    step, payment = standing(hours([excerpt()], (CHECKOUT,))).parts
    assert (part_words(step), part_words(payment)) == (
        "/checkout of checkout",
        "payment-service",
    )
    assert step.part.is_step
    assert payment.level.recent == pytest.approx(0.6)


def test_what_lies_before_the_window_is_over() -> None:
    found = hours([excerpt()], (CHECKOUT,))
    week = replace(CHECKOUT, slos=(replace(PROMISED, window_days=7),))
    (later,) = standings(found, (), (week,), NOW + timedelta(days=8))
    assert later.slos[0].level.good_share is None
    assert later.slos[0].spent is None
    assert window_of((week,)) == timedelta(days=7)
    assert window_of(()) == timedelta(days=28)


def test_it_is_told_in_words() -> None:
    hour = SliHour(indicator=NAME, at=minute(60), total=1000, bad=3, seconds=3600)
    full = tuple(replace(hour, at=minute(60) - timedelta(hours=n)) for n in range(28 * 24))
    told = standing(full)
    assert standing_words(told) == (
        "checkout: 99.7% available over 28 days (99% promised), 30% of its error budget spent"
    )
    assert slo_words(standing((hour,)).slos[0]) == (
        "99.7% available over 1 h of 28 days (99% promised), 0.045% of its error budget spent"
    )
    assert slo_words(standing(()).slos[0]) == (
        "availability unknown: nothing measured it in 28 days (99% promised)"
    )
    undeclared = replace(CHECKOUT, slos=())
    assert "(99.9% assumed)" in slo_words(standing((), undeclared).slos[0])
    poor = tuple(replace(one, bad=50) for one in full)
    assert slo_words(standing(poor).slos[0]).endswith("its error budget is spent 5.0 times over")


def test_a_latency_is_told_where_it_is_measured() -> None:
    slow = Slo(sli=Sli.LATENCY, objective=0.9, threshold_seconds=1, service="payment-service")
    journey = replace(CHECKOUT, slos=(AVAILABILITY, slow))
    hour = SliHour(
        indicator=name_of_slo(journey, slow), at=minute(60), total=60, bad=3, seconds=3600
    )
    told = slo_words(standing((hour,), journey).slos[1])
    assert told.startswith("95% in time at payment-service over 1 h of 28 days (90% promised)")


def test_other_programs_read_it_too() -> None:
    told = export(standing(hours([excerpt()], (CHECKOUT,))))
    assert told["journey"] == "checkout"
    (slo,) = told["slos"]
    assert (slo["sli"], slo["objective"], slo["window_days"]) == ("availability", 0.99, 28)
    assert slo["last_hour"] == pytest.approx(0.8)
    assert [one["service"] for one in told["parts"]] == ["checkout", "payment-service"]
    assert np.isfinite(slo["budget_spent"])
