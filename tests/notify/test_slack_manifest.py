"""The manifest people paste at Slack."""

import pytest
import yaml
from typer.testing import CliRunner

from aiops.domain.errors import ConfigurationError
from aiops.notify.slack_manifest import COMMANDS, SCOPES, manifest
from aiops.web.slack_answers import HELP
from workers import cli

URL = "https://aiops.example.com"


def test_every_address_in_it_is_below_the_one_slack_reaches() -> None:
    made = manifest(URL)
    assert made["settings"]["interactivity"]["request_url"] == f"{URL}/slack/actions"
    assert {one["url"] for one in made["features"]["slash_commands"]} == {f"{URL}/slack/commands"}


def test_it_names_every_command_we_answer_and_no_other() -> None:
    assert {line.split()[0].strip("`") for line in HELP.splitlines()} == set(COMMANDS)


def test_the_bot_asks_for_no_more_than_it_says_what_for() -> None:
    assert manifest(URL)["oauth_config"]["scopes"] == {"bot": list(SCOPES)}
    assert not [scope for scope in SCOPES if scope.startswith("admin")]


def test_it_keeps_slacks_limits() -> None:
    made = manifest(URL)
    assert len(made["display_information"]["name"]) <= 35
    assert len(made["display_information"]["description"]) <= 140
    assert all(len(one["usage_hint"]) <= 1000 for one in made["features"]["slash_commands"])


@pytest.mark.parametrize("url", ["http://127.0.0.1:8080", "https://", "aiops.example.com", ""])
def test_an_address_slack_would_not_call_is_refused(url: str) -> None:
    with pytest.raises(ConfigurationError, match="https addresses only"):
        manifest(url)


@pytest.mark.parametrize("name", ["", "x" * 36])
def test_a_name_slack_would_not_take_is_refused(name: str) -> None:
    with pytest.raises(ConfigurationError, match="Slack takes 1 to 35"):
        manifest(URL, name)


def test_the_command_prints_what_can_be_pasted() -> None:
    done = CliRunner().invoke(
        cli.app, ["slack", "manifest", "--url", f"{URL}/", "--name", "on-call"]
    )
    assert done.exit_code == 0, done.output
    assert yaml.safe_load(done.output) == manifest(URL, "on-call")
