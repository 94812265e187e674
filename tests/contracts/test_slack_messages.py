"""Every message we can make for Slack: read by slack_sdk's models, and held to the limits they do
not know."""

import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from types import SimpleNamespace
from typing import Any, cast

import pytest
from slack_sdk.models.blocks import Block

from aiops.domain.clues import Clues
from aiops.domain.digests import Digest, DigestEntry
from aiops.domain.errors import InputError
from aiops.domain.incidents import Cause, Clause, Incident, IncidentState, Suggestion
from aiops.domain.journeys import Runbook, RunbookStep
from aiops.domain.marks import Mark, MarkKind
from aiops.domain.notifications import DeliveryAction
from aiops.domain.pictures import IncidentPicture
from aiops.domain.reach import BlastRadius
from aiops.domain.words import Asker, Place
from aiops.notify import slack_digest
from aiops.notify.slack import Slack
from aiops.notify.slack_pictures import SlackPictures
from aiops.receivers.blockkit import block_errors
from aiops.receivers.server import serve
from aiops.receivers.slack import SlackLedger, create_app
from aiops.web.services import WebServices
from aiops.web.slack_answers import answer, declared
from tests.builders import minute
from tests.clues.made import FAILED, NEW
from tests.notify.nasty import HOSTILE
from tests.notify.stories import LEVELS, NOW, impact, incident, notification, resolved
from workers.answering import answer_at
from workers.wiring import Parts

Message = Mapping[str, Any]
ASKER = Asker(name="ann", place=Place.SLACK, id="U0ANN")
LONG = 3100  # more than any text of a message holds
TOLD = {"severity": "P4", "cause": "another", "state": "open"}


UPDATED, POSTED = 4_000, 40_000
"""The most characters of `text`: of what may be updated, and of what is only posted."""


def faults(message: Message, most_characters: int = UPDATED) -> list[str]:
    """Return what Slack would not take of a message, counted without our own code."""
    blocks = message.get("blocks", [])
    found = [
        f"{name}: {len(one)} characters"
        for name, one in _texts(blocks)
        if not 0 < len(one) <= _MOST_CHARACTERS.get(name, 3000)
    ]
    found += [f"{len(blocks)} blocks"] * (len(blocks) > 50)
    found += [f"{len(b['fields'])} fields" for b in blocks if len(b.get("fields", ())) > 10]
    for kind in ("action_id", "block_id"):
        ids = Counter(str(one[kind]) for one in _nodes(blocks) if kind in one)
        found += [f"{kind} {name} {times} times" for name, times in ids.items() if times > 1]
    together = sum(len(one) for _, one in _texts(blocks))
    found += [f"{together} characters together"] * (together > 13_200)
    found += ["nothing said"] * (not message["text"])
    found += [f"text: {len(message['text'])} characters"] * (len(message["text"]) > most_characters)
    return found


_MOST_CHARACTERS = {"header": 150, "field": 2000, "button": 75, "option": 75, "value": 150}


def _nodes(node: Any) -> Iterator[Mapping[str, Any]]:
    if isinstance(node, Mapping):
        yield node
    for child in node.values() if isinstance(node, Mapping) else node:
        if isinstance(child, Mapping | list):
            yield from _nodes(child)


def _texts(blocks: Sequence[Any]) -> Iterator[tuple[str, str]]:
    """Yield every text, under the name of what holds it."""
    for one in _nodes(blocks):
        said = one.get("text")
        if isinstance(said, Mapping):
            yield str(one.get("type", "option")), said["text"]
        for field in one.get("fields", ()):
            yield "field", field["text"]
        for element in one.get("elements", ()):
            if element["type"] in ("mrkdwn", "plain_text"):
                yield "element", element["text"]


def swollen(text: str) -> Incident:
    """Make the incident whose every list is long and whose every text is this one."""
    text = text[:LONG]
    clause = Clause(text=text, source="rule")
    step = Suggestion(text=text, action=text, target=text, level=2, reason=clause)
    return incident(
        title=text,
        env=text,
        severity_reason=text,
        narrative=(clause,) * 12,
        causes=(Cause(service=text, confidence=1.0, change=None, evidence=(clause,) * 12),) * 8,
        impacts=(impact(kpi=text, unit="<b>", total=math.inf, region=text, assumption=text),) * 8,
        levels=replace(
            LEVELS, budgets=tuple(replace(one, journey=text) for one in LEVELS.budgets * 8)
        ),
        clues=Clues(logs=(replace(NEW, text=text),) * 3, traces=(FAILED,)),
        suggestions=tuple(replace(step, target=f"{number}{text}") for number in range(12)),
        blast=BlastRadius(sick=(text,) * 30, regions=(text,) * 30, journeys=(text,) * 30),
        owner_title=text,
        owner_reason=text,
        runbook_id=text,
        runbook_title=text,
        runbook_reason=text,
        acknowledged_by=text,
        assignee=text,
    )


