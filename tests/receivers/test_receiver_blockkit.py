from typing import Any

import pytest
from slack_sdk.models.blocks import (
    ActionsBlock,
    ButtonElement,
    ContextBlock,
    DividerBlock,
    HeaderBlock,
    ImageBlock,
    MarkdownTextObject,
    PlainTextObject,
    SectionBlock,
)

from aiops.receivers.blockkit import block_errors, text_characters

Block = dict[str, Any]


def mrkdwn(text: str) -> Block:
    return {"type": "mrkdwn", "text": text}


def plain(text: str) -> Block:
    return {"type": "plain_text", "text": text}


def section(**changes: Any) -> Block:
    return {"type": "section", "text": mrkdwn("hello")} | changes


def button(**changes: Any) -> Block:
    return {"type": "button", "text": plain("Acknowledge"), "action_id": "ack"} | changes


def actions(*elements: Any) -> Block:
    return {"type": "actions", "elements": list(elements)}


def test_what_slacks_own_models_build_is_accepted() -> None:
    blocks = [
        HeaderBlock(text="INC-2048 (P1)"),
        SectionBlock(
            text=MarkdownTextObject(text="*checkout* errors at 7.2%"),
            fields=[MarkdownTextObject(text="Owner: Payments team")],
            accessory=ButtonElement(text="Open", url="http://127.0.0.1/INC-2048"),
        ),
        DividerBlock(),
        ImageBlock(image_url="https://x.example/chart.png", alt_text="revenue"),
        ContextBlock(elements=[PlainTextObject(text="since 10:03 UTC", emoji=True)]),
        ActionsBlock(
            elements=[
                ButtonElement(text="Acknowledge", action_id="ack", value="INC-2048"),
                ButtonElement(text="Roll back", action_id="rollback", style="danger"),
            ]
        ),
    ]
    assert block_errors([block.to_dict() for block in blocks]) == []


AT_THE_LIMIT: dict[str, Block] = {
    "section text": section(text=mrkdwn("x" * 3000)),
    "fields": section(fields=[mrkdwn("x" * 2000)] * 10),
    "header": {"type": "header", "text": plain("x" * 150)},
    "actions": actions(*(button(action_id=f"a{n}") for n in range(25))),
    "button": button(text=plain("x" * 75), value="v" * 2000, url="u" * 3000, style="primary"),
    "confirm": button(
        confirm={
            "title": plain("Sure?"),
            "text": mrkdwn("It rolls back 2026.04.18-3"),
            "confirm": plain("Roll back"),
            "deny": plain("No"),
        }
    ),
    "markdown": {"type": "markdown", "text": "x" * 12_000},
    "rich text": {"type": "rich_text", "elements": []},
    "menu": {"type": "static_select", "options": [{"text": plain("EU"), "value": "eu"}]},
    "image title": {
        "type": "image",
        "slack_file": {"id": "F1"},
        "alt_text": "chart",
        "title": plain("Revenue"),
    },
}


@pytest.mark.parametrize("case", AT_THE_LIMIT)
def test_what_reaches_a_limit_is_accepted(case: str) -> None:
    block = AT_THE_LIMIT[case]
    in_message = actions(block) if block["type"] in {"button", "static_select"} else block
    assert block_errors([in_message]) == []


