"""The door of outside monitors: who may send, what they are answered, on what they try again."""

from collections.abc import Callable
from concurrent.futures import Future
from datetime import datetime
from hashlib import sha256
from typing import Any, Protocol

import httpx
import pytest
from pydantic import SecretStr

from aiops.domain.errors import BusyError, InputError, StoreError
from aiops.ingest import alertmanager, alerts, events, grafana
from aiops.settings import AlertSourceSettings

AM = "/ingest/alertmanager"
ENQUEUE = "/ingest/events/v2/enqueue"
GROUP = {"version": "4", "alerts": []}
TRIGGER = {
    "routing_key": "key-1",
    "event_action": "trigger",
    "payload": {"summary": "down", "source": "probe", "severity": "error"},
}


PARSERS = {
    "alertmanager": alertmanager.parse,
    "grafana": grafana.parse,
    "events": events.parse,
    "alerts": alerts.parse,
}


class Browser(Protocol):
    app: Any

    def post(self, path: str, **kwargs: Any) -> httpx.Response: ...

    def get(self, path: str, **kwargs: Any) -> httpx.Response: ...


class Site(Protocol):
    clock: Any
    real_clock: Any
    open: Callable[..., Browser]


def source(name: str, kind: str, *tokens: str) -> AlertSourceSettings:
    return AlertSourceSettings(
        name=name,
        kind=kind,
        tokens=tuple(SecretStr(one) for one in tokens),
        token_env="AIOPS_T" if tokens else None,
    )


class Taker:
    """Takes bodies as the workers do, into a list."""

    def __init__(self, *sources: AlertSourceSettings) -> None:
        self.sources = {one.name: one for one in sources}
        self.taken: list[tuple[str, bytes]] = []
        self.refused: list[tuple[str, str]] = []
        self.announced = 0
        self.fault: StoreError | None = None

    def __call__(self, name: str, body: bytes, at: datetime) -> "Future[None]":
        one = self.sources[name]
        parse = PARSERS[one.kind]
        kept: Future[None] = Future()
        try:
            parse(body, at, one, "prod")
            if self.fault:
                raise self.fault
        except (InputError, StoreError) as error:
            kept.set_exception(error)
        else:
            self.taken.append((name, body))
            kept.set_result(None)
        return kept

    def open(self, site: Site, address: str = "http://127.0.0.1:8080", **more: Any) -> Browser:
        return site.open(
            address,
            alert_sources=tuple(self.sources.values()),
            take_alerts=self,
            announce_alerts=self._announce,
            note_refusal=lambda where, why: self.refused.append((where, why)),
            **more,
        )

    def _announce(self) -> None:
        self.announced += 1


def bearer(token: str) -> dict[str, str]:
    return {"authorization": f"Bearer {token}"}


def test_a_body_is_taken_for_the_source_whose_token_it_brings(site: Site) -> None:
    taker = Taker(source("a", "alertmanager", "t-a"), source("b", "alertmanager", "t-b"))
    answer = taker.open(site, "http://any.example").post(AM, json=GROUP, headers=bearer("t-b"))
    assert answer.status_code == 202
    assert [name for name, _ in taker.taken] == ["b"]
    assert taker.announced == 1


@pytest.mark.parametrize(
    "headers", [{}, bearer("t-x"), bearer(""), bearer("t-a,t-b"), {"authorization": "t-a"}]
)
def test_without_the_token_nothing_is_stored_and_it_is_counted(
    site: Site, headers: dict[str, str]
) -> None:
    taker = Taker(source("a", "alertmanager", "t-a"))
    answer = taker.open(site).post(AM, json=GROUP, headers=headers)
    assert (answer.status_code, taker.taken) == (401, [])
    assert taker.refused == [("alertmanager", "the token is wrong or missing")]


def test_the_token_of_one_source_opens_no_other_kind(site: Site) -> None:
    taker = Taker(source("a", "alertmanager", "t-a"), source("e", "events", "key-1"))
    assert taker.open(site).post(AM, json=GROUP, headers=bearer("key-1")).status_code == 401
    answer = taker.open(site).post(ENQUEUE, json={**TRIGGER, "routing_key": "t-a"})
    assert (answer.status_code, taker.taken) == (401, [])


def test_the_name_in_the_path_does_not_replace_the_token(site: Site) -> None:
    taker = Taker(source("a", "alertmanager", "t-a"), source("b", "alertmanager", "t-b"))
    answer = taker.open(site).post(f"{AM}/a", json=GROUP, headers=bearer("t-b"))
    assert (answer.status_code, taker.taken) == (401, [])


