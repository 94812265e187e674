"""Outbox → sinks."""

from dataclasses import replace
from datetime import timedelta

import pytest

from aiops.domain.errors import DeliveryError
from aiops.domain.incidents import Incident
from aiops.domain.notifications import DeliveryAction, DeliveryState, Notification
from aiops.domain.pacing import Rate
from aiops.store.deliveries import DeliveryRecord
from tests.builders import minute
from tests.store.makers import incident, notification, state_of
from tests.workers.installation import HandClock, Installation, RecordingSink, refusal
from workers.redelivery import replay
from workers.stages.deliver import LEASE_SECONDS, MAX_AGE, MAX_ATTEMPTS

FIRST = incident()


def announce(parts: Installation, *notes: Notification, of: Incident = FIRST) -> tuple[int, ...]:
    _, version = parts.incidents.load("prod")
    return parts.incidents.commit(
        version, state_of(of), revisions=[of], notifications=notes, now=minute(5)
    )


@pytest.fixture
def due(parts: Installation) -> int:
    """A page that is due now."""
    parts.hand.at = minute(5)
    (row,) = announce(parts, notification())
    return row


def record(parts: Installation) -> DeliveryRecord:
    return parts.outbox.of_incident("INC-1001")[0]


def pagerduty(parts: Installation) -> RecordingSink:
    return parts.told["pagerduty"]


def test_a_delivery_is_sent_once(parts: Installation, due: int) -> None:
    parts.deliver.run(due)
    parts.deliver.run(due)
    assert pagerduty(parts).actions() == [DeliveryAction.TRIGGER]
    assert pagerduty(parts).repeated == [False]
    assert record(parts).state is DeliveryState.DELIVERED
    assert parts.outbox.reference("INC-1001", 1, "pagerduty") == {"key": "pagerduty-INC-1001"}


def test_nothing_is_sent_before_it_has_settled(parts: Installation, due: int) -> None:
    parts.hand.at = minute(4)
    parts.deliver.sweep()
    parts.deliver.run(due)
    assert not parts.tasks.tasks
    assert not pagerduty(parts).sent


def test_the_sweep_finds_what_is_due(parts: Installation, due: int) -> None:
    parts.deliver.sweep()
    assert list(parts.tasks.tasks) == [("deliver.send", (due,))]
    parts.drain()
    assert len(pagerduty(parts).sent) == 1


def test_a_refused_delivery_is_tried_again_ever_more_slowly(parts: Installation, due: int) -> None:
    pagerduty(parts).failures = [refusal() for _ in range(10)]
    waits = []
    for _ in range(10):
        parts.takes_others("pagerduty")
        parts.deliver.run(due)
        assert record(parts).state is DeliveryState.PENDING
        waits.append((record(parts).next_attempt_at - parts.hand.at).total_seconds())
        parts.deliver.run(due)  # too early: nobody is asked
        parts.hand.at = record(parts).next_attempt_at
    assert len(pagerduty(parts).repeated) == 10
    assert all(2 <= wait <= 300 * 1.25 for wait in waits)
    assert waits == sorted(waits)
    assert waits[-1] >= 300
    parts.deliver.run(due)
    assert record(parts).state is DeliveryState.DELIVERED
    assert record(parts).attempts == 11


def test_a_sink_that_says_when_to_come_back_is_obeyed(parts: Installation, due: int) -> None:
    pagerduty(parts).failures = [refusal(after=90)]
    parts.deliver.run(due)
    assert record(parts).next_attempt_at >= parts.hand.at + timedelta(seconds=90)


def test_a_delivery_nobody_can_take_is_dead_and_says_why(parts: Installation, due: int) -> None:
    pagerduty(parts).failures = [DeliveryError("the routing key is wrong", retryable=False)]
    parts.deliver.run(due)
    assert record(parts).state is DeliveryState.DEAD
    assert record(parts).dead_reason == "the routing key is wrong"


def test_after_many_attempts_it_is_dead_and_a_person_can_replay_it(
    parts: Installation, due: int
) -> None:
    pagerduty(parts).failures = [refusal() for _ in range(MAX_ATTEMPTS)]
    for _ in range(MAX_ATTEMPTS):
        parts.takes_others("pagerduty")
        parts.deliver.run(due)
        parts.hand.at = max(parts.hand.at, record(parts).next_attempt_at)
    assert record(parts).state is DeliveryState.DEAD
    assert f"{MAX_ATTEMPTS} attempts failed" in record(parts).dead_reason
    assert "answered 500" in record(parts).dead_reason
    assert replay(parts, [due, due + 1], by="ann", why="mended") == ((due,), (due + 1,))
    parts.deliver.run(due)
    assert record(parts).state is DeliveryState.DELIVERED


