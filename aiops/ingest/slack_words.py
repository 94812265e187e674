"""Slack's interactions: buttons and menus of our messages that people pressed. Pure.

References:
    docs.slack.dev, "block_actions payload".
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from aiops.domain.errors import InputError
from aiops.domain.words import BUTTON_PREFIX, KEY_SEPARATOR, Overheard, Passed, Place, Verb
from aiops.ingest.words import is_ours, part, read_object, text


def parse(body: bytes) -> Overheard | Passed:
    """Return what a person pressed, or why it is not a word on an incident of ours.

    Args:
        body: the JSON of the form field `payload`.

    Raises:
        InputError: it is not of Slack's form.
    """
    payload = read_object(body)
    if text(payload, "type") != "block_actions":
        return Passed(why=f"{text(payload, 'type') or 'nothing'} is nothing we take")
    actions = part(payload, "actions")
    action = actions[0] if isinstance(actions, list) and actions else None
    if not isinstance(action, Mapping):
        raise InputError("actions: found none, expected one")
    name = text(action, "action_id").removeprefix(BUTTON_PREFIX)
    verb = next((one for one in Verb if one.value == name), None)
    key = text(action, "block_id").partition(KEY_SEPARATOR)[0]
    if verb is None or not text(action, "action_id").startswith(BUTTON_PREFIX) or not is_ours(key):
        return Passed(why="it is no button of ours")
    user = part(payload, "user")
    return Overheard(
        key=key,
        verb=verb,
        place=Place.SLACK,
        who=text(user, "name") or text(user, "username") or text(user, "id"),
        who_id=text(user, "id"),
        at=_moment(text(action, "action_ts")),
        about=text(action, "selected_option", "text", "text"),
        about_id=text(action, "selected_user"),
        action=text(action, "selected_option", "value").partition(KEY_SEPARATOR)[0],
        channel=text(payload, "channel", "id"),
        answer_url=text(payload, "response_url"),
    )


def without_secrets(payload: Mapping[str, Any]) -> dict[str, Any]:
    """Return a payload without the token that Slack still sends and nobody should keep."""
    return {name: value for name, value in payload.items() if name != "token"}


def _moment(said: str) -> datetime:
    try:
        return datetime.fromtimestamp(float(said), UTC)
    except (ValueError, OverflowError, OSError) as error:
        raise InputError(
            f"actions[0].action_ts: found {said[:40]!r}, expected seconds since 1970"
        ) from error
