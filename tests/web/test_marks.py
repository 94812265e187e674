"""`/api/marks`: what people said of series, for other programs."""

from collections.abc import Callable
from typing import Any, Protocol

from aiops.domain.marks import Mark, MarkKind
from tests.notify.stories import NOW


class Site(Protocol):
    open: Callable[..., Any]


def test_the_marks_that_hold_are_json(site: Site) -> None:
    mark = Mark(service="web", metric="p95", kind=MarkKind.NOISY, at=NOW, by="ann", why="a batch")
    (told,) = site.open(marks=lambda: [mark]).get("/api/marks").json()
    assert (told["service"], told["metric"], told["kind"]) == ("web", "p95", "noisy")
    assert (told["by"], told["why"], told["at"]) == ("ann", "a batch", NOW.isoformat())
    assert site.open().get("/api/marks").json() == []


def test_they_are_not_for_everybody(site: Site) -> None:
    browser = site.open("http://aiops.example", web_token="of-readers")
    assert browser.get("/api/marks").status_code == 401
