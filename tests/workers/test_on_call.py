"""Who is on call by PagerDuty's schedules reaches the incident, and an outage forgets nobody."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from pydantic import SecretStr

from aiops.domain.journeys import Team
from aiops.receivers.pagerduty_users import PagerDutyUsers, create_app
from aiops.receivers.server import serve
from aiops.settings import SinkSettings
from tests.builders import minute, shop
from tests.workers.installation import HandClock, Installation, settings_in

PAYMENTS = Team(name="payments", title="Payments team", schedule="PI7DH85")


@pytest.fixture
def ledger() -> PagerDutyUsers:
    users = {"PANN001": ("Ann", "ann@shop.example"), "PBOB001": ("Bob", "bob@shop.example")}
    return PagerDutyUsers(
        tokens={"key"}, users=users, clock=lambda: minute(0), schedules={"PI7DH85": ("PANN001",)}
    )


@pytest.fixture
def made(tmp_path: Path, empty_redis_url: str, ledger: PagerDutyUsers) -> Iterator[Installation]:
    with serve(create_app(ledger)) as rest:
        sink = SinkSettings(
            name="page", kind="pagerduty", url="", rest_url=rest, api_token=SecretStr("key")
        )
        settings = settings_in(tmp_path, empty_redis_url, sinks=(sink,), teams=(PAYMENTS,))
        parts = Installation(settings, HandClock(minute(0) + timedelta(seconds=2)))
        yield parts
        parts.dispose()


def people(parts: Installation) -> dict[str, str]:
    return dict(parts.on_call.added_to(shop(teams=(PAYMENTS,))).on_call)


def test_everybody_knows_who_is_on_call_once_somebody_has_asked(
    made: Installation, ledger: PagerDutyUsers
) -> None:
    assert people(made) == {}
    made.on_call.ask()
    assert people(made) == {"payments": "ann@shop.example"}
    ledger.schedules["PI7DH85"] = ("PBOB001",)
    made.on_call.ask()
    assert people(made) == {"payments": "bob@shop.example"}


def test_the_last_answer_holds_while_pagerduty_does_not_answer(
    made: Installation, ledger: PagerDutyUsers
) -> None:
    made.on_call.ask()
    made.on_call._sinks = (replace(made.settings.sinks[0], api_token=SecretStr("revoked")),)
    made.on_call.ask()
    assert people(made) == {"payments": "ann@shop.example"}
    assert [kind for kind, _ in made.heard.faults] == ["on call"]


def test_what_is_known_is_the_same_object_while_nobody_changes(made: Installation) -> None:
    made.on_call.ask()
    known = shop(teams=(PAYMENTS,))
    assert made.on_call.added_to(known) is made.on_call.added_to(known)


def test_without_a_schedule_nobody_is_asked(parts: Installation) -> None:
    known = shop()
    parts.on_call.ask()
    assert parts.on_call.added_to(known) is known


def test_a_command_that_knows_no_redis_names_nobody(made: Installation) -> None:
    made.settings = replace(made.settings, redis_url=None)
    made.on_call.ask()
    assert people(made) == {}
