"""A person's word on an incident of a running installation: stored, audited, told once."""

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner

from aiops.domain.environment import Knowledge
from aiops.domain.errors import InputError
from aiops.domain.incidents import Incident, IncidentState
from aiops.domain.marks import MarkKind
from aiops.domain.notifications import DeliveryAction
from aiops.domain.policies import Mode, PagingPolicy, Policies
from aiops.domain.words import Effect, Place, Saying, Verb
from aiops.store.audit import AuditLog
from tests.builders import minute
from tests.builders import shop as shop_of
from tests.workers.installation import HandClock, Installation, settings_in
from tests.workers.tables import source
from workers import cli
from workers.hearing import say, take
from workers.judgement import judge
from workers.regrouping import merge, split

FIRST = "INC-1001"


@pytest.fixture
def shop(tmp_path: Path, empty_redis_url: str) -> Iterator[Installation]:
    """The small shop at 10:10, in the middle of its incident, which both sinks know."""
    clock = HandClock(minute(0) + timedelta(seconds=2))
    parts = Installation(settings_in(tmp_path, empty_redis_url), clock, paging_shop())
    parts.fed["shop"] = source(3, 60)
    parts.poll.back_fill("shop", timedelta(hours=4), 60)
    go_on(parts, until=10)
    for sink in parts.told.values():
        sink.sent.clear()
    yield parts
    parts.dispose()


def paging_shop() -> Knowledge:
    """Make a shop whose young series, which only ask for tickets, are told to the pager too."""
    both = ("pagerduty", "slack")
    return shop_of(policies=Policies(paging=PagingPolicy(mode=Mode.IN_PATH, ticket_sinks=both)))


def go_on(parts: Installation, *, until: float) -> None:
    parts.fit.due()
    parts.drain()
    parts.hand.at = minute(until) + timedelta(seconds=2)
    parts.poll.run("shop")
    parts.drain()
    deliver(parts)


def deliver(parts: Installation) -> None:
    parts.hand.move(60)
    parts.deliver.sweep()
    parts.drain()


def told(parts: Installation) -> dict[str, list[DeliveryAction]]:
    return {name: sink.actions() for name, sink in parts.told.items()}


def standing(parts: Installation, name: str = FIRST) -> Incident:
    found = parts.incidents.get(name)
    assert found is not None
    return found


def from_sink(parts: Installation, verb: Verb, sink: str, **extra: str) -> Saying:
    place = {"slack": Place.SLACK, "pagerduty": Place.PAGERDUTY}[sink]
    return Saying(
        verb=verb, who="ann", why="", at=parts.hand.at, place=place, sink=sink, episode=1, **extra
    )


def test_an_acknowledgement_is_stored_and_echoed_to_every_sink(shop: Installation) -> None:
    said = say(shop, FIRST, Verb.ACKNOWLEDGE, by="ann", why="looking")
    deliver(shop)
    assert said.effect is Effect.DONE
    assert standing(shop).acknowledged_by == "ann"
    once = [DeliveryAction.ACKNOWLEDGE]
    assert told(shop) == {"pagerduty": once, "slack": once}
    assert say(shop, FIRST, Verb.ACKNOWLEDGE, by="ann").effect is Effect.ALREADY
    deliver(shop)
    assert told(shop) == {"pagerduty": once, "slack": once}


def test_it_is_never_told_back_to_the_pager_it_was_said_on(shop: Installation) -> None:
    take(shop, FIRST, from_sink(shop, Verb.ACKNOWLEDGE, "pagerduty"))
    take(shop, FIRST, from_sink(shop, Verb.MITIGATE, "pagerduty"))
    deliver(shop)
    both = [DeliveryAction.ACKNOWLEDGE, DeliveryAction.RESOLVE]
    assert told(shop) == {"pagerduty": [], "slack": both}


def test_slack_shows_what_was_said_on_it_without_a_word_in_its_thread(shop: Installation) -> None:
    take(shop, FIRST, from_sink(shop, Verb.MITIGATE, "slack"))
    deliver(shop)
    assert told(shop) == {
        "pagerduty": [DeliveryAction.RESOLVE],
        "slack": [DeliveryAction.REFRESH],
    }


def test_a_mitigated_incident_is_watched_and_its_return_calls_again(shop: Installation) -> None:
    say(shop, FIRST, Verb.MITIGATE, by="ann")
    go_on(shop, until=14)
    assert standing(shop).state is IncidentState.MITIGATED
    assert told(shop)["pagerduty"] == [DeliveryAction.RESOLVE]


