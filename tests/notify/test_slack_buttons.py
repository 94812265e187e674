"""What people can press under an incident's message."""

import json
from dataclasses import replace
from typing import Any

from hypothesis import given

from aiops.domain.incidents import Incident, IncidentState
from aiops.domain.words import Overheard, Verb
from aiops.ingest import slack_words
from aiops.notify.slack import Slack
from aiops.notify.slack_buttons import buttons
from aiops.receivers.blockkit import MAX_TEXT_CHARACTERS, block_errors, text_characters
from tests.builders import heard
from tests.notify import nasty
from tests.notify.stories import incident, notification


def verbs(one: Incident) -> list[str]:
    return [
        each["action_id"].removeprefix("aiops.") for row in buttons(one) for each in row["elements"]
    ]


def test_an_open_incident_offers_every_word() -> None:
    assert verbs(incident()) == [
        "acknowledge", "mitigate", "assign", "dismiss", "fixed", "useful", "not-useful",
    ]  # fmt: skip


def test_what_was_said_is_not_offered_again() -> None:
    taken = heard(incident(), Verb.ACKNOWLEDGE)
    assert "acknowledge" not in verbs(taken)
    over = heard(taken, Verb.MITIGATE)
    assert verbs(over) == ["dismiss", "fixed", "useful", "not-useful"]
    assert verbs(heard(over, Verb.DISMISS)) == ["fixed", "useful", "not-useful"]
    assert buttons(replace(incident(), state=IncidentState.MERGED)) == []


@given(nasty.incidents())
def test_a_message_with_buttons_keeps_slacks_limits(one: Incident) -> None:
    sink = Slack("slack", "xoxb-1", "C1", with_buttons=True)
    message = sink.payload(one, notification(one), {})["message"]
    assert block_errors(message["blocks"]) == []
    assert text_characters(message["blocks"]) <= MAX_TEXT_CHARACTERS


def test_without_a_way_back_nothing_is_offered() -> None:
    message = Slack("slack", "xoxb-1", "C1").payload(incident(), notification(incident()), {})[
        "message"
    ]
    assert {block["type"] for block in message["blocks"]} & {"actions"} == set()


def test_what_is_pressed_is_read_as_it_was_offered() -> None:
    for row in buttons(incident()):
        for element in row["elements"]:
            word = pressed(row["block_id"], element)
            assert isinstance(word, Overheard)
            assert element["action_id"] == f"aiops.{word.verb.value}"
            assert (word.incident_id, word.episode) == ("INC-2048", 1)


def pressed(block_id: str, element: dict[str, Any]) -> object:
    action = {"action_id": element["action_id"], "block_id": block_id, "action_ts": "1776506952.1"}
    if "options" in element:
        action["selected_option"] = element["options"][0]
    payload = {"type": "block_actions", "user": {"id": "U1", "name": "ann"}, "actions": [action]}
    return slack_words.parse(json.dumps(payload).encode())
