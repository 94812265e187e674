"""Who somebody is at PagerDuty or Slack: one e-mail address for both."""

from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from pydantic import SecretStr

from aiops.domain.words import Place
from aiops.notify.people import People
from aiops.receivers.ledger import Ledger
from aiops.receivers.pagerduty_users import PagerDutyUsers
from aiops.receivers.pagerduty_users import create_app as pagerduty_app
from aiops.receivers.server import serve
from aiops.receivers.slack import SlackLedger
from aiops.receivers.slack import create_app as slack_app
from aiops.settings import SinkSettings
from tests.builders import minute

ANN = "ann@shop.example"


@dataclass
class Ends:
    """Both vendors, and how our settings name them."""

    pagerduty: Ledger
    slack: Ledger
    sinks: tuple[SinkSettings, ...]


@pytest.fixture
def ends() -> Iterator[Ends]:
    pagerduty = PagerDutyUsers(
        tokens={"key"}, users={"PANN001": ("Ann Lee", ANN)}, clock=lambda: minute(0)
    )
    slack = SlackLedger(
        tokens={"xoxb-1": "B0001"},
        channels={},
        clock=lambda: minute(0),
        users={
            "U0ANN": {"name": "ann", "profile": {"real_name": "Ann Lee", "email": ANN}},
            "U0BOB": {"name": "bob", "profile": {"real_name": "Bob"}},
        },
    )
    with serve(pagerduty_app(pagerduty)) as rest, serve(slack_app(slack)) as api:
        sinks = (
            SinkSettings(
                name="page", kind="pagerduty", url="", rest_url=rest, api_token=SecretStr("key")
            ),
            SinkSettings(name="chat", kind="slack", url=f"{api}/api/", secret=SecretStr("xoxb-1")),
        )
        yield Ends(pagerduty, slack, sinks)


def test_one_person_has_one_name_at_both_ends(ends: Ends) -> None:
    people = People(ends.sinks)
    assert people.name_of(Place.PAGERDUTY, "PANN001") == ANN
    assert people.name_of(Place.SLACK, "U0ANN") == ANN


def test_who_is_known_is_not_asked_for_again(ends: Ends) -> None:
    people = People(ends.sinks)
    assert people.name_of(Place.SLACK, "U0ANN") == people.name_of(Place.SLACK, "U0ANN")
    assert len(ends.slack.records) == 1


def test_without_an_address_the_name_there_has_to_do(ends: Ends) -> None:
    assert People(ends.sinks).name_of(Place.SLACK, "U0BOB") == "Bob"


def test_where_nobody_can_say_nothing_is_said(ends: Ends) -> None:
    people = People(ends.sinks)
    assert people.name_of(Place.SLACK, "U0EVE") == ""
    assert people.name_of(Place.PAGERDUTY, "PEVE001") == ""
    assert people.name_of(Place.SLACK, "") == ""
    assert people.name_of(Place.PAGERDUTY, "../teams") == ""
    assert People(()).name_of(Place.SLACK, "U0ANN") == ""
    down = SinkSettings(
        name="chat", kind="slack", url="http://127.0.0.1:9/api/", secret=SecretStr("xoxb-1")
    )
    assert People((down,)).name_of(Place.SLACK, "U0ANN") == ""
