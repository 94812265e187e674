"""Updates for stakeholders: only a person sends them, word for word, and once."""

import json
from dataclasses import replace
from pathlib import Path
from random import Random

import pytest
from typer.testing import CliRunner, Result

from aiops.domain.errors import InputError
from aiops.domain.incidents import Incident
from aiops.domain.notifications import DeliveryAction, DeliveryState
from aiops.domain.words import Effect
from aiops.notify.pagerduty_updates import PagerDutyUpdates
from aiops.notify.slack_updates import SlackUpdates
from aiops.receivers.faults import Fault, FaultKind
from aiops.receivers.slack_messages import SlackMessage
from aiops.store.audit import AuditEntry, AuditLog
from aiops.store.words import Deed
from tests.notify.stories import incident
from tests.workers.faults import BOT, TOKEN, Town
from tests.workers.installation import Installation
from workers import cli
from workers.updating import send

TEXT = "Checkout <fails> in EU & we know why.\n\nNext word at 11:00 UTC. @channel"
BOTH = ("pagerduty", "slack")
POSTS = {"pagerduty": "/incidents/QOURS/status_updates", "slack": "/api/chat.postMessage"}


@pytest.fixture
def town(parts: Installation, monkeypatch: pytest.MonkeyPatch) -> Town:
    """An installation in the middle of an incident that both sinks were told of."""
    made = Town(parts, Random(7))  # noqa: S311 - the same deaths in every run
    made.others.open("QOURS", "INC-2048.1")
    made.tell([(incident(), DeliveryAction.TRIGGER)])
    pass_time(made)
    for module in ("telling", "deliveries", "incident"):
        monkeypatch.setattr(f"workers.commands.{module}.client", lambda _config: parts)
    return made


def pass_time(town: Town, seconds: int = 120) -> None:
    for _ in range(seconds):
        if not town.undelivered():
            return
        town.second()
    raise AssertionError("something still waits")


def approve(town: Town, sink: str, text: str = TEXT, by: str = "ann") -> Effect:
    return send(town.parts, "inc-2048", sink, text, by=by, public=True)


def posted(town: Town) -> list[SlackMessage]:
    def is_update(one: SlackMessage) -> bool:
        return (one.content.metadata or {}).get("event_type") == "aiops_update"

    return [one for one in town.chat.messages if is_update(one)]


def heard(town: Town, sink: str) -> list[str]:
    """Return what stakeholders read of the updates on a sink."""
    if sink == "pagerduty":
        return town.others.incidents["QOURS"].updates
    return [one.content.blocks[0]["text"]["text"] for one in posted(town)]


def stored(town: Town) -> Incident:
    found = town.parts.incidents.get("INC-2048")
    assert found is not None
    return found


@pytest.mark.parametrize("sink", BOTH)
def test_stakeholders_read_word_for_word_what_a_person_approved(town: Town, sink: str) -> None:
    assert approve(town, sink) is Effect.DONE
    assert heard(town, sink) == [], "the deliverer sends it"
    pass_time(town)
    assert heard(town, sink) == [TEXT]


def test_in_slack_it_stands_in_the_incidents_thread_with_who_sends_it(town: Town) -> None:
    approve(town, "slack")
    pass_time(town)
    (message,) = posted(town)
    assert message.thread_ts == town.parts.outbox.reference("INC-2048", 1, "slack")["ts"]  # type: ignore[index]
    small = message.content.blocks[1]["elements"][0]["text"]
    assert small == "Update for stakeholders (public wording), sent by ann"


@pytest.mark.parametrize("sink", BOTH)
def test_it_is_on_the_timeline_and_in_the_audit_log(town: Town, sink: str) -> None:
    before = stored(town)
    approve(town, sink)
    after = stored(town)
    assert after.revision == before.revision + 1
    (entry,) = set(after.timeline) - set(before.timeline)
    assert entry.text.startswith(f'ann sent an update (public) to {sink}: "Checkout <fails> in EU')
    (audit,) = AuditLog(town.parts._engine).entries(subject="INC-2048")
    assert (audit.actor, audit.action) == ("ann", "status update")
    assert audit.detail == f"to {sink} (public), done: {TEXT}"


