from dataclasses import replace
from datetime import timedelta

from aiops.domain.journeys import Team
from aiops.domain.outcomes import PastIncident
from aiops.domain.reach import BlastRadius
from aiops.route.owner import on_call, owner_of, person_on_call, with_owner
from tests.builders import TEN, cause, minute, shop
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


GIVEN = PastIncident(
    incident_id="INC-7",
    ended_at=minute(-60),
    signature=(),
    cause_service="checkout",
    assignee="bob",
)


def test_where_nobody_owns_it_the_team_that_was_given_the_last_one_is_suggested() -> None:
    known = shop(journeys=(), teams=(PAYMENTS,), memory=(GIVEN,))
    found = owner_of(incident(), known)
    assert found.owner == "payments"
    assert found.reason == "was given INC-7, which was checkout too"


def test_the_newest_counts_and_only_what_was_real_and_given_to_a_team() -> None:
    other = Team(name="shop", title="Shop team")
    later = replace(GIVEN, incident_id="INC-8", ended_at=minute(-30), assignee="shop")
    no_use = (
        replace(GIVEN, incident_id="INC-9", ended_at=minute(-3), assignee="zoe"),
        replace(GIVEN, incident_id="INC-10", ended_at=minute(-2), assignee="shop", real=False),
        replace(GIVEN, incident_id="INC-11", ended_at=minute(-1), cause_service="search"),
    )
    known = shop(journeys=(), teams=(PAYMENTS, other), memory=(GIVEN, later, *no_use))
    assert owner_of(incident(), known).owner == "shop"


def test_a_declared_owner_comes_before_what_was_given_once() -> None:
    known = shop(graph=owned(checkout="shop"), teams=(PAYMENTS,), memory=(GIVEN,))
    assert owner_of(incident(), known).owner == "shop"


def test_the_incident_says_who_of_its_owners_is_on_call() -> None:
    known = shop(graph=owned(checkout="payments"), teams=(PAYMENTS,))
    assert with_owner(incident(), minute(1), known).on_call == "ann"
    assert with_owner(incident(), minute(1) + timedelta(days=8), known).on_call == "bob"


def test_a_schedule_of_theirs_counts_instead_of_the_rotation() -> None:
    scheduled = replace(PAYMENTS, schedule="PI7DH85")
    known = shop(teams=(scheduled,), on_call=(("payments", "zoe@shop.example"),))
    assert person_on_call("payments", TEN, known) == "zoe@shop.example"
    assert person_on_call("payments", TEN, replace(known, on_call=())) == ""
    assert person_on_call("nobody", TEN, known) == ""
