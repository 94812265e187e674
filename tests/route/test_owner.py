from dataclasses import replace
from datetime import timedelta

from aiops.domain.journeys import Team
from aiops.domain.reach import BlastRadius
from aiops.route.owner import on_call, owner_of
from tests.builders import TEN, cause, shop
from tests.route.test_decision import incident
from topology.attributes import Service
from topology.graph import ServiceGraph

PAYMENTS = Team(name="payments", title="Payments team", members=("ann", "bob"), rotation_start=TEN)


def owned(**owners: str) -> ServiceGraph:
    services = [Service(name=name.replace("_", "-"), owner=own) for name, own in owners.items()]
    return ServiceGraph.from_edges(services, ())


def test_the_owner_of_the_likely_cause_answers() -> None:
    knowledge = shop(graph=owned(payment_service="payments", checkout="shop"), teams=(PAYMENTS,))
    found = owner_of(replace(incident(), causes=(cause("payment-service"),)), knowledge)
    assert (found.owner, found.title) == ("payments", "Payments team")
    assert "payment-service" in found.reason


def test_without_a_cause_the_sickest_owned_service_decides() -> None:
    blast = BlastRadius(sick=("mystery", "checkout"))
    found = owner_of(replace(incident(), blast=blast), shop(graph=owned(checkout="shop")))
    assert (found.owner, found.title) == ("shop", "Shop team")


def test_a_journey_has_an_owner_where_its_services_have_none() -> None:
    blast = BlastRadius(sick=("checkout",), journeys=("checkout",))
    found = owner_of(replace(incident(), blast=blast), shop())
    assert found.owner == "shop"
    assert "journey checkout" in found.reason


def test_what_nobody_owns_goes_to_the_default_owner_and_says_so() -> None:
    found = owner_of(incident(), shop(journeys=()))
    assert found.owner == "platform"
    assert "nobody is named as the owner of checkout" in found.reason


def test_the_rotation_goes_round_by_turns() -> None:
    week = timedelta(days=7)
    turns = [on_call(PAYMENTS, TEN + number * week) for number in range(3)]
    assert turns == ["ann", "bob", "ann"]


def test_a_team_without_a_rotation_has_nobody_on_call() -> None:
    assert on_call(Team(name="a", title="A"), TEN) is None
