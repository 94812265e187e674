"""Which incident a page of others is about."""

from dataclasses import replace

import pytest

from aiops.domain.environment import Knowledge
from aiops.domain.incidents import Incident
from aiops.domain.notifications import address
from aiops.domain.pages import OutsidePage
from aiops.domain.policies import PagingPolicy, Policies
from aiops.domain.reach import BlastRadius
from aiops.route.adoption import COVERS_AFTER, covering_page, match
from tests.builders import minute, series, shop, symptom
from tests.store.makers import incident

PAGE = OutsidePage(
    id="Q1",
    title="High error rate",
    service="checkout",
    urgency="high",
    opened_at=minute(4),
    seen_at=minute(4),
)


def page(**changes: object) -> OutsidePage:
    return replace(PAGE, **changes)  # type: ignore[arg-type]


def knowing(**paging: object) -> Knowledge:
    policy = PagingPolicy(
        known_environments=frozenset({"prod", "staging"}),
        **paging,  # type: ignore[arg-type]
    )
    return shop(policies=Policies(paging=policy))


def searching(number: int = 1002, at: float = 3) -> Incident:
    slow = symptom(series("search", "latency_seconds"), at=at)
    made = incident(number, symptoms=(slow,), at=at)
    return replace(made, causes=(), blast=BlastRadius(sick=("search",)))


@pytest.mark.parametrize(
    "said",
    [
        page(),
        page(service="API", title="checkout: 5xx over 5%"),
        page(service="API", title="PaymentService latency"),
        page(service="Checkout"),
        page(service="Checkout prod", title="503"),
    ],
)
def test_a_page_that_names_what_is_sick_is_about_it(said: OutsidePage) -> None:
    found = match(said, [incident(), searching()], knowing())
    assert found.adopter is not None
    assert found.adopter.id == "INC-1001"
    assert "it is about" in found.why


@pytest.mark.parametrize(
    ("said", "why"),
    [
        (page(service="API", title="it burns"), "names no service"),
        (page(service="gateway"), "no incident touches gateway"),
        (page(service="payments-db"), "no incident touches payments-db"),
        (page(service="checkout staging"), "no incident touches checkout"),
        (page(opened_at=minute(3 - 15.1)), "no incident touches checkout"),
    ],
)
def test_what_names_nothing_or_something_else_or_is_older_is_not(
    said: OutsidePage, why: str
) -> None:
    found = match(said, [incident()], knowing())
    assert found.adopter is None
    assert why in found.why


def test_a_monitor_may_be_a_quarter_of_an_hour_faster() -> None:
    assert match(page(opened_at=minute(3 - 15)), [incident()], knowing()).adopter is not None


@pytest.mark.parametrize("name", ["PF9KMXH", "Buying"])
def test_settings_say_which_service_is_meant_by_id_or_name(name: str) -> None:
    meant = knowing(page_services=((name, "search"),))
    said = page(service="Buying", service_id="PF9KMXH", title="checkout fails")
    found = match(said, [incident(), searching()], meant)
    assert found.adopter is not None
    assert found.adopter.id == "INC-1002"


def test_the_name_of_its_service_counts_more_than_its_title() -> None:
    said = page(service="search", title="checkout is slow because of search")
    found = match(said, [incident(), searching()], knowing())
    assert found.adopter is not None
    assert found.adopter.id == "INC-1002"


def test_of_two_that_fit_nobody_adopts_it_and_the_reason_names_both() -> None:
    other = replace(incident(1003), symptoms=())
    found = match(page(), [incident(), other], knowing())
    assert found.adopter is None
    assert "INC-1001 and INC-1003 fit equally well" in found.why
    assert {one.id for one in found.fitting} == {"INC-1001", "INC-1003"}


def test_what_is_sick_there_fits_better_than_what_only_reaches_it() -> None:
    reaching = replace(searching(), blast=BlastRadius(sick=("search",), reached=("checkout",)))
    found = match(page(), [reaching, incident()], knowing())
    assert found.adopter is not None
    assert found.adopter.id == "INC-1001"
    assert match(page(), [reaching], knowing()).adopter == reaching


ADOPTER = replace(incident(), adopted=(address("pagerduty", "Q1"),))


def test_an_adopted_page_covers_while_it_is_open_and_a_quarter_of_an_hour_longer() -> None:
    at = minute(30)
    assert covering_page(ADOPTER, [page()], at) == page()
    lately = page(ended_at=at - COVERS_AFTER / 2)
    assert covering_page(ADOPTER, [lately], at) == lately
    assert covering_page(ADOPTER, [page(ended_at=at - COVERS_AFTER)], at) is None


def test_a_page_that_woke_nobody_or_of_another_problem_covers_nothing() -> None:
    assert covering_page(ADOPTER, [page(urgency="low")], minute(5)) is None
    assert covering_page(ADOPTER, [page(id="Q2")], minute(5)) is None
