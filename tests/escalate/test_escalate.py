"""Pages that nobody acknowledges: each level is told once, in time, and hears of the end."""

from dataclasses import replace
from datetime import timedelta

import pytest

from aiops.domain.environment import Knowledge
from aiops.domain.incidents import Decision, Incident, IncidentState, Severity
from aiops.domain.notifications import DeliveryAction, Notification
from aiops.domain.policies import RESPONSE_TARGETS, EscalationLevel
from aiops.escalate import escalate
from aiops.route.notifications import plan
from tests.builders import minute
from tests.route.test_decision import incident, knowing
from tests.route.test_silence import silence

PATH = (
    EscalationLevel(severity="P1", after_seconds=300, sinks=("slack", "leads")),
    EscalationLevel(severity="P1", after_seconds=900, sinks=("managers",)),
    EscalationLevel(severity="P2", after_seconds=1800, sinks=("leads",)),
)


def paged(severity: Severity = Severity.P1, **extra: object) -> Incident:
    made = incident(severity, decision=Decision.PAGE, paged_at=minute(4), told=("pagerduty",))
    return replace(made, **extra)  # type: ignore[arg-type]


def along(*levels: EscalationLevel) -> Knowledge:
    return knowing(escalation=levels or PATH)


def words(told: tuple[Notification, ...]) -> list[tuple[str, DeliveryAction]]:
    return [(one.sink, one.action) for one in told]


def test_after_the_response_target_the_next_level_is_called_and_the_first_hears_so() -> None:
    assert escalate(paged(), minute(8.9), along()) == (paged(), ())
    after, told = escalate(paged(), minute(9), along())
    assert words(told) == [
        ("pagerduty", DeliveryAction.UPDATE),
        ("slack", DeliveryAction.TRIGGER),
        ("leads", DeliveryAction.TRIGGER),
    ]
    assert {one.revision for one in told} == {after.revision} == {2}
    assert after.told == ("pagerduty", "slack", "leads")
    assert after.timeline[-1].text == "not acknowledged within 5 min: slack, leads told"


def test_a_level_is_told_once_and_the_one_after_it_later() -> None:
    first, _ = escalate(paged(), minute(9), along())
    assert escalate(first, minute(18.9), along()) == (first, ())
    second, told = escalate(first, minute(19), along())
    assert ("managers", DeliveryAction.TRIGGER) in words(told)
    assert escalate(second, minute(500), along()) == (second, ())


def test_levels_that_were_missed_are_told_together() -> None:
    after, told = escalate(paged(), minute(60), along())
    calls = [sink for sink, action in words(told) if action is DeliveryAction.TRIGGER]
    assert calls == ["slack", "leads", "managers"]
    assert after.escalated == 2


@pytest.mark.parametrize(
    "quiet",
    [
        paged(state=IncidentState.ACKNOWLEDGED),
        paged(state=IncidentState.MITIGATED),
        paged(state=IncidentState.RESOLVED),
        paged(paged_at=None),
        paged(quiet_since=minute(6)),
        paged(Severity.P3),
    ],
    ids=["acknowledged", "mitigated", "resolved", "never paged", "quiet", "no path"],
)
def test_else_nobody_further_is_called(quiet: Incident) -> None:
    assert escalate(quiet, minute(60), along()) == (quiet, ())


def test_nobody_is_called_inside_a_silence_and_the_level_afterwards() -> None:
    held = [silence("env=prod")]
    assert escalate(paged(), minute(9), along(), held) == (paged(), ())
    assert escalate(paged(), minute(61), along())[1]


def test_a_path_of_its_own_for_each_severity() -> None:
    p2 = paged(Severity.P2)
    assert escalate(p2, minute(33), along()) == (p2, ())
    assert ("leads", DeliveryAction.TRIGGER) in words(escalate(p2, minute(34), along())[1])


def test_where_nobody_further_is_named_those_who_know_hear_that_it_waits() -> None:
    after, told = escalate(paged(), minute(9), along(*RESPONSE_TARGETS))
    assert words(told) == [("pagerduty", DeliveryAction.UPDATE)]
    assert "nobody further is named" in after.timeline[-1].text


def test_whoever_was_called_hears_of_the_end() -> None:
    after, _ = escalate(paged(), minute(9), along())
    over = replace(after, state=IncidentState.MITIGATED, revision=9)
    _, endings = plan(over, after, minute(30), along())
    assert words(endings) == [
        (sink, DeliveryAction.RESOLVE) for sink in ("pagerduty", "slack", "leads")
    ]


def test_the_clock_counts_from_the_page_and_not_from_the_fault() -> None:
    late = paged(paged_at=minute(4) + timedelta(seconds=30))
    assert escalate(late, minute(9), along()) == (late, ())
