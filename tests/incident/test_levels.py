"""What an incident says of service levels, and what a burning budget is worth."""

from dataclasses import replace

import pytest

from aiops.domain.incidents import Severity
from aiops.domain.policies import SeverityPolicy
from aiops.domain.slos import UNHURT, Budgeting, BudgetUse, Measure, ServiceLevels, Sli, Slo, Tally
from aiops.incident.difference import Difference, materially_differs
from aiops.incident.export import export
from aiops.incident.levels import (
    by_budget,
    level_clauses,
    told_budgets,
    told_measures,
)
from aiops.incident.severity import classify, keep
from tests.builders import minute, shop, story
from tests.incident.scenes import EU_CHECKOUT, incident

TALLY = Tally(since=minute(3), until=minute(8), events=10_000, bad=260, usual=0.003)


def use(
    *, bad: float = 260, burn_rate: float = 5.2, slo: Slo | None = None, days: float = 28
) -> BudgetUse:
    return BudgetUse(
        journey="checkout",
        slo=slo or Slo(objective=0.995),
        tally=replace(TALLY, bad=bad),
        window_total=2_000_000,
        known_days=days,
        burn_rate=burn_rate,
        basis="`error_ratio` of checkout",
    )


def levels(*budgets: BudgetUse) -> ServiceLevels:
    return ServiceLevels(budgets=budgets)


def test_it_says_what_users_meet_and_what_that_takes_of_the_budget() -> None:
    (clause,) = level_clauses(levels(use()))
    assert clause.text == (
        "It has taken 2.6% of checkout's availability error budget (28 days),"
        " consuming it at 5.2x rate."
    )
    assert clause.source == "slo:checkout/availability"
    assert told_budgets(levels(use())) == (
        "checkout success rate 97.1% against 99.7% expected; it took 2.6% of the error budget of"
        " checkout availability (99.5% over 28 days) by 10:08 UTC, consuming it at 5.2x rate",
    )


def test_what_is_assumed_or_young_says_so() -> None:
    (told,) = told_budgets(levels(use(slo=Slo(assumed=True), days=2.04)))
    assert "(99.9% over 28 days, assumed)" in told
    assert told.endswith("(known for 2 days only)")


@pytest.mark.parametrize(
    ("bad", "words"),
    [(5, "less than 0.1%"), (15, "0.15%"), (5000, "50%"), (25_000, "2.5 times all")],
)
def test_a_share_is_told_as_precisely_as_it_is_known(bad: float, words: str) -> None:
    (told,) = told_budgets(levels(use(bad=bad)))
    assert f"; it took {words} of the error budget" in told


def test_a_story_tells_of_one_budget_and_of_none_that_hardly_suffered() -> None:
    both = levels(use(bad=5000), use(slo=Slo(sli=Sli.LATENCY, threshold_seconds=0.5)))
    (clause,) = level_clauses(both)
    assert "50% of checkout's availability error budget" in clause.text
    assert not tuple(level_clauses(levels(use(bad=5))))


def test_a_budget_nothing_was_taken_of_is_not_told() -> None:
    assert not tuple(level_clauses(levels(use(bad=0))))
    assert told_budgets(levels(use(bad=0))) == ()
    assert told_budgets(UNHURT) == ()


def test_a_latency_is_told_by_how_often_it_was_kept() -> None:
    slow = Slo(sli=Sli.LATENCY, objective=0.99, threshold_seconds=0.5)
    (told,) = told_budgets(levels(use(slo=slow)))
    assert told.startswith("checkout fast enough 97.1% of requests against 99.7% expected")
    sliced = replace(slow, budgeting=Budgeting.TIMESLICES)
    (told,) = told_budgets(levels(use(slo=sliced)))
    assert told.startswith("checkout fast enough 97.1% of the time against 99.7% expected")


def test_steps_are_told_by_success_and_what_is_behind_them_by_errors() -> None:
    step = Measure(journey="checkout", service="shop", operation="/pay", is_step=True, tally=TALLY)
    behind = replace(step, service="payment gateway", operation="", is_step=False)
    assert told_measures((step, replace(step, operation=""), behind)) == (
        "/pay success rate 97.1% against 99.7% expected",
        "shop success rate 97.1% against 99.7% expected",
        "payment gateway errors 2.9% against 0.3% expected",
    )


def test_a_declared_budget_that_burns_fast_calls_and_an_assumed_one_does_not() -> None:
    policy = SeverityPolicy()
    assert not tuple(by_budget(levels(use(burn_rate=14.3)), policy))
    assert tuple(by_budget(levels(use(burn_rate=14.4)), policy)) == (
        (
            Severity.P2,
            "consuming error budget of checkout availability (99.5% over 28 days) at 14.4x rate"
            " (P2 from 14.4x)",
        ),
    )
    (verdict,) = by_budget(levels(use(burn_rate=60)), policy)
    assert verdict[0] is Severity.P1
    assumed = use(burn_rate=900, slo=Slo(assumed=True))
    assert not tuple(by_budget(levels(assumed), policy))


def test_severity_follows_the_policys_burn_rate_and_says_why() -> None:
    errors = story()[:1]
    mild = replace(errors[0], observed=0.008)
    calm = (mild, *story()[1:2])
    assert classify(calm, EU_CHECKOUT, (), shop())[0] is Severity.P2
    alone = (mild,)
    assert classify(alone, EU_CHECKOUT, (), shop())[0] is Severity.P3
    severity, why = classify(alone, EU_CHECKOUT, (), shop(), levels(use(burn_rate=20)))
    assert severity is Severity.P2
    assert why.startswith("consuming error budget of checkout availability")
    kept, _ = keep(severity, alone, EU_CHECKOUT, (), shop(), levels=levels(use(burn_rate=12)))
    assert kept is Severity.P2  # until clearly below
    eased, _ = keep(severity, alone, EU_CHECKOUT, (), shop(), levels=levels(use(burn_rate=5)))
    assert eased is Severity.P3


def test_other_programs_read_it_too() -> None:
    told = export(replace(incident(), levels=levels(use())))
    (budget,) = told["service_levels"]
    assert budget["budget_share"] == pytest.approx(0.026)
    assert (budget["observed"], budget["expected"]) == (0.971, 0.997)
    assert (budget["sli"], budget["assumed"]) == ("availability", False)


def test_every_further_tenth_of_a_budget_is_worth_telling() -> None:
    before, after, further = (
        replace(incident(), levels=levels(use(bad=bad))) for bad in (260, 950, 1050)
    )
    assert materially_differs(before, after) is None
    assert materially_differs(after, further) is Difference.BUDGET
    assert materially_differs(further, before) is None
