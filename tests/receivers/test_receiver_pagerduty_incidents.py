"""The loopback of PagerDuty's REST API refuses what PagerDuty refuses."""

from collections.abc import Mapping
from datetime import timedelta
from types import MappingProxyType
from typing import Any

import orjson
import pytest

from aiops.receivers.ledger import Answer
from aiops.receivers.pagerduty_incidents import PagerDutyIncidents
from tests.receivers.conftest import StepClock

BOT = "aiops@shop.example"
HEADERS = {
    "authorization": "Token token=writes",
    "accept": "application/vnd.pagerduty+json;version=2",
    "content-type": "application/json",
    "from": BOT,
}


ASSIGNED = {"type": "incident", "assignments": [{"assignee": {"id": "PNOBODY"}}]}
PRIORITISED = {"type": "incident", "priority": {"id": "PNONE"}}


def made(clock: StepClock, per_minute: int = 960) -> PagerDutyIncidents:
    ledger = PagerDutyIncidents(
        tokens={"writes"},
        read_only={"reads"},
        users={BOT: "PBOT"},
        clock=clock.now,
        per_minute=per_minute,
    )
    ledger.open("Q1", "INC-1.1")
    return ledger


def ask(  # noqa: PLR0917  # one argument per part of a request
    ledger: PagerDutyIncidents,
    path: str = "/incidents/Q1/notes",
    content: Any = None,
    method: str = "POST",
    query: dict[str, str] | None = None,
    headers: Mapping[str, str | None] = MappingProxyType({}),
) -> Answer:
    body = {"note": {"content": "seen"}} if content is None else content
    asked = {name: value for name, value in {**HEADERS, **headers}.items() if value is not None}
    received = ledger.stamp(
        method=method,
        path=path,
        query=query or {},
        headers=asked,
        body=body if isinstance(body, bytes) else orjson.dumps(body),
    )
    return ledger.answer(received)


@pytest.mark.parametrize(
    ("change", "status", "code"),
    [
        ({"authorization": "Bearer writes"}, 401, 2006),
        ({"authorization": "Token token=old"}, 401, 2006),
        ({"authorization": "Token token=reads"}, 403, 2010),
        ({"accept": "text/html"}, 406, 2013),
        ({"content-type": "text/plain"}, 415, 2001),
        ({"from": None}, 400, 1007),
        ({"from": "nobody@shop.example"}, 400, 1008),
    ],
)
def test_who_may_not_write_is_refused(
    clock: StepClock, change: dict[str, str | None], status: int, code: int
) -> None:
    ledger = made(clock)
    answer = ask(ledger, headers=change)
    assert (answer.status, answer.content["error"]["code"]) == (status, code)
    assert ledger.incidents["Q1"].notes == []


@pytest.mark.parametrize(
    ("method", "path", "content", "status", "code"),
    [
        ("POST", "/incidents/Q9/notes", None, 404, 2100),
        ("POST", "/elsewhere", None, 404, 2100),
        ("POST", "/incidents/Q1", None, 405, 2002),
        ("POST", "/incidents/Q1/notes", b"[", 400, 2001),
        ("POST", "/incidents/Q1/notes", {"note": {"content": " "}}, 400, 2001),
        ("POST", "/incidents/Q1/notes", {"content": "x"}, 400, 2001),
        ("PUT", "/incidents/Q1", {"incident": {"status": "resolved"}}, 400, 2001),
        ("PUT", "/incidents/Q1", {"incident": {"type": "incident", "status": "x"}}, 400, 2001),
        ("PUT", "/incidents/Q1", {"incident": ASSIGNED}, 400, 2001),
        ("PUT", "/incidents/Q1", {"incident": PRIORITISED}, 400, 2001),
        ("PUT", "/incidents/Q1/merge", {"source_incidents": []}, 400, 2001),
        ("PUT", "/incidents/Q1/merge", {"source_incidents": [{"id": "Q1"}]}, 400, 2001),
        ("POST", "/incidents/Q1/status_updates", {"message": ""}, 400, 2001),
        ("POST", "/incidents/Q1/status_updates", {"status_update": {}}, 400, 2001),
        ("POST", "/incidents/Q1/status_updates", {"message": "m", "subject": "s"}, 400, 2001),
        ("POST", "/incidents/Q1/log_entries", {"message": "m"}, 405, 2002),
    ],
)
def test_what_cannot_be_done_is_refused(  # noqa: PLR0917  # one argument per part of a request
    clock: StepClock, method: str, path: str, content: Any, status: int, code: int
) -> None:
    answer = ask(made(clock), path, content, method)
    assert (answer.status, answer.content["error"]["code"]) == (status, code)


