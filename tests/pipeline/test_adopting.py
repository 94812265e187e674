"""Pages of others, tick by tick: adopted, told in notes, never paged a second time."""

from dataclasses import dataclass, field, replace

import pytest

from aiops.domain.environment import EnvState, EnvTick
from aiops.domain.incidents import Decision, Incident, IncidentState, Reason
from aiops.domain.notifications import DeliveryAction, Notification
from aiops.domain.pages import OutsidePage
from aiops.domain.policies import LifePolicy, Mode, PagingPolicy, Policies
from aiops.domain.silences import Silence, parse_matcher
from aiops.domain.symptoms import Symptom
from aiops.pipeline import advance
from aiops.route.notifications import NOTE_WAITS
from tests.builders import checkout_errors, minute, revenue, shop, story, symptom
from tests.pipeline.test_advance import opened, over

Q1 = OutsidePage(
    id="Q1",
    title="checkout: 5xx over 5%",
    service="Shop",
    urgency="high",
    opened_at=minute(3),
    seen_at=minute(3),
)
NOTE, PAGER = "pagerduty/Q1", "pagerduty"
T, U, R = DeliveryAction.TRIGGER, DeliveryAction.UPDATE, DeliveryAction.RESOLVE


@dataclass
class World:
    """One environment beside a pager others use."""

    mode: Mode = Mode.IN_PATH
    sink: str = PAGER
    env: EnvState = field(default_factory=lambda: EnvState(env="prod"))
    notes: list[Notification] = field(default_factory=list)
    seen: list[Incident] = field(default_factory=list)

    def tick(
        self,
        at: float,
        *pages: OutsidePage,
        begins: tuple[Symptom, ...] = (),
        ends: tuple[Symptom, ...] = (),
        live: bool = True,
        silences: tuple[Silence, ...] = (),
    ) -> None:
        paging = PagingPolicy(mode=self.mode, adopting_sink=self.sink)
        life = LifePolicy(mitigated_after_seconds=300, watch_seconds=1800)
        facts = (*opened(*begins, at=at), *over(*ends, at=at))
        tick = EnvTick(at=minute(at), facts=facts, pages=pages, live=live, silences=silences)
        done = advance(self.env, tick, shop(policies=Policies(paging=paging, life=life)))
        self.env = done.state
        self.notes += done.notifications
        self.seen += done.revisions

    def told(self, sink: str) -> list[DeliveryAction]:
        return [one.action for one in self.notes if one.sink == sink]

    @property
    def one(self) -> Incident:
        (found,) = (one for one in self.env.incidents if one.merged_into is None)
        return found


@pytest.mark.parametrize("mode", [Mode.IN_PATH, Mode.BESIDE])
def test_what_others_were_called_for_is_noted_there_and_never_paged(mode: Mode) -> None:
    world = World(mode)
    world.tick(4, Q1, begins=story())
    for at in range(5, 10):
        world.tick(at, Q1)
    assert world.one.adopted == (NOTE,)
    assert (world.one.decision, world.one.decision_reason) == (Decision.TICKET, Reason.ADOPTED)
    assert world.one.decision_note == 'PagerDuty incident Q1 "checkout: 5xx over 5%"'
    assert world.one.called_at == minute(4), "people would have been called"
    assert world.told(NOTE)[0] is T
    assert world.told(PAGER) == []
    assert T in world.told("slack")
    assert any("Q1" in entry.text and "is adopted" in entry.text for entry in world.one.timeline)


def test_a_page_that_others_send_after_ours_gets_a_note_and_ours_goes_on() -> None:
    world = World()
    world.tick(4, begins=story())
    world.tick(5, replace(Q1, opened_at=minute(4.5)))
    assert world.told(PAGER) == [T]
    assert world.told(NOTE) == [T]
    assert world.one.decision is Decision.PAGE
    world.tick(6, ends=story())
    for at in range(7, 14):
        world.tick(at)
    assert world.told(PAGER)[-1] is R
    assert world.told(NOTE)[-1] is R


@pytest.mark.parametrize("sink", ["", PAGER])
def test_without_a_token_that_writes_or_where_all_is_observed_nothing_is_adopted(
    sink: str,
) -> None:
    world = World(Mode.IN_PATH if not sink else Mode.OBSERVE, sink)
    world.tick(4, Q1, begins=story())
    assert world.one.adopted == ()
    assert world.told(NOTE) == []
    assert world.told(PAGER) == ([T] if not sink else [])


def test_our_own_page_is_shown_its_priority_after_it_was_opened_and_when_that_changes() -> None:
    world = World()
    world.tick(4, begins=story()[:2])
    for at, more in ((5, story()[2:]), (6, ())):
        world.tick(at, begins=more)
    own = [one for one in world.notes if one.sink == "pagerduty/INC-1001.1"]
    (page,) = (one for one in world.notes if one.sink == PAGER and one.action is T)
    assert own
    assert {one.action for one in own} == {DeliveryAction.REFRESH}
    assert own[0].not_before > page.not_before
    assert len(own) == len({one.severity for one in world.seen})


def test_it_is_told_of_the_end_once_and_of_nothing_after() -> None:
    world = World()
    world.tick(4, Q1, begins=story())
    world.tick(6, Q1, ends=story())
    for at in range(7, 50):
        world.tick(at, Q1)
    assert world.told(NOTE).count(R) == 1
    assert world.told(NOTE)[-1] is R
    assert world.one.state is IncidentState.RESOLVED


def test_news_wait_for_company_before_they_are_noted() -> None:
    world = World()
    world.tick(4, Q1, begins=story()[:1])
    world.tick(5, Q1, begins=story()[1:])
    updates = [one for one in world.notes if one.sink == NOTE and one.action is U]
    assert updates
    assert all(one.not_before >= minute(5) + NOTE_WAITS for one in updates)


def test_what_goes_on_long_after_others_ended_theirs_is_paged() -> None:
    world = World()
    world.tick(4, Q1, begins=story())
    ended = replace(Q1, ended_at=minute(6))
    for at in range(6, 21):
        world.tick(at, ended)
    assert world.told(PAGER) == []
    world.tick(22, ended)
    assert world.told(PAGER) == [T]


def test_a_return_in_the_watch_adopts_what_is_opened_then() -> None:
    world = World()
    world.tick(4, Q1, begins=story())
    world.tick(6, Q1, ends=story())
    for at in range(7, 30):
        world.tick(at, replace(Q1, ended_at=minute(8)))
    back = symptom(checkout_errors(), at=30, before=0.003, observed=0.072, strength=40)
    again = replace(Q1, id="Q2", opened_at=minute(30))
    world.tick(31, again, begins=(back, symptom(revenue("EU"), at=30, observed=2000)))
    assert world.one.episode == 2
    assert world.one.adopted == ("pagerduty/Q2",)
    assert world.told("pagerduty/Q2") == [T]


def test_nothing_is_adopted_that_is_over_silenced_in_the_past_or_our_own() -> None:
    for page, live in (
        (replace(Q1, ended_at=minute(4)), True),
        (Q1, False),
        (replace(Q1, title="INC-1001 (P1) EU checkout failures"), True),
    ):
        world = World()
        world.tick(4, page, begins=story(), live=live)
        assert world.one.adopted == ()
    hushed = Silence(
        matchers=(parse_matcher("env=prod"),),
        starts_at=minute(0),
        ends_at=minute(60),
        author="ann",
        why="known",
        created_at=minute(0),
    )
    world = World()
    world.tick(4, Q1, begins=story(), silences=(hushed,))
    assert world.one.adopted == ()
