"""The runbooks shipped with the product: read, precise, and fitting the demo's shop."""

from importlib.resources import files

import pytest

from aiops.advise.parse import parse_runbook
from aiops.demo.shop import Story
from aiops.domain.journeys import Runbook
from aiops.domain.series import Family

RUNBOOKS = [
    parse_runbook(path.read_text(encoding="utf-8"), path.name)
    for path in sorted(files("runbooks").iterdir(), key=lambda path: path.name)
    if path.name.endswith(".md")
]
VAGUE = ("check the logs", "verify things", "look around", "investigate")


def test_the_runbook_of_the_story_is_there() -> None:
    (runbook,) = [runbook for runbook in RUNBOOKS if runbook.id == "RB-17"]

    assert runbook.title == "Payment gateway errors"
    assert runbook.owner == "payments"
    assert "payment-service" in runbook.services
    assert len({one.id for one in RUNBOOKS}) == len(RUNBOOKS) >= 7


@pytest.mark.parametrize("runbook", RUNBOOKS, ids=lambda runbook: runbook.id)
def test_a_runbook_says_what_to_look_at_and_when_to_do_what(runbook: Runbook) -> None:
    assert runbook.reviewed_at is not None
    assert len(runbook.steps) >= 4
    assert set(runbook.families) <= {family.value for family in Family}
    assert sum(bool(step.condition) for step in runbook.steps) >= len(runbook.steps) - 1
    assert sum(bool(step.query) for step in runbook.steps) >= 2
    assert not [word for word in VAGUE if word in runbook.text.lower()]
    assert runbook.text.startswith(f"# {runbook.id}: ")


@pytest.mark.parametrize("runbook", RUNBOOKS, ids=lambda runbook: runbook.id)
def test_a_step_that_acts_asks_for_a_person(runbook: Runbook) -> None:
    assert all(1 <= step.level <= 2 for step in runbook.steps if step.action)


def test_services_and_owners_of_runbooks_are_those_of_the_shop() -> None:
    config = Story().config()

    for runbook in RUNBOOKS:
        assert set(runbook.services) <= set(config["services"])
        assert runbook.owner in config["teams"]
