"""How journeys stand, as the console shows it."""

from aiops.domain.journeys import Journey, Step
from aiops.domain.slos import SliHour, Slo
from aiops.slo.hours import name_of_slo
from aiops.slo.standing import JourneyStanding, standings
from tests.builders import minute
from tests.web.conftest import Site

PROMISED = Slo(objective=0.995)
CHECKOUT = Journey(
    name="checkout",
    entry="shop",
    steps=(Step(service="shop", operation="/<b>pay"),),
    services=("shop", "payment-service"),
    slos=(PROMISED,),
)


def standing(bad: float) -> tuple[JourneyStanding, ...]:
    name = name_of_slo(CHECKOUT, PROMISED)
    hour = SliHour(indicator=name, at=minute(0), total=1000, bad=bad, seconds=3600)
    return standings((hour,), (hour,), (CHECKOUT,), minute(30))


def test_each_journey_stands_with_its_promise_its_steps_and_its_services(site: Site) -> None:
    told = site.open(journeys=lambda: standing(3)).get("/journeys").text
    assert "99.7%" in told
    assert "99.7% available over 1 h of 28 days (99.5% promised)" in told
    assert "/&lt;b&gt;pay of shop" in told
    assert "payment-service" in told
    assert "not measured" in told  # of neither part anything is known
    assert 'class="tile bad"' not in told


def test_a_budget_that_is_spent_stands_out(site: Site) -> None:
    told = site.open(journeys=lambda: standing(1000 * 28 * 24)).get("/journeys").text
    assert 'class="tile bad"' in told
    assert "its error budget is spent 200.0 times over" in told


def test_the_first_page_tells_each_journey_in_a_line(site: Site) -> None:
    told = site.open(journeys=lambda: standing(3)).get("/incidents").text
    assert "checkout: 99.7% available over 1 h of 28 days (99.5% promised)" in told


def test_without_a_journey_the_page_says_how_to_declare_one(site: Site) -> None:
    told = site.open().get("/journeys").text
    assert "No journey is declared" in told
    assert "slos:" in told


def test_other_programs_read_the_same(site: Site) -> None:
    (told,) = site.open(journeys=lambda: standing(3)).get("/api/journeys").json()
    assert told["journey"] == "checkout"
    assert told["slos"][0]["observed"] == 0.997
