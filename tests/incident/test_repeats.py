"""Incidents that were there before, and how often."""

from dataclasses import replace
from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from aiops.domain.incidents import Incident, IncidentState
from aiops.domain.policies import LifePolicy
from aiops.incident import life
from aiops.incident.repeats import COUNTED, repeat_words, repeating
from tests.builders import cause, ended, minute, series, shop, story, symptom
from tests.incident.scenes import incident

WATCH = LifePolicy(mitigated_after_seconds=600, watch_seconds=3600)
DAY = 24 * 60


def past(at: float = 20) -> Incident:
    """Make the story's incident, over at a minute and no longer watched."""
    made = incident([ended(one, at) for one in story()], at=at)
    for later in (10, 80):
        made = life.advance_life(made, minute(at + later), WATCH, shop())
    assert made.state is IncidentState.RESOLVED
    return made


def begun(at: float, name: str = "INC-1002") -> Incident:
    """Make the story's incident as it begins once more."""
    return replace(incident(name=name), started_at=minute(at))


def test_the_same_trouble_within_a_week_repeats_the_earlier_incident() -> None:
    assert repeating(begun(2000), (past(),), minute(2000)).repeat_of == "INC-1001"
    assert repeating(begun(8 * DAY), (past(),), minute(8 * DAY)).repeat_of is None
    assert repeating(begun(2000), (incident(),), minute(2000)).repeat_of is None


def test_a_repeat_is_known_when_only_the_first_of_it_has_fallen_ill() -> None:
    first = incident(story()[1:2], name="INC-1002")
    assert repeating(first, (past(),), minute(2000)).repeat_of == "INC-1001"
    other_cause = replace(first, causes=(cause("search"),))
    assert repeating(other_cause, (past(),), minute(2000)).repeat_of is None


def test_other_trouble_repeats_nothing() -> None:
    other = incident([symptom(series("search", "latency_seconds"))], name="INC-1002", causes=())
    assert repeating(other, (past(),), minute(2000)) == other
    us = replace(incident(name="INC-1003"), blast=replace(past().blast, regions=("US",)))
    assert repeating(us, (past(),), minute(2000)) == us


def test_what_happens_for_the_third_time_says_so() -> None:
    first = past()
    second = repeating(begun(2000), (first,), minute(2000))
    assert repeat_words(first) == ""
    assert repeat_words(second) == "2nd time in 30 days"

    over = replace(second, state=IncidentState.RESOLVED, resolved_at=minute(2050))
    third = repeating(begun(4000, "INC-1003"), (first, over), minute(4000))
    assert (third.repeat_of, repeat_words(third)) == ("INC-1002", "3rd time in 30 days")
    assert third.earlier == (first.started_at, second.started_at)


def test_what_was_there_a_month_ago_is_not_counted_any_more() -> None:
    chain = past()
    for week in range(1, 7):
        at = week * 6 * DAY
        fresh = repeating(begun(at, f"INC-{1001 + week}"), (chain,), minute(at))
        chain = replace(fresh, state=IncidentState.RESOLVED, resolved_at=minute(at + 30))
    assert repeat_words(chain) == "6th time in 30 days"
    assert all(one >= chain.started_at - COUNTED for one in chain.earlier)


def test_a_return_inside_the_watch_is_counted_as_well() -> None:
    calm = life.advance_life(
        incident([ended(one, 20) for one in story()], at=20), minute(30), WATCH, shop()
    )
    again = life.reopen(calm, minute(35))
    assert repeat_words(again) == "2nd time in 30 days"
    assert again.earlier == (calm.started_at,)


@given(st.lists(st.integers(min_value=1, max_value=20 * DAY), max_size=12))
def test_the_times_counted_lie_in_order_before_it_and_within_a_month(gaps: list[int]) -> None:
    current, at = past(), 100
    for number, gap in enumerate(gaps):
        at += gap
        fresh = repeating(begun(at, f"INC-{2000 + number}"), (current,), minute(at))
        assert list(fresh.earlier) == sorted(fresh.earlier)
        within = fresh.started_at - timedelta(days=30)
        assert all(within <= one < fresh.started_at for one in fresh.earlier)
        assert bool(fresh.earlier) == (fresh.repeat_of is not None)
        current = replace(fresh, state=IncidentState.RESOLVED, resolved_at=minute(at))