@pytest.mark.parametrize("sink", BOTH)
def test_the_same_text_within_a_minute_is_sent_once_and_later_again(town: Town, sink: str) -> None:
    town.parts.hand.at = town.parts.hand.at.replace(second=30)
    approve(town, sink)
    town.parts.hand.move(10)
    assert approve(town, sink, f"{TEXT}\n", by="bob") is Effect.ALREADY
    pass_time(town)
    assert heard(town, sink) == [TEXT]
    town.parts.hand.move(60)
    assert approve(town, sink) is Effect.DONE
    pass_time(town)
    assert heard(town, sink) == [TEXT, TEXT]


def test_the_same_text_for_another_sink_is_another_update(town: Town) -> None:
    assert [approve(town, sink) for sink in BOTH] == [Effect.DONE, Effect.DONE]


@pytest.mark.parametrize("sink", BOTH)
def test_they_are_told_in_the_order_in_which_they_were_approved(town: Town, sink: str) -> None:
    town.faults.add(Fault(kind=FaultKind.STATUS, status=503, path=POSTS[sink]))
    for text in ("We look into it.", "We know why.", "It is over."):
        approve(town, sink, text)
    pass_time(town)
    assert heard(town, sink) == ["We look into it.", "We know why.", "It is over."]


@pytest.mark.parametrize("kind", [FaultKind.CUT_BEFORE, FaultKind.CUT_AFTER, FaultKind.GARBAGE])
@pytest.mark.parametrize("sink", BOTH)
def test_after_an_answer_that_was_lost_it_is_looked_for_before_it_is_sent_again(
    town: Town, sink: str, kind: FaultKind
) -> None:
    approve(town, sink)
    town.faults.add(Fault(kind=kind, path=POSTS[sink]))
    pass_time(town)
    assert heard(town, sink) == [TEXT]


@pytest.mark.parametrize("seed", range(4))
def test_workers_that_die_at_any_point_lose_and_double_nothing(town: Town, seed: int) -> None:
    town.random, town.chance = Random(seed), 0.15  # noqa: S311 - the same deaths in every run
    for sink in BOTH:
        approve(town, sink)
    pass_time(town, 2000)
    assert [heard(town, sink) for sink in BOTH] == [[TEXT], [TEXT]]
    assert town.dead() == []


@pytest.mark.parametrize("sink", BOTH)
def test_what_was_approved_is_sent_although_the_incident_ends_meanwhile(
    town: Town, sink: str
) -> None:
    approve(town, sink)
    town.parts.words.take("INC-2048", lambda one: _ended(one, town))
    town.others.incidents["QOURS"].status = "resolved"
    pass_time(town)
    assert heard(town, sink) == [TEXT]


def test_nothing_is_sent_of_what_nobody_was_told_of_there(town: Town) -> None:
    town.tell([(incident(id="INC-2049", symptoms=()), DeliveryAction.TRIGGER)])
    with pytest.raises(InputError, match="slack was not told of INC-2049"):
        send(town.parts, "INC-2049", "slack", TEXT, by="ann", public=False)


@pytest.mark.parametrize("how", [{"merged_into": "INC-1"}, {"dismissed_by": "bob"}])
def test_nothing_is_sent_of_what_is_told_elsewhere_or_is_no_incident(
    town: Town, how: dict[str, str]
) -> None:
    town.parts.words.take("INC-2048", lambda one: _changed(one, town, **how))
    with pytest.raises(InputError, match="not sent"):
        approve(town, "slack")
    assert AuditLog(town.parts._engine).entries(subject="INC-2048") == ()


