"""One tick of an environment: what `advance` promises."""

import random
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aiops import pipeline
from aiops.domain.changes import Change
from aiops.domain.environment import EnvState, EnvTick, Knowledge
from aiops.domain.incidents import Decision, Incident, IncidentState
from aiops.domain.notifications import DeliveryAction, Notification
from aiops.domain.outcomes import PastIncident
from aiops.domain.policies import LifePolicy, Mode, PagingPolicy, Policies
from aiops.domain.symptoms import FactKind, Symptom, SymptomFact
from aiops.domain.words import Verb
from tests.builders import (
    change,
    checkout_errors,
    ended,
    heard,
    minute,
    revenue,
    series,
    shop,
    story,
    symptom,
)

POLICIES = Policies(
    paging=PagingPolicy(mode=Mode.IN_PATH),
    life=LifePolicy(mitigated_after_seconds=600, watch_seconds=1800),
)
KNOWN = shop(policies=POLICIES)
STORY = story()
DEPLOY = change()
EU, US = checkout_errors("EU"), checkout_errors("US")
EU_ERRORS = symptom(EU, before=0.003, observed=0.072, strength=40)
US_ERRORS = symptom(US, at=5, before=0.003, observed=0.072, strength=40)
CHECKOUT, SEARCH, GATEWAY = (
    symptom(series(name, "error_ratio", unit="1"), before=0.003, observed=0.07, strength=strong)
    for name, strong in (("checkout", 40), ("search", 30), ("gateway", 20))
)


class World:
    """An environment that is fed tick by tick, and everything it said."""

    def __init__(self, known: Knowledge = KNOWN, changes: tuple[Change, ...] = (DEPLOY,)) -> None:
        self.known = known
        self.changes = changes
        self.env = EnvState(env="prod")
        self.notes: list[Notification] = []

    def tick(self, at: float, *facts: SymptomFact, live: bool = True) -> pipeline.Advance:
        """Work the tick at a minute."""
        tick = EnvTick(at=minute(at), facts=facts, changes=self.changes, live=live)
        advance = pipeline.advance(self.env, tick, self.known)
        self.env = advance.state
        self.notes += advance.notifications
        return advance

    def run(self, first: int, last: int, *, live: bool = True) -> None:
        """Work quiet ticks from a minute until another, inclusive."""
        for at in range(first, last + 1):
            self.tick(at, live=live)

    def __getitem__(self, name: str) -> Incident:
        return next(one for one in self.env.incidents if one.id == name)

    def by_person(self, name: str, step: Callable[[Incident], Incident]) -> None:
        """Let a person take a step."""
        incidents = tuple(step(one) if one.id == name else one for one in self.env.incidents)
        self.env = replace(self.env, incidents=incidents)

    def actions(self, sink: str = "pagerduty") -> list[DeliveryAction]:
        return [note.action for note in self.notes if note.sink == sink]


def opened(*symptoms: Symptom, at: float) -> list[SymptomFact]:
    return [SymptomFact(kind=FactKind.OPENED, at=minute(at), symptom=one) for one in symptoms]


def over(*symptoms: Symptom, at: float) -> list[SymptomFact]:
    return [
        SymptomFact(kind=FactKind.ENDED, at=minute(at), symptom=ended(one, at)) for one in symptoms
    ]


def back(*symptoms: Symptom, at: float) -> list[SymptomFact]:
    return [
        SymptomFact(
            kind=FactKind.REOPENED, at=minute(at), symptom=replace(one, last_seen=minute(at))
        )
        for one in symptoms
    ]


def begun() -> World:
    world = World()
    world.tick(4, *opened(*STORY, at=4))
    return world


def test_one_problem_is_one_incident_whatever_the_number_of_symptoms() -> None:
    world = begun()
    (incident,) = world.env.incidents
    assert incident.id == "INC-1001"
    assert {one.id for one in incident.symptoms} == {one.id for one in STORY}
    assert incident.decision is Decision.PAGE
    assert incident.causes[0].service == "payment-service"
    assert incident.causes[0].change == DEPLOY


def test_each_sink_is_paged_once_per_episode() -> None:
    world = begun()
    world.run(5, 15)
    for sink in ("pagerduty", "slack"):
        assert world.actions(sink).count(DeliveryAction.TRIGGER) == 1
    assert world["INC-1001"].paged_at == minute(4)


def test_symptoms_that_join_later_join_the_same_incident() -> None:
    world = World()
    world.tick(4, *opened(STORY[0], at=4))
    for number, one in enumerate(STORY[1:], start=5):
        world.tick(number, *opened(one, at=number))
    (incident,) = world.env.incidents
    assert len(incident.symptoms) == len(STORY)


