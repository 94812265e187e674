"""Our calls beside those of others."""

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from aiops.domain.incidents import Incident, IncidentState
from aiops.domain.pages import OutsidePage
from aiops.report.shadow import Shadow, compare
from tests.builders import minute
from tests.notify.stories import incident as story

SERVICES = {"checkout", "payment-service", "search", "gateway"}


def incident(number: int = 1, at: float = 3, **changes: Any) -> Incident:
    values = {"id": f"INC-{number}", "started_at": minute(at), "called_at": minute(at + 1)}
    return story(**values | changes)


def page(number: int = 1, at: float = 9, **changes: Any) -> OutsidePage:
    values: dict[str, Any] = {
        "id": f"P{number}",
        "title": "High error rate",
        "service": "Checkout API",
        "urgency": "high",
        "opened_at": minute(at),
        "seen_at": minute(at),
    }
    return OutsidePage(**values | changes)


def compared(incidents: list[Incident], pages: list[OutsidePage]) -> Shadow:
    return compare(
        incidents,
        pages,
        SERVICES,
        since=minute(-60),
        until=minute(600),
        zone=UTC,
    )


def test_many_pages_about_one_problem_are_one_and_the_first_counts() -> None:
    made = compared([incident()], [page(2, at=12, service="PaymentService"), page(1, at=9)])
    (one,) = made.both
    assert [found.id for found in one.pages] == ["P1", "P2"]
    assert one.lead == timedelta(minutes=5)
    assert (made.earlier, made.median_lead) == (1, timedelta(minutes=5))


def test_a_page_that_came_before_ours_makes_us_later() -> None:
    made = compared([incident()], [page(at=2)])
    assert (made.earlier, made.median_lead) == (0, timedelta(minutes=-2))


def test_a_page_that_names_another_service_is_missed_and_our_call_is_extra() -> None:
    made = compared([incident()], [page(title="search is slow", service="Search")])
    assert [one.id for one in made.missed] == ["P1"]
    assert [one.incident.id for one in made.extra] == ["INC-1"]


def test_a_page_that_names_no_service_we_know_is_taken_by_time() -> None:
    unnamed = page(title="A little bump in the road", service="Default")
    assert compared([incident()], [unnamed]).both
    late = page(title="A little bump", service="Default", opened_at=minute(500))
    over = incident(state=IncidentState.RESOLVED, quiet_since=minute(30), resolved_at=minute(90))
    assert compared([over], [late]).missed == (late,)


def test_a_name_is_found_however_it_is_written_and_never_inside_another() -> None:
    written = page(title="[FIRING:1] PAYMENT_SERVICE latency", service="Default")
    inside = page(title="researching the searchlight", service="Default", at=9)
    made = compared([incident()], [written, inside])
    assert len(made.both[0].pages) == 2, "the second names nothing we know, so time decides"


def test_of_two_problems_the_page_goes_to_the_one_that_began_nearest() -> None:
    made = compared([incident(1, at=3), incident(2, at=100)], [page(at=101)])
    assert [(one.incident.id, len(one.pages)) for one in made.both] == [("INC-2", 1)]
    assert [one.incident.id for one in made.extra] == ["INC-1"]


def test_what_is_a_ticket_here_is_neither_missed_nor_found_as_a_call() -> None:
    made = compared([incident(called_at=None)], [page()])
    assert (len(made.quieter), made.both, made.missed) == (1, (), ())
    assert made.median_lead is None


def test_low_urgency_wakes_nobody_and_merged_incidents_are_no_problems() -> None:
    made = compared([incident(merged_into="INC-9")], [page(urgency="low")])
    assert (made.both, made.missed, made.extra) == ((), (), ())


def test_days_begin_at_the_teams_midnight() -> None:
    late = datetime(2026, 4, 18, 22, 30, tzinfo=UTC)
    made = compare(
        [],
        [page(opened_at=late)],
        SERVICES,
        since=late - timedelta(hours=1),
        until=late + timedelta(hours=1),
        zone=ZoneInfo("Europe/Berlin"),
    )
    assert [(one.day.day, one.paged) for one in made.days] == [(18, 0), (19, 1)]


@given(
    st.lists(st.tuples(st.integers(-50, 590), st.booleans()), max_size=8),
    st.lists(
        st.tuples(st.integers(-50, 590), st.sampled_from(["Checkout", "Search", "x"])), max_size=8
    ),
    st.randoms(use_true_random=False),
)
def test_every_loud_page_and_every_call_of_ours_is_counted_once_in_any_order(
    ours: list[tuple[int, bool]], others: list[tuple[int, str]], random: Any
) -> None:
    incidents = [
        incident(number, at=at, **({} if calls else {"called_at": None}))
        for number, (at, calls) in enumerate(ours)
    ]
    pages = [page(number, at=at, service=name) for number, (at, name) in enumerate(others)]
    made = compared(incidents, pages)
    told = [one for problem in made.both + made.quieter for one in problem.pages]
    assert sorted(one.id for one in (*told, *made.missed)) == sorted(one.id for one in pages)
    called = {one.id for one in incidents if one.called_at}
    assert {one.incident.id for one in made.both + made.extra} == called
    random.shuffle(incidents)
    random.shuffle(pages)
    assert compared(incidents, pages) == made
