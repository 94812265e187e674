"""What people say at PagerDuty and in Slack: kept, heard once, echoed to the other ends."""

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import anyio
import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import SecretStr

from aiops.domain.incidents import Incident, IncidentState
from aiops.domain.notifications import DeliveryAction
from aiops.domain.timeline import TimelineKind
from aiops.domain.words import Verb
from aiops.receivers.server import serve
from aiops.receivers.slack import SlackLedger, create_app
from aiops.settings import SinkSettings
from aiops.store.audit import AuditLog
from aiops.web.pagerduty_signature import signature_of
from tests.builders import minute
from tests.store.makers import incident, notification, state_of
from tests.workers.installation import HandClock, Installation, settings_in
from tests.workers.test_hearing import paging_shop
from workers import listening
from workers.console import make_console
from workers.hearing import say
from workers.listening import keep, listen

FIRST = "INC-1001"
GOLDEN = Path(__file__).parents[1] / "golden" / "words"
WEBHOOK = json.loads((GOLDEN / "pagerduty-acknowledged.json").read_bytes())
PRESS = json.loads((GOLDEN / "slack-acknowledge.json").read_bytes())
SINKS = (
    SinkSettings(name="pagerduty", kind="pagerduty", url="https://events.example/v2/enqueue"),
    SinkSettings(name="slack", kind="slack", url="https://slack.example/api/", channel="C0001"),
)


@pytest.fixture
def told_twice(tmp_path: Path, empty_redis_url: str) -> Iterator[Installation]:
    """An installation at 10:20 with one incident that both sinks know."""
    parts = made(tmp_path, empty_redis_url)
    yield parts
    parts.intake.__exit__(None, None, None)
    parts.dispose()


def made(folder: Path, redis_url: str, sinks: tuple[SinkSettings, ...] = SINKS) -> Installation:
    clock = HandClock(minute(20))
    parts = Installation(settings_in(folder, redis_url, sinks=sinks), clock, paging_shop())
    one = replace(incident(), impacts=(), told=("pagerduty", "slack"))
    notes = [notification(due=5), notification(sink="slack", due=5)]
    parts.incidents.commit(0, state_of(one), revisions=[one], notifications=notes, now=minute(5))
    deliver(parts)
    for sink in parts.told.values():
        sink.sent.clear()
    return parts


def deliver(parts: Installation) -> None:
    parts.hand.move(60)
    parts.deliver.sweep()
    parts.drain()


def told(parts: Installation) -> dict[str, list[DeliveryAction]]:
    return {name: sink.actions() for name, sink in parts.told.items()}


def standing(parts: Installation) -> Incident:
    found = parts.incidents.get(FIRST)
    assert found is not None
    return found


def webhook(kind: str = "incident.acknowledged", at: float = 9, **changes: Any) -> bytes:
    event = {**WEBHOOK["event"], "event_type": kind, "occurred_at": minute(at).isoformat()}
    return json.dumps({"event": {**event, **changes}}).encode()


def press(verb: str = "acknowledge", at: float = 9, **changes: Any) -> bytes:
    action = {
        **PRESS["actions"][0],
        "action_id": f"aiops.{verb}",
        "action_ts": str(minute(at).timestamp()),
    }
    return json.dumps({**PRESS, "actions": [{**action, **changes}]}).encode()


def test_who_acknowledges_at_pagerduty_has_it_and_slack_hears_so(told_twice: Installation) -> None:
    keep(told_twice, "pagerduty", "E1", webhook())
    told_twice.drain()
    deliver(told_twice)
    one = standing(told_twice)
    assert (one.state, one.acknowledged_by) == (IncidentState.ACKNOWLEDGED, "Ann Lee")
    assert one.acknowledged_at == minute(9), "from when it was said, not from when it came"
    assert told(told_twice) == {"pagerduty": [], "slack": [DeliveryAction.ACKNOWLEDGE]}
    assert one.timeline[0].text == "acknowledged by Ann Lee on PagerDuty"


def test_resolved_at_pagerduty_begins_the_watch_and_is_not_told_back(
    told_twice: Installation,
) -> None:
    keep(told_twice, "pagerduty", "E1", webhook("incident.resolved"))
    told_twice.drain()
    deliver(told_twice)
    assert standing(told_twice).state is IncidentState.MITIGATED
    assert told(told_twice) == {"pagerduty": [], "slack": [DeliveryAction.RESOLVE]}


def test_resolve_in_slack_resolves_the_page_and_refreshes_the_message(
    told_twice: Installation,
) -> None:
    keep(told_twice, "slack", "", press("mitigate"))
    told_twice.drain()
    deliver(told_twice)
    assert standing(told_twice).mitigated_by == "ann"
    assert told(told_twice) == {
        "pagerduty": [DeliveryAction.RESOLVE],
        "slack": [DeliveryAction.REFRESH],
    }


