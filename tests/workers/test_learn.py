"""Ended incident → memory."""

from dataclasses import replace

import pytest

from aiops.domain.incidents import Incident, IncidentState
from aiops.domain.outcomes import Outcome
from aiops.domain.symptoms import Origin
from tests.builders import change, minute, story
from tests.store.makers import incident, state_of
from tests.workers.installation import Installation

ROLLBACK = change(at=14, ref="2026.04.17-5", reverts="2026.04.18-3")


def ended(state: IncidentState = IncidentState.MITIGATED) -> Incident:
    return replace(
        incident(symptoms=story(), state=state),
        quiet_since=minute(16),
        mitigated_at=minute(26),
        updated_at=minute(26),
    )


@pytest.fixture
def after(parts: Installation) -> Installation:
    for one in (change(), ROLLBACK):
        parts.changes.record(one, received_at=one.started_at)
    parts.incidents.commit(0, state_of(ended()), revisions=[ended()], now=minute(26))
    return parts


def test_what_ended_an_incident_is_remembered(after: Installation) -> None:
    after.learn.run("INC-1001")
    (past,) = after.memory.recall()
    assert past.incident_id == "INC-1001"
    assert past.cause_service == "payment-service"
    assert past.action == "roll_back"
    assert "2026.04.17-5" in past.fixed_by


def test_remembering_twice_changes_nothing(after: Installation) -> None:
    after.learn.run("INC-1001")
    once = after.memory.recall(), after.memory.outcomes("INC-1001")
    after.learn.run("INC-1001")
    assert (after.memory.recall(), after.memory.outcomes("INC-1001")) == once
    assert len(once[0]) == len(once[1]) == 1


def test_a_persons_word_outranks_what_the_record_says(after: Installation) -> None:
    said = Outcome(
        incident_id="INC-1001",
        at=minute(20),
        fixed_by="restarted the pool",
        action="restart",
        judged_by="ann",
    )
    after.memory.judge(said, origin=Origin.LIVE)
    after.learn.run("INC-1001")
    (past,) = after.memory.recall()
    assert (past.fixed_by, past.action) == ("restarted the pool", "restart")


def test_nothing_is_learnt_of_an_incident_that_goes_on(parts: Installation) -> None:
    live = incident(symptoms=story())
    parts.incidents.commit(0, state_of(live), revisions=[live], now=minute(5))
    parts.learn.run("INC-1001")
    parts.learn.run("INC-4711")
    assert not parts.memory.recall()


def test_an_ended_incident_that_nobody_remembered_is_found_again(after: Installation) -> None:
    after.tasks.tasks.clear()
    after.learn.sweep()
    assert list(after.tasks.tasks) == [("learn.remember", ("INC-1001",))]
    after.drain()
    after.learn.sweep()
    assert after.memory.recall()
    assert not after.tasks.tasks


def test_a_later_ending_is_remembered_anew(after: Installation) -> None:
    after.learn.run("INC-1001")
    _, version = after.incidents.load("prod")
    over = replace(
        ended(IncidentState.RESOLVED), revision=9, updated_at=minute(60), resolved_at=minute(16)
    )
    after.incidents.commit(version, state_of(over), revisions=[over], now=minute(60))
    after.tasks.tasks.clear()
    after.learn.sweep()
    assert list(after.tasks.tasks) == [("learn.remember", ("INC-1001",))]


def test_an_incident_that_goes_on_waits_for_its_end(parts: Installation) -> None:
    live = incident(symptoms=story())
    parts.incidents.commit(0, state_of(live), revisions=[live], now=minute(5))
    parts.tasks.tasks.clear()
    parts.learn.sweep()
    assert not parts.tasks.tasks