def test_while_a_token_is_changed_both_hold_also_as_a_digest(site: Site) -> None:
    digest = f"sha256:{sha256(b'new').hexdigest()}"
    taker = Taker(source("a", "alertmanager", "old", digest))
    browser = taker.open(site)
    for token in ("old", "new"):
        assert browser.post(AM, json=GROUP, headers=bearer(token)).status_code == 202
    assert browser.post(AM, json=GROUP, headers=bearer(digest)).status_code == 401


def test_nothing_is_no_token_even_where_a_digest_is_of_nothing(site: Site) -> None:
    taker = Taker(source("a", "alertmanager", f"sha256:{sha256(b'').hexdigest()}"))
    assert taker.open(site).post(AM, json=GROUP).status_code == 401


def test_a_variable_without_a_token_lets_nobody_in(site: Site) -> None:
    one = AlertSourceSettings(name="a", kind="alertmanager", token_env="AIOPS_T")
    taker = Taker(one)
    assert taker.open(site).post(AM, json=GROUP).status_code == 401


def test_on_loopback_the_only_source_needs_no_token(site: Site) -> None:
    taker = Taker(source("a", "alertmanager"))
    assert taker.open(site).post(AM, json=GROUP).status_code == 202
    assert taker.open(site, "http://evil.example").post(AM, json=GROUP).status_code == 403
    assert taker.open(site, ingest_token="web").post(AM, json=GROUP).status_code == 401


def test_of_several_without_tokens_the_path_says_which(site: Site) -> None:
    taker = Taker(source("a", "alertmanager"), source("b", "alertmanager"))
    browser = taker.open(site)
    assert browser.post(AM, json=GROUP).status_code == 400
    assert browser.post(f"{AM}/b", json=GROUP).status_code == 202
    assert browser.post(f"{AM}/c", json=GROUP).status_code == 404


def test_a_mapped_source_has_a_door_and_a_token_of_its_own(site: Site) -> None:
    taker = Taker(source("z", "alerts", "t-z"), source("a", "alertmanager", "t-a"))
    browser, body = taker.open(site), {"name": "DiskFull"}
    path = "/ingest/alerts"
    assert browser.post(path, json=body, headers=bearer("t-a")).status_code == 401
    assert browser.post(path, json=body, headers=bearer("t-z")).status_code == 202
    assert browser.post(f"{path}/z", json=[1], headers=bearer("t-z")).status_code == 400


def test_what_is_not_declared_is_not_taken(site: Site) -> None:
    answer = Taker().open(site).post(AM, json=GROUP)
    assert (answer.status_code, "help source" in answer.text) == (404, True)
    assert Taker().open(site).post(ENQUEUE, json=TRIGGER).status_code == 404


def test_a_page_of_somebody_else_s_cannot_send_a_form(site: Site) -> None:
    taker = Taker(source("a", "alertmanager"))
    headers = {"content-type": "text/plain"}
    assert taker.open(site).post(AM, content=b"{}", headers=headers).status_code == 415


def test_what_cannot_be_stored_is_sent_again(site: Site) -> None:
    taker = Taker(source("a", "alertmanager"), source("e", "events", "key-1"))
    taker.fault = StoreError("the disk is full")
    for answer in (
        taker.open(site).post(AM, json=GROUP),
        taker.open(site).post(ENQUEUE, json=TRIGGER),
    ):
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")
    assert taker.announced == 0


def test_a_wrong_body_is_refused_with_its_place(site: Site) -> None:
    taker = Taker(source("a", "alertmanager"))
    answer = taker.open(site).post(AM, json={"alerts": [{"labels": {}}]})
    assert answer.status_code == 400
    assert "alerts[0].labels.alertname" in answer.json()["error"]


def test_a_body_that_is_too_long_is_not_read(site: Site) -> None:
    taker = Taker(source("a", "alertmanager"), source("e", "events", "key-1"))
    headers = {"content-type": "application/json", "content-length": str(9 * 1024 * 1024)}
    assert taker.open(site).post(AM, content=b"{}", headers=headers).status_code == 413
    assert taker.open(site).post(ENQUEUE, content=b"{}", headers=headers).status_code == 413


