from collections.abc import AsyncIterator, Callable, Sequence
from typing import Any, Protocol

import httpx
import pytest

from aiops.domain.changes import Change
from aiops.domain.errors import StoreError
from aiops.web.bodies import MAX_BODY_BYTES

DEPLOY = {"kind": "deploy", "service": "payment-service", "ref": "2026.04.18-3"}


class Browser(Protocol):
    def post(self, path: str, **kwargs: Any) -> httpx.Response: ...


class Site(Protocol):
    recorded: list[Change]
    clock: Any
    open: Callable[..., Browser]


def test_a_change_is_stored_before_it_is_accepted(site: Site) -> None:
    answer = site.open().post("/ingest/changes", json=DEPLOY)
    assert (answer.status_code, answer.json()) == (202, {"accepted": 1})
    (change,) = site.recorded
    assert (change.service, change.started_at) == ("payment-service", site.clock.now())


def test_what_could_not_be_stored_is_not_accepted(site: Site) -> None:
    def fail(_: Sequence[Change]) -> None:
        raise StoreError("the disk is full")

    answer = site.open(record_changes=fail).post("/ingest/changes", json=DEPLOY)
    assert answer.status_code == 503
    assert "the disk is full" in answer.json()["error"]


@pytest.mark.parametrize(
    ("body", "says"),
    [
        (b'[{"kind": "deploy", "service": "a"}, {"kind": "deplyo", "service": "a"}]', "deplyo"),
        (b"{", "JSON"),
        (b"\xff", "UTF-8"),
        (b"[1]", "object"),
    ],
)
def test_a_wrong_body_is_refused_whole_with_its_place(site: Site, body: bytes, says: str) -> None:
    answer = site.open().post(
        "/ingest/changes", content=body, headers={"content-type": "application/json"}
    )
    assert answer.status_code == 400
    assert says in answer.json()["error"]
    assert site.recorded == []


def test_with_a_token_only_those_who_know_it_report(site: Site) -> None:
    browser = site.open("http://anything.example", ingest_token="s3cret")
    for headers in ({}, {"authorization": "Bearer s3cre"}, {"authorization": "s3cret"}):
        answer = browser.post("/ingest/changes", json=DEPLOY, headers=headers)
        assert answer.status_code == 401
        assert "s3cret" not in answer.text
    good = {"authorization": "Bearer s3cret"}
    assert browser.post("/ingest/changes", json=DEPLOY, headers=good).status_code == 202
    assert len(site.recorded) == 1


def test_a_page_of_somebody_elses_cannot_report_in_a_browsers_name(site: Site) -> None:
    rebound = site.open("http://rebound.example").post("/ingest/changes", json=DEPLOY)
    assert rebound.status_code == 403
    for kind in ("text/plain", "application/x-www-form-urlencoded", ""):
        answer = site.open().post("/ingest/changes", content=b"{}", headers={"content-type": kind})
        assert answer.status_code == 415
    assert site.recorded == []


def test_a_huge_body_is_refused_before_it_is_kept(site: Site) -> None:
    async def endless() -> AsyncIterator[bytes]:
        for _ in range(10_000):
            yield b" " * 65_536

    headers = {"content-type": "application/json"}
    announced = site.open().post(
        "/ingest/changes", content=b" " * (MAX_BODY_BYTES + 1), headers=headers
    )
    streamed = site.open().post("/ingest/changes", content=endless(), headers=headers)
    odd = site.open().post(
        "/ingest/changes", content=b"{}", headers=headers | {"content-length": "9" * 5000}
    )
    assert [announced.status_code, streamed.status_code, odd.status_code] == [413, 413, 400]
    assert "send it in parts" in announced.json()["error"]


def test_a_compressed_body_is_refused(site: Site) -> None:
    headers = {"content-type": "application/json", "content-encoding": "gzip"}
    answer = site.open().post("/ingest/changes", content=b"{}", headers=headers)
    assert answer.status_code == 415