def test_noise_closes_an_open_incident_and_marks_what_it_began_with(shop: Installation) -> None:
    marks = judge(shop, FIRST, real=False, by="ann", why="a test")
    deliver(shop)
    one = standing(shop)
    assert (one.state, one.dismissed_by) == (IncidentState.RESOLVED, "ann")
    assert {mark.kind for mark in marks} == {MarkKind.NOISY}
    assert told(shop)["pagerduty"] == [DeliveryAction.RESOLVE]
    (outcome,) = [one for one in shop.memory.outcomes(FIRST) if one.judged_by]
    assert not outcome.real
    go_on(shop, until=20)
    assert [one.id for one in shop.incidents.recent()] == [FIRST], "nor does it come back"
    shop.learn.sweep()
    shop.drain()
    assert [past.real for past in shop.memory.recall()] == [False]


def test_what_fixed_it_is_remembered_for_the_next_one_like_it(shop: Installation) -> None:
    say(shop, FIRST, Verb.FIXED, by="ann", about="restarted the pool")
    say(shop, FIRST, Verb.MITIGATE, by="ann")
    say(shop, FIRST, Verb.USEFUL, by="ann")
    shop.learn.sweep()
    shop.drain()
    (past,) = shop.memory.recall()
    assert (past.fixed_by, past.real) == ("restarted the pool", True)
    assert shop.memory.unremembered() == ()


def test_a_word_on_a_link_is_meant_for_where_it_went(shop: Installation) -> None:
    services = sorted({one.service for one in standing(shop).symptoms})
    rest, fresh = split(shop, FIRST, services[:1], by="ann", why="two")
    merge(shop, [rest.id, fresh.id], by="ann", why="one")
    gone = next(one for one in (rest.id, fresh.id) if standing(shop, one).merged_into)
    said = say(shop, gone, Verb.ACKNOWLEDGE, by="bob")
    assert said.incident.id != gone
    assert said.incident.acknowledged_by == "bob"


def test_the_audit_log_says_who_said_what_where_why_and_what_came_of_it(
    shop: Installation,
) -> None:
    say(shop, FIRST, Verb.ASSIGN, by="ann", why="his pool", about="bob")
    (entry,) = AuditLog(shop._engine).entries(subject=FIRST)
    assert (entry.actor, entry.action) == ("ann", "assign")
    assert entry.detail == "bob, his pool (said on the command line): done"


@pytest.mark.parametrize(
    ("verb", "by", "why"),
    [
        (Verb.ASSIGN, "ann", "say who it goes to"),
        (Verb.FIXED, "ann", "say what fixed it"),
        (Verb.ACKNOWLEDGE, " ", "say who says so"),
    ],
)
def test_what_is_not_said_is_asked_for(shop: Installation, verb: Verb, by: str, why: str) -> None:
    with pytest.raises(InputError, match=why):
        say(shop, FIRST, verb, by=by)
    with pytest.raises(InputError, match="no incident INC-7"):
        say(shop, "INC-7", Verb.ACKNOWLEDGE, by="ann")


def test_the_command_line_says_it_and_shows_it(
    shop: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("workers.commands.words.client", lambda _: shop)
    run = CliRunner()
    taken = run.invoke(cli.app, ["incident", "ack", "inc-1001", "--by", "ann", "--json"])
    shown = json.loads(taken.output)
    assert (shown["effect"], shown["state"], shown["acknowledged_by"]) == (
        "done",
        "acknowledged",
        "ann",
    )
    for words in (
        ["assign", FIRST, "--to", "bob"],
        ["fixed", FIRST, "--action", "a restart"],
        ["useful", FIRST, "--no"],
        ["mitigate", FIRST],
        ["resolve", FIRST, "--reason", "checked"],
    ):
        done = run.invoke(cli.app, ["incident", *words, "--by", "ann"])
        assert done.exit_code == 0, done.output
    again = run.invoke(cli.app, ["incident", "resolve", FIRST, "--by", "ann"])
    assert f"{FIRST} is resolved (said before; nothing changed)" in again.output
    one = standing(shop)
    assert (one.assignee, one.fixed_by, one.state) == ("bob", "a restart", "resolved")
    assert run.invoke(cli.app, ["incident", "ack", "INC-7"]).exit_code == 1
