"""Adopted pages in a running installation: what people say there, and what is told there."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import timedelta
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from aiops.domain.incidents import Incident, IncidentState
from aiops.domain.notifications import DeliveryAction, DeliveryState
from aiops.domain.policies import Mode, PagingPolicy, Policies
from aiops.domain.words import Place, Verb
from aiops.ports import Notifier
from aiops.route.adoption import COVERS_AFTER
from aiops.settings import SinkSettings
from aiops.store.audit import AuditLog
from tests.builders import minute
from tests.builders import shop as shop_of
from tests.store.makers import incident, notification, state_of
from tests.workers.installation import (
    HandClock,
    Installation,
    RecordingSink,
    go_on,
    settings_in,
)
from tests.workers.tables import source
from tests.workers.test_hearing import paging_shop
from workers.hearing import say
from workers.listening import keep, listen

GOLDEN = Path(__file__).parents[1] / "golden" / "words"
WEBHOOK = json.loads((GOLDEN / "pagerduty-acknowledged.json").read_bytes())
Q1, Q2, FIRST = "pagerduty/Q1", "pagerduty/Q2", "INC-1001"
ADOPTING = Policies(paging=PagingPolicy(adopting_sink="pagerduty"))
A, R, T = DeliveryAction.ACKNOWLEDGE, DeliveryAction.RESOLVE, DeliveryAction.TRIGGER
MONITOR = {"id": "PMON", "type": "service_reference", "summary": "monitor"}

Make = Callable[..., Installation]


@dataclass
class Pager(RecordingSink):
    """A sink that also writes notes."""

    notes: Notifier | None = field(default_factory=lambda: RecordingSink("pagerduty"))


@pytest.fixture
def make(tmp_path: Path, empty_redis_url: str) -> Iterator[Make]:
    """Make installations at 10:20 with one incident that Slack knows, and that adopted a page."""
    made: list[Installation] = []
    number = count()

    def one(*, begins: bool = True) -> Installation:
        folder = tmp_path / str(next(number))
        folder.mkdir()
        known = settings_in(folder, empty_redis_url, policies=ADOPTING)
        parts = Installation(known, HandClock(minute(20)), paging_shop())
        parts.told["pagerduty"] = Pager("pagerduty")
        made.append(parts)
        if begins:
            begin(parts)
        return parts

    yield one
    for parts in made:
        parts.intake.__exit__(None, None, None)
        parts.dispose()


def begin(parts: Installation, *sinks: str, **changes: Any) -> None:
    values: dict[str, Any] = {"told": ("slack",), "adopted": (Q1,), "impacts": ()} | changes
    one = replace(incident(), **values)
    notes = [notification(sink=sink, due=5) for sink in sinks or ("slack", Q1)]
    parts.incidents.commit(0, state_of(one), revisions=[one], notifications=notes, now=minute(5))
    if not sinks:
        deliver(parts)
        parts.told["slack"].sent.clear()
        noted(parts, forget=True)


def deliver(parts: Installation, seconds: float = 60) -> None:
    parts.hand.move(seconds)
    parts.deliver.sweep()
    parts.drain()


def noted(parts: Installation, *, forget: bool = False) -> list[tuple[str, DeliveryAction]]:
    pager = parts.told["pagerduty"]
    assert isinstance(pager, Pager)
    assert isinstance(pager.notes, RecordingSink)
    said = [(one.sink, one.action) for one, _ in pager.notes.sent]
    if forget:
        pager.notes.sent.clear()
    return said


def standing(parts: Installation) -> Incident:
    found = parts.incidents.get(FIRST)
    assert found is not None
    return found


def webhook(
    kind: str, at: float, page: str = "Q1", who: str = "Ann Lee", agent: Any = None
) -> tuple[str, bytes]:
    """Make a webhook of an incident of others, and the id it is known by."""
    person = {"id": who[:3].upper(), "type": "user_reference", "summary": who}
    event = {
        **WEBHOOK["event"],
        "event_type": f"incident.{kind}",
        "occurred_at": minute(at).isoformat(),
        "agent": agent or person,
    }
    data = {"id": page, "incident_key": "d3640fbd", "created_at": minute(4).isoformat()}
    event["data"] = {**event["data"], **data, "title": "checkout: 5xx", "urgency": "high"}
    return f"{kind} {page} {at}", json.dumps({"event": event}).encode()


def bring(parts: Installation, *hooks: tuple[str, bytes]) -> None:
    for key, body in hooks:
        keep(parts, "pagerduty", key, body)
        parts.drain()


def test_who_takes_an_adopted_page_has_our_incident_and_slack_hears_so(make: Make) -> None:
    parts = make()
    bring(parts, webhook("acknowledged", 9))
    deliver(parts)
    one = standing(parts)
    assert (one.state, one.acknowledged_by) == (IncidentState.ACKNOWLEDGED, "Ann Lee")
    assert one.acknowledged_at == minute(9)
    assert parts.told["slack"].actions() == [A]
    assert noted(parts) == [], "it was said there"
    (entry,) = AuditLog(parts._engine).entries(subject=FIRST)
    assert (entry.actor, entry.action) == ("Ann Lee", Verb.ACKNOWLEDGE)


def test_who_resolves_it_has_ended_ours(make: Make) -> None:
    parts = make()
    bring(parts, webhook("resolved", 12, who="Bob Ray"))
    deliver(parts)
    assert standing(parts).state is IncidentState.MITIGATED
    assert standing(parts).mitigated_by == "Bob Ray"
    assert parts.told["slack"].actions() == [R]
    assert noted(parts) == []


def test_a_monitor_that_ends_its_own_page_ends_nothing_of_ours(make: Make) -> None:
    parts = make()
    bring(parts, webhook("resolved", 12, agent=MONITOR))
    assert standing(parts).state is IncidentState.OPEN


def test_what_was_said_before_the_page_was_adopted_counts_once_it_is(make: Make) -> None:
    parts = make(begins=False)
    bring(parts, webhook("acknowledged", 2))
    begin(parts)
    listen(parts)
    one = standing(parts)
    assert one.acknowledged_by == "Ann Lee"
    assert one.acknowledged_at == one.started_at, "not before there was anything to take"


def test_of_two_adopted_pages_the_last_that_is_resolved_ends_ours(make: Make) -> None:
    parts = make(begins=False)
    begin(parts, adopted=(Q1, Q2))
    bring(parts, webhook("triggered", 4, "Q2"), webhook("resolved", 12))
    assert standing(parts).state is IncidentState.OPEN
    bring(parts, webhook("resolved", 13, "Q2", agent=MONITOR))
    assert standing(parts).mitigated_by == "Ann Lee"


def test_what_is_said_here_is_told_there_once_and_comes_back_as_no_news(make: Make) -> None:
    parts = make()
    say(parts, FIRST, Verb.ACKNOWLEDGE, by="ann")
    deliver(parts)
    bring(parts, webhook("acknowledged", 21, who="aiops"))
    deliver(parts)
    say(parts, FIRST, Verb.MITIGATE, by="ann")
    deliver(parts)
    bring(parts, webhook("resolved", 23, who="aiops"))
    deliver(parts)
    assert noted(parts) == [(Q1, A), (Q1, R)]
    assert len(AuditLog(parts._engine).entries(subject=FIRST)) == 2
    assert "aiops" not in [standing(parts).acknowledged_by, standing(parts).mitigated_by]


HOOKS = (
    webhook("triggered", 4),
    webhook("acknowledged", 9),
    webhook("reassigned", 10),
    webhook("resolved", 12, who="Bob Ray"),
)


@settings(
    max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.lists(st.sampled_from(HOOKS), max_size=6), st.permutations(HOOKS), st.data())
def test_webhooks_in_any_order_and_however_often_come_to_the_same(
    make: Make, more: list[tuple[str, bytes]], order: list[tuple[str, bytes]], data: Any
) -> None:
    parts = make()
    hooks = [*order, *more]
    for number, (key, body) in enumerate(data.draw(st.permutations(hooks))):
        bring(parts, (f"{key} {number % 2}", body))
        if data.draw(st.booleans()):
            deliver(parts)
    deliver(parts)
    one = standing(parts)
    assert (one.state, one.mitigated_by) == (IncidentState.MITIGATED, "Bob Ray")
    assert parts.told["slack"].actions().count(R) == 1
    assert parts.told["slack"].actions().count(A) <= 1
    assert noted(parts) == []
    assert parts.told["pagerduty"].sent == []


def test_a_call_nobody_has_begun_is_held_while_others_are_called_for_it(make: Make) -> None:
    parts = make(begins=False)
    bring(parts, webhook("triggered", 4))
    begin(parts, "pagerduty", told=("pagerduty",))
    deliver(parts)
    assert parts.told["pagerduty"].sent == []
    (waiting,) = parts.outbox.records([DeliveryState.PENDING])
    assert waiting.last_error == 'held by PagerDuty incident Q1 "checkout: 5xx"'
    bring(parts, webhook("resolved", 12, agent=MONITOR))
    parts.hand.at = max(parts.hand.at, minute(12) + COVERS_AFTER + timedelta(seconds=1))
    deliver(parts)
    assert parts.told["pagerduty"].actions() == [T]


def test_a_call_that_was_held_until_the_end_is_never_made(make: Make) -> None:
    parts = make(begins=False)
    bring(parts, webhook("triggered", 4))
    begin(parts, "pagerduty", told=("pagerduty",))
    deliver(parts)
    say(parts, FIRST, Verb.MITIGATE, by="ann")
    for _ in range(3):
        deliver(parts)
    assert parts.told["pagerduty"].sent == []


def test_a_page_that_is_not_adopted_holds_nothing(make: Make) -> None:
    parts = make(begins=False)
    bring(parts, webhook("triggered", 4, "Q7"))
    begin(parts, "pagerduty", told=("pagerduty",))
    deliver(parts)
    assert parts.told["pagerduty"].actions() == [T]


def test_pages_share_a_circuit_breaker_that_is_not_the_pagers(make: Make) -> None:
    parts = make()
    assert set(parts.outbox.standings()) == {"pagerduty/", "slack"}


def opened_late(key: str = "INC-1001.1") -> tuple[str, bytes]:
    name, body = webhook("triggered", 25, "Q9")
    event = json.loads(body)
    event["event"]["data"]["incident_key"] = key
    return name, json.dumps(event).encode()


def test_a_page_of_ours_that_opens_after_the_end_is_resolved_once(make: Make) -> None:
    parts = make()
    say(parts, FIRST, Verb.MITIGATE, by="ann")
    deliver(parts)
    noted(parts, forget=True)
    for key in ("first", "again"):
        bring(parts, (key, opened_late()[1]))
    deliver(parts, 5)
    assert noted(parts) == [], "its end may be on its way"
    deliver(parts)
    assert noted(parts) == [("pagerduty/Q9", R)]


def test_a_page_of_ours_for_what_goes_on_or_is_unknown_is_left_alone(make: Make) -> None:
    parts = make()
    bring(parts, opened_late(), ("unknown", opened_late("INC-7.1")[1]))
    deliver(parts)
    assert noted(parts) == []


def test_whom_somebody_gives_it_to_is_said_to_our_own_page_by_itself(make: Make) -> None:
    parts = make(begins=False)
    parts._known = shop_of(policies=ADOPTING)
    begin(parts, "pagerduty", told=("pagerduty",), adopted=())
    say(parts, FIRST, Verb.ASSIGN, by="ann", about="bob@shop.example")
    deliver(parts)
    assert noted(parts) == [("pagerduty/INC-1001.1", DeliveryAction.UPDATE)]


def test_what_we_did_there_in_our_own_name_is_no_word_when_it_comes_back(make: Make) -> None:
    parts = make(begins=False)
    begin(parts, "pagerduty", told=("pagerduty",), adopted=())
    sink = SinkSettings(
        name="pagerduty", kind="pagerduty", url="http://x", write_as="aiops@shop.example"
    )
    parts.settings = replace(parts.settings, sinks=(sink,))
    parts.__dict__["people"] = Known()
    name, body = webhook("acknowledged", 9, who="aiops")
    event = json.loads(body)
    event["event"]["data"]["incident_key"] = "INC-1001.1"
    bring(parts, (name, json.dumps(event).encode()))
    assert standing(parts).state is IncidentState.OPEN


def test_from_webhook_to_note_through_every_stage(tmp_path: Path, empty_redis_url: str) -> None:
    policies = Policies(
        paging=replace(ADOPTING.paging, mode=Mode.IN_PATH, ticket_sinks=("slack", "pagerduty"))
    )
    known = settings_in(tmp_path, empty_redis_url, policies=policies)
    clock = HandClock(minute(0) + timedelta(seconds=2))
    parts = Installation(known, clock, shop_of(policies=policies))
    parts.told["pagerduty"] = Pager("pagerduty")
    parts.fed["shop"] = source(3, 60)
    parts.poll.back_fill("shop", timedelta(hours=4), 60)
    bring(parts, webhook("triggered", 2), webhook("acknowledged", 3))
    go_on(parts, until=10)
    listen(parts)
    one = standing(parts)
    assert one.adopted == (Q1,)
    assert (Q1, T) in noted(parts)
    assert one.acknowledged_by == "Ann Lee"
    parts.intake.__exit__(None, None, None)
    parts.dispose()


class Known:
    """Knows one name for everybody."""

    def name_of(self, place: Place, user_id: str) -> str:
        return "aiops@shop.example"
