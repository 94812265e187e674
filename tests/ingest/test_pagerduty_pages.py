"""Webhooks of incidents that are not ours, read as pages."""

import json
from copy import deepcopy
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from aiops.domain.errors import InputError
from aiops.domain.pages import OutsidePage, OwnPage, PageWord
from aiops.domain.words import Passed, Verb
from aiops.ingest import pagerduty_words

GOLDEN = Path(__file__).parents[1] / "golden" / "words"
WEBHOOK = json.loads((GOLDEN / "pagerduty-acknowledged.json").read_bytes())
FOREIGN = {
    "id": "PGR0VU2",
    "incident_key": "d3640fbd41094207a1c11e58e46b1662",
    "created_at": "2026-04-18T12:04:00+02:00",
    "title": "API errors",
    "html_url": "https://acme.pagerduty.com/incidents/PGR0VU2",
    "service": {"id": "PF9KMXH", "summary": "API Service"},
    "urgency": "high",
}


def parsed(kind: str, *, agent: Any = None, **changes: Any) -> Any:
    body = deepcopy(WEBHOOK)
    body["event"] |= {"event_type": kind, "occurred_at": "2026-04-18T10:30:00Z", "agent": agent}
    body["event"]["data"] |= FOREIGN | changes
    return pagerduty_words.parse(json.dumps(body).encode())


def test_an_incident_somebody_else_opened_is_a_page() -> None:
    assert parsed("incident.triggered") == OutsidePage(
        id="PGR0VU2",
        title="API errors",
        service="API Service",
        urgency="high",
        opened_at=datetime(2026, 4, 18, 10, 4, tzinfo=UTC),
        seen_at=datetime(2026, 4, 18, 10, 30, tzinfo=UTC),
        url="https://acme.pagerduty.com/incidents/PGR0VU2",
        service_id="PF9KMXH",
    )


def test_its_end_is_when_it_was_resolved_whoever_did_it() -> None:
    assert parsed("incident.resolved").ended_at == datetime(2026, 4, 18, 10, 30, tzinfo=UTC)
    assert parsed("incident.reopened").ended_at is None


def test_what_we_opened_ourselves_is_no_page_of_somebody_elses() -> None:
    ours = parsed("incident.triggered", incident_key="INC-1001.1")
    assert ours == OwnPage(id="PGR0VU2", key="INC-1001.1")
    assert isinstance(parsed("incident.reopened", incident_key="INC-1001.1"), Passed)


ANN = {"id": "PANN001", "type": "user_reference", "summary": "Ann Lee"}
BOT = {"id": "PBOT", "type": "service_reference", "summary": "monitor"}


@pytest.mark.parametrize(
    ("kind", "verb"),
    [("acknowledged", Verb.ACKNOWLEDGE), ("resolved", Verb.MITIGATE)],
)
def test_what_a_person_says_of_it_is_kept_with_it(kind: str, verb: Verb) -> None:
    at = datetime(2026, 4, 18, 10, 30, tzinfo=UTC)
    said = parsed(f"incident.{kind}", agent=ANN)
    assert said.words == (PageWord(at=at, verb=verb, who="Ann Lee", who_id="PANN001"),)


@pytest.mark.parametrize(
    ("kind", "agent", "changes"),
    [
        ("triggered", ANN, {}),
        ("reassigned", ANN, {}),
        ("acknowledged", BOT, {}),
        ("resolved", None, {}),
        ("resolved", ANN, {"resolve_reason": {"type": "merge_resolve_reason"}}),
        ("acknowledged", {"type": "user_reference"}, {}),
    ],
)
def test_what_programs_do_or_changes_nothing_is_nobodys_word(
    kind: str, agent: Any, changes: dict[str, Any]
) -> None:
    assert parsed(f"incident.{kind}", agent=agent, **changes).words == ()


def test_what_happens_to_it_besides_is_passed_over() -> None:
    assert isinstance(parsed("incident.priority_updated"), Passed)


@pytest.mark.parametrize("url", ["javascript:alert(1)", "http://acme.example", "", None])
def test_an_address_people_cannot_be_led_to_is_left_out(url: str | None) -> None:
    assert parsed("incident.triggered", html_url=url).url == ""


def test_text_from_outside_is_one_line_of_bounded_length() -> None:
    page = parsed("incident.triggered", title="a\u0000b\nc" + "x" * 10_000)
    assert page.title.startswith("a b c")
    assert len(page.title) == 500


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"id": ""}, "event.data.id"),
        ({"created_at": "yesterday"}, r"event.data.created_at: found 'yesterday'"),
        ({"created_at": "2026-04-18T10:04:00"}, "expected ISO 8601"),
        ({"created_at": "0001-01-01T00:00:00+14:00"}, "expected ISO 8601"),
    ],
)
def test_a_page_without_id_or_time_is_refused(changes: dict[str, Any], said: str) -> None:
    with pytest.raises(InputError, match=said):
        parsed("incident.triggered", **changes)
