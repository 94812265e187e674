"""How an incident lives and ends."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aiops.domain.incidents import Decision, Incident, IncidentState
from aiops.domain.policies import LifePolicy
from aiops.domain.symptoms import SymptomKind, SymptomState
from aiops.domain.words import Verb
from aiops.incident import life
from tests.builders import (
    candidate,
    checkout_errors,
    ended,
    heard,
    minute,
    series,
    shop,
    story,
    symptom,
)
from tests.incident.scenes import incident

POLICY = LifePolicy(mitigated_after_seconds=600, watch_seconds=3600)
ORDER = (
    IncidentState.OPEN,
    IncidentState.ACKNOWLEDGED,
    IncidentState.MITIGATED,
    IncidentState.RESOLVED,
)


def aged(one: Incident, at: float) -> Incident:
    return life.advance_life(one, minute(at), POLICY, shop())


def over(at: float = 20) -> Incident:
    """Make the story's incident with all its symptoms ended at a minute."""
    return incident([ended(one, at) for one in story()], at=at)


def watched() -> Incident:
    return aged(over(), 30)


def test_an_incident_with_an_open_visible_symptom_stays_open() -> None:
    made = incident()
    assert aged(made, 500) == made


def test_ten_quiet_minutes_mitigate() -> None:
    assert aged(over(), 29).state is IncidentState.OPEN
    assert aged(over(), 29).quiet_since == minute(20)
    calm = watched()
    assert (calm.state, calm.mitigated_at) == (IncidentState.MITIGATED, minute(30))
    assert calm.revision == over().revision + 1
    assert calm.timeline[-1].text == "mitigated: quiet for 10 minutes"


def test_an_hour_of_watch_resolves_as_of_when_users_stopped_meeting_it() -> None:
    assert aged(watched(), 89).state is IncidentState.MITIGATED
    done = aged(watched(), 90)
    assert (done.state, done.resolved_at) == (IncidentState.RESOLVED, minute(20))
    assert aged(done, 1000) == done


def test_symptoms_no_user_meets_do_not_keep_it_open() -> None:
    errors, *others = story()
    rest = [one for one in others if one.series.kpi is None]
    made = incident([ended(errors, 20), *rest])
    assert aged(made, 30).state is IncidentState.MITIGATED


def test_without_visible_symptoms_all_must_have_ended() -> None:
    cpu = symptom(series("payments-db", "cpu_usage"))
    memory = symptom(series("payments-db", "memory_usage"))
    assert aged(incident([ended(cpu, 20), memory]), 60).is_live
    assert not aged(incident([ended(cpu, 20), ended(memory, 25)]), 60).is_live


def test_a_blip_nobody_was_called_for_does_not_end_what_still_fills_up() -> None:
    blip = replace(ended(symptom(checkout_errors()), 5), last_seen=minute(4))
    memory = symptom(series("payment-service", "memory_usage"))
    leak = incident([blip, memory])

    assert aged(leak, 60).is_live
    assert not aged(replace(leak, called_at=minute(4)), 60).is_live
    assert not aged(incident([blip, ended(memory, 20)]), 60).is_live


def test_a_telemetry_gap_ends_nothing() -> None:
    gap = symptom(checkout_errors("US"), at=15, kind=SymptomKind.TELEMETRY_GAP)
    made = incident([*(ended(one, 20) for one in story()), gap])
    assert aged(made, 60).state is IncidentState.OPEN


def test_a_relapse_ends_the_quiet() -> None:
    quiet = aged(over(), 25)
    back = replace(quiet, symptoms=story())
    assert aged(back, 26).quiet_since is None


def test_what_was_withdrawn_altogether_becomes_quiet() -> None:
    gone = [replace(one, state=SymptomState.WITHDRAWN) for one in story()]
    made = replace(incident(), symptoms=tuple(gone))
    assert aged(made, 10).quiet_since == minute(10)
    assert not aged(aged(made, 10), 20).is_live


def test_a_return_inside_the_watch_is_a_new_episode() -> None:
    before = replace(watched(), paged_at=minute(5), told=("slack",), decision=Decision.PAGE)
    again = life.reopen(before, minute(40))
    assert (again.id, again.episode, again.state) == ("INC-1001", 2, IncidentState.OPEN)
    assert again.dedup_key != before.dedup_key
    assert again.revision == before.revision + 1
    assert (again.paged_at, again.told, again.decision) == (None, (), Decision.NONE)
    assert (again.mitigated_at, again.quiet_since, again.resolved_at) == (None, None, None)
    assert life.reopen(again, minute(41)) == again


def test_the_symptom_that_returns_stays_a_member() -> None:
    back = replace(story()[0], last_seen=minute(40))
    refreshed = replace(watched(), symptoms=(back, *watched().symptoms[1:]))
    assert life.reopen(refreshed, minute(40)).symptoms == (back,)


def test_what_is_resolved_does_not_reopen() -> None:
    with pytest.raises(ValueError, match="only a watched incident can return"):
        life.reopen(aged(watched(), 90), minute(100))


def test_a_candidate_like_it_brings_a_watched_incident_back() -> None:
    back = candidate(symptom(checkout_errors(), at=40))
    assert life.returning(back, (watched(),), minute(41), shop()) == watched()
    assert life.returning(back, (incident(),), minute(41), shop()) is None


def test_another_region_or_unseen_trouble_brings_nothing_back() -> None:
    elsewhere = candidate(symptom(checkout_errors("US"), at=40))
    assert life.returning(elsewhere, (watched(),), minute(41), shop()) is None
    unseen = candidate(symptom(series("payment-service", "latency_seconds", unit="s"), at=40))
    assert life.returning(unseen, (watched(),), minute(41), shop()) is None


STEPS = st.lists(
    st.sampled_from(["wait", "long wait", "end", "back", "acknowledge", "mitigate", "close"]),
    max_size=20,
)


@given(STEPS)
def test_life_never_goes_backwards_without_a_new_episode(steps: list[str]) -> None:
    current, at = incident(), 10.0
    for step in steps:
        at += 61 if step == "long wait" else 1
        before = current
        current = _stepped(current, step, at)
        if current.episode == before.episode:
            assert ORDER.index(current.state) >= ORDER.index(before.state)
        else:
            assert current.episode == before.episode + 1
            assert before.state is IncidentState.MITIGATED
        assert current.revision >= before.revision
        assert set(before.timeline) <= set(current.timeline)
        current_again = _stepped(current, "nothing", at)
        assert current_again == _stepped(current_again, "nothing", at)


def _stepped(one: Incident, step: str, at: float) -> Incident:
    match step:
        case "end":
            one = replace(one, symptoms=tuple(ended(member, at) for member in one.symptoms))
        case "back" if one.state is IncidentState.MITIGATED:
            one = replace(life.reopen(one, minute(at)), symptoms=story())
        case "acknowledge":
            one = heard(one, Verb.ACKNOWLEDGE, "ann", at)
        case "mitigate":
            one = heard(one, Verb.MITIGATE, "ann", at)
        case "close":
            one = heard(one, Verb.RESOLVE, "ann", at)
        case _:
            pass
    return aged(one, at)