def test_trouble_that_has_nothing_to_do_with_it_is_another_incident() -> None:
    world = begun()
    slow = symptom(series("search", "latency_seconds", region="US", unit="s"), at=45, observed=30)
    more = symptom(series("search", "error_ratio", region="US", unit="1"), at=45, observed=0.4)
    world.run(5, 45)
    world.tick(46, *opened(slow, more, at=46))
    assert [incident.id for incident in world.env.incidents] == ["INC-1001", "INC-1002"]


@pytest.mark.parametrize("at", [4, 3, -100])
def test_a_tick_that_is_not_newer_changes_nothing(at: float) -> None:
    world = begun()
    before = world.env
    advance = world.tick(at, *opened(US_ERRORS, at=at))
    assert advance == pipeline.Advance(state=before)


def test_a_tick_without_news_says_nothing() -> None:
    world = begun()
    world.tick(5)
    advance = world.tick(6)
    assert not advance.notifications
    assert all(one.revision == world["INC-1001"].revision for one in advance.revisions)


FACTS = (
    *opened(*STORY, US_ERRORS, at=6),
    *over(STORY[1], at=6),
    SymptomFact(kind=FactKind.STRENGTHENED, at=minute(6), symptom=replace(EU_ERRORS, strength=55)),
)


@given(st.permutations(FACTS))
def test_facts_of_a_tick_may_come_in_any_order(facts: Sequence[SymptomFact]) -> None:
    one, other = World(), World()
    assert one.tick(6, *FACTS) == other.tick(6, *facts)


@given(st.integers(0, 2**32 - 1))
def test_what_a_tick_does_depends_on_nothing_but_its_arguments(seed: int) -> None:
    random.seed(seed)
    world, again = World(), World()
    for at, facts in ((4, opened(*STORY, at=4)), (9, opened(US_ERRORS, at=9)), (20, [])):
        assert world.tick(at, *facts) == again.tick(at, *facts)


SCRIPT = st.lists(
    st.tuples(
        st.integers(1, 25),
        st.lists(
            st.tuples(st.sampled_from(["open", "end", "back"]), st.integers(0, 6)), max_size=4
        ),
    ),
    max_size=12,
)
CAST = (*STORY, US_ERRORS, SEARCH, GATEWAY)


def play(world: World, script: Iterable[tuple[int, list[tuple[str, int]]]]) -> None:
    """Work a script of steps: so many minutes later, these things happen to these symptoms."""
    at = 6
    for minutes, happenings in script:
        at += minutes
        facts: list[SymptomFact] = []
        for what, number in happenings:
            one = CAST[number]
            make = {"open": opened, "end": over, "back": back}[what]
            facts += make(one, at=at)
        world.tick(at, *facts)
        _check(world)


def _check(world: World) -> None:
    holders: dict[str, str] = {}
    for incident in world.env.incidents:
        if incident.is_live:
            for one in incident.symptoms:
                assert one.id not in holders, f"{one.id} is in two incidents"
                holders[one.id] = incident.id
    numbers = [int(incident.id.removeprefix("INC-")) for incident in world.env.incidents]
    assert len(set(numbers)) == len(numbers)
    assert all(number < world.env.next_number for number in numbers)
    keys = [
        (note.incident_id, note.episode, note.sink)
        for note in world.notes
        if note.action is DeliveryAction.TRIGGER
    ]
    assert len(set(keys)) == len(keys), "somebody was paged twice for one episode"
    ends = [
        (note.incident_id, note.episode, note.sink)
        for note in world.notes
        if note.action is DeliveryAction.RESOLVE
    ]
    assert len(set(ends)) == len(ends)
    assert set(ends) <= set(keys), "somebody heard of the end of what they never heard of"


@given(SCRIPT)
def test_no_symptom_is_in_two_incidents_and_nobody_is_told_twice(
    script: list[tuple[int, list[tuple[str, int]]]],
) -> None:
    play(World(), script)


@given(SCRIPT)
def test_everything_ends_once_all_is_quiet(
    script: list[tuple[int, list[tuple[str, int]]]],
) -> None:
    world = World()
    play(world, script)
    at = int((world.env.at or minute(6)).timestamp() - minute(0).timestamp()) // 60 + 1
    world.tick(at, *over(*CAST, at=at))
    for later in (at + 11, at + 50, at + 90):
        world.tick(later)
    assert not [one for one in world.env.incidents if one.resolved_at is None]
    told = {(n.incident_id, n.episode, n.sink): n.action for n in world.notes}
    merged = {one.id for one in world.env.incidents if one.merged_into}
    assert {action for key, action in told.items() if key[0] not in merged} <= {
        DeliveryAction.RESOLVE
    }


