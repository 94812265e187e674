"""The manifest of our Slack app: what a person pastes instead of clicking it together. Pure.

References:
    docs.slack.dev, "App manifest reference".
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any
from urllib.parse import urlsplit

from aiops.domain.errors import ConfigurationError

SCOPES: Mapping[str, str] = MappingProxyType(
    {
        "chat:write": "post incidents and keep them up to date",
        "channels:history": "look whether a message arrived, before it is sent again",
        "channels:read": "find a public channel by its name",
        "groups:history": "the same in private channels",
        "groups:read": "find a private channel by its name",
        "files:write": "show a picture in the thread of an incident",
        "commands": "take /incident and /runbook",
        "users:read": "ask who pressed a button",
        "users:read.email": "know the same person at PagerDuty",
    }
)
"""What the bot may do, and what for."""

COMMANDS: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "/incident": (
            "See incidents, and say what you know of them",
            "[INC-1001 | declare payment-service checkout fails]",
        ),
        "/runbook": ("Find runbooks and see their steps", "[RB-17 | search payment]"),
    }
)
"""Slash command → what it does, and what may be typed after it."""


NAME_CHARACTERS = 35
"""What Slack takes as the name of an app."""


def manifest(base_url: str, name: str = "aiops") -> dict[str, Any]:
    """Return the manifest of an app that sends to and hears from an installation.

    Args:
        base_url: how Slack reaches our web server: https, no slash at the end.
        name: of the app, at most 35 characters.

    Raises:
        ConfigurationError: Slack would not call that address, or not take that name.

    Examples:
        >>> made = manifest("https://aiops.example.com")
        >>> made["settings"]["interactivity"]["request_url"]
        'https://aiops.example.com/slack/actions'
    """
    parts = urlsplit(base_url)
    if parts.scheme != "https" or not parts.hostname:
        raise ConfigurationError(
            f"web.base_url is {base_url}: Slack calls https addresses only; set it to the address "
            "Slack reaches this web server at, or give it with --url"
        )
    if not 0 < len(name) <= NAME_CHARACTERS:
        raise ConfigurationError(
            f"the app's name has {len(name)} characters; Slack takes 1 to {NAME_CHARACTERS}"
        )
    url = base_url.rstrip("/")
    return {
        "display_information": {
            "name": name,
            "description": "One incident per real problem, with its cause and its cost",
        },
        "features": {
            "bot_user": {"display_name": name, "always_online": True},
            "slash_commands": [
                {
                    "command": command,
                    "url": f"{url}/slack/commands",
                    "description": what,
                    "usage_hint": hint,
                    "should_escape": False,
                }
                for command, (what, hint) in COMMANDS.items()
            ],
        },
        "oauth_config": {"scopes": {"bot": list(SCOPES)}},
        "settings": {
            "interactivity": {"is_enabled": True, "request_url": f"{url}/slack/actions"},
            "org_deploy_enabled": False,
            "socket_mode_enabled": False,
            "token_rotation_enabled": False,
        },
    }
