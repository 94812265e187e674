"""Pages that others sent, on both databases."""

from dataclasses import replace
from itertools import permutations

from sqlalchemy import Engine

from aiops.domain.pages import OutsidePage
from aiops.domain.symptoms import Origin
from aiops.store.accepted import AcceptedBody, BodyStore
from aiops.store.pages import PageStore
from tests.builders import minute

OPENED = OutsidePage(
    id="P1",
    title="API errors",
    service="API",
    urgency="high",
    opened_at=minute(9),
    seen_at=minute(9),
)
ENDED = replace(OPENED, seen_at=minute(20), ended_at=minute(20))
AGAIN = replace(OPENED, seen_at=minute(30), title="API errors again")


def keep(engine: Engine, page: OutsidePage, key: str, origin: Origin = Origin.LIVE) -> None:
    body = AcceptedBody(
        idempotency_key=key,
        source="pagerduty",
        content_type="application/json",
        received_at=minute(9),
        body=b"{}",
    )
    PageStore(engine).keep(page, origin, BodyStore(engine).accept([body])[key])


def test_the_newest_news_of_a_page_win_in_whatever_order_they_come(aiops: Engine) -> None:
    store = PageStore(aiops)
    for number, order in enumerate(permutations((OPENED, ENDED, AGAIN))):
        for place, page in enumerate(order):
            keep(aiops, replace(page, id=f"P{number}"), f"{number}.{place}")
    found = store.between(minute(0), minute(60))
    assert [(one.title, one.ended_at) for one in found] == [("API errors again", None)] * 6


def test_a_body_that_is_worked_twice_changes_nothing(aiops: Engine) -> None:
    keep(aiops, ENDED, "one")
    keep(aiops, replace(AGAIN, title="never"), "one")
    assert PageStore(aiops).between(minute(0), minute(60)) == (ENDED,)


def test_pages_that_went_on_in_a_stretch_of_time_are_in_it(aiops: Engine) -> None:
    keep(aiops, ENDED, "one")
    store = PageStore(aiops)
    assert store.between(minute(15), minute(60)) == (ENDED,)
    assert store.between(minute(21), minute(60)) == ()
    assert store.between(minute(0), minute(9)) == ()


def test_a_drills_pages_are_not_given_out_for_live(aiops: Engine) -> None:
    keep(aiops, OPENED, "one", Origin.DRILL)
    assert PageStore(aiops).between(minute(0), minute(60)) == ()
