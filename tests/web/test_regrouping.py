"""Incidents merged and split by a form of the console."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol
from urllib.parse import urlencode

import httpx
import pytest

from aiops.domain.errors import InputError
from aiops.domain.incidents import Incident
from tests.notify.stories import incident

FORM = {"content-type": "application/x-www-form-urlencoded"}
MERGE = {"other": "INC-2050", "by": "ann", "why": "one connection pool"}
SPLIT = {"part": "checkout", "by": "ann", "why": "another fault"}


class Browser(Protocol):
    def get(self, path: str, **kwargs: Any) -> httpx.Response: ...
    def post(self, path: str, **kwargs: Any) -> httpx.Response: ...


class Site(Protocol):
    shelf: Any
    open: Callable[..., Browser]


@dataclass
class Told:
    """Who merged and split what."""

    words: list[tuple[object, ...]] = field(default_factory=list)

    def merge(
        self, names: Sequence[str], *, by: str, why: str, place: str
    ) -> tuple[Incident, tuple[str, ...]]:
        if len(names) < 2:
            raise InputError("it takes two different incidents to merge; name both")
        self.words.append((*names, by, why, place))
        return incident(), tuple(names[1:])

    def split(
        self, name: str, leaving: Sequence[str], *, by: str, why: str, place: str
    ) -> tuple[Incident, Incident]:
        self.words.append((name, *leaving, by, why, place))
        return incident(), incident(id="INC-2050")


@pytest.fixture
def told() -> Told:
    return Told()


@pytest.fixture
def browser(site: Site, told: Told) -> Browser:
    site.shelf.kept[:] = [incident(), incident(id="INC-2050", title="<b>Search</b> slow")]
    return site.open(merge=told.merge, split=told.split)


def send(browser: Browser, path: str, fields: dict[str, str], **headers: str) -> httpx.Response:
    return browser.post(path, content=urlencode(fields), headers={**FORM, **headers})


def test_the_chart_leads_to_a_page_with_the_other_open_incidents_and_the_sick_services(
    browser: Browser,
) -> None:
    assert "/incidents/INC-2048/regroup" in browser.get("/incidents/INC-2048").text
    page = browser.get("/incidents/INC-2048/regroup").text

    assert 'value="INC-2050"' in page
    assert 'value="INC-2048"' not in page
    assert 'name="part" value="payment-service"' in page
    assert "<b>Search</b>" not in page
    assert "http-equiv" not in page, "what is being typed is not taken away"


def test_a_form_merges_with_who_and_why_and_leads_to_what_is_left(
    browser: Browser, told: Told
) -> None:
    answer = send(browser, "/incidents/INC-2048/merge", MERGE)

    assert (answer.status_code, answer.headers["location"]) == (303, "/incidents/INC-2048")
    assert told.words == [("INC-2048", "INC-2050", "ann", "one connection pool", "the console")]


def test_a_form_splits_and_leads_to_the_new_one(browser: Browser, told: Told) -> None:
    answer = send(browser, "/incidents/INC-2048/split", SPLIT)

    assert answer.headers["location"] == "/incidents/INC-2050"
    assert told.words == [("INC-2048", "checkout", "ann", "another fault", "the console")]


@pytest.mark.parametrize("origin", ["https://elsewhere.example", "null"])
def test_a_page_of_somebody_elses_changes_nothing(
    browser: Browser, told: Told, origin: str
) -> None:
    answer = send(browser, "/incidents/INC-2048/merge", MERGE, origin=origin)

    assert answer.status_code == 403
    assert not told.words


@pytest.mark.parametrize("missing", ["by", "why"])
def test_without_who_or_why_nothing_is_done(browser: Browser, told: Told, missing: str) -> None:
    answer = send(browser, "/incidents/INC-2048/split", SPLIT | {missing: "  "})

    assert answer.status_code == 400
    assert "nothing was done" in answer.text
    assert not told.words


def test_what_cannot_be_merged_is_said_on_a_page(browser: Browser) -> None:
    fields = {name: MERGE[name] for name in ("by", "why")}
    answer = send(browser, "/incidents/INC-2048/merge", fields)
    assert answer.status_code == 400
    assert "it takes two different incidents to merge" in answer.text


def test_where_nobody_may_regroup_there_is_no_page(site: Site) -> None:
    closed = site.open()
    assert "regroup" not in closed.get("/incidents/INC-2048").text
    assert closed.get("/incidents/INC-2048/regroup").status_code == 404
    assert send(closed, "/incidents/INC-2048/merge", MERGE).status_code == 404


def test_it_needs_the_token_like_every_page(site: Site, told: Told) -> None:
    guarded = site.open(merge=told.merge, split=told.split, web_token="secret")
    assert send(guarded, "/incidents/INC-2048/merge", MERGE).status_code == 401
    assert not told.words
