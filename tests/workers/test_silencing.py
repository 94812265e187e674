"""Silences of a running installation: said, audited, obeyed by correlation, and over in time."""

import json
from datetime import timedelta

import pytest
from typer.testing import CliRunner

from aiops.domain.errors import InputError
from aiops.domain.incidents import Decision, Reason
from aiops.domain.notifications import DeliveryAction, DeliveryState
from aiops.store.audit import AuditLog
from tests.builders import minute, shop
from tests.workers.installation import Installation, refusal
from tests.workers.test_correlate import FIRST, IN_PATH, add_shard, close, find, only, opened, over
from workers import cli
from workers.silencing import covered_now, expire, silence


@pytest.fixture
def prod(parts: Installation, monkeypatch: pytest.MonkeyPatch) -> Installation:
    """An environment of one shard, worked through to 10:02, that may page."""
    parts._known = shop(policies=IN_PATH)
    add_shard(parts, FIRST)
    close(parts, FIRST, 2)
    parts.correlate.run("prod")
    parts.tasks.tasks.clear()
    monkeypatch.setattr("workers.commands.silence.client", lambda _config: parts)
    return parts


def go_on(parts: Installation, until: float) -> None:
    close(parts, FIRST, until)
    parts.correlate.run("prod")
    parts.drain()
    parts.deliver.sweep()
    parts.drain()


def actions(parts: Installation) -> dict[str, list[DeliveryAction]]:
    return {name: sink.actions() for name, sink in parts.told.items()}


def hush(parts: Installation, *matchers: str, until: float = 30) -> str:
    made = silence(
        parts, matchers or ["env=prod"], ends_at=minute(until), by="ann", why="load test"
    )
    return made.id


def test_nobody_is_told_inside_a_silence_and_everybody_once_when_it_ends(
    prod: Installation,
) -> None:
    hush(prod, until=30)
    find(prod, opened())
    for at in (4, 10, 29):
        go_on(prod, at)
    assert only(prod).decision_reason is Reason.SILENCED
    assert actions(prod) == {"pagerduty": [], "slack": []}
    for at in (30, 31, 32):
        go_on(prod, at)
    assert only(prod).decision is Decision.PAGE
    for sent in actions(prod).values():
        assert sent.count(DeliveryAction.TRIGGER) == 1
    find(prod, over(33))
    for at in (33, 45, 60):
        go_on(prod, at)
    for sent in actions(prod).values():
        assert sent.count(DeliveryAction.RESOLVE) == 1


def test_what_was_over_before_the_silence_ended_is_told_to_nobody(prod: Installation) -> None:
    hush(prod, until=30)
    find(prod, [*opened(), *over(8)])
    for at in (4, 8, 20, 31, 90):
        go_on(prod, at)
    assert only(prod).resolved_at is not None, "it was recorded to its end"
    assert actions(prod) == {"pagerduty": [], "slack": []}


def test_the_end_of_what_was_told_is_told_inside_a_silence(prod: Installation) -> None:
    find(prod, opened())
    go_on(prod, 4)
    hush(prod, until=200)
    find(prod, over(8))
    for at in (8, 20):
        go_on(prod, at)
    for sent in actions(prod).values():
        assert (sent[0], sent[-1]) == (DeliveryAction.TRIGGER, DeliveryAction.RESOLVE)


def decided_but_not_sent(parts: Installation) -> None:
    """Let the page be decided at 10:04 while the sinks are down."""
    for sink in parts.told.values():
        sink.failures = [refusal() for _ in range(99)]
    find(parts, opened())
    close(parts, FIRST, 4)
    parts.correlate.run("prod")
    parts.tasks.tasks.clear()
    for sink in parts.told.values():
        sink.failures.clear()


def test_a_page_decided_just_before_the_silence_waits_for_its_end(prod: Installation) -> None:
    decided_but_not_sent(prod)
    hush(prod, until=30)
    for at in (5, 10, 29):
        go_on(prod, at)
    assert actions(prod) == {"pagerduty": [], "slack": []}
    (waiting, *_) = prod.outbox.records([DeliveryState.PENDING])
    assert (waiting.last_error, waiting.attempts) == ("held by SIL-1", 0)
    for at in (30, 31):
        go_on(prod, at)
    assert actions(prod)["pagerduty"][0] is DeliveryAction.TRIGGER
    assert actions(prod)["pagerduty"].count(DeliveryAction.TRIGGER) == 1


def test_what_is_over_when_the_silence_ends_is_neither_called_nor_ended(
    prod: Installation,
) -> None:
    decided_but_not_sent(prod)
    hush(prod, until=30)
    find(prod, over(8))
    for at in (5, 8, 20, 31, 32):
        go_on(prod, at)
    assert actions(prod) == {"pagerduty": [], "slack": []}
    assert prod.outbox.counts()[DeliveryState.PENDING] == 0


def test_a_silence_that_is_ended_early_lets_go_within_a_minute(prod: Installation) -> None:
    decided_but_not_sent(prod)
    name = hush(prod, until=200)
    go_on(prod, 5)
    expire(prod, name, by="bob")
    for at in (6, 7):
        go_on(prod, at)
    assert actions(prod)["pagerduty"][0] is DeliveryAction.TRIGGER


