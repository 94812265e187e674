"""`aiops shadow report`: from the pager's webhooks to what a team reads."""

import json
from dataclasses import replace
from typing import Any

import pytest
from typer.testing import CliRunner

from tests.builders import minute
from tests.store.makers import incident, state_of
from tests.workers.installation import Installation
from workers import cli
from workers.listening import keep


def webhook(kind: str, number: int, at: float, **changes: Any) -> bytes:
    data = {
        "id": f"P{number}",
        "incident_key": "theirs",
        "title": "Checkout is slow",
        "urgency": "high",
        "created_at": minute(at).isoformat(),
        "service": {"summary": "checkout"},
        **changes,
    }
    event = {"id": f"{kind}{number}", "event_type": f"incident.{kind}", "data": data}
    return json.dumps({"event": {**event, "occurred_at": minute(at).isoformat()}}).encode()


@pytest.fixture
def watched(parts: Installation, monkeypatch: pytest.MonkeyPatch) -> Installation:
    """An installation that found a problem at minute 4; others called at minutes 9 and 30."""
    parts.hand.at = minute(60)
    one = replace(incident(), called_at=minute(4))
    _, version = parts.incidents.load("prod")
    parts.incidents.commit(version, state_of(one), revisions=[one], now=minute(5))
    for body in (
        webhook("triggered", 1, 9),
        webhook("triggered", 2, 30, service={"summary": "search"}, title="search"),
        webhook("resolved", 1, 20, created_at=minute(9).isoformat()),
        webhook("triggered", 1, 9),
        b'{"event": {"event_type": "incident.triggered", "data": {"id": "P3"}}}',
    ):
        keep(parts, "pagerduty", "", body)
    parts.drain()
    monkeypatch.setattr("workers.commands.shadow.client", lambda _config: parts)
    return parts


def said(*words: str) -> str:
    done = CliRunner().invoke(cli.app, ["shadow", "report", *words], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return done.output


def test_it_tells_what_both_found_and_what_was_missed(watched: Installation) -> None:
    text = said("--days", "1")
    assert "others called 2 times; aiops would have called once" in text
    assert "found by both: 1 page was 1 problem; aiops was first in 1" in text
    assert "in the middle 5.0 min earlier" in text
    assert "P2 search (search)" in text


def test_news_that_come_twice_or_late_leave_the_page_as_it_ended(watched: Installation) -> None:
    found = {one.id: one for one in watched.pages.between(minute(0), minute(60))}
    assert set(found) == {"P1", "P2"}
    assert (found["P1"].opened_at, found["P1"].ended_at) == (minute(9), minute(20))


def test_a_machine_reads_the_same(watched: Installation) -> None:
    content = json.loads(said("--json"))
    assert content["median_lead_seconds"] == 300
    assert [one["id"] for one in content["missed"]] == ["P2"]
    assert sum(day["paged"] for day in content["days"]) == 2


def test_a_zone_nobody_knows_is_named(watched: Installation) -> None:
    for zone in ("Mars/Base", "../etc/passwd", ""):
        done = CliRunner().invoke(cli.app, ["shadow", "report", "--zone", zone])
        assert done.exit_code == 2
        assert "expected the name of a time zone" in " ".join(done.output.split())
