"""What the doctor finds out of notes at PagerDuty, without writing one."""

from collections.abc import Iterator

import pytest
from pydantic import SecretStr

from aiops.domain.errors import AdapterError
from aiops.receivers.pagerduty_incidents import PagerDutyIncidents, create_app
from aiops.receivers.server import serve
from aiops.settings import SinkSettings
from tests.builders import minute
from workers import probes

BOT = "aiops@shop.example"


@pytest.fixture(scope="module")
def rest() -> Iterator[str]:
    ledger = PagerDutyIncidents(tokens={"writes"}, users={BOT: "PBOT"}, clock=lambda: minute(0))
    with serve(create_app(ledger)) as url:
        yield url


def sink(rest: str, write_as: str = BOT, token: str = "writes") -> SinkSettings:  # noqa: S107
    return SinkSettings(
        name="pd",
        kind="pagerduty",
        url="",
        rest_url=rest,
        write_as=write_as,
        write_token=SecretStr(token),
        api_token=SecretStr("reads"),
    )


def test_the_user_that_notes_are_of_is_known(rest: str) -> None:
    assert f"knows {BOT}" in probes.notes(sink(rest))


@pytest.mark.parametrize("write_as", ["ops@shop.example", "shop.example"])
def test_one_that_pagerduty_does_not_know_is_told(rest: str, write_as: str) -> None:
    with pytest.raises(AdapterError, match=r"knows no user .* correct `sinks.pd.write_as`"):
        probes.notes(sink(rest, write_as))


def test_a_token_that_is_refused_is_named(rest: str) -> None:
    with pytest.raises(AdapterError, match=r"with AIOPS_PAGERDUTY_WRITE_TOKEN: .* answered 401"):
        probes.notes(sink(rest, token="old"))
