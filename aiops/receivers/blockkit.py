"""What Slack's Block Kit accepts in a message, checked strictly, with Slack's error texts.

References:
    docs.slack.dev, "Block Kit": blocks, block elements, composition objects. The limit on all
    text of a message (about 13,200 characters) is undocumented: slackapi/bolt-js#2509.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

MAX_BLOCKS = 50
MAX_TEXT_CHARACTERS = 13_200

_ID_CHARACTERS = 255
_URL_CHARACTERS = 3000
_MARKDOWN_CHARACTERS = 12_000

Node = Mapping[str, Any]
Check = Callable[[Node, str], Iterator[str]]


def block_errors(blocks: list[Any]) -> list[str]:
    """Return what is wrong with a message's blocks, each with its JSON pointer; empty if nothing.

    Examples:
        >>> block_errors([{"type": "divider"}])
        []
        >>> block_errors([{"type": "header", "text": {"type": "mrkdwn", "text": "x"}}])
        ['must be one of: plain_text [json-pointer:/blocks/0/text/type]']
    """
    errors = list(_count(blocks, "/blocks", 0, MAX_BLOCKS))
    seen: set[str] = set()
    for index, block in enumerate(blocks):
        place = f"/blocks/{index}"
        errors += _typed(block, place, _BLOCKS)
        if isinstance(block, Mapping):
            errors += _unique(block.get("block_id"), f"{place}/block_id", seen)
    return errors


def text_characters(node: object) -> int:
    """Return how many characters of text there are in blocks, nested ones included."""
    if isinstance(node, list):
        return sum(text_characters(child) for child in node)
    if not isinstance(node, Mapping):
        return 0
    own = len(node["text"]) if isinstance(node.get("text"), str) else 0
    return own + sum(text_characters(child) for child in node.values())


def _section(block: Node, place: str) -> Iterator[str]:
    yield from _keys(block, place, ("text", "fields", "accessory", "block_id", "expand"))
    if "text" not in block and "fields" not in block:
        yield _at("missing required field: text or fields", place)
    if "text" in block:
        yield from _text(block["text"], f"{place}/text", 3000)
    if "fields" in block:
        yield from _each(block["fields"], f"{place}/fields", 10, lambda f, at: _text(f, at, 2000))
    if "accessory" in block:
        yield from _typed(block["accessory"], f"{place}/accessory", _ELEMENTS)


def _header(block: Node, place: str) -> Iterator[str]:
    yield from _keys(block, place, ("text", "block_id", "level"))
    yield from _text(block.get("text"), f"{place}/text", 150, ("plain_text",))


def _actions(block: Node, place: str) -> Iterator[str]:
    yield from _keys(block, place, ("elements", "block_id"))
    elements = block.get("elements")
    yield from _each(elements, f"{place}/elements", 25, lambda e, at: _typed(e, at, _ELEMENTS))
    seen: set[str] = set()
    for index, element in enumerate(elements if isinstance(elements, list) else ()):
        if isinstance(element, Mapping):
            at = f"{place}/elements/{index}/action_id"
            yield from _unique(element.get("action_id"), at, seen)


def _context(block: Node, place: str) -> Iterator[str]:
    yield from _keys(block, place, ("elements", "block_id"))
    yield from _each(block.get("elements"), f"{place}/elements", 10, _context_element)


def _context_element(element: Any, place: str) -> Iterator[str]:
    if isinstance(element, Mapping) and element.get("type") == "image":
        yield from _image_element(element, place)
    else:
        yield from _text(element, place, 3000)


def _image(block: Node, place: str) -> Iterator[str]:
    keys = ("image_url", "slack_file", "alt_text", "title", "block_id")
    yield from _keys(block, place, keys)
    yield from _picture(block, place)
    if "title" in block:
        yield from _text(block["title"], f"{place}/title", 2000, ("plain_text",))


def _image_element(element: Node, place: str) -> Iterator[str]:
    yield from _keys(element, place, ("image_url", "slack_file", "alt_text"))
    yield from _picture(element, place)


def _picture(node: Node, place: str) -> Iterator[str]:
    if "slack_file" not in node:
        yield from _string(node.get("image_url"), f"{place}/image_url", _URL_CHARACTERS)
    yield from _string(node.get("alt_text"), f"{place}/alt_text", 2000)


def _divider(block: Node, place: str) -> Iterator[str]:
    yield from _keys(block, place, ("block_id",))


def _markdown(block: Node, place: str) -> Iterator[str]:
    yield from _keys(block, place, ("text", "block_id"))
    yield from _string(block.get("text"), f"{place}/text", _MARKDOWN_CHARACTERS)


def _rich_text(block: Node, place: str) -> Iterator[str]:
    yield from _keys(block, place, ("elements", "block_id"))
    if not isinstance(block.get("elements"), list):
        yield _at("missing required field: elements", place)


def _button(element: Node, place: str) -> Iterator[str]:
    keys = ("text", "action_id", "url", "value", "style", "confirm", "accessibility_label")
    yield from _keys(element, place, keys)
    yield from _text(element.get("text"), f"{place}/text", 75, ("plain_text",))
    limits = {"action_id": _ID_CHARACTERS, "url": _URL_CHARACTERS, "value": 2000}
    for name, limit in {**limits, "accessibility_label": 75}.items():
        if name in element:
            yield from _string(element[name], f"{place}/{name}", limit)
    if element.get("style", "primary") not in ("primary", "danger"):
        yield _at("must be one of: primary, danger", f"{place}/style")
    if "confirm" in element:
        yield from _confirmation(element["confirm"], f"{place}/confirm")


def _confirmation(node: Any, place: str) -> Iterator[str]:
    if not isinstance(node, Mapping):
        yield _at("must be an object", place)
        return
    yield from _keys(node, place, ("title", "text", "confirm", "deny", "style"))
    yield from _text(node.get("title"), f"{place}/title", 100, ("plain_text",))
    yield from _text(node.get("text"), f"{place}/text", 300)
    yield from _text(node.get("confirm"), f"{place}/confirm", 30, ("plain_text",))
    yield from _text(node.get("deny"), f"{place}/deny", 30, ("plain_text",))


def _menu(element: Node, place: str) -> Iterator[str]:
    limit = 5 if element.get("type") == "overflow" else 100
    if "options" in element or "option_groups" not in element:
        yield from _each(element.get("options"), f"{place}/options", limit, _option)


def _people(element: Node, place: str) -> Iterator[str]:
    keys = ("action_id", "initial_user", "confirm", "focus_on_load", "placeholder")
    yield from _keys(element, place, keys)
    if "placeholder" in element:
        yield from _text(element["placeholder"], f"{place}/placeholder", 150, ("plain_text",))


def _option(option: Any, place: str) -> Iterator[str]:
    if not isinstance(option, Mapping):
        yield _at("must be an object", place)
        return
    yield from _text(option.get("text"), f"{place}/text", 75)
    yield from _string(option.get("value"), f"{place}/value", 150)


_BLOCKS: Mapping[str, Check] = {
    "section": _section,
    "header": _header,
    "actions": _actions,
    "context": _context,
    "image": _image,
    "divider": _divider,
    "markdown": _markdown,
    "rich_text": _rich_text,
}
_ELEMENTS: Mapping[str, Check] = {
    "button": _button,
    "image": _image_element,
    "users_select": _people,
    "static_select": _menu,
    "multi_static_select": _menu,
    "overflow": _menu,
}


def _typed(node: Any, place: str, checks: Mapping[str, Check]) -> Iterator[str]:
    """Check a node by its `type`, and the ids every kind may carry."""
    if not isinstance(node, Mapping):
        yield _at("must be an object", place)
        return
    check = checks.get(str(node.get("type")))
    if check is None:
        yield _at(f"unsupported type: {node.get('type')}", f"{place}/type")
        return
    for name in ("block_id", "action_id"):
        if name in node:
            yield from _string(node[name], f"{place}/{name}", _ID_CHARACTERS)
    yield from check(node, place)


def _text(
    node: Any, place: str, limit: int, kinds: tuple[str, ...] = ("mrkdwn", "plain_text")
) -> Iterator[str]:
    """Check a text object."""
    if not isinstance(node, Mapping):
        parent, _, name = place.rpartition("/")
        yield _at(f"missing required field: {name}", parent)
        return
    kind = node.get("type")
    if kind not in kinds:
        yield _at(f"must be one of: {', '.join(kinds)}", f"{place}/type")
        return
    yield from _keys(node, place, ("text", "emoji" if kind == "plain_text" else "verbatim"))
    yield from _string(node.get("text"), f"{place}/text", limit)


def _string(value: Any, place: str, limit: int) -> Iterator[str]:
    if not isinstance(value, str):
        yield _at("must be a string", place)
    elif not value:
        yield _at("must be more than 0 characters", place)
    elif len(value) > limit:
        yield _at(f"must be less than {limit + 1} characters", place)


def _each(
    nodes: Any, place: str, limit: int, check: Callable[[Any, str], Iterator[str]]
) -> Iterator[str]:
    if not isinstance(nodes, list):
        yield _at("must be an array", place)
        return
    yield from _count(nodes, place, 1, limit)
    for index, node in enumerate(nodes):
        yield from check(node, f"{place}/{index}")


def _count(nodes: list[Any], place: str, least: int, most: int) -> Iterator[str]:
    if len(nodes) < least:
        yield _at(f"no less than {least} items allowed", place)
    if len(nodes) > most:
        yield _at(f"no more than {most} items allowed", place)


def _keys(node: Node, place: str, allowed: tuple[str, ...]) -> Iterator[str]:
    for key in node:
        if key != "type" and key not in allowed:
            yield _at(f"invalid additional property: {key}", place)


def _unique(value: Any, place: str, seen: set[str]) -> Iterator[str]:
    if not isinstance(value, str):
        return
    if value in seen:
        yield _at(f"must be unique: {value}", place)
    seen.add(value)


def _at(text: str, place: str) -> str:
    return f"{text} [json-pointer:{place}]"
