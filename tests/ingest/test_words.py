"""Webhooks of PagerDuty and presses in Slack, read as people's words."""

import json
from copy import deepcopy
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from aiops.domain.errors import InputError
from aiops.domain.pages import OutsidePage, OwnPage
from aiops.domain.words import Overheard, Passed, Place, Verb
from aiops.ingest import pagerduty_words, slack_words

GOLDEN = Path(__file__).parents[1] / "golden" / "words"
WEBHOOK = json.loads((GOLDEN / "pagerduty-acknowledged.json").read_bytes())
PRESS = json.loads((GOLDEN / "slack-acknowledge.json").read_bytes())


DELEGATED = "incident.delegated"


def webhook(**event: Any) -> Overheard | Passed:
    body = deepcopy(WEBHOOK)
    data = event.pop("data", {})
    body["event"] |= event
    body["event"]["data"] |= data
    found = pagerduty_words.parse(json.dumps(body).encode())
    assert not isinstance(found, OutsidePage | OwnPage)
    return found


def press(**action: Any) -> Overheard | Passed:
    body = deepcopy(PRESS)
    body["actions"][0] |= action
    return slack_words.parse(json.dumps(body).encode())


def test_an_acknowledgement_at_pagerduty_is_the_word_of_who_did_it() -> None:
    word = webhook()
    assert word == Overheard(
        key="INC-1001.1",
        verb=Verb.ACKNOWLEDGE,
        place=Place.PAGERDUTY,
        who="Ann Lee",
        who_id="PANN001",
        at=datetime(2026, 4, 18, 10, 9, 12, 418_000, tzinfo=UTC),
    )
    assert (word.incident_id, word.episode) == ("INC-1001", 1)
    assert pagerduty_words.event_id(json.dumps(WEBHOOK).encode()) == WEBHOOK["event"]["id"]


def test_resolved_at_pagerduty_begins_the_watch_and_reassigned_says_to_whom() -> None:
    over = webhook(event_type="incident.resolved")
    given = webhook(
        event_type="incident.reassigned",
        data={"assignees": [{"id": "P1", "summary": "Bob"}, {"id": "P2", "summary": None}]},
    )
    assert isinstance(over, Overheard)
    assert isinstance(given, Overheard)
    assert over.verb is Verb.MITIGATE
    assert (given.verb, given.about) == (Verb.ASSIGN, "Bob, P2")


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"event_type": "incident.escalated"}, "nothing we take"),
        ({"event_type": "pagey.ping"}, "nothing we take"),
        ({"agent": None}, "no person"),
        ({"agent": {"type": "events_api_v2_inbound_integration_reference"}}, "no person"),
        (
            {"event_type": DELEGATED, "data": {"incident_key": "d3640fbd41094207a1c11e58e46b1662"}},
            "not one of ours",
        ),
        ({"event_type": DELEGATED, "data": {"incident_key": None}}, "not one of ours"),
        ({"event_type": "incident.reassigned", "data": {"assignees": []}}, "nobody"),
        (
            {
                "event_type": "incident.resolved",
                "data": {"resolve_reason": {"type": "merge_resolve_reason"}},
            },
            "merged into another",
        ),
    ],
)
def test_what_is_no_persons_word_on_an_incident_of_ours_is_passed_over(
    changes: dict[str, Any], why: str
) -> None:
    found = webhook(**changes)
    assert isinstance(found, Passed)
    assert why in found.why


def test_a_press_in_slack_is_the_word_of_who_pressed() -> None:
    assert press() == Overheard(
        key="INC-1001.1",
        verb=Verb.ACKNOWLEDGE,
        place=Place.SLACK,
        who="ann",
        who_id="U0ANN",
        at=datetime(2026, 4, 18, 10, 9, 12, 125_000, tzinfo=UTC),
        channel="C0001",
        answer_url="https://hooks.slack.com/actions/T0SHOP/1/x",
    )


def test_menus_say_who_and_what() -> None:
    given = press(action_id="aiops.assign", type="users_select", selected_user="U0BOB")
    chosen = {"text": {"type": "plain_text", "text": "roll back 3"}, "value": "roll_back|payment"}
    fixed = press(action_id="aiops.fixed", type="static_select", selected_option=chosen)
    assert isinstance(given, Overheard)
    assert isinstance(fixed, Overheard)
    assert (given.verb, given.about_id) == (Verb.ASSIGN, "U0BOB")
    assert (fixed.verb, fixed.about, fixed.action) == (Verb.FIXED, "roll back 3", "roll_back")


@pytest.mark.parametrize(
    "action",
    [
        {"action_id": "their.button"},
        {"action_id": "acknowledge"},
        {"action_id": "aiops.explode"},
        {"block_id": "abc"},
    ],
)
def test_somebody_elses_button_is_passed_over(action: dict[str, Any]) -> None:
    assert isinstance(press(**action), Passed)


@pytest.mark.parametrize(
    "body", [b"", b"[]", b"{", b"\xff", b"null", b'{"event": []}', b'{"event": {"data": 1}}']
)
def test_what_is_of_another_form_is_refused_in_words(body: bytes) -> None:
    with pytest.raises(InputError):
        pagerduty_words.parse(body)
    with pytest.raises(InputError):
        slack_words.parse(body[:2] or body)


def test_times_that_are_none_are_refused() -> None:
    for said in ("yesterday", "2026-04-18T10:09:12", None):
        with pytest.raises(InputError, match="occurred_at"):
            webhook(occurred_at=said)
    for said in ("soon", "1e300", None):
        with pytest.raises(InputError, match="action_ts"):
            press(action_ts=said)


def test_slacks_old_token_is_not_kept() -> None:
    assert "token" not in slack_words.without_secrets(PRESS)
