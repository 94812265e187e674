"""Which incidents a KPI's loss belongs to."""

from dataclasses import replace

import pytest

from aiops.domain.incidents import IncidentState
from aiops.domain.journeys import Kpi
from aiops.impact.claims import Claim, claims, met_kpis, sharers
from tests.builders import REVENUE, checkout_errors, ended, revenue, series, shop, story, symptom
from tests.incident.scenes import incident

ERRORS = symptom(checkout_errors())


def claim(name: str, *, proven: bool, regions: tuple[str, ...] = ("EU",)) -> Claim:
    return Claim(incident_id=name, kpi=REVENUE, proven=proven, regions=regions)


def test_users_meet_errors_at_the_door_of_their_journey() -> None:
    behind = symptom(series("payment-service", "error_ratio"))
    busy = symptom(series("checkout", "requests_per_second"))

    assert met_kpis([ERRORS, behind], shop()) == {REVENUE: (ERRORS,)}
    assert met_kpis([behind, busy, symptom(revenue("EU"))], shop()) == {}


def test_a_kpi_that_names_its_journey_is_met_too() -> None:
    orders = Kpi(name="orders", metric="orders", journey="checkout")
    assert set(met_kpis([ERRORS], shop(kpis=(orders,)))) == {REVENUE, "orders"}


def test_a_symptom_of_the_kpi_itself_proves_a_claim() -> None:
    (proven,) = claims([incident(story())], shop())
    (met,) = claims([incident([ERRORS])], shop())
    assert (proven.kpi, proven.proven, proven.regions) == (REVENUE, True, ("EU",))
    assert (met.kpi, met.proven) == (REVENUE, False)


def test_what_is_over_claims_nothing() -> None:
    over = replace(incident([ended(ERRORS, 9)]), state=IncidentState.RESOLVED)
    assert claims([over], shop()) == ()


@pytest.mark.parametrize("proven", [True, False])
def test_equal_claims_in_one_region_share_a_loss(proven: bool) -> None:
    rival = claim("INC-2", proven=proven)
    assert sharers(REVENUE, ("EU",), [rival], proven=proven) == ("INC-2",)
    assert sharers(REVENUE, ("US",), [rival], proven=proven) == ()
    assert sharers(REVENUE, (), [rival], proven=proven) == ("INC-2",)
    assert sharers("orders", ("EU",), [rival], proven=proven) == ()


def test_a_proven_claim_comes_before_one_that_is_not() -> None:
    assert sharers(REVENUE, ("EU",), [claim("INC-2", proven=True)], proven=False) is None
    assert sharers(REVENUE, ("EU",), [claim("INC-2", proven=False)], proven=True) == ()