def test_a_webhook_that_comes_three_times_is_heard_once(told_twice: Installation) -> None:
    for _ in range(3):
        keep(told_twice, "pagerduty", "E1", webhook())
        told_twice.drain()
    assert len(AuditLog(told_twice._engine).entries(subject=FIRST)) == 1
    assert standing(told_twice).revision == 2


class SlowClock(HandClock):
    """A real clock by which whatever is done between two looks takes 1.5 s."""

    def now(self) -> datetime:
        self.move(1.5)
        return self.at


def test_answers_that_are_slow_leave_the_rest_to_another_task(told_twice: Installation) -> None:
    told_twice.real_clock = SlowClock(minute(20))
    for number, verb in enumerate(("acknowledge", "useful", "not-useful")):
        keep(told_twice, "slack", "", press(verb, at=9 + number))
    told_twice.tasks.tasks.clear()
    listen(told_twice)
    assert len(told_twice.words.waiting()) == 2
    assert "ingest.hear" in told_twice.tasks.names()
    told_twice.drain()
    assert not told_twice.words.waiting()


def test_webhooks_out_of_order_end_where_they_would_have_in_order(
    told_twice: Installation,
) -> None:
    keep(told_twice, "pagerduty", "E2", webhook("incident.resolved", at=12))
    keep(told_twice, "pagerduty", "E1", webhook(at=9))
    told_twice.drain()
    one = standing(told_twice)
    assert (one.state, one.acknowledged_at) == (IncidentState.MITIGATED, minute(9))


