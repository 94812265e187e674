"""Incidents merged and split on a person's word, and what the ticks after it make of them."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aiops import pipeline, regroup
from aiops.domain.environment import EnvState, EnvTick
from aiops.domain.errors import InputError
from aiops.domain.incidents import Incident, IncidentState
from aiops.domain.notifications import DeliveryAction
from aiops.domain.pages import OutsidePage
from aiops.domain.policies import Mode, PagingPolicy, Policies
from aiops.domain.symptoms import FactKind, SymptomFact
from aiops.domain.words import Verb, Word
from aiops.pipeline import Advance
from tests.builders import heard, minute, series, shop, symptom
from tests.pipeline.test_advance import World

WORD = Word(who="ann", why="one pool", at=minute(9))
SERVICES = ("gateway", "checkout", "payment-service", "payments-db", "search")


def errors(service: str, at: float = 3, metric: str = "error_ratio") -> SymptomFact:
    of = series(service, metric, unit="1")
    one = symptom(of, at=at, before=0.003, observed=0.07, strength=40)
    return SymptomFact(at=minute(at + 1), kind=FactKind.OPENED, symptom=one)


class Regrouped(World):
    """A world in which a person has a word, too."""

    def person(self, advance: Advance) -> Advance:
        self.env = advance.state
        self.notes += advance.notifications
        return advance

    def merge(self, *names: str, word: Word = WORD) -> Advance:
        return self.person(
            regroup.merge(self.env, names, word, tick=self.last(), knowledge=self.known)
        )

    def split(self, name: str, *leaving: str, word: Word = WORD) -> Advance:
        return self.person(
            regroup.split(self.env, name, leaving, word, tick=self.last(), knowledge=self.known)
        )

    def last(self) -> EnvTick:
        assert self.env.at is not None
        return EnvTick(at=self.env.at, changes=self.changes)

    def live(self) -> list[Incident]:
        return [one for one in self.env.incidents if one.is_live]


ADOPTING = PagingPolicy(mode=Mode.IN_PATH, adopting_sink="pagerduty")
Q1 = OutsidePage(
    id="Q1",
    title="checkout: 5xx",
    service="",
    urgency="high",
    opened_at=minute(3),
    seen_at=minute(3),
)


class Beside(Regrouped):
    """A world in which others page, too."""

    def tick(self, at: float, *facts: SymptomFact, live: bool = True) -> Advance:
        tick = EnvTick(at=minute(at), facts=facts, changes=self.changes, live=live, pages=(Q1,))
        return self.person(pipeline.advance(self.env, tick, self.known))

    def last(self) -> EnvTick:
        return replace(super().last(), pages=(Q1,))


def test_what_others_were_called_for_is_not_paged_by_a_person_who_merges_or_splits() -> None:
    known = shop(policies=Policies(paging=ADOPTING))
    world = Beside(known, ())
    world.tick(4, errors("search"))
    world.tick(5, errors("checkout", at=4), errors("checkout", at=4, metric="latency_seconds"))
    first, second = world.live()
    assert (first.adopted, second.adopted) == ((), ("pagerduty/Q1",))
    paged = world.actions().count(DeliveryAction.TRIGGER)
    advance = world.merge(first.id, second.id)
    (survivor,) = (one for one in advance.revisions if one.is_live)
    assert "pagerduty/Q1" in survivor.adopted
    assert world.actions().count(DeliveryAction.TRIGGER) == paged
    note = [one.action for one in world.notes if one.sink == "pagerduty/Q1"]
    assert note.count(DeliveryAction.TRIGGER) == 2, "which incident it is about now"


def services(incident: Incident) -> set[str]:
    return {one.service for one in incident.symptoms}


@pytest.fixture
def two() -> Regrouped:
    """The checkout and the search are sick for reasons of their own."""
    world = Regrouped(changes=())
    world.tick(4, errors("checkout"))
    world.tick(8, errors("search", at=7))
    world.run(9, 9)
    assert [services(one) for one in world.live()] == [{"checkout"}, {"search"}]
    return world


@pytest.fixture
def one() -> Regrouped:
    """The checkout and what it calls are sick, and are one."""
    world = Regrouped(changes=())
    world.tick(4, errors("payment-service"), errors("checkout"))
    world.run(5, 8)
    assert [services(one) for one in world.live()] == [{"payment-service", "checkout"}]
    return world


def test_a_person_merges_what_somebody_acknowledged(two: Regrouped) -> None:
    two.by_person("INC-1001", lambda one: heard(one, Verb.ACKNOWLEDGE, "bob", 9))
    two.merge("INC-1002", "INC-1001")
    survivor, link = two["INC-1001"], two["INC-1002"]
    assert services(survivor) == {"checkout", "search"}
    assert (survivor.state, survivor.acknowledged_by) == (IncidentState.ACKNOWLEDGED, "bob")
    assert (link.state, link.merged_into) == (IncidentState.MERGED, "INC-1001")
    assert link.timeline[-1].text == "merged into INC-1001 by ann: one pool"
    assert "INC-1002 merged into this by ann: one pool" in [e.text for e in survivor.timeline]


def test_whoever_took_one_of_them_has_taken_the_whole(two: Regrouped) -> None:
    two.by_person("INC-1002", lambda one: heard(one, Verb.ACKNOWLEDGE, "bob", 9))
    two.merge("INC-1001", "INC-1002")
    assert two["INC-1001"].acknowledged_by == "bob"
    assert two.actions("slack")[-2:] == [DeliveryAction.ACKNOWLEDGE, DeliveryAction.RESOLVE]


def test_whoever_was_told_hears_where_it_went(two: Regrouped) -> None:
    told = len(two.notes)
    two.merge("INC-1001", "INC-1002")
    news = {(note.incident_id, note.sink, note.action) for note in two.notes[told:]}
    assert news == {
        ("INC-1001", "pagerduty", DeliveryAction.UPDATE),
        ("INC-1001", "slack", DeliveryAction.UPDATE),
        ("INC-1002", "slack", DeliveryAction.RESOLVE),  # it was a ticket: nobody was paged
    }


def test_the_paged_one_keeps_its_name_though_it_is_younger(two: Regrouped) -> None:
    two.by_person("INC-1001", lambda one: replace(one, paged_at=None))
    two.by_person("INC-1002", lambda one: replace(one, paged_at=minute(9)))
    two.merge("INC-1001", "INC-1002")
    assert two["INC-1001"].merged_into == "INC-1002"


def test_what_was_merged_stays_one_in_the_ticks_after_it(two: Regrouped) -> None:
    two.merge("INC-1001", "INC-1002")
    two.run(10, 14)
    assert [services(one) for one in two.live()] == [{"checkout", "search"}]
    assert "INC-1002" not in {one.id for one in two.env.incidents}


def test_what_is_over_or_not_there_is_refused(two: Regrouped) -> None:
    with pytest.raises(InputError, match="INC-7 is no incident of prod"):
        two.merge("INC-1001", "INC-7")
    with pytest.raises(InputError, match="takes two different"):
        two.merge("INC-1001", "INC-1001")
    two.by_person("INC-1002", lambda one: heard(one, Verb.MITIGATE, "bob", 9))
    with pytest.raises(InputError, match="INC-1002 is mitigated"):
        two.merge("INC-1001", "INC-1002")
    with pytest.raises(InputError, match="INC-1002 is mitigated"):
        two.split("INC-1002", "search")


def test_what_leaves_becomes_an_incident_of_its_own(one: Regrouped) -> None:
    rest, fresh = one.split("INC-1001", "checkout").revisions
    assert (rest.id, services(rest)) == ("INC-1001", {"payment-service"})
    assert (fresh.id, services(fresh)) == ("INC-1002", {"checkout"})
    assert rest.apart_from == ("INC-1002",)
    assert fresh.apart_from == ("INC-1001",)
    assert fresh.title
    assert fresh.title != rest.title
    assert fresh.timeline[-1].text == "split from INC-1001 by ann: one pool"
    assert rest.timeline[-1].text == "one symptom split into INC-1002 by ann: one pool"
    assert one.env.next_number == 1003


def test_the_page_stays_with_the_old_one_and_the_new_one_is_told_anew(one: Regrouped) -> None:
    told = len(one.notes)
    one.split("INC-1001", "checkout")
    news = {(note.incident_id, note.action) for note in one.notes[told:]}
    assert ("INC-1001", DeliveryAction.UPDATE) in news
    assert ("INC-1002", DeliveryAction.TRIGGER) in news


def test_no_later_tick_joins_again_what_was_split(one: Regrouped) -> None:
    one.split("INC-1001", "checkout")
    one.tick(10, errors("checkout", at=9, metric="p95_latency"))
    one.tick(11, errors("payment-service", at=10, metric="p95_latency"))
    one.run(12, 20)
    assert [(x.id, services(x), len(x.symptoms)) for x in one.live()] == [
        ("INC-1001", {"payment-service"}, 2),
        ("INC-1002", {"checkout"}, 2),
    ]


def test_what_would_join_both_joins_one(one: Regrouped) -> None:
    one.split("INC-1001", "checkout")
    one.tick(10, errors("gateway", at=9))
    one.run(11, 13)
    assert sorted(len(x.symptoms) for x in one.live()) == [1, 2]


def test_one_symptom_of_a_service_can_leave(one: Regrouped) -> None:
    one.tick(9, errors("checkout", at=8, metric="p95_latency"))
    one.run(10, 10)
    slow = next(x for x in one["INC-1001"].symptoms if x.series.key.metric == "p95_latency")
    one.split("INC-1001", slow.id)
    one.run(11, 15)
    assert [x.id for x in one["INC-1002"].symptoms] == [slow.id]
    assert len(one["INC-1001"].symptoms) == 2


def test_a_persons_merge_takes_a_split_back(one: Regrouped) -> None:
    one.split("INC-1001", "checkout")
    one.merge("INC-1001", "INC-1002")
    assert one["INC-1001"].apart_from == ()
    one.run(10, 12)
    assert [services(x) for x in one.live()] == [{"payment-service", "checkout"}]


def test_an_incident_is_split_into_two_never_into_one_and_nothing(one: Regrouped) -> None:
    with pytest.raises(InputError, match="everything would leave INC-1001"):
        one.split("INC-1001", "checkout", "payment-service")
    with pytest.raises(InputError, match="'search' is no service or symptom of INC-1001; sick"):
        one.split("INC-1001", "search")
    with pytest.raises(InputError, match="nothing would leave"):
        one.split("INC-1001")


STEPS = st.lists(
    st.tuples(st.sampled_from(["tick", "merge", "split"]), st.integers(0, 5), st.integers(0, 5)),
    max_size=8,
)


@settings(max_examples=25, deadline=None)
@given(STEPS)
def test_whatever_people_say_each_symptom_is_in_one_incident(
    steps: list[tuple[str, int, int]],
) -> None:
    world = Regrouped(changes=())
    at = 4.0
    known = [errors("payments-db"), errors("checkout"), errors("search")]
    world.tick(at, *known)
    for what, first, second in steps:
        at += 1
        live = world.live()
        try:
            if what == "tick":
                fact = errors(SERVICES[first % 5], at=at - 1, metric=f"error_ratio_{second}")
                known.append(fact)
                world.tick(at, fact)
            elif what == "merge":
                world.merge(live[first % len(live)].id, live[second % len(live)].id)
            else:
                one = live[first % len(live)]
                world.split(one.id, one.symptoms[second % len(one.symptoms)].id)
        except InputError:
            pass
        world.run(int(at), int(at))
        members = [one.id for incident in world.live() for one in incident.symptoms]
        assert len(members) == len(set(members))
        assert {fact.symptom.id for fact in known} <= {*members, *_free(world.env)}
        apart = [(x.id, y) for x in world.live() for y in x.apart_from]
        assert not any(x == y for x, y in apart)


def _free(env: EnvState) -> set[str]:
    held = {one.id for incident in env.incidents for one in incident.symptoms}
    return {one.id for one in env.symptoms} - held
