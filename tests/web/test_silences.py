"""Silences in the console: seen, set and ended by plain forms."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, Protocol
from urllib.parse import urlencode

import httpx
import pytest

from aiops.domain.silences import Silence, parse_matcher
from tests.builders import minute

FORM = {"content-type": "application/x-www-form-urlencoded"}
NEW = {
    "matchers": "service=checkout\r\nregion=EU\r\n",
    "for": "2h",
    "by": "ann",
    "why": "load test",
}


class Browser(Protocol):
    def get(self, path: str, **kwargs: Any) -> httpx.Response: ...
    def post(self, path: str, **kwargs: Any) -> httpx.Response: ...


class Site(Protocol):
    clock: Any
    open: Callable[..., Browser]


def made(name: str, ends_at: datetime) -> Silence:
    return Silence(
        id=name,
        matchers=(parse_matcher("service=~<b>.*"),),
        starts_at=minute(-60),
        ends_at=ends_at,
        author="ann",
        why="<i>load test</i>",
        created_at=minute(-60),
    )


@dataclass
class Kept:
    """The silences there are, and what was said."""

    silences: list[Silence] = field(default_factory=list)
    said: list[tuple[object, ...]] = field(default_factory=list)

    def add(
        self, matchers: Sequence[str], *, ends_at: datetime, by: str, why: str, place: str
    ) -> Silence:
        for one in matchers:
            parse_matcher(one)
        self.said.append((*matchers, ends_at, by, why, place))
        return made("SIL-9", ends_at)

    def expire(self, silence_id: str, *, by: str, why: str) -> Silence:
        self.said.append((silence_id, by, why))
        return replace(self.silences[0], expired_by=by)


@pytest.fixture
def kept(site: Site) -> Kept:
    now = site.clock.now()
    hour = timedelta(hours=1)
    return Kept([made("SIL-7", now + hour), made("SIL-6", now - hour)])


@pytest.fixture
def browser(site: Site, kept: Kept) -> Browser:
    return site.open(silences=lambda: kept.silences, silence=kept.add, expire_silence=kept.expire)


def send(browser: Browser, path: str, fields: dict[str, str], **headers: str) -> httpx.Response:
    return browser.post(path, content=urlencode(fields), headers={**FORM, **headers})


def test_the_page_shows_what_is_in_force_and_what_is_over_escaped(browser: Browser) -> None:
    page = browser.get("/silences").text
    assert page.index("SIL-7") < page.index("Over") < page.index("SIL-6")
    assert "<b>" not in page
    assert "<i>load" not in page
    assert "/silences/SIL-7/expire" in page
    assert "/silences/SIL-6/expire" not in page
    assert "http-equiv" not in page, "what is being typed is not taken away"


def test_a_form_sets_a_silence_with_who_and_why(browser: Browser, kept: Kept, site: Site) -> None:
    answer = send(browser, "/silences", NEW)
    assert (answer.status_code, answer.headers["location"]) == (303, "/silences")
    until = site.clock.now() + timedelta(hours=2)
    told = ("service=checkout", "region=EU", until, "ann", "load test", "the console")
    assert kept.said == [told]


def test_a_form_ends_a_silence(browser: Browser, kept: Kept) -> None:
    answer = send(browser, "/silences/SIL-7/expire", {"by": "bob"})
    assert answer.status_code == 303
    assert kept.said == [("SIL-7", "bob", "")]


@pytest.mark.parametrize(
    "wrong", [{"by": " "}, {"why": ""}, {"for": "a while"}, {"matchers": "checkout"}]
)
def test_what_is_missing_or_wrong_is_said_and_nothing_is_done(
    browser: Browser, kept: Kept, wrong: dict[str, str]
) -> None:
    assert send(browser, "/silences", NEW | wrong).status_code == 400
    assert kept.said == []


def test_a_page_of_somebody_elses_silences_nothing(browser: Browser, kept: Kept) -> None:
    answer = send(browser, "/silences", NEW, origin="https://elsewhere.example")
    assert answer.status_code == 403
    assert kept.said == []


def test_where_nothing_can_be_silenced_the_page_offers_no_form(site: Site) -> None:
    browser = site.open()
    assert "<form" not in browser.get("/silences").text
    assert send(browser, "/silences", NEW).status_code == 404
    assert send(browser, "/silences/SIL-7/expire", {"by": "bob"}).status_code == 404