@pytest.mark.parametrize(
    ("sink", "text", "by", "why"),
    [
        (
            "mail",
            TEXT,
            "ann",
            "no sink 'mail' takes status updates; those that do: pagerduty, slack",
        ),
        ("slack", " \n", "ann", "the update is empty"),
        ("slack", "a" * 3001, "ann", "has 3001 characters; at most 3000"),
        ("slack", "a\x00b", "ann", r"holds U\+0000"),
        ("slack", TEXT, " ", "say who sends"),
    ],
)
def test_what_cannot_be_sent_is_refused_at_once(
    town: Town, sink: str, text: str, by: str, why: str
) -> None:
    with pytest.raises(InputError, match=why):
        approve(town, sink, text, by)


def test_what_the_settings_lack_is_said_at_once(town: Town) -> None:
    bare = PagerDutyUpdates("pagerduty", "http://x", None, "")
    mute = SlackUpdates("slack", None)
    town.parts.update_sinks = {bare.name: bare, mute.name: mute}
    needed = r"needs sinks.pagerduty.write_as .* and .*AIOPS_PAGERDUTY_WRITE_TOKEN"
    with pytest.raises(InputError, match=needed):
        approve(town, "pagerduty")
    with pytest.raises(InputError, match="AIOPS_SLACK_BOT_TOKEN"):
        approve(town, "slack")
    half = PagerDutyUpdates("pagerduty", "http://x", TOKEN, "")
    assert "TOKEN" not in half.lacks
    assert not PagerDutyUpdates("pagerduty", "http://x", TOKEN, BOT).lacks


def command(*words: str, answer: str = "") -> Result:
    return CliRunner().invoke(cli.app, ["incident", "draft", "INC-2048", *words], input=answer)


def test_the_command_shows_what_it_would_send_and_asks(town: Town) -> None:
    assert command("--send", "slack", answer="n\n").exit_code == 1
    assert command("--send", "slack").exit_code == 1, "nobody there to say yes"
    assert not town.undelivered()
    said = command("--public", "--send", "slack", "--by", "ann", answer="y\n")
    assert said.exit_code == 0, said.output
    assert "Send this, word for word?" in said.output
    pass_time(town)
    (told,) = heard(town, "slack")
    assert told.startswith("Checkout in EU: requests may fail\n\nSince 10:03 UTC checkout in EU")
    assert told in said.output


def test_the_command_sends_a_persons_own_words(town: Town, tmp_path: Path) -> None:
    file = tmp_path / "update.txt"
    file.write_text(TEXT)
    for text, answer in ((str(file), ""), ("-", "Over.\n")):
        said = command("--send", "slack", "--text", text, "--by", "ann", "--json", answer=answer)
        assert json.loads(said.output)["effect"] == "done"
    pass_time(town)
    assert heard(town, "slack") == [TEXT, "Over."]


@pytest.mark.usefixtures("town")
def test_without_send_nothing_is_sent_whatever_else_is_said(town: Town) -> None:
    assert command("--public").exit_code == 0
    assert command("--text", "-", answer=TEXT).exit_code == 2
    assert not town.undelivered()


def test_what_waits_is_among_the_deliveries(town: Town) -> None:
    approve(town, "slack")
    said = CliRunner().invoke(cli.app, ["deliveries", "list"]).output
    assert "UPD-INC-2048  trigger to slack updates: pending" in said


def test_an_update_pagerduty_refuses_is_dead_with_its_words(town: Town) -> None:
    approve(town, "pagerduty")
    town.faults.add(Fault(kind=FaultKind.STATUS, status=403, path=POSTS["pagerduty"]))
    pass_time(town)
    (dead,) = town.parts.outbox.records([DeliveryState.DEAD])
    assert "it may only read" in dead.dead_reason


def _ended(one: Incident, town: Town) -> Deed:
    return replace(_changed(one, town), is_ended=True)


def _changed(one: Incident, town: Town, **how: str) -> Deed:
    after = replace(one, revision=one.revision + 1, **how)  # type: ignore[arg-type]
    entry = AuditEntry(at=town.parts.hand.now(), actor="bob", action="x", subject="elsewhere")
    return Deed(incident=after, effect=Effect.DONE, entry=entry)