def test_what_was_over_before_we_caught_up_is_told_to_nobody() -> None:
    world = World()
    world.tick(4, *opened(*STORY, at=4), live=False)
    world.tick(9, *over(*STORY, at=9), live=False)
    world.run(10, 25, live=False)
    world.run(26, 60)
    (incident,) = world.env.incidents
    assert incident.state is IncidentState.RESOLVED
    assert (incident.paged_at, incident.told) == (None, ())
    assert not world.notes


def test_what_became_known_after_it_was_over_is_recorded_and_told_to_nobody() -> None:
    world = World()
    world.tick(30, *opened(*STORY, at=4), *over(*STORY, at=9))
    incident = world["INC-1001"]
    assert incident.started_at == minute(3)
    assert incident.decision is Decision.NONE
    world.run(31, 60)
    assert world["INC-1001"].state is IncidentState.RESOLVED
    assert not world.notes


def test_what_is_quiet_at_the_first_live_tick_pages_only_if_it_returns() -> None:
    world = World()
    world.tick(4, *opened(*STORY, at=4), live=False)
    world.tick(9, *over(*STORY, at=9), live=False)
    world.tick(10)
    assert not world.notes
    back = [replace(fact, kind=FactKind.REOPENED) for fact in opened(*STORY, at=12)]
    world.tick(12, *back)
    assert world.actions() == [DeliveryAction.TRIGGER]


def test_what_is_alive_when_we_have_caught_up_pages_once() -> None:
    world = World()
    world.tick(4, *opened(*STORY, at=4), live=False)
    world.run(5, 20, live=False)
    assert not world.notes
    world.run(21, 30)
    assert world.actions() == [DeliveryAction.TRIGGER]
    assert world["INC-1001"].paged_at == minute(21)
    assert world["INC-1001"].started_at == minute(3)


def test_who_was_told_before_we_were_away_hears_of_the_end() -> None:
    world = begun()
    world.tick(9, *over(*STORY, at=9), live=False)
    world.run(10, 25, live=False)
    assert world.actions()[-1] is DeliveryAction.RESOLVE
    assert world.actions("slack")[-1] is DeliveryAction.RESOLVE


def two_problems() -> World:
    """Checkout and search fail, each on its own as far as anybody can see."""
    world = World(changes=())
    world.tick(4, *opened(CHECKOUT, SEARCH, at=4))
    services = {one.id: one.symptoms[0].service for one in world.env.incidents}
    assert services == {"INC-1001": "search", "INC-1002": "checkout"}
    return world


def test_two_that_turn_out_to_be_one_are_merged_into_the_paged_one() -> None:
    world = two_problems()
    advance = world.tick(5, *opened(GATEWAY, at=5))
    (survivor,) = [one for one in world.env.incidents if one.is_live]
    assert survivor.id == "INC-1002"
    assert {one.id for one in survivor.symptoms} == {CHECKOUT.id, SEARCH.id, GATEWAY.id}
    (link,) = [one for one in advance.revisions if one.state is IncidentState.MERGED]
    assert (link.id, link.merged_into) == ("INC-1001", "INC-1002")
    world.tick(6)
    assert [one.id for one in world.env.incidents] == ["INC-1002"]


def test_the_sinks_of_a_merged_incident_hear_of_its_end() -> None:
    world = two_problems()
    told = world["INC-1001"].told
    assert told
    world.tick(5, *opened(GATEWAY, at=5))
    ends = [note for note in world.notes if note.action is DeliveryAction.RESOLVE]
    assert {(note.incident_id, note.sink) for note in ends} == {("INC-1001", name) for name in told}


@pytest.mark.parametrize("name", ["INC-1001", "INC-1002"])
def test_what_somebody_acknowledged_is_not_merged_and_keeps_its_symptoms(name: str) -> None:
    world = two_problems()
    before = {one.id: {member.id for member in one.symptoms} for one in world.env.incidents}
    world.by_person(name, lambda one: heard(one, Verb.ACKNOWLEDGE, "ann", 4))
    world.tick(5, *opened(GATEWAY, at=5))
    world.run(6, 8)
    after = {one.id: {member.id for member in one.symptoms} for one in world.env.incidents}
    assert set(after) == set(before)
    assert all(before[one] <= after[one] for one in before)
    assert sum(GATEWAY.id in members for members in after.values()) == 1
    assert world[name].state is IncidentState.ACKNOWLEDGED


def quiet(world: World, at: int = 10) -> World:
    """End the story's symptoms and let ten quiet minutes pass."""
    world.tick(at, *over(*STORY, at=at))
    world.run(at + 1, at + 11)
    return world


def test_ten_quiet_minutes_mitigate_and_tell_the_sinks() -> None:
    world = quiet(begun())
    assert world["INC-1001"].state is IncidentState.MITIGATED
    assert world.actions()[-1] is DeliveryAction.RESOLVE