def test_a_delivery_that_takes_every_sender_down_is_given_up(parts: Installation, due: int) -> None:
    wall = HandClock(minute(5))
    parts.wall = wall
    pagerduty(parts).failures = [RuntimeError("killed") for _ in range(MAX_ATTEMPTS + 5)]
    for _ in range(MAX_ATTEMPTS):
        with pytest.raises(RuntimeError):
            parts.deliver.run(due)
        wall.move(LEASE_SECONDS + 1)
    parts.deliver.run(due)
    assert record(parts).state is DeliveryState.DEAD
    assert "none of them ended" in record(parts).dead_reason


def test_what_may_have_arrived_is_sent_again_with_a_look_first(
    parts: Installation, due: int
) -> None:
    pagerduty(parts).failures = [DeliveryError("cut", retryable=True, ambiguous=True), refusal()]
    parts.deliver.run(due)
    for _ in range(2):
        parts.hand.at = record(parts).next_attempt_at
        parts.deliver.run(due)
    assert pagerduty(parts).repeated == [False, True, True]


def test_a_sender_that_died_is_followed_by_one_that_looks_first(
    parts: Installation, due: int
) -> None:
    wall = HandClock(minute(5))
    parts.wall = wall
    held = parts.outbox.claim(due, now=minute(5), wall=wall.now(), lease_seconds=LEASE_SECONDS)
    assert held is not None
    parts.deliver.run(due)
    assert not pagerduty(parts).sent
    wall.move(LEASE_SECONDS + 1)
    parts.deliver.sweep()
    parts.drain()
    assert pagerduty(parts).repeated == [True]
    assert not parts.outbox.delivered(held.id, held.token, {}, now=minute(6))


def test_a_sink_that_is_no_longer_configured_is_named(parts: Installation, due: int) -> None:
    del parts.told["pagerduty"]
    parts.deliver.run(due)
    assert record(parts).state is DeliveryState.DEAD
    assert record(parts).dead_reason == "no sink is named 'pagerduty' in aiops.yaml"


def test_a_page_tells_the_newest_revision_and_its_update_is_not_sent_again(
    parts: Installation, due: int
) -> None:
    later = replace(FIRST, revision=2, title="Checkout and cart fail in EU")
    (update,) = announce(parts, notification(2, DeliveryAction.UPDATE), of=later)
    parts.deliver.run(update)
    assert not pagerduty(parts).sent, "an update never overtakes its page"
    parts.deliver.run(due)
    parts.drain()
    (sent,) = pagerduty(parts).sent
    assert sent[1]["title"] == "Checkout and cart fail in EU"
    states = [one.state for one in parts.outbox.of_incident("INC-1001")]
    assert states == [DeliveryState.DELIVERED, DeliveryState.SUPERSEDED]


def test_one_sink_in_trouble_does_not_hold_up_another(parts: Installation, due: int) -> None:
    announce(parts, notification(sink="slack"))
    pagerduty(parts).failures = [refusal()]
    parts.deliver.sweep()
    parts.drain()
    assert not pagerduty(parts).sent
    assert len(parts.told["slack"].sent) == 1


def test_after_a_delivery_what_waited_behind_it_follows(parts: Installation, due: int) -> None:
    later = replace(FIRST, revision=2)
    announce(parts, notification(2, DeliveryAction.RESOLVE), of=later)
    parts.deliver.run(due)
    parts.drain()
    assert pagerduty(parts).actions() == [DeliveryAction.TRIGGER, DeliveryAction.RESOLVE]
    assert pagerduty(parts).sent[1][1]["reference"] == {"key": "pagerduty-INC-1001"}


def test_an_outage_of_hours_buries_nothing_and_delays_no_other_sink(
    parts: Installation, due: int
) -> None:
    announce(parts, notification(sink="slack"), of=replace(FIRST, revision=2))
    pagerduty(parts).failures = [refusal() for _ in range(1000)]
    began = parts.hand.at
    while parts.hand.at < began + timedelta(hours=1):
        parts.deliver.sweep()
        parts.drain()
        parts.hand.move(15)
    assert parts.told["slack"].actions() == [DeliveryAction.TRIGGER]
    assert 40 <= 1000 - len(pagerduty(parts).failures) <= 70, "about once a minute it is asked"
    assert parts.outbox.counts()[DeliveryState.DEAD] == 0
    pagerduty(parts).failures.clear()
    for _ in range(10):
        parts.deliver.sweep()
        parts.drain()
        parts.hand.move(60)
    assert pagerduty(parts).actions() == [DeliveryAction.TRIGGER]
    assert (record(parts).id, record(parts).state) == (due, DeliveryState.DELIVERED)