REFUSED: dict[str, tuple[Any, str]] = {
    "long section": (
        section(text=mrkdwn("x" * 3001)),
        "must be less than 3001 characters [json-pointer:/blocks/0/text/text]",
    ),
    "empty section": (
        section(text=mrkdwn("")),
        "must be more than 0 characters [json-pointer:/blocks/0/text/text]",
    ),
    "section of nothing": (
        {"type": "section"},
        "missing required field: text or fields [json-pointer:/blocks/0]",
    ),
    "eleven fields": (
        section(fields=[mrkdwn("x")] * 11),
        "no more than 10 items allowed [json-pointer:/blocks/0/fields]",
    ),
    "long field": (
        section(fields=[mrkdwn("x" * 2001)]),
        "must be less than 2001 characters [json-pointer:/blocks/0/fields/0/text]",
    ),
    "long header": (
        {"type": "header", "text": plain("x" * 151)},
        "must be less than 151 characters [json-pointer:/blocks/0/text/text]",
    ),
    "header without text": (
        {"type": "header"},
        "missing required field: text [json-pointer:/blocks/0]",
    ),
    "26 buttons": (
        actions(*(button(action_id=f"a{n}") for n in range(26))),
        "no more than 25 items allowed [json-pointer:/blocks/0/elements]",
    ),
    "no buttons": (actions(), "no less than 1 items allowed [json-pointer:/blocks/0/elements]"),
    "long button": (
        actions(button(text=plain("x" * 76))),
        "must be less than 76 characters [json-pointer:/blocks/0/elements/0/text/text]",
    ),
    "long value": (
        actions(button(value="x" * 2001)),
        "must be less than 2001 characters [json-pointer:/blocks/0/elements/0/value]",
    ),
    "long action id": (
        actions(button(action_id="x" * 256)),
        "must be less than 256 characters [json-pointer:/blocks/0/elements/0/action_id]",
    ),
    "same action twice": (
        actions(button(), button()),
        "must be unique: ack [json-pointer:/blocks/0/elements/1/action_id]",
    ),
    "odd style": (
        actions(button(style="green")),
        "must be one of: primary, danger [json-pointer:/blocks/0/elements/0/style]",
    ),
    "confirm no object": (
        actions(button(confirm="sure?")),
        "must be an object [json-pointer:/blocks/0/elements/0/confirm]",
    ),
    "elements no list": (
        {"type": "actions", "elements": {}},
        "must be an array [json-pointer:/blocks/0/elements]",
    ),
    "unknown block": (
        {"type": "chart"},
        "unsupported type: chart [json-pointer:/blocks/0/type]",
    ),
    "unknown key": (
        section(colour="red"),
        "invalid additional property: colour [json-pointer:/blocks/0]",
    ),
    "emoji in mrkdwn": (
        section(text=mrkdwn("x") | {"emoji": True}),
        "invalid additional property: emoji [json-pointer:/blocks/0/text]",
    ),
    "long block id": (
        section(block_id="x" * 256),
        "must be less than 256 characters [json-pointer:/blocks/0/block_id]",
    ),
    "image without alt text": (
        {"type": "image", "image_url": "https://x.example/y.png"},
        "must be a string [json-pointer:/blocks/0/alt_text]",
    ),
    "eleven context elements": (
        {"type": "context", "elements": [mrkdwn("x")] * 11},
        "no more than 10 items allowed [json-pointer:/blocks/0/elements]",
    ),
    "option no object": (
        actions({"type": "overflow", "options": ["x"]}),
        "must be an object [json-pointer:/blocks/0/elements/0/options/0]",
    ),
    "no block": ("hello", "must be an object [json-pointer:/blocks/0]"),
    "rich text of nothing": (
        {"type": "rich_text"},
        "missing required field: elements [json-pointer:/blocks/0]",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_breaks_a_rule_is_named_with_its_place(case: str) -> None:
    block, error = REFUSED[case]
    assert error in block_errors([block])


def test_a_message_has_at_most_fifty_blocks_with_different_ids() -> None:
    assert block_errors([section()] * 50) == []
    assert block_errors([section()] * 51) == [
        "no more than 50 items allowed [json-pointer:/blocks]"
    ]
    twice = [section(block_id="a"), section(block_id="a")]
    assert block_errors(twice) == ["must be unique: a [json-pointer:/blocks/1/block_id]"]


def test_all_text_of_a_message_is_counted() -> None:
    blocks = [section(fields=[mrkdwn("12"), plain("345")]), actions(button(text=plain("6")))]
    assert text_characters(blocks) == len("hello") + 6