def test_a_worker_killed_before_it_noted_the_word_hears_it_again(
    told_twice: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    keep(told_twice, "slack", "", press("mitigate"))

    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("aiops.store.words.write_entry", killed)
        with pytest.raises(KeyboardInterrupt):
            told_twice.drain()
    assert standing(told_twice).state is IncidentState.OPEN
    with monkeypatch.context() as patch:
        patch.setattr(listening, "_answer", killed)
        with pytest.raises(KeyboardInterrupt):
            listen(told_twice)
    listen(told_twice)
    deliver(told_twice)
    assert standing(told_twice).revision == 2
    assert told(told_twice)["pagerduty"] == [DeliveryAction.RESOLVE]


def test_what_nobody_can_use_is_noted_and_never_looked_at_again(told_twice: Installation) -> None:
    keep(told_twice, "pagerduty", "E1", webhook("pagey.ping"))
    keep(told_twice, "pagerduty", "E2", b'{"event": {"id": "E2"}}')
    keep(told_twice, "slack", "", press(block_id="INC-7.1|1.life"))
    told_twice.drain()
    assert told_twice.words.waiting() == ()
    assert standing(told_twice).revision == 1
    assert [kind for kind, _ in told_twice.heard.faults] == ["words"]


def test_a_press_on_the_message_of_an_episode_that_is_over_changes_nothing(
    told_twice: Installation,
) -> None:
    keep(told_twice, "slack", "", press("dismiss", block_id="INC-1001.2|1.life"))
    told_twice.drain()
    assert standing(told_twice).state is IncidentState.OPEN


def test_who_pressed_hears_what_became_of_it(tmp_path: Path, empty_redis_url: str) -> None:
    ledger = SlackLedger(tokens={}, channels={"C0001": "incidents"}, clock=lambda: minute(20))
    with serve(create_app(ledger)) as url:
        sinks = (SINKS[0], replace(SINKS[1], url=f"{url}/api/"))
        parts = made(tmp_path, empty_redis_url, sinks)
        body = {**json.loads(press()), "response_url": f"{url}/response/one"}
        keep(parts, "slack", "", json.dumps(body).encode())
        parts.drain()
        ((answer,),) = ledger.responses.values()
        assert answer["text"] == "INC-1001 is yours."
        assert (answer["response_type"], answer["replace_original"]) == ("ephemeral", False)
        body["response_url"] = "http://169.254.169.254/response/two"
        body["actions"][0]["action_ts"] = "1776506999.5"
        keep(parts, "slack", "", json.dumps(body).encode())
        parts.drain()
        assert len(ledger.responses) == 1, "no other address is answered"
        parts.intake.__exit__(None, None, None)
        parts.dispose()


WORDS = st.tuples(
    st.sampled_from(("pagerduty", "slack", "console", "command line")),
    st.sampled_from((Verb.ACKNOWLEDGE, Verb.ASSIGN, Verb.MITIGATE)),
    st.integers(6, 12),
)


def heard_from(parts: Installation, end: str, verb: Verb, at: int) -> None:
    kinds = {
        Verb.ACKNOWLEDGE: "incident.acknowledged",
        Verb.ASSIGN: "incident.reassigned",
        Verb.MITIGATE: "incident.resolved",
    }
    if end == "pagerduty":
        keep(parts, end, f"{verb} {at}", webhook(kinds[verb], at))
    elif end == "slack":
        keep(parts, end, "", press(verb.value, at, selected_user="U0BOB"))
    else:
        now, parts.hand.at = parts.hand.at, minute(at)
        say(parts, FIRST, verb, by="ann", about="eve", place=f"the {end}")
        parts.hand.at = now


@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_any_order_of_words_from_four_ends_ends_the_same_and_tells_each_end_once(
    data: st.DataObject, tmp_path_factory: pytest.TempPathFactory, empty_redis_url: str
) -> None:
    words = data.draw(st.lists(WORDS, min_size=1, max_size=5, unique=True))
    repeated = data.draw(st.lists(st.sampled_from(words), max_size=3))
    shuffled = data.draw(st.permutations(words + repeated))
    ends = [after(tmp_path_factory.mktemp("w"), empty_redis_url, one) for one in (words, shuffled)]
    (first, _), (second, sent) = ends
    assert first == second
    for sink, actions in sent.items():
        said_there = [word for word in words if word[0] == sink]
        assert actions.count(DeliveryAction.RESOLVE) <= 1
        assert actions.count(DeliveryAction.ACKNOWLEDGE) <= 1
        is_over = any(verb is Verb.MITIGATE for _, verb, _ in words)
        heard_so = DeliveryAction.RESOLVE in actions
        ended_there = any(verb is Verb.MITIGATE for _, verb, _ in said_there)
        assert heard_so == is_over or ended_there


def after(
    folder: Path, redis_url: str, words: list[tuple[str, Verb, int]]
) -> tuple[tuple[object, ...], dict[str, list[DeliveryAction]]]:
    parts = made(folder, redis_url)
    for word in words:
        heard_from(parts, *word)
        parts.drain()
        deliver(parts)
    one = standing(parts)
    said = sorted(
        (entry.at, entry.text) for entry in one.timeline if entry.kind is TimelineKind.PERSON
    )
    parts.intake.__exit__(None, None, None)
    sent = told(parts)
    parts.dispose()
    state = (one.state, one.acknowledged_at, one.acknowledged_by, one.assignee, one.mitigated_at)
    return (*state, one.mitigated_by, tuple(said)), sent


def test_a_words_time_is_that_of_the_products_clock_where_it_has_one_of_its_own(
    told_twice: Installation,
) -> None:
    told_twice.settings = replace(told_twice.settings, clock="/a/clock")
    keep(told_twice, "pagerduty", "E1", webhook())
    told_twice.drain()
    assert standing(told_twice).acknowledged_at == told_twice.hand.at


class Directory:
    """Knows two people at both ends."""

    def name_of(self, place: object, user_id: str) -> str:
        known = {"PANN001": "ann@shop", "U0ANN": "ann@shop", "U0BOB": "bob@shop"}
        return known.get(user_id, "")


def test_one_person_at_two_ends_says_it_once_and_gives_it_to_a_person_by_name(
    told_twice: Installation,
) -> None:
    told_twice.people = Directory()  # type: ignore[assignment]
    keep(told_twice, "pagerduty", "E1", webhook(at=9))
    keep(told_twice, "slack", "", press(at=10))
    keep(told_twice, "slack", "", press("assign", at=11, selected_user="U0BOB"))
    told_twice.drain()
    one = standing(told_twice)
    assert [entry.text for entry in one.timeline if entry.kind is TimelineKind.PERSON] == [
        "acknowledged by ann@shop on PagerDuty",
        "assigned to bob@shop by ann@shop on Slack",
    ]


def test_the_web_process_takes_a_webhook_and_a_form_to_the_incident(
    told_twice: Installation,
) -> None:
    secrets = (SecretStr("webhook-secret"),)
    told_twice.settings = replace(told_twice.settings, pagerduty_webhook_secrets=secrets)
    body = webhook()
    signed = {"x-pagerduty-signature": signature_of("webhook-secret", body)}
    form = {"verb": "mitigate", "by": "bob", "why": "rolled back", "about": ""}

    async def ask() -> list[int]:
        transport = httpx.ASGITransport(make_console(told_twice))
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
            heard = await client.post("/pagerduty/webhook", content=body, headers=signed)
            said = await client.post(f"/incidents/{FIRST}/say", data=form)
            return [heard.status_code, said.status_code]

    assert anyio.run(ask) == [202, 303]
    told_twice.drain()
    deliver(told_twice)
    one = standing(told_twice)
    assert (one.acknowledged_by, one.mitigated_by) == ("Ann Lee", "bob")
    texts = [entry.text for entry in one.timeline if entry.kind is TimelineKind.PERSON]
    assert texts == [
        "acknowledged by Ann Lee on PagerDuty",
        "mitigated, said bob on the console: rolled back",
    ]
    assert told(told_twice) == {
        "pagerduty": [DeliveryAction.RESOLVE],
        "slack": [DeliveryAction.RESOLVE, DeliveryAction.REFRESH],
    }
