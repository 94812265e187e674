from dataclasses import replace
from datetime import timedelta

import pytest

from aiops.domain.incidents import Cause, Decision, Incident, IncidentState, Severity
from aiops.domain.notifications import DeliveryAction
from aiops.route.notifications import STABLE_AFTER, plan
from tests.builders import cause, change, minute
from tests.route.test_decision import incident, knowing


def paging(**extra: object) -> Incident:
    return replace(incident(), decision=Decision.PAGE, **extra)  # type: ignore[arg-type]


def told(**extra: object) -> Incident:
    return paging(told=("pagerduty", "slack"), paged_at=minute(4), **extra)


def test_a_page_triggers_every_page_sink_once() -> None:
    first, triggers = plan(paging(), None, minute(4), knowing())
    again, nothing = plan(first, first, minute(5), knowing())
    assert [(one.sink, one.action) for one in triggers] == [
        ("pagerduty", DeliveryAction.TRIGGER),
        ("slack", DeliveryAction.TRIGGER),
    ]
    assert (again, nothing) == (first, ())


def test_a_p1_goes_out_at_once_and_a_p2_waits_for_company() -> None:
    _, at_once = plan(paging(), None, minute(4), knowing())
    p2 = paging(severity=Severity.P2, impacts=())
    settled, later = plan(p2, None, minute(4), knowing(settle_seconds=30))
    assert {one.not_before for one in at_once} == {minute(4)}
    assert {one.not_before for one in later} == {minute(4) + timedelta(seconds=30)}
    assert settled.paged_at == minute(4) + timedelta(seconds=30)


BLAMED = cause("payment-service", by=change())


def waiting(**extra: object) -> Incident:
    """Make a page that waits for company."""
    return paging(severity=Severity.P2, impacts=(), causes=(BLAMED,), **extra)


def test_a_page_waits_no_longer_once_its_first_cause_is_stable() -> None:
    policy = knowing(settle_seconds=30)
    first, _ = plan(waiting(updated_at=minute(4)), None, minute(4), policy)
    at = minute(4) + STABLE_AFTER
    known, told_now = plan(replace(first, updated_at=at), first, at, policy)
    assert first.paged_at == minute(4) + timedelta(seconds=30)
    assert known.paged_at == at
    assert told_now == ()


@pytest.mark.parametrize(
    ("causes", "after"),
    [
        ((BLAMED,), STABLE_AFTER / 2),
        ((replace(BLAMED, change=None),), STABLE_AFTER),
        ((replace(BLAMED, confidence=0.4),), STABLE_AFTER),
        ((), STABLE_AFTER),
    ],
)
def test_a_cause_that_is_new_or_unsure_or_just_looked_at_is_not_stable(
    causes: tuple[Cause, ...], after: timedelta
) -> None:
    policy = knowing(settle_seconds=30)
    first, _ = plan(waiting(updated_at=minute(4)), None, minute(4), policy)
    known, _ = plan(replace(first, causes=causes), first, minute(4) + after, policy)
    assert known.paged_at == first.paged_at


def test_a_page_that_becomes_a_p1_waits_no_longer() -> None:
    policy = knowing(settle_seconds=30)
    first, _ = plan(waiting(), None, minute(4), policy)
    at = minute(4) + timedelta(seconds=5)
    worse, _ = plan(replace(first, severity=Severity.P1), first, at, policy)
    assert worse.paged_at == at


def test_what_is_paged_keeps_the_time_it_was_paged_at() -> None:
    policy = knowing(settle_seconds=30)
    first, _ = plan(waiting(updated_at=minute(4)), None, minute(4), policy)
    later, _ = plan(first, first, minute(9), policy)
    assert later.paged_at == first.paged_at


def test_a_ticket_tells_the_ticket_sinks_and_a_later_page_only_the_others() -> None:
    ticket = replace(incident(), decision=Decision.TICKET)
    known, first = plan(ticket, None, minute(4), knowing())
    worse = replace(known, decision=Decision.PAGE, revision=2)
    _, second = plan(worse, known, minute(6), knowing())
    assert [one.sink for one in first] == ["slack"]
    assert known.paged_at is None
    assert [(one.sink, one.action) for one in second] == [
        ("slack", DeliveryAction.UPDATE),
        ("pagerduty", DeliveryAction.TRIGGER),
    ]


def test_a_record_tells_nobody() -> None:
    record = incident(Severity.P4)
    assert plan(record, None, minute(4), knowing()) == (record, ())


def test_a_new_revision_updates_whoever_was_told() -> None:
    _, updates = plan(told(revision=2), told(), minute(6), knowing())
    assert [(one.sink, one.action, one.revision) for one in updates] == [
        ("pagerduty", DeliveryAction.UPDATE, 2),
        ("slack", DeliveryAction.UPDATE, 2),
    ]


def test_an_acknowledgement_is_echoed_as_one() -> None:
    mine = told(revision=2, state=IncidentState.ACKNOWLEDGED)
    _, echoes = plan(mine, told(), minute(6), knowing())
    assert {one.action for one in echoes} == {DeliveryAction.ACKNOWLEDGE}


@pytest.mark.parametrize("state", [IncidentState.MITIGATED, IncidentState.RESOLVED])
def test_the_end_reaches_whoever_was_told_exactly_once(state: IncidentState) -> None:
    over = told(revision=3, state=state)
    _, endings = plan(over, told(revision=2), minute(20), knowing())
    later = replace(over, revision=4, state=IncidentState.RESOLVED)
    _, nothing = plan(later, over, minute(90), knowing())
    assert [(one.sink, one.action) for one in endings] == [
        ("pagerduty", DeliveryAction.RESOLVE),
        ("slack", DeliveryAction.RESOLVE),
    ]
    assert nothing == ()


def test_nobody_hears_the_end_of_what_nobody_heard_of() -> None:
    over = paging(revision=2, state=IncidentState.MITIGATED)
    assert plan(over, paging(), minute(20), knowing())[1] == ()


def test_what_a_merged_link_told_is_ended() -> None:
    link = told(revision=2, state=IncidentState.MERGED, merged_into="INC-1000")
    _, endings = plan(link, told(), minute(6), knowing())
    assert {one.action for one in endings} == {DeliveryAction.RESOLVE}