def test_ending_a_silence_early_tells_what_is_alive(prod: Installation) -> None:
    name = hush(prod, until=200)
    find(prod, opened())
    go_on(prod, 4)
    expire(prod, name.lower(), by="bob", why="the test is over")
    go_on(prod, 5)
    assert actions(prod)["pagerduty"] == [DeliveryAction.TRIGGER]
    with pytest.raises(InputError, match="over since"):
        expire(prod, name, by="bob")


def test_a_silence_that_begins_later_holds_from_then_on(prod: Installation) -> None:
    made = silence(
        prod,
        ["env=prod"],
        starts_at=minute(6),
        ends_at=minute(30),
        by="ann",
        why="load test",
    )
    find(prod, opened())
    go_on(prod, 4)
    assert made.starts_at == minute(6)
    assert actions(prod)["pagerduty"] == [DeliveryAction.TRIGGER]


def test_who_what_and_why_are_in_the_audit_log(prod: Installation) -> None:
    name = hush(prod, "service=checkout", "region=EU")
    expire(prod, name, by="bob", why="done")
    ended, said = AuditLog(prod._engine).entries(subject=name)
    assert (said.actor, said.action) == ("ann", "silence")
    assert 'service="checkout", region="EU"' in said.detail
    assert "load test (said on the command line)" in said.detail
    assert (ended.actor, ended.action) == ("bob", "expire silence")


def test_a_silence_is_stored_with_whom_it_is_about(prod: Installation) -> None:
    find(prod, opened())
    go_on(prod, 4)
    about = silence(
        prod,
        ["service=~checkout|payment-service"],
        ends_at=minute(30),
        by="ann",
        why="load test",
    )
    other = silence(prod, ["service=search"], ends_at=minute(30), by="ann", why="x")
    assert [one.id for one in covered_now(prod, about)] == ["INC-1001"]
    assert covered_now(prod, other) == ()
    assert prod.silences.holding(minute(29)) == (about, other)
    assert prod.silences.holding(minute(30)) == ()


@pytest.mark.parametrize(
    ("matchers", "minutes", "by", "why"),
    [
        (["checkout"], 30, "ann", "x"),
        ([], 30, "ann", "x"),
        (["env=prod"], 0, "ann", "x"),
        (["env=prod"], 60 * 24 * 31, "ann", "x"),
        (["env=prod"], 30, "", "x"),
        (["env=prod"], 30, "ann", "  "),
    ],
    ids=["no matcher", "everything", "no length", "too long", "nobody", "no reason"],
)
def test_what_no_silence_may_be_is_refused_and_nothing_is_stored(
    prod: Installation, matchers: list[str], minutes: int, by: str, why: str
) -> None:
    ends_at = prod.hand.at + timedelta(minutes=minutes)
    with pytest.raises(InputError):
        silence(prod, matchers, ends_at=ends_at, by=by, why=why)
    assert prod.silences.all() == ()


def said(*words: str, code: int = 0) -> str:
    done = CliRunner().invoke(cli.app, ["silence", *words])
    assert done.exit_code == code, done.output
    return done.output


def test_the_command_line_adds_lists_and_ends(prod: Installation) -> None:
    added = said("add", "service=checkout", "--for", "2h", "--by", "ann", "--why", "load test")
    assert added.splitlines() == [
        'SIL-1  service="checkout"  until 18 Apr 12:02 UTC, by ann: load test',
        "it is about no incident that is open now",
    ]
    assert "SIL-1" in said("list")
    made = json.loads(
        said("add", "env=prod", "--until", "2026-04-18T14:00+02:00", "--why", "x", "--json")
    )
    assert (made["ends_at"], made["covers"]) == ("2026-04-18T12:00:00+00:00", [])
    assert said("expire", "SIL-1", "--by", "bob").strip() == "SIL-1 is over"
    assert [one["id"] for one in json.loads(said("list", "--json"))] == ["SIL-2"]
    assert "over since 18 Apr 10:02 UTC, ended by bob" in said("list", "--all")


@pytest.mark.usefixtures("prod")
@pytest.mark.parametrize(
    "words",
    [
        ("add", "service=checkout", "--why", "x"),
        ("add", "service=checkout", "--for", "2h", "--until", "2026-04-18T12:00Z", "--why", "x"),
        ("add", "service=checkout", "--for", "2h"),
    ],
    ids=["no end", "two ends", "no reason"],
)
def test_a_silence_needs_an_end_and_a_reason(words: tuple[str, ...]) -> None:
    said(*words, code=2)


@pytest.mark.usefixtures("prod")
@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("add", "env=prod", "--for", "soon", "--why", "x"), "as in 30m, 2h or 1d"),
        (("add", "env=prod", "--until", "2026-04-18T12:00", "--why", "x"), "time zone"),
        (("add", "env=prod", "--until", "noon", "--why", "x"), "no time"),
        (("expire", "SIL-9"), "no silence SIL-9"),
        (("expire", "nine"), "is no silence"),
    ],
)
def test_what_cannot_be_read_is_refused_with_what_was_expected(
    words: tuple[str, ...], says: str
) -> None:
    done = CliRunner().invoke(cli.app, ["silence", *words])
    assert isinstance(done.exception, InputError)
    assert says in str(done.exception)