def test_a_status_goes_forward_and_says_when_it_stands_so_already(clock: StepClock) -> None:
    ledger = made(clock)

    def put(status: str) -> tuple[int, int | None]:
        wanted = {"incident": {"type": "incident_reference", "status": status}}
        answer = ask(ledger, "/incidents/Q1", wanted, "PUT")
        return answer.status, answer.content.get("error", {}).get("code")

    assert put("acknowledged") == (200, None)
    assert put("acknowledged") == (400, 1002)
    assert put("resolved") == (200, None)
    assert put("resolved") == (400, 1001)
    assert put("acknowledged") == (400, 1001)
    assert ledger.incidents["Q1"].by == [BOT, BOT]


def test_notes_updates_and_merges_are_there_to_be_read(clock: StepClock) -> None:
    ledger = made(clock)
    ledger.open("Q2")
    assert ask(ledger).status == 200
    assert ask(ledger, "/incidents/Q1/status_updates", {"message": "soon"}).status == 200
    merge = {"source_incidents": [{"id": "Q2", "type": "incident_reference"}]}
    assert ask(ledger, "/incidents/Q1/merge", merge, "PUT").status == 200
    read = ask(ledger, method="GET", headers={"authorization": "Token token=reads"})
    assert [one["content"] for one in read.content["notes"]] == ["seen"]
    by_key = ask(ledger, "/incidents", method="GET", query={"incident_key": "INC-1.1"})
    assert [one["id"] for one in by_key.content["incidents"]] == ["Q1"]
    assert ledger.incidents["Q2"].merged_into == "Q1"
    assert ledger.state()["incidents"][0]["updates"] == ["soon"]


def test_a_status_update_stands_in_the_incidents_log_and_is_listed_nowhere_else(
    clock: StepClock,
) -> None:
    ledger = made(clock)
    for text in ("first", "second"):
        ask(ledger, "/incidents/Q1/status_updates", {"message": text})
    log = "/incidents/Q1/log_entries"
    listed = ask(ledger, log, method="GET", query={"limit": "1"}).content
    (newest,) = listed["log_entries"]
    assert (newest["type"], newest["message"]) == ("status_update_log_entry", "second")
    assert listed["more"]
    since = {"since": newest["created_at"]}
    assert len(ask(ledger, log, method="GET", query=since).content["log_entries"]) == 1
    assert ask(ledger, "/incidents/Q1/status_updates", method="GET").status == 405
    wrong = ({"limit": "101"}, {"limit": "x"}, {"since": "today"}, {"since": "2026-04-18T10:00"})
    for query in wrong:
        assert ask(ledger, log, method="GET", query=query).status == 400, query


def test_who_asks_too_often_hears_when_the_limit_begins_anew(clock: StepClock) -> None:
    clock.step = timedelta(seconds=10)
    ledger = made(clock, per_minute=2)
    assert [ask(ledger).status for _ in range(3)] == [200, 200, 429]
    refused = ask(ledger)
    assert refused.headers["ratelimit-reset"] == "30"
    assert "retry-after" not in refused.headers
    assert [ask(ledger).status for _ in range(3)] == [429, 429, 200]
