"""What an incident takes of the error budgets of journeys."""

from dataclasses import replace

import pytest

from aiops.domain.environment import Knowledge
from aiops.domain.journeys import Journey, Step
from aiops.domain.slos import UNHURT, Budgeting, ServiceLevels, Sli, Slo
from aiops.domain.symptoms import Symptom
from aiops.slo.budget import service_levels
from tests.builders import Measured, ended, minute, series, shop, symptom
from tests.slo.made import DAYS, ERRORS, LATENCY, ONSET, TRAFFIC, Levels, log

FAILS: Levels = {TRAFFIC: (10, 10), ERRORS: (0.01, 0.21)}
AVAILABLE = Slo(objective=0.99)


def promising(*slos: Slo) -> Knowledge:
    """Make a shop whose checkout promises this."""
    journey = shop().journeys[0]
    return shop(journeys=(replace(journey, slos=slos),))


def failing(until: float | None = None) -> Symptom:
    made = symptom(ERRORS, at=ONSET, before=0.01, observed=0.21)
    return made if until is None else ended(made, until)


def levels(
    samples: Measured | None,
    *symptoms: Symptom,
    at: float = 12,
    known: ServiceLevels = UNHURT,
    knowledge: Knowledge | None = None,
) -> ServiceLevels:
    knowledge = knowledge or promising(AVAILABLE)
    return service_levels(symptoms or (failing(),), samples, known, minute(at), knowledge)


def test_the_share_is_of_the_whole_windows_budget() -> None:
    (use,) = levels(Measured(log(FAILS))).budgets
    assert use.tally.bad == pytest.approx(10 * 60 * 0.2 * 10, rel=1e-3)  # ten ticks from 10:03
    assert use.window_total == pytest.approx(28 * 1440 * 600, rel=1e-3)
    assert use.share == pytest.approx(0.2 * 10 / (0.01 * 28 * 1440), rel=1e-3)
    assert use.tally.good_share == pytest.approx(0.79, rel=1e-3)
    assert use.known_days == pytest.approx(DAYS, abs=0.1)
    assert (use.journey, use.slo) == ("checkout", AVAILABLE)


def test_an_hour_of_total_outage_takes_what_the_textbook_says() -> None:
    outage: Levels = {TRAFFIC: (10, 10), ERRORS: (0.0, 1.0)}
    month = Slo(objective=0.999, window_days=30)
    (use,) = levels(Measured(log(outage)), at=ONSET + 42.2, knowledge=promising(month)).budgets
    assert use.share == pytest.approx(1, abs=0.03)  # 43 minutes a month are all of 99.9%
    assert use.burn_rate == pytest.approx(1000 * 43 / 60, rel=0.02)


def test_what_nobody_declared_is_assumed_and_says_so() -> None:
    (use,) = levels(Measured(log(FAILS)), knowledge=shop()).budgets
    assert use.slo.assumed
    assert use.slo.objective == 0.999


def test_only_what_its_users_meet_takes_of_a_budget() -> None:
    behind = symptom(series("payments-db", "errors_ratio", unit="1"), before=0.01, observed=0.9)
    load = symptom(TRAFFIC, before=10, observed=30)
    samples = Measured(log(FAILS))
    assert levels(samples, behind, load) == UNHURT
    assert samples.asked == 0


def test_another_operation_of_a_shared_service_takes_nothing() -> None:
    help_page = series("checkout", "error_ratio", unit="1", labels=(("operation", "/help"),))
    assert levels(Measured(log(FAILS)), symptom(help_page, before=0, observed=0.5)) == UNHURT


def test_it_is_counted_every_five_minutes_and_at_the_end() -> None:
    samples = Measured(log(FAILS))
    first = levels(samples, at=6)
    again = levels(samples, at=10, known=first)
    assert again == first
    later = levels(samples, at=11, known=first)
    assert later.budgets[0].tally.bad == pytest.approx(10 * 60 * 0.2 * 9, rel=1e-3)
    over = levels(samples, failing(until=14), at=30, known=later)
    assert over.budgets[0].tally.until == minute(13)
    assert over.budgets[0].burn_rate == 0
    asked = samples.asked
    assert levels(samples, failing(until=14), at=35, known=over) == over
    assert samples.asked == asked


def test_it_goes_on_counting_beyond_what_is_read_at_once() -> None:
    samples, known = Measured(log(FAILS, until=600)), UNHURT
    for at in range(ONSET, 601, 5):
        known = levels(samples, at=at, known=known)
    (use,) = known.budgets
    assert use.tally.usual == pytest.approx(0.01, rel=1e-3)
    assert use.tally.bad == pytest.approx(10 * 60 * 0.2 * 596, rel=1e-3)


def test_where_nothing_can_be_read_what_was_counted_before_stays() -> None:
    known = levels(Measured(log(FAILS)), at=6)
    assert levels(None, at=30, known=known) == known
    assert levels(Measured(log({TRAFFIC: (1, 1)})), at=30, known=known) == known
    assert levels(None) == UNHURT
    assert levels(Measured(log({TRAFFIC: (1, 1)}))) == UNHURT


def test_time_slices_and_latencies_have_budgets_of_their_own() -> None:
    slow = Slo(
        sli=Sli.LATENCY, objective=0.99, budgeting=Budgeting.TIMESLICES, threshold_seconds=0.5
    )
    samples = Measured(log({**FAILS, LATENCY: (0.2, 0.9)}))
    late = symptom(LATENCY, at=ONSET, before=0.2, observed=0.9)
    knowledge = promising(AVAILABLE, slow)
    found = levels(samples, failing(), late, knowledge=knowledge).budgets
    by_sli = {one.slo.sli: one for one in found}
    assert by_sli[Sli.LATENCY].share == pytest.approx(10 / (0.01 * 28 * 1440))
    assert by_sli[Sli.AVAILABILITY].share < by_sli[Sli.LATENCY].share
    assert found[0].slo == slow  # the one that lost most is told first
    (only,) = levels(samples, late, knowledge=knowledge).budgets
    assert only.slo == slow


def test_every_step_is_measured_and_what_is_worse_behind_it() -> None:
    payment = series("payment-service", "error_ratio", unit="1")
    calm = series("payments-db", "error_ratio", unit="1")
    cards = (("peer", "cards"),)
    seen = series("payment-service", "client_error_ratio", unit="1", labels=cards)
    steps = (Step(service="checkout", operation="/checkout"),)
    services = ("checkout", "payment-service", "payments-db", "cards")
    journey = Journey(name="checkout", entry="checkout", steps=steps, services=services)
    samples = Measured(log({**FAILS, payment: (0.01, 0.3), calm: (0.01, 0.01), seen: (0.0, 0.4)}))
    found = levels(samples, knowledge=shop(journeys=(journey,))).measures
    told = {one.service: (one.is_step, round(1 - one.tally.good_share, 3)) for one in found}
    assert told == {
        "checkout": (True, 0.21),
        "payment-service": (False, 0.3),
        "cards": (False, 0.4),
    }
    assert found[0].operation == "/checkout"
