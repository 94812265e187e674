"""What a postmortem asks of an incident's times."""

from dataclasses import replace
from datetime import timedelta

import pytest

from aiops.domain.changes import Change, ChangeKind
from aiops.domain.words import Verb
from aiops.incident.aftermath import aftermath
from tests.builders import cause, change, heard, minute
from tests.incident.scenes import DEPLOY, incident

FLAG = change("checkout", kind=ChangeKind.FLAG, ref="new-cart")
BACK = change(at=15, ref="2026.04.18-2", reverts=DEPLOY.ref)


def test_times_are_measured_from_the_onset() -> None:
    taken = heard(replace(incident(), paged_at=minute(6)), Verb.ACKNOWLEDGE, at=8)
    asked = aftermath(heard(taken, Verb.RESOLVE, at=40))
    assert asked.noticed_after == timedelta(minutes=1)
    assert asked.detected_after == timedelta(minutes=2)
    assert asked.paged_after == timedelta(minutes=3)
    assert asked.acknowledged_after == timedelta(minutes=5)
    assert asked.mitigated_after == timedelta(minutes=37)
    assert asked.resolved_after == timedelta(minutes=37)


def test_what_goes_on_was_not_resolved_yet() -> None:
    asked = aftermath(incident())
    assert (asked.resolved_after, asked.paged_after, asked.rolled_back_after) == (None, None, None)


@pytest.mark.parametrize(
    ("blamed", "back"),
    [
        (DEPLOY, BACK),
        (DEPLOY, change(at=15, ref="an older one", reverts="whatever stood there")),
        (FLAG, replace(FLAG, id="off", started_at=minute(15), status="off")),
    ],
)
def test_the_time_to_rollback_is_that_of_the_change_that_takes_the_blamed_one_back(
    blamed: Change, back: Change
) -> None:
    made = incident(causes=(cause(blamed.service, by=blamed),), changes=(blamed, back), at=20)
    assert made.rolled_back == back
    assert aftermath(made).rolled_back_after == timedelta(minutes=12)


def test_a_flag_that_is_over_was_switched_off() -> None:
    over = replace(FLAG, ended_at=minute(15), status="on")
    made = incident(causes=(cause("checkout", by=FLAG),), changes=(over,), at=20)
    assert aftermath(made).rolled_back_after == timedelta(minutes=12)
    assert "flag new-cart switched off in checkout" in [one.text for one in made.timeline]
    deploy = replace(DEPLOY, ended_at=minute(15), status="finished")
    assert incident(changes=(deploy,), at=20).rolled_back is None


@pytest.mark.parametrize(
    "other",
    [
        change(at=15, ref="2026.04.18-4"),
        change("search", at=15, ref="1", reverts="0"),
        change(at=2, ref="2026.04.18-2", reverts=DEPLOY.ref),
    ],
)
def test_another_deploy_another_service_or_an_earlier_moment_is_no_rollback(other: Change) -> None:
    assert incident(changes=(DEPLOY, other), at=20).rolled_back is None


def test_a_rollback_is_remembered_when_it_is_too_old_to_be_told_of_again() -> None:
    once = incident(changes=(DEPLOY, BACK), at=20)
    assert incident(previous=once, changes=(), at=3000).rolled_back == BACK


def test_a_rollback_of_what_is_not_blamed_any_more_is_forgotten() -> None:
    once = incident(changes=(DEPLOY, BACK), at=20)
    assert incident(previous=once, causes=(cause("search"),), at=30).rolled_back is None