STORIES: Mapping[str, Incident] = {
    "the story": incident(clues=Clues(logs=(NEW,)), levels=LEVELS),
    "one without anything": incident(
        symptoms=(), causes=(), impacts=(), narrative=(), suggestions=(), runbook_id=None
    ),
    **{f"one full of {text[:12]!r}": swollen(text) for text in HOSTILE},
}


def in_state(one: Incident, state: IncidentState) -> Incident:
    if state in (IncidentState.MITIGATED, IncidentState.RESOLVED):
        over = resolved(state=state)
        return replace(
            one, state=state, quiet_since=over.quiet_since, mitigated_at=over.mitigated_at
        )
    return replace(one, state=state)


def told(one: Incident, state: IncidentState) -> Iterator[Message]:
    """Yield all that Slack is sent of an incident in a state."""
    of = in_state(one, state)
    bare = Slack("slack", "xoxb-1", "C1")
    yield bare.payload(of, notification(of), {})["message"]
    full = Slack("slack", "xoxb-1", "C1", base_url="https://aiops.example", with_buttons=True)
    for action in DeliveryAction:
        payload = full.payload(of, notification(of, action), TOLD)
        yield from (payload[part] for part in ("message", "reply") if payload[part])


@pytest.mark.parametrize("state", IncidentState)
@pytest.mark.parametrize("story", STORIES)
def test_an_incident_in_every_state_and_what_its_thread_is_told(
    story: str, state: IncidentState
) -> None:
    for message in told(STORIES[story], state):
        check(message)


@pytest.mark.parametrize("texts", [("slow",), *((text,) * 120 for text in HOSTILE)])
def test_a_digest(texts: tuple[str, ...]) -> None:
    digest = Digest(
        id="DIG-7",
        owner="payments",
        owner_title="Payments team",
        at=minute(65),
        since=minute(5),
        why=f"more than 10 alerts in a day {texts[0]}",
        entries=tuple(
            DigestEntry(incident_id=f"INC-{number}", severity="P2", text=text)
            for number, text in enumerate(texts)
        ),
    )
    for base_url in ("", "https://aiops.example"):
        check(slack_digest.message(digest, base_url))


@pytest.mark.parametrize("words", ["Error rate: 0.3% → 7.2%", *HOSTILE])
def test_the_words_of_a_picture(words: str) -> None:
    picture = IncidentPicture(
        incident_id="INC-2048", episode=1, number=1, subject="errors", words=words, png=b"\x89PNG"
    )
    payload = SlackPictures("slack", "xoxb-1").picture_payload(picture, {})
    assert len(payload["comment"]) <= 4000
    assert len(payload["alt_txt"]) <= 1000
    assert len(payload["title"]) <= 1000
    assert payload["title"]


RUNBOOK = Runbook(
    id="RB-17",
    title="Payment gateway errors",
    owner="payments",
    steps=(RunbookStep(text="See how many payments fail.", query="errors", condition="> 2%"),),
    text="# RB-17",
)


def services(text: str) -> WebServices:
    """Make the application over incidents and runbooks full of one text, which takes every word."""
    text = text[:LONG]
    step = RunbookStep(text=text, query=text, condition=text, action=text, level=2)
    long = replace(RUNBOOK, id="RB-18", title=text, owner=text, steps=(step,) * 60)
    more = tuple(replace(RUNBOOK, id=f"RB-{number}", title=text) for number in range(100, 140))
    kept = [incident(id=f"INC-{number}", title=text) for number in range(40)]
    named = {"INC-2048": incident(), "INC-3": swollen(text)}
    shelf = SimpleNamespace(recent=lambda limit: kept[:limit], get=named.get)
    mark = Mark(service=text, metric=text, kind=MarkKind.NOISY, at=NOW, by=text, why=text)
    return WebServices(
        incidents=cast(Any, shelf),
        parse_changes=lambda *_: (),
        record_changes=lambda _: None,
        clock=cast(Any, SimpleNamespace(now=lambda: NOW)),
        real_clock=cast(Any, SimpleNamespace(now=lambda: NOW)),
        runbooks=(RUNBOOK, long, *more),
        base_url="https://aiops.example",
        judge=lambda *_, **__: [replace(mark, until=minute(99))] * 40,
        merge=lambda *_, **__: (swollen(text), ("INC-2",) * 5),
        split=lambda *_, **__: (swollen(text), swollen(text)),
        declare=lambda *_: text,
    )


