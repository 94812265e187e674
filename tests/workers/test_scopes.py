"""What a Slack app may not do is named before it is needed."""

from datetime import UTC, datetime
from typing import Any

import pytest
from pydantic import SecretStr

from aiops.notify.slack_manifest import SCOPES, manifest
from aiops.receivers.server import serve
from aiops.receivers.slack import SlackLedger, create_app
from aiops.settings import SinkSettings
from workers.probes import missing_scopes

TOKEN = "xoxb-of-the-test"


def asked(scopes: tuple[str, ...] | None, **changes: Any) -> tuple[str, ...]:
    ledger = SlackLedger(
        tokens={TOKEN: "B1"},
        channels={"C1": "x"},
        clock=lambda: datetime(2026, 4, 18, tzinfo=UTC),
        scopes=scopes,
    )
    with serve(create_app(ledger)) as url:
        secret = SecretStr(changes.pop("token", TOKEN))
        sink = SinkSettings(name="s", kind="slack", url=f"{url}/api/", secret=secret, **changes)
        return missing_scopes(sink)


def test_an_app_made_of_our_manifest_lacks_nothing() -> None:
    made = manifest("https://aiops.example.com")["oauth_config"]["scopes"]["bot"]
    assert asked(tuple(made)) == ()


def test_what_it_lacks_is_named_with_what_for() -> None:
    granted = tuple(name for name in SCOPES if name not in ("files:write", "users:read.email"))
    assert asked(granted) == (
        "files:write (show a picture in the thread of an incident)",
        "users:read.email (know the same person at PagerDuty)",
    )


def test_without_pictures_nobody_asks_for_their_scope() -> None:
    granted = tuple(name for name in SCOPES if name != "files:write")
    assert asked(granted, pictures=False) == ()


@pytest.mark.parametrize("token", [TOKEN, "xoxb-another"])
def test_where_slack_does_not_tell_nothing_is_said(token: str) -> None:
    assert asked(None, token=token) == ()
