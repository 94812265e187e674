"""How many alerts an owner gets in a day, and what becomes of the rest."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from aiops.domain.digests import HeldBack
from aiops.domain.environment import EnvTick, Knowledge
from aiops.domain.incidents import Decision, Incident, IncidentState, Reason, Severity
from aiops.domain.journeys import Team
from aiops.domain.symptoms import Origin
from aiops.pipeline import decide
from aiops.route.attention import digest_of
from tests.builders import minute
from tests.route.test_decision import incident, knowing

FIVE = minute(5)


def limited(alerts: int = 2, **paging: object) -> Knowledge:
    return knowing(alerts_per_day=alerts, **paging)


def told_at(*moments: datetime, owner: str = "payments", number: int = 1) -> Incident:
    return incident(id=f"INC-{number}", owner=owner, alerted=moments, told=("slack",))


def fresh(severity: Severity = Severity.P2, **extra: object) -> Incident:
    made = incident(severity, owner="payments", owner_title="Payments team")
    return replace(made, **extra)  # type: ignore[arg-type]


def decided(
    made: Incident, others: Sequence[Incident], known: Knowledge, at: datetime = FIVE
) -> Incident:
    after, told = decide(made, made, EnvTick(at=at), known, others)
    assert bool(told) == bool(set(after.told) - set(made.told))
    return after


TWO = (told_at(minute(1)), told_at(minute(2), number=2))


def test_what_would_be_one_too_many_is_recorded_for_the_digest_and_told_to_nobody() -> None:
    held = decided(fresh(), TWO, limited())
    assert (held.decision, held.decision_reason) == (Decision.NONE, Reason.BUDGET_SPENT)
    assert held.decision_note == "2 alerts for Payments team on 18 Apr (UTC)"
    assert held.told == ()
    assert held.alerted == ()


def test_a_p1_always_goes_through_and_counts() -> None:
    paged = decided(fresh(Severity.P1), TWO, limited())
    assert paged.decision is Decision.PAGE
    assert paged.alerted == (minute(5),)


def test_what_becomes_a_p1_while_it_is_held_goes_through() -> None:
    held = decided(fresh(), TWO, limited())
    worse = decided(replace(held, severity=Severity.P1), TWO, limited())
    assert worse.decision is Decision.PAGE
    assert worse.revision > held.revision, "it is told as it is now"


@pytest.mark.parametrize(
    ("others", "known"),
    [
        (TWO[:1], limited()),
        (TWO, limited(3)),
        (TWO, limited(0)),
        (TWO, limited(digest_sinks=())),
        (TWO, replace(limited(), origin=Origin.DRILL)),
        ((told_at(minute(1)), told_at(minute(2), owner="search", number=2)), limited()),
        ((told_at(minute(1)), told_at(minute(-60 * 24), number=2)), limited()),
        ((told_at(minute(1)), incident(id="INC-2", owner="payments")), limited()),
    ],
    ids=[
        "budget left",
        "a larger budget",
        "no budget",
        "nobody takes digests",
        "a drill",
        "another owner's",
        "yesterday's",
        "nobody was told",
    ],
)
def test_else_people_are_told(others: Sequence[Incident], known: Knowledge) -> None:
    assert decided(fresh(), others, known).decision is Decision.PAGE


def test_episodes_count_one_by_one() -> None:
    assert decided(fresh(), [told_at(minute(1), minute(2))], limited()).told == ()


def test_a_ticket_that_was_told_may_become_a_page() -> None:
    ticket = fresh(decision=Decision.TICKET, told=("slack",), alerted=(minute(3),))
    assert decided(ticket, TWO, limited()).decision is Decision.PAGE


def test_a_day_is_one_of_the_owners_zone_and_what_is_alive_is_told_on_the_next() -> None:
    tokyo = Team(name="payments", title="Payments team", zone="Asia/Tokyo")
    known = replace(limited(), teams=(tokyo,))
    held = decided(fresh(), TWO, known)
    assert "(Asia/Tokyo)" in held.decision_note
    midnight = datetime(2026, 4, 18, 15, tzinfo=UTC)
    assert decided(held, TWO, known, midnight - timedelta(minutes=1)).told == ()
    assert decided(held, TWO, known, midnight).decision is Decision.PAGE


HELD = HeldBack(incident_id="INC-1001", episode=1, owner="payments", held_at=minute(5))


def test_a_digest_holds_the_worst_first_with_how_each_stands() -> None:
    over = incident(Severity.P3, id="INC-9", state=IncidentState.RESOLVED, title="slow search")
    held = [HELD, replace(HELD, incident_id="INC-9", held_at=minute(7))]
    made = digest_of(held, [over, fresh()], minute(65), limited())
    assert made is not None
    assert made.title == "2 more incidents for Payments team"
    assert made.since == minute(5)
    assert [(one.incident_id, one.severity, one.text) for one in made.entries] == [
        ("INC-1001", "P2", "EU checkout failures (open, since 10:03 UTC)"),
        ("INC-9", "P3", "slow search (resolved, since 10:03 UTC)"),
    ]


def test_what_was_told_by_itself_meanwhile_is_left_out() -> None:
    assert digest_of([HELD], [fresh(told=("slack",))], minute(65), limited()) is None
    later = fresh(told=("slack",), episode=2)
    assert digest_of([HELD], [later], minute(65), limited()) is not None
