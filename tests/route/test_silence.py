"""What a silence covers, and what is decided of it."""

from dataclasses import replace

import pytest

from aiops.domain.environment import EnvTick
from aiops.domain.incidents import Decision, IncidentState, Reason, Severity
from aiops.domain.reach import BlastRadius
from aiops.domain.silences import Silence, parse_matcher
from aiops.pipeline import decide
from aiops.route.silence import is_covered, silence_of
from tests.builders import checkout_errors, ended, minute, series, story, symptom
from tests.route.test_decision import incident, knowing

CHECKOUT = (symptom(checkout_errors("EU")),)


def silence(*matchers: str, ends: float = 60, name: str = "SIL-1") -> Silence:
    return Silence(
        id=name,
        matchers=tuple(parse_matcher(one) for one in matchers),
        starts_at=minute(0),
        ends_at=minute(ends),
        author="ann",
        why="load test",
        created_at=minute(0),
    )


def tick(at: float, *silences: Silence) -> EnvTick:
    return EnvTick(at=minute(at), silences=silences)


@pytest.mark.parametrize(
    ("matcher", "expected"),
    [
        ("service=checkout", True),
        ("service=search", False),
        ("region=EU", True),
        ("region=US", False),
        ("segment=", True),
        ("metric=error_ratio", True),
        ("operation=/checkout", True),
        ("severity=P1", True),
        ("severity=~P[34]", False),
        ("journey=checkout", True),
        ("owner=shop", True),
        ("env=prod", True),
        ("family=errors", True),
        ("kind=anomaly", True),
        ("incident=INC-1001", True),
        ("incident=INC-1002", False),
    ],
)
def test_a_silence_speaks_of_a_symptom_and_of_its_incident(matcher: str, expected: bool) -> None:
    made = incident(symptoms=CHECKOUT, owner="shop", blast=BlastRadius(journeys=("checkout",)))
    assert is_covered(made, [parse_matcher(matcher)]) is expected


def test_one_open_symptom_outside_is_enough_to_tell_people() -> None:
    service = [parse_matcher("service=checkout")]
    elsewhere = symptom(series("search", "latency_seconds", unit="s"))
    assert is_covered(incident(symptoms=CHECKOUT), service)
    assert not is_covered(incident(symptoms=(*CHECKOUT, elsewhere)), service)
    assert is_covered(incident(symptoms=(*CHECKOUT, ended(elsewhere, 5))), service)


def test_of_several_silences_the_one_that_ends_last_is_named() -> None:
    short, long = silence("env=prod"), silence("service=checkout", ends=90, name="SIL-2")
    assert silence_of(incident(symptoms=CHECKOUT), [long, short]) is long
    assert silence_of(incident(symptoms=CHECKOUT), [silence("service=search")]) is None


def test_what_opens_inside_a_silence_is_recorded_with_the_reason_and_told_to_nobody() -> None:
    made, told = decide(incident(), None, tick(4, silence("env=prod")), knowing())
    assert (made.decision, made.decision_reason) == (Decision.NONE, Reason.SILENCED)
    assert made.decision_note == "SIL-1 by ann until 18 Apr 11:00 UTC: load test"
    assert told == ()
    assert made.told == ()
    said = f"recorded only: {made.decision_reason} ({made.decision_note})"
    assert said in [one.text for one in made.timeline]


def test_what_is_still_alive_when_the_silence_ends_is_told_then_as_it_is_by_then() -> None:
    held, _ = decide(incident(), None, tick(4, silence("env=prod")), knowing())
    free, told = decide(held, held, tick(60), knowing())
    assert (free.decision, free.decision_reason) == (Decision.PAGE, Reason.MONEY_LOST)
    assert free.decision_note == ""
    assert [one.sink for one in told] == ["pagerduty", "slack"]
    assert {one.revision for one in told} == {free.revision} == {held.revision + 1}


def test_what_is_quiet_when_the_silence_ends_calls_nobody() -> None:
    held, _ = decide(incident(), None, tick(4, silence("env=prod")), knowing())
    _, told = decide(replace(held, quiet_since=minute(55)), held, tick(60), knowing())
    assert told == ()


def test_a_ticket_that_was_told_is_not_made_a_page_inside_a_silence() -> None:
    ticket, _ = decide(incident(Severity.P3), None, tick(4), knowing())
    worse = replace(ticket, severity=Severity.P1, revision=2)
    held, told = decide(worse, ticket, tick(5, silence("env=prod")), knowing())
    assert (held.decision, held.decision_reason) == (Decision.TICKET, Reason.SILENCED)
    assert "pagerduty" not in {one.sink for one in told}
    assert "slack" in {one.sink for one in told}, "who was told is told how it goes on"
    free, told = decide(held, held, tick(60), knowing())
    assert free.decision is Decision.PAGE
    assert "pagerduty" in {one.sink for one in told}


def test_what_was_told_before_hears_of_its_end_inside_a_silence() -> None:
    paged, _ = decide(incident(), None, tick(4), knowing())
    over = replace(paged, state=IncidentState.MITIGATED, revision=2)
    _, told = decide(over, paged, tick(20, silence("env=prod")), knowing())
    assert [(one.sink, one.action.value) for one in told] == [
        ("pagerduty", "resolve"),
        ("slack", "resolve"),
    ]


def test_a_page_decided_while_catching_up_waits_for_the_end_of_a_silence_too() -> None:
    past, _ = decide(incident(), None, replace(tick(4), live=False), knowing())
    assert past.decision is Decision.PAGE
    held, told = decide(past, past, tick(5, silence("env=prod")), knowing())
    assert (held.decision_reason, told) == (Reason.SILENCED, ())


def test_a_story_with_a_service_outside_the_silence_pages() -> None:
    made = incident(symptoms=story())
    _, told = decide(made, None, tick(4, silence("service=checkout")), knowing())
    assert told