def test_a_symptom_that_returns_inside_the_watch_begins_a_new_episode() -> None:
    world = quiet(begun())
    world.tick(24, *back(*STORY, at=24))
    again = world["INC-1001"]
    assert (again.episode, again.state) == (2, IncidentState.OPEN)
    assert again.started_at == minute(24)
    triggers = [note for note in world.notes if note.action is DeliveryAction.TRIGGER]
    assert {note.episode for note in triggers if note.sink == "pagerduty"} == {1, 2}


def test_the_same_trouble_inside_the_watch_begins_a_new_episode() -> None:
    world = quiet(begun())
    fresh = symptom(EU, at=27, before=0.003, observed=0.08, strength=40)
    world.tick(28, *opened(fresh, at=28))
    assert [(one.id, one.episode) for one in world.env.incidents] == [("INC-1001", 2)]
    assert fresh.id in {one.id for one in world["INC-1001"].symptoms}


def test_the_same_trouble_after_the_watch_is_a_new_incident_that_repeats_it() -> None:
    world = quiet(begun())
    world.run(22, 60)
    assert world["INC-1001"].state is IncidentState.RESOLVED
    fresh = [replace(one, id=f"{one.id}-again", onset=minute(90)) for one in STORY]
    world.tick(91, *opened(*fresh, at=91))
    assert world["INC-1002"].repeat_of == "INC-1001"
    assert world["INC-1002"].episode == 1


def test_what_is_over_absorbs_nothing() -> None:
    world = begun()
    world.by_person("INC-1001", lambda one: heard(one, Verb.DISMISS, "ann", 5))
    before = world["INC-1001"]
    world.run(6, 30)
    assert world["INC-1001"] == before
    assert [one.id for one in world.env.incidents] == ["INC-1001"]


def test_a_person_who_says_mitigated_is_believed() -> None:
    world = begun()
    world.by_person("INC-1001", lambda one: heard(one, Verb.MITIGATE, "ann", 5))
    world.run(6, 12)
    assert world["INC-1001"].state is IncidentState.MITIGATED
    assert world.actions().count(DeliveryAction.TRIGGER) == 1


def test_an_acknowledged_incident_stays_acknowledged_until_it_is_over() -> None:
    world = begun()
    world.by_person("INC-1001", lambda one: heard(one, Verb.ACKNOWLEDGE, "ann", 5))
    world.tick(6, *opened(symptom(revenue("US"), at=5, before=5000, observed=2000), at=6))
    assert world["INC-1001"].state is IncidentState.ACKNOWLEDGED
    world.tick(8, *over(*world["INC-1001"].symptoms, at=8))
    world.run(9, 20)
    after = world["INC-1001"]
    assert (after.state, after.acknowledged_by) == (IncidentState.MITIGATED, "ann")


def test_nothing_is_kept_for_ever() -> None:
    world = quiet(begun())
    world.run(22, 60)
    assert world.env.incidents
    world.tick(60 * 24 * 8)
    assert not world.env.incidents
    assert not world.env.symptoms


def test_resting_moves_the_time_and_nothing_else() -> None:
    world = begun()
    rested = pipeline.rest(world.env, minute(9))
    assert rested == replace(world.env, at=minute(9))
    assert pipeline.rest(rested, minute(8)) is rested


def test_an_ended_incident_teaches_what_fixed_it() -> None:
    world = quiet(begun(), at=10)
    rollback = change(at=9, ref="2026.04.17-5", reverts=DEPLOY.ref)
    incident = world["INC-1001"]
    outcome = pipeline.resolve(incident, [DEPLOY, rollback], minute(25))
    past = pipeline.learn(incident, outcome)
    assert outcome.action == past.action == "roll_back"
    assert past.cause_service == "payment-service"
    assert past.ended_at - minute(0) >= timedelta(minutes=10)


def test_a_long_memory_is_searched_as_arrays() -> None:
    memory = tuple(
        PastIncident(
            incident_id=f"INC-{number}",
            ended_at=minute(-number),
            signature=("search|errors|up",),
            cause_service="search",
        )
        for number in range(pipeline.MEMORY_SIZE - 1, 0, -1)
    )
    world = World(known=replace(KNOWN, memory=memory))
    world.tick(4, *opened(*STORY, at=4))
    ending = world.tick(5)
    over = replace(world["INC-1001"], state=IncidentState.MITIGATED, mitigated_at=minute(5))
    known = pipeline.remembering(
        world.known, replace(ending, revisions=(over,)), EnvTick(at=minute(5))
    )
    assert known.memory == ()
    assert known.archive is not None
    assert len(known.archive.past) == pipeline.MEMORY_SIZE
    assert next(known.remembered()).incident_id == "INC-1001"
