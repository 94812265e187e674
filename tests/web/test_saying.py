"""What people say of an incident by a form of the console."""

from collections.abc import Callable
from typing import Any, Protocol
from urllib.parse import urlencode

import httpx
import pytest

from aiops.domain.errors import InputError
from aiops.domain.incidents import Incident
from aiops.domain.words import Verb
from tests.builders import heard
from tests.notify.stories import incident

FORM = {"content-type": "application/x-www-form-urlencoded"}
WORD = {"verb": "acknowledge", "by": "ann", "why": "looking", "about": ""}


class Browser(Protocol):
    def get(self, path: str, **kwargs: Any) -> httpx.Response: ...
    def post(self, path: str, **kwargs: Any) -> httpx.Response: ...


class Site(Protocol):
    shelf: Any
    open: Callable[..., Browser]


class Said(list[tuple[str, ...]]):
    """Who said what."""

    def __call__(
        self, name: str, verb: Verb, *, by: str, why: str, about: str, place: str
    ) -> Incident:
        if name != "INC-2048":
            raise InputError(f"there is no incident {name}")
        self.append((name, verb, by, why, about, place))
        return incident()


@pytest.fixture
def said() -> Said:
    return Said()


@pytest.fixture
def browser(site: Site, said: Said) -> Browser:
    return site.open(say=said)


def send(browser: Browser, fields: dict[str, str], **headers: str) -> httpx.Response:
    path = "/incidents/INC-2048/say"
    return browser.post(path, content=urlencode(fields), headers={**FORM, **headers})


def test_the_chart_leads_to_a_page_that_offers_every_word(browser: Browser) -> None:
    assert "/incidents/INC-2048/say" in browser.get("/incidents/INC-2048").text
    page = browser.get("/incidents/INC-2048/say").text
    assert all(f'value="{verb}"' in page for verb in Verb)
    assert "http-equiv" not in page, "what is being typed is not taken away"


def test_it_offers_nothing_that_was_said(browser: Browser, site: Site) -> None:
    site.shelf.kept[:] = [heard(incident(), Verb.DISMISS)]
    page = browser.get("/incidents/INC-2048/say").text
    offered = [verb for verb in Verb if f'value="{verb}"' in page]
    assert offered == [Verb.FIXED, Verb.USEFUL, Verb.NOT_USEFUL]


def test_a_form_says_what_who_where_and_why_and_leads_to_the_incident(
    browser: Browser, said: Said
) -> None:
    answer = send(browser, WORD)
    assert (answer.status_code, answer.headers["location"]) == (303, "/incidents/INC-2048")
    assert said == [("INC-2048", "acknowledge", "ann", "looking", "", "the console")]


@pytest.mark.parametrize(
    ("fields", "headers", "status"),
    [
        (WORD, {"origin": "https://evil.example"}, 403),
        (WORD, {"origin": "null"}, 403),
        ({**WORD, "by": " "}, {}, 400),
        ({**WORD, "verb": "explode"}, {}, 400),
        ({}, {}, 400),
    ],
)
def test_another_sites_page_and_what_is_not_whole_do_nothing(
    browser: Browser, said: Said, fields: dict[str, str], headers: dict[str, str], status: int
) -> None:
    assert send(browser, fields, **headers).status_code == status
    assert said == []


def test_it_needs_the_token_where_there_is_one(site: Site, said: Said) -> None:
    browser = site.open(say=said, web_token="secret")
    assert send(browser, WORD).status_code == 401
    assert send(browser, WORD, authorization="Bearer secret").status_code == 303
    assert browser.get("/incidents/INC-2048/say").status_code == 401


def test_without_a_way_to_say_it_nothing_is_offered(site: Site) -> None:
    browser = site.open()
    assert "/say" not in browser.get("/incidents/INC-2048").text
    assert browser.get("/incidents/INC-2048/say").status_code == 404
    assert send(browser, WORD).status_code == 404
