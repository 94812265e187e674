"""What people say of an incident: it wins over automation, whatever the order it comes in."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aiops.domain.incidents import Incident, IncidentState
from aiops.domain.policies import LifePolicy
from aiops.domain.timeline import TimelineEntry, TimelineKind
from aiops.domain.words import Effect, Place, Saying, Verb
from aiops.incident import life, words
from tests.builders import ended, heard, minute, saying, shop, story
from tests.incident.scenes import incident

POLICY = LifePolicy(mitigated_after_seconds=600, watch_seconds=3600)
ENDS = (Verb.MITIGATE, Verb.RESOLVE, Verb.DISMISS)


def aged(one: Incident, at: float) -> Incident:
    return life.advance_life(one, minute(at), POLICY, shop())


def said(one: Incident) -> list[TimelineEntry]:
    return [entry for entry in one.timeline if entry.kind is TimelineKind.PERSON]


def test_who_acknowledges_first_has_it() -> None:
    taken = heard(incident(), Verb.ACKNOWLEDGE, "ann", 6)
    assert (taken.state, taken.acknowledged_by) == (IncidentState.ACKNOWLEDGED, "ann")
    assert taken.acknowledged_at == minute(6)
    assert taken.revision == incident().revision + 1
    both = words.hear(taken, saying(Verb.ACKNOWLEDGE, "bob", 7))
    assert (both.effect, both.incident.acknowledged_by) == (Effect.NOTED, "ann")


def test_a_word_that_arrives_late_counts_from_when_it_was_said() -> None:
    late = heard(heard(incident(), Verb.ACKNOWLEDGE, "bob", 9), Verb.ACKNOWLEDGE, "ann", 6)
    assert (late.acknowledged_by, late.acknowledged_at) == ("ann", minute(6))


def test_said_twice_it_changes_nothing_and_says_so() -> None:
    for verb in Verb:
        once = heard(incident(), verb)
        assert words.hear(once, saying(verb)) == words.Heard(incident=once, effect=Effect.ALREADY)


def test_the_last_to_assign_is_right_and_no_tick_takes_it_away() -> None:
    to_bob = saying(Verb.ASSIGN, at=5, about="bob")
    to_eve = saying(Verb.ASSIGN, at=7, about="eve")
    given_twice = words.hear(words.hear(incident(), to_eve).incident, to_bob).incident
    assert given_twice.assignee == "eve"
    assert aged(given_twice, 60).assignee == "eve"
    assert [one.text for one in said(given_twice)] == [
        "assigned to bob by ann",
        "assigned to eve by ann",
    ]


def test_mitigated_stops_the_clock_begins_the_watch_and_stays_although_symptoms_go_on() -> None:
    calm = heard(incident(), Verb.MITIGATE, at=10)
    assert (calm.state, calm.mitigated_at) == (IncidentState.MITIGATED, minute(10))
    assert calm.mitigated_by == "ann"
    assert aged(calm, 30).state is IncidentState.MITIGATED
    quiet = replace(calm, symptoms=tuple(ended(one, 20) for one in calm.symptoms))
    assert aged(quiet, 69).state is IncidentState.MITIGATED
    assert aged(quiet, 70).state is IncidentState.RESOLVED


def test_resolved_closes_it_without_a_watch_as_of_when_users_stopped_meeting_it() -> None:
    over = incident([ended(one, 8) for one in story()], at=9)
    done = heard(aged(over, 9), Verb.RESOLVE, at=12)
    assert (done.state, done.resolved_at) == (IncidentState.RESOLVED, minute(8))
    assert heard(incident(), Verb.RESOLVE, at=12).resolved_at == minute(12)
    assert aged(done, 500) == done


def test_what_is_no_incident_is_closed_whoever_is_still_sick() -> None:
    none = heard(incident(), Verb.DISMISS, at=6)
    assert (none.state, none.dismissed_by) == (IncidentState.RESOLVED, "ann")
    assert aged(none, 500) == none


def test_what_fixed_it_and_whether_it_helped_moves_nothing() -> None:
    for verb in (Verb.FIXED, Verb.USEFUL, Verb.NOT_USEFUL):
        after = words.hear(incident(), saying(verb, about="a roll-back")).incident
        assert after.state is IncidentState.OPEN
        assert after.revision == incident().revision + 1
    assert words.hear(incident(), saying(Verb.FIXED, about="luck")).incident.fixed_by == "luck"


def test_a_word_on_an_earlier_episode_or_a_link_changes_nothing() -> None:
    again = life.reopen(heard(incident(), Verb.MITIGATE), minute(20))
    old = words.hear(again, saying(Verb.RESOLVE, at=21, episode=1))
    assert old == words.Heard(incident=again, effect=Effect.EARLIER_EPISODE)
    link = replace(incident(), state=IncidentState.MERGED, merged_into="INC-7")
    assert words.hear(link, saying(Verb.ACKNOWLEDGE)).effect is Effect.MERGED


def test_a_new_episode_is_nobodys_yet_but_keeps_who_it_was_given_to() -> None:
    one = words.hear(incident(), saying(Verb.ASSIGN, about="bob")).incident
    one = heard(heard(one, Verb.ACKNOWLEDGE), Verb.MITIGATE)
    again = life.reopen(one, minute(20))
    assert (again.acknowledged_by, again.mitigated_by, again.assignee) == ("", "", "bob")
    assert heard(again, Verb.ACKNOWLEDGE, at=21).acknowledged_by == "ann"
    assert len(said(heard(again, Verb.ACKNOWLEDGE, at=21))) == 4


@pytest.mark.parametrize(
    ("verb", "text"),
    [
        (Verb.ACKNOWLEDGE, "acknowledged by ann on Slack: looking"),
        (Verb.ASSIGN, "assigned to bob by ann on Slack: looking"),
        (Verb.MITIGATE, "mitigated, said ann on Slack: looking"),
        (Verb.RESOLVE, "resolved by ann on Slack: looking"),
        (Verb.FIXED, "fixed by bob, said ann on Slack: looking"),
        (Verb.DISMISS, "not an incident, said ann on Slack: looking"),
        (Verb.USEFUL, "useful, said ann on Slack: looking"),
        (Verb.NOT_USEFUL, "not useful, said ann on Slack: looking"),
    ],
)
def test_the_timeline_says_what_who_where_and_why(verb: Verb, text: str) -> None:
    word = saying(verb, about="bob", place=Place.SLACK, why="looking")
    assert [one.text for one in said(words.hear(incident(), word).incident)] == [text]


SAYINGS = st.builds(
    saying,
    st.sampled_from(Verb),
    st.sampled_from(("ann", "bob")),
    st.integers(4, 9),
    about=st.sampled_from(("eve", "dan")),
    place=st.sampled_from(Place),
    why=st.sampled_from(("", "a load test")),
    episode=st.sampled_from((None, 1, 2)),
)


def told(one: Incident) -> Incident:
    """Return an incident without the count of its revisions, which does depend on the order."""
    return replace(one, revision=0)


@given(st.data())
def test_any_order_and_repetition_of_words_leaves_the_same_incident(data: st.DataObject) -> None:
    sayings: list[Saying] = data.draw(st.lists(SAYINGS, max_size=8))
    repeated = data.draw(st.lists(st.sampled_from(sayings), max_size=4)) if sayings else []
    shuffled = data.draw(st.permutations(sayings + repeated))
    straight, other = incident(), incident()
    for one in sayings:
        straight = words.hear(straight, one).incident
    for one in shuffled:
        other = words.hear(other, one).incident
    assert told(straight) == told(other)


@given(st.lists(st.tuples(SAYINGS, st.integers(0, 90)), max_size=8))
def test_no_tick_takes_a_persons_word_back(steps: list[tuple[Saying, int]]) -> None:
    one, at = incident(), 10
    for word, waited in steps:
        before = one
        one = words.hear(one, word).incident
        if word.verb in ENDS and word.episode != 2:
            assert not one.is_live
        assert words.ORDER.index(one.state) >= words.ORDER.index(before.state)
        at += waited
        later = aged(one, at)
        assert words.ORDER.index(later.state) >= words.ORDER.index(one.state)
        assert said(later) == said(one)
        one = later
