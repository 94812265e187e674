"""Pages that others sent, on both databases."""

from dataclasses import replace
from itertools import permutations

from sqlalchemy import Engine

from aiops.domain.pages import OutsidePage, PageWord
from aiops.domain.symptoms import Origin
from aiops.domain.words import Verb
from aiops.store.accepted import AcceptedBody, BodyStore
from aiops.store.pages import FORGOTTEN_AFTER, PageStore
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


def test_what_people_said_is_kept_whichever_news_are_newest(aiops: Engine) -> None:
    word = PageWord(at=minute(10), verb=Verb.ACKNOWLEDGE, who="ann")
    keep(aiops, ENDED, "one")
    keep(aiops, replace(OPENED, seen_at=minute(10), words=(word,)), "two")
    found = PageStore(aiops).get("P1")
    assert found is not None
    assert (found.words, found.ended_at) == ((word,), minute(20))
    assert PageStore(aiops).get("P2") is None


def test_near_are_pages_of_the_last_week_that_are_open_or_ended_within_the_hour(
    aiops: Engine,
) -> None:
    keep(aiops, ENDED, "one")
    keep(aiops, replace(OPENED, id="P2"), "two")
    store = PageStore(aiops)
    assert {one.id for one in store.near(minute(79))} == {"P1", "P2"}
    assert {one.id for one in store.near(minute(81))} == {"P2"}
    assert store.near(minute(9) + FORGOTTEN_AFTER) == ()
    ahead = replace(OPENED, id="P3", opened_at=minute(9.5), seen_at=minute(9.5))
    keep(aiops, ahead, "three")
    assert "P3" in {one.id for one in store.near(minute(9))}, "the pager's clock may be ahead"


def test_pages_are_forgotten_that_ended_long_ago_or_were_never_heard_of_again(
    aiops: Engine,
) -> None:
    keep(aiops, ENDED, "one")
    keep(aiops, replace(OPENED, id="P2"), "two")
    keep(aiops, replace(OPENED, id="P3", seen_at=minute(50)), "three")
    store = PageStore(aiops)
    assert store.prune(minute(20)) == 1
    assert store.prune(minute(20)) == 0
    assert store.prune(minute(30)) == 1
    assert {one.id for one in store.between(minute(0), minute(99))} == {"P3"}
