"""What logs and traces add reaches an incident whenever it becomes known."""

from dataclasses import replace

from aiops import pipeline
from aiops.domain.clues import ClueWindow
from aiops.domain.environment import EnvState, EnvTick
from aiops.domain.incidents import Incident
from aiops.domain.notifications import DeliveryAction
from aiops.domain.policies import Mode, PagingPolicy, Policies
from aiops.domain.symptoms import FactKind, SymptomFact
from tests.builders import change, minute, shop, story
from tests.clues.made import lines, window

KNOWN = shop(policies=Policies(paging=PagingPolicy(mode=Mode.IN_PATH)))
ERRORS = window(lines("card <*> declined by <*>", 143))
OPENED = tuple(SymptomFact(kind=FactKind.OPENED, at=minute(4), symptom=one) for one in story())


def work(
    env: EnvState, at: float, *facts: SymptomFact, clues: ClueWindow | None = None
) -> pipeline.Advance:
    tick = EnvTick(at=minute(at), facts=facts, changes=(change(),), clues=clues)
    return pipeline.advance(env, tick, KNOWN)


def only(advance: pipeline.Advance) -> Incident:
    (incident,) = advance.state.incidents
    return incident


def test_a_clue_known_at_the_start_is_told_with_the_incident() -> None:
    incident = only(work(EnvState(env="prod"), 4, *OPENED, clues=ERRORS))
    assert [one.text for one in incident.clues.logs] == ["card <*> declined by <*>"]
    assert incident.revision == 1


def test_a_clue_that_comes_later_is_told_as_an_update_and_once() -> None:
    first = work(EnvState(env="prod"), 4, *OPENED)
    assert only(first).clues.logs == ()
    quiet = work(first.state, 5)
    later = work(quiet.state, 6, clues=ERRORS)
    assert only(later).clues.logs
    assert only(later).revision == only(quiet).revision + 1
    assert {one.action for one in later.notifications} <= {DeliveryAction.UPDATE}
    again = work(later.state, 7, clues=ERRORS)
    assert only(again).revision == only(later).revision
    assert again.notifications == ()


def test_logs_of_services_that_have_nothing_to_do_with_it_change_nothing() -> None:
    first = work(EnvState(env="prod"), 4, *OPENED)
    other = window(lines("index is stale", 500, service="search"))
    with_logs = work(first.state, 5, clues=other).state.incidents
    without = work(first.state, 5).state.incidents
    assert with_logs == without


def test_a_clue_changes_no_score() -> None:
    plain = only(work(EnvState(env="prod"), 4, *OPENED))
    told = only(work(EnvState(env="prod"), 4, *OPENED, clues=ERRORS))
    bare = tuple(replace(one, evidence=()) for one in told.causes)
    assert bare == tuple(replace(one, evidence=()) for one in plain.causes)
    assert (told.severity, told.decision, told.title) == (
        plain.severity,
        plain.decision,
        plain.title,
    )
