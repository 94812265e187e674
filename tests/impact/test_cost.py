"""Whether a cost is known, and how."""

from dataclasses import replace

import pytest

from aiops.domain.cost import Cost, CostBasis
from aiops.domain.incidents import IncidentState
from aiops.domain.journeys import Kpi
from aiops.domain.reach import BlastRadius
from aiops.impact.cost import cost_of, count_costs
from tests.builders import REVENUE, kpi_window, revenue, series, shop
from tests.incident.scenes import EU_CHECKOUT, incident, loss

READ = kpi_window([revenue("EU")], [0.0])
ORDERS = series("checkout", "orders", kpi="orders per minute")


def test_a_money_kpi_that_lost_measures_it() -> None:
    assert cost_of(EU_CHECKOUT, [loss()], READ, shop()) == Cost(
        basis=CostBasis.MEASURED, reason=f"measured by {REVENUE}"
    )


def test_what_a_success_is_worth_estimates_it_and_says_what_was_assumed() -> None:
    guess = loss(assumption="each is worth EUR 40")
    assert cost_of(EU_CHECKOUT, [guess], READ, shop()) == Cost(
        basis=CostBasis.ESTIMATED, reason="each is worth EUR 40"
    )


def test_where_what_is_hit_has_a_price_and_lost_nothing_it_costs_nothing() -> None:
    assert cost_of(EU_CHECKOUT, [], READ, shop()).basis is CostBasis.NONE
    nobody = cost_of(BlastRadius(sick=("search",)), [], READ, shop())
    assert nobody == Cost(basis=CostBasis.NONE, reason="no journey is hit")


def test_a_loss_that_is_no_money_has_no_price_by_itself() -> None:
    orders = loss(kpi="orders per minute", unit="1/min")
    knowledge = shop(kpis=(Kpi(name="orders per minute", metric="orders", journey="checkout"),))
    told = cost_of(EU_CHECKOUT, [orders], kpi_window([ORDERS], [0.2]), knowledge)
    assert told.basis is CostBasis.UNKNOWN
    assert told.reason.startswith("`checkout` declares neither a money KPI nor the value")


@pytest.mark.parametrize("window", [None, kpi_window([ORDERS], [0.2])])
def test_a_price_that_nobody_read_is_unknown_and_not_nothing(window: object) -> None:
    told = cost_of(EU_CHECKOUT, [], window, shop())  # type: ignore[arg-type]
    assert told == Cost(basis=CostBasis.UNKNOWN, reason=f"{REVENUE} was not read")


def test_a_value_needs_something_that_counts_successes() -> None:
    (journey,) = shop().journeys
    valued = shop(kpis=(), journeys=(replace(journey, kpis=(), value_per_success=40.0),))
    told = cost_of(EU_CHECKOUT, [], READ, valued)
    assert told.reason == "nothing counts the successes of `checkout`"


def test_a_share_of_nobody_knows_how_many_requests_is_unknown() -> None:
    (journey,) = shop().journeys
    share = Kpi(name="failed share", metric="failed", unit="1", journey="checkout")
    valued = shop(kpis=(share,), journeys=(replace(journey, kpis=(), value_per_success=40.0),))
    told = cost_of(EU_CHECKOUT, [loss(kpi="failed share", unit="1")], READ, valued)
    assert told.reason == "nothing counts the requests of `checkout`, of which a share fails"


def test_without_journeys_nobody_knows() -> None:
    told = cost_of(EU_CHECKOUT, [], READ, shop(journeys=()))
    assert told == Cost(basis=CostBasis.UNKNOWN, reason="no journey is declared")


def test_known_and_unknown_costs_are_counted_and_a_merged_incident_is_not_counted_twice() -> None:
    measured = incident(cost=Cost(basis=CostBasis.MEASURED))
    unknown = incident(cost=Cost(basis=CostBasis.UNKNOWN))
    merged = replace(unknown, state=IncidentState.MERGED)

    assert count_costs([measured, unknown, merged]) == {
        CostBasis.MEASURED: 1,
        CostBasis.ESTIMATED: 0,
        CostBasis.NONE: 0,
        CostBasis.UNKNOWN: 1,
    }
