"""Requests as Slack sends them: whole forms and payloads, signed by Slack's own signer.

`tests/web/test_slack_bolt.py` holds them against slack_bolt, the other end of these formats.
"""

import json
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urlencode

from slack_sdk.signature import SignatureVerifier

TEAM = {"id": "T0SHOP", "domain": "shop"}
CHANNEL = {"id": "C0001", "name": "incidents"}
USER = {"id": "U0ANN", "username": "ann", "name": "ann", "team_id": "T0SHOP"}


def slash_command(command: str, text: str = "", **changes: str) -> dict[str, str]:
    """Make the form of a slash command."""
    form = {
        "token": "verification-token",
        "team_id": TEAM["id"],
        "team_domain": TEAM["domain"],
        "channel_id": CHANNEL["id"],
        "channel_name": CHANNEL["name"],
        "user_id": USER["id"],
        "user_name": USER["name"],
        "command": command,
        "text": text,
        "api_app_id": "A0AIOPS",
        "is_enterprise_install": "false",
        "response_url": "https://hooks.slack.com/commands/T0SHOP/1/x",
        "trigger_id": "13345224609.738474920.8088930838d88f008e0",
    }
    return form | changes


def block_actions(
    message: Mapping[str, Any], action: Mapping[str, Any], **changes: Any
) -> dict[str, Any]:
    """Make the payload of something pressed below a message.

    Args:
        message: as Slack shows it.
        action: what was pressed, see `presses`.
    """
    payload: dict[str, Any] = {
        "type": "block_actions",
        "user": USER,
        "api_app_id": "A0AIOPS",
        "token": "verification-token",
        "container": {
            "type": "message",
            "message_ts": message["ts"],
            "channel_id": CHANNEL["id"],
            "is_ephemeral": False,
        },
        "trigger_id": "1.2.abc",
        "team": TEAM,
        "enterprise": None,
        "is_enterprise_install": False,
        "channel": CHANNEL,
        "message": dict(message),
        "state": {"values": {}},
        "response_url": "https://hooks.slack.com/actions/T0SHOP/1/x",
        "actions": [dict(action)],
    }
    return payload | changes


def presses(message: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield everything that can be pressed or chosen below a message, as Slack tells of it."""
    for block in message["blocks"]:
        for element in block.get("elements", ()) if block["type"] == "actions" else ():
            said = {
                "type": element["type"],
                "action_id": element["action_id"],
                "block_id": block["block_id"],
                "action_ts": "1776506952.125000",
            }
            if element["type"] == "users_select":
                yield said | {"selected_user": "U0BOB"}
            elif element["type"] == "static_select":
                for option in element["options"]:
                    yield said | {"selected_option": option, "placeholder": element["placeholder"]}
            else:
                yield said | {
                    name: element[name] for name in ("text", "style", "value") if name in element
                }


def body_of(form: Mapping[str, str]) -> bytes:
    """Return the body of a slash command."""
    return urlencode(form).encode()


def payload_of(payload: Mapping[str, Any]) -> bytes:
    """Return the body of an interaction."""
    return urlencode({"payload": json.dumps(payload)}).encode()


def signed(secret: str, body: bytes, at_seconds: float) -> dict[str, str]:
    """Return the headers Slack sends with a body."""
    stamp = str(int(at_seconds))
    signature = SignatureVerifier(secret).generate_signature(timestamp=stamp, body=body)
    return {
        "content-type": "application/x-www-form-urlencoded",
        "user-agent": "Slackbot 1.0 (+https://api.slack.com/robots)",
        "x-slack-request-timestamp": stamp,
        "x-slack-signature": signature or "",
    }