COMMANDS = {
    "/incident": (
        "",
        "INC-2048",
        "INC-3",
        "INC-404",
        "INC-2048 noise nightly batch",
        "merge INC-2048 INC-3 one pool",
        "split INC-3 search,search-db another fault",
        "merge",
        "split",
    ),
    "/runbook": ("", "RB-17", "RB-18", "RB-404", "search payment", "search nothing", "search"),
    "/other": ("",),
}


@pytest.mark.parametrize("text", ["slow", *HOSTILE])
@pytest.mark.parametrize("command", COMMANDS)
def test_the_answer_to_a_command(command: str, text: str) -> None:
    known = services(text)
    for typed in (*COMMANDS[command], text, f"search {text}", f"merge {text}"):
        check(answer(command, typed, known, "ann"), most_characters=POSTED)


@pytest.mark.parametrize("text", ["Reported of payment-service.", *HOSTILE])
def test_the_answer_to_a_report(text: str) -> None:
    def refused(text: str, by: Asker) -> str:
        raise InputError(f"{by.name} said {text}")

    known = services(text)
    for able in (known, replace(known, declare=refused), replace(known, declare=None)):
        check(declared(text, able, ASKER), most_characters=POSTED)


@pytest.mark.parametrize("words", ["INC-1001 is yours.", *HOSTILE])
def test_the_answer_to_a_press(words: str) -> None:
    ledger = SlackLedger(tokens={}, channels={}, clock=lambda: minute(0))
    with serve(create_app(ledger)) as url:
        sinks = [SimpleNamespace(kind="slack", url=f"{url}/api/")]
        parts = SimpleNamespace(settings=SimpleNamespace(sinks=sinks))
        answer_at(cast(Parts, parts), f"{url}/response/one", words)
    ((message,),) = ledger.responses.values()
    check(message)


def check(message: Message, most_characters: int = UPDATED) -> None:
    blocks = list(message["blocks"])
    parsed = Block.parse_all(blocks)
    assert [one.to_dict() for one in parsed] == blocks, "slack_sdk lost or changed something"
    assert faults(message, most_characters) == []
    assert block_errors(blocks) == [], "and our own receiver thinks alike"


def section(**content: Any) -> dict[str, Any]:
    return {"type": "section", "text": {"type": "mrkdwn", "text": "x"}, **content}


def fields(*lengths: int) -> dict[str, Any]:
    return section(fields=[{"type": "mrkdwn", "text": "x" * each} for each in lengths])


def said(length: int) -> dict[str, Any]:
    return section(text={"type": "mrkdwn", "text": "x" * length})


def row(*ids: str, block_id: str = "row") -> dict[str, Any]:
    pressed = {"type": "plain_text", "text": "x"}
    elements = [{"type": "button", "action_id": one, "text": pressed} for one in ids]
    return {"type": "actions", "block_id": block_id, "elements": elements}


LIMITS: Mapping[str, tuple[list[dict[str, Any]], list[dict[str, Any]]]] = {
    "50 blocks": ([section()] * 50, [section()] * 51),
    "10 fields": ([fields(*[1] * 10)], [fields(*[1] * 11)]),
    "2,000 characters of a field": ([fields(2000)], [fields(2001)]),
    "3,000 characters of a section": ([said(3000)], [said(3001)]),
    "some text in a section": ([said(1)], [said(0)]),
    "13,200 characters": ([said(2640)] * 5, [said(2640)] * 5 + [said(1)]),
    "one action of a name": ([row("a", "b")], [row("a", "a")]),
    "one action of a name in all rows": (
        [row("a"), row("b", block_id="second")],
        [row("a"), row("a", block_id="second")],
    ),
    "one block of a name": (
        [row("a"), row("b", block_id="second")],
        [row("a"), row("b")],
    ),
}


@pytest.mark.parametrize("limit", LIMITS)
def test_the_check_knows_every_limit_that_slacks_models_miss(limit: str) -> None:
    within, beyond = LIMITS[limit]
    assert faults({"text": "x", "blocks": within}) == []
    assert faults({"text": "x", "blocks": beyond}) != []


@pytest.mark.parametrize("text", ["", "x" * 4001])
def test_the_check_knows_what_may_stand_beside_the_blocks(text: str) -> None:
    assert faults({"text": text, "blocks": [section()]}) != []


def test_the_messages_that_are_checked_hold_all_that_ours_may_hold() -> None:
    checked = list(told(STORIES["the story"], IncidentState.OPEN))
    kinds = {block["type"] for message in checked for block in message["blocks"]}
    assert kinds == {"header", "section", "context", "actions"}
    assert len(checked) > 1 + len(DeliveryAction), "the message each time, and replies"