def test_what_nobody_took_for_a_day_is_dead(parts: Installation, due: int) -> None:
    pagerduty(parts).failures = [refusal(), refusal()]
    parts.deliver.run(due)
    parts.hand.move(MAX_AGE.total_seconds())
    parts.deliver.run(due)
    assert record(parts).state is DeliveryState.DEAD
    assert "nobody took it for 24 hours" in record(parts).dead_reason


def test_a_sink_is_told_at_its_rate_and_the_sweep_comes_when_it_may_be_told_more(
    parts: Installation,
) -> None:
    pagerduty(parts).rate = Rate(per_minute=60, burst=1)
    parts.hand.at = minute(5)
    _, second = (
        announce(parts, notification(number=number), of=incident(number=number))[0]
        for number in (1001, 1002)
    )
    parts.deliver.sweep()
    parts.drain(without=["deliver.next"])
    assert len(pagerduty(parts).sent) == 1
    parts.deliver.run(second)
    assert len(pagerduty(parts).sent) == 1
    assert parts.tasks.delays == {"deliver.next": pytest.approx(60 / 59)}
    parts.hand.move(60 / 59)
    parts.deliver.sweep()
    parts.drain()
    assert [note.incident_id for note, _ in pagerduty(parts).sent] == ["INC-1001", "INC-1002"]


@pytest.fixture
def stand_in(parts: Installation, due: int) -> RecordingSink:
    """The sink that stands in for PagerDuty, which takes nothing; the page is due."""
    del due
    pagerduty(parts).failures = [refusal() for _ in range(1000)]
    parts.stand_ins["pagerduty"] = "slack"
    return parts.told["slack"]


def go_on(parts: Installation, *, minutes: float) -> None:
    until = parts.hand.at + timedelta(minutes=minutes)
    while parts.hand.at < until:
        parts.deliver.sweep()
        parts.deliver.fall_back()
        parts.drain()
        parts.hand.move(30)


def test_what_a_sink_does_not_take_in_time_its_stand_in_is_told_once(
    parts: Installation, stand_in: RecordingSink
) -> None:
    go_on(parts, minutes=1)
    assert not stand_in.sent
    go_on(parts, minutes=10)
    ((note, _),) = stand_in.sent
    assert note.action is DeliveryAction.TRIGGER
    assert note.reason == "pagerduty did not take it: a money KPI is losing"
    assert any("slack is told" in why for _, why in parts.heard.faults)


def test_the_stand_in_hears_of_the_end_even_when_the_sink_is_back(
    parts: Installation, stand_in: RecordingSink
) -> None:
    go_on(parts, minutes=10)
    pagerduty(parts).failures.clear()
    announce(parts, notification(2, DeliveryAction.RESOLVE), of=replace(FIRST, revision=2))
    go_on(parts, minutes=10)
    for sink in (pagerduty(parts), stand_in):
        assert sink.actions() == [DeliveryAction.TRIGGER, DeliveryAction.RESOLVE]


def test_a_stand_in_hears_nothing_of_what_is_taken(parts: Installation, due: int) -> None:
    parts.stand_ins["pagerduty"] = "slack"
    announce(parts, notification(2, DeliveryAction.UPDATE), of=replace(FIRST, revision=2))
    go_on(parts, minutes=20)
    assert record(parts).state is DeliveryState.DELIVERED
    assert not parts.told["slack"].sent


def test_a_sink_that_fails_every_so_often_is_not_met_at_the_same_moment_each_time(
    parts: Installation, due: int
) -> None:
    pagerduty(parts).failures = [refusal(after=10) for _ in range(8)]
    waits = set()
    for _ in range(8):
        parts.takes_others("pagerduty")
        parts.deliver.run(due)
        waits.add(record(parts).next_attempt_at - parts.hand.at)
        parts.hand.at = record(parts).next_attempt_at
    assert len(waits) > 4
    assert all(timedelta(seconds=10) <= one <= timedelta(seconds=12.5) for one in waits)
