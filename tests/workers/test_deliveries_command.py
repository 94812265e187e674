"""`aiops deliveries`: what waits, what was given up, and trying it again."""

import json

import pytest
from typer.testing import CliRunner

from aiops.domain.errors import DeliveryError
from aiops.domain.notifications import DeliveryAction
from aiops.store.audit import AuditLog
from tests.builders import minute
from tests.store.makers import incident, notification, state_of
from tests.workers.installation import Installation, refusal
from workers import cli


@pytest.fixture
def shop(parts: Installation, monkeypatch: pytest.MonkeyPatch) -> Installation:
    """An installation whose page was refused for good, with an update of the message waiting."""
    parts.hand.at = minute(5)
    one = incident()
    _, version = parts.incidents.load("prod")
    page, message = parts.incidents.commit(
        version,
        state_of(one),
        revisions=[one],
        notifications=[notification(), notification(sink="slack")],
        now=minute(5),
    )
    parts.told["pagerduty"].failures = [DeliveryError("no such key", retryable=False)]
    parts.told["slack"].failures = [refusal()]
    parts.deliver.run(page)
    parts.deliver.run(message)
    monkeypatch.setattr("workers.commands.deliveries.client", lambda _config: parts)
    return parts


def said(*words: str, code: int = 0) -> str:
    done = CliRunner().invoke(cli.app, ["deliveries", *words])
    assert done.exit_code == code, done.output
    return done.output


@pytest.mark.usefixtures("shop")
def test_it_says_what_waits_what_was_given_up_and_why() -> None:
    assert said("list").splitlines() == [
        "pagerduty: takes what it is told",
        "slack: takes what it is told",
        "     2  18 Apr 10:05  INC-1001  trigger to slack: pending, tried 1 times: answered 500",
        "     1  18 Apr 10:05  INC-1001  trigger to pagerduty: dead, no such key",
    ]
    assert "slack: pending" not in said("list", "--state", "dead")
    assert "no delivery is superseded" in said("list", "--state", "superseded")


@pytest.mark.usefixtures("shop")
def test_a_machine_reads_the_same() -> None:
    content = json.loads(said("list", "--json"))
    assert content["sinks"]["slack"]["failures"] == 1
    dead = content["deliveries"][1]
    assert (dead["id"], dead["state"], dead["dead_reason"]) == (1, "dead", "no such key")


def test_what_was_given_up_is_sent_again_on_a_persons_word(shop: Installation) -> None:
    told = said("replay", "1", "2", "--by", "ann", "--why", "mended", code=1)
    assert "1 will be sent again" in told
    assert "2 is not dead" in told
    shop.drain(without=["deliver.next"])
    assert shop.told["pagerduty"].actions() == [DeliveryAction.TRIGGER]
    (entry,) = AuditLog(shop._engine).entries(subject="delivery 1")
    assert (entry.actor, entry.action, entry.detail) == ("ann", "replay", "mended")
    assert said("replay", "--all") == "nothing is dead\n"


@pytest.mark.usefixtures("shop")
def test_numbers_or_all_but_not_both() -> None:
    assert "one of the two" in said("replay", code=2)
    assert "one of the two" in said("replay", "1", "--all", code=2)