def test_a_body_that_is_nested_too_deep_is_refused(site: Site) -> None:
    taker = Taker(source("a", "alertmanager"), source("e", "events", "key-1"))
    headers = {"content-type": "application/json"}
    deep = b"[" * 100_000
    assert taker.open(site).post(AM, content=deep, headers=headers).status_code == 400
    assert taker.open(site).post(ENQUEUE, content=deep, headers=headers).status_code == 400


def test_an_event_is_answered_as_pagerduty_does(site: Site) -> None:
    taker = Taker(source("e", "events", "key-1"))
    answer = taker.open(site).post(ENQUEUE, json={**TRIGGER, "dedup_key": "d1"})
    assert answer.status_code == 202
    assert answer.json() == {
        "status": "success",
        "message": "Event processed",
        "dedup_key": "d1",
    }


def test_the_routing_key_is_never_handed_on(site: Site) -> None:
    taker = Taker(source("e", "events", "key-1"))
    taker.open(site).post(ENQUEUE, json=TRIGGER)
    ((_, body),) = taker.taken
    assert b"key-1" not in body
    assert b"routing_key" not in body


def test_a_trigger_without_a_key_is_told_the_one_it_is_kept_under(site: Site) -> None:
    taker = Taker(source("e", "events", "key-1"))
    told = taker.open(site).post(ENQUEUE, json=TRIGGER).json()["dedup_key"]
    ((_, body),) = taker.taken
    assert told.encode() in body


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"event_action": "page"}, "event_action"),
        ({"payload": {"summary": "x", "severity": "error"}}, "payload.source"),
        ({"payload": {"summary": "x", "source": "y", "severity": "bad"}}, "payload.severity"),
        ({"payload": {"source": "y", "severity": "error"}}, "payload.summary"),
        ({"payload": {"summary": "x" * 1025, "source": "y", "severity": "error"}}, "1,024"),
        ({"payload": 3}, "payload"),
        ({"dedup_key": "x" * 256}, "255"),
        ({"event_action": "resolve"}, "dedup_key"),
        ({"event_action": "acknowledge"}, "dedup_key"),
    ],
)
def test_a_wrong_event_is_refused_in_pagerduty_s_form(
    site: Site, change: dict[str, Any], says: str
) -> None:
    taker = Taker(source("e", "events", "key-1"))
    answer = taker.open(site).post(ENQUEUE, json={**TRIGGER, **change})
    assert answer.status_code == 400
    said = answer.json()
    assert (said["status"], said["message"]) == ("invalid event", "Event object is invalid")
    assert says in said["errors"][0]
    assert taker.taken == []


def test_a_body_that_is_no_json_is_no_event(site: Site) -> None:
    taker = Taker(source("e", "events", "key-1"))
    answer = taker.open(site).post(ENQUEUE, content=b"\xff")
    assert (answer.status_code, "no JSON" in answer.json()["errors"][0]) == (400, True)
    with pytest.raises(InputError):
        events.without_credential(b"[]")


def test_too_much_waiting_is_answered_so_that_its_sender_tries_again(site: Site) -> None:
    taker = Taker(source("a", "alertmanager"), source("e", "events", "key-1"))
    taker.fault = BusyError("10,000 bodies wait for the database")
    browser = taker.open(site)
    for answer, code in (
        (browser.post(AM, json=GROUP), 503),
        (browser.post(ENQUEUE, json=TRIGGER), 429),
    ):
        assert (answer.status_code, answer.headers["retry-after"]) == (code, "5")
        assert "10,000 bodies wait" in answer.text


def test_the_doors_are_posted_to_and_answer_with_the_headers_of_every_page(site: Site) -> None:
    taker = Taker(source("a", "alertmanager"))
    browser = taker.open(site)
    for answer, code in (
        (browser.post(AM, json=GROUP), 202),
        (browser.post(AM, json={}), 400),
        (browser.get(AM), 405),
        (browser.post(f"{ENQUEUE}/more", json=TRIGGER), 404),
        (browser.post(f"{AM}/a/b", json=GROUP), 404),
    ):
        assert answer.status_code == code
        assert answer.headers["x-content-type-options"] == "nosniff"


def test_a_large_body_is_taken_like_a_small_one(site: Site) -> None:
    taker = Taker(source("a", "alertmanager"))
    big = {**GROUP, "commonAnnotations": {"text": "x" * 100_000}}
    assert taker.open(site).post(AM, json=big).status_code == 202
    wrong = {**big, "alerts": [{}]}
    assert taker.open(site).post(AM, json=wrong).status_code == 400
