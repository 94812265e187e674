from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial

import pytest
from sqlalchemy import Engine

from aiops.domain.errors import DeliveryError
from aiops.domain.notifications import DeliveryAction, DeliveryState, Notification
from aiops.domain.pacing import AT_ONCE, OPENS_AFTER, Rate
from aiops.store.audit import AuditEntry
from aiops.store.deliveries import Delivery, add_notifications
from aiops.store.engine import writing
from aiops.store.outbox import Outbox
from tests.builders import minute
from tests.store.makers import notification
from tests.store.processes import writers

WALL = minute(0)
ANN = AuditEntry(at=minute(11), actor="ann", action="replay", subject="delivery 1")
UPDATE, RESOLVE = DeliveryAction.UPDATE, DeliveryAction.RESOLVE


@pytest.fixture
def outbox(aiops: Engine) -> Outbox:
    return Outbox(aiops)


def add(engine: Engine, *notifications: Notification) -> tuple[int, ...]:
    with writing(engine) as connection:
        return add_notifications(connection, notifications, now=minute(3), traceparent="00-a")


def take(outbox: Outbox, delivery_id: int, *, at: float = 10, wall_seconds: float = 0) -> Delivery:
    found = outbox.claim(
        delivery_id,
        now=minute(at),
        wall=WALL + timedelta(seconds=wall_seconds),
        lease_seconds=30,
    )
    assert found is not None
    return found


def is_free(outbox: Outbox, delivery_id: int, *, at: float = 10, wall_seconds: float = 0) -> bool:
    wall = WALL + timedelta(seconds=wall_seconds)
    can_be_had = delivery_id in outbox.due(minute(at), wall)
    claimed = outbox.claim(delivery_id, now=minute(at), wall=wall, lease_seconds=30)
    assert (claimed is not None) == can_be_had
    return can_be_had


def fail(  # what can be said of a failure
    outbox: Outbox,
    delivery: Delivery,
    error: str = "503",
    *,
    next_attempt_at: datetime | None = None,
    dead_reason: str = "",
    ambiguous: bool = False,
    wall_seconds: float = 0,
) -> bool:
    return outbox.failed(
        delivery.id,
        delivery.token,
        DeliveryError(error, retryable=not dead_reason, ambiguous=ambiguous),
        wall=WALL + timedelta(seconds=wall_seconds),
        next_attempt_at=next_attempt_at,
        dead_reason=dead_reason,
    )


def test_a_notification_is_due_from_its_time_on(outbox: Outbox, aiops: Engine) -> None:
    (one,) = add(aiops, notification(due=5))
    assert outbox.due(minute(4.9), WALL) == ()
    assert not is_free(outbox, one, at=4.9)
    assert outbox.due(minute(5), WALL) == (one,)
    delivery = take(outbox, one, at=5)
    assert delivery.notification == notification(due=5)
    assert (delivery.attempt, delivery.repeated, delivery.reference) == (1, False, {})
    assert delivery.traceparent == "00-a"


def test_a_claimed_notification_is_nobody_elses_until_its_lease_runs_out(
    outbox: Outbox, aiops: Engine
) -> None:
    (one,) = add(aiops, notification())
    first = take(outbox, one)
    assert not is_free(outbox, one, wall_seconds=29.9)
    second = take(outbox, one, wall_seconds=30)
    assert (second.attempt, second.repeated) == (2, True)
    assert second.token != first.token
    assert not fail(outbox, first, "late", next_attempt_at=minute(20))
    assert not outbox.delivered(one, first.token, {"ts": "1"}, now=minute(11))
    assert outbox.counts()[DeliveryState.SENDING] == 1
    # The message of the slow one is there all the same.
    assert outbox.reference("INC-1001", 1, "pagerduty") == {"ts": "1"}
    assert outbox.delivered(one, second.token, {"ts": "2"}, now=minute(12))
    assert not outbox.delivered(one, second.token, {"ts": "2"}, now=minute(12))


def test_delivered_is_delivered_once_and_for_all(outbox: Outbox, aiops: Engine) -> None:
    (one,) = add(aiops, notification())
    assert outbox.told("INC-1001", 1) == ()
    assert outbox.reference("INC-1001", 1, "pagerduty") is None
    assert outbox.delivered(one, take(outbox, one).token, {"dedup_key": "k"}, now=minute(11))
    assert not is_free(outbox, one, at=1000, wall_seconds=1e6)
    assert outbox.told("INC-1001", 1) == ("pagerduty",)
    (record,) = outbox.of_incident("INC-1001")
    assert (record.state, record.delivered_at) == (DeliveryState.DELIVERED, minute(11))


def test_what_the_sink_said_before_is_at_hand_for_the_next_one(
    outbox: Outbox, aiops: Engine
) -> None:
    first, second = add(aiops, notification(), notification(2, UPDATE))
    claimed = outbox.claim(first, now=minute(5), wall=WALL, lease_seconds=30)
    assert claimed is not None
    add(aiops, notification(3, RESOLVE))
    outbox.delivered(first, claimed.token, {"ts": "1", "channel": "c"}, now=minute(6))
    third = second + 1
    assert take(outbox, third).reference == {"ts": "1", "channel": "c"}


def test_an_earlier_one_of_the_same_incident_and_sink_goes_first(
    outbox: Outbox, aiops: Engine
) -> None:
    trigger, slack, resolve, other = add(
        aiops,
        notification(due=8),
        notification(sink="slack"),
        notification(2, RESOLVE),
        notification(number=1002),
    )
    assert outbox.due(minute(6), WALL) == (other, slack)
    assert not is_free(outbox, resolve, at=6)
    claimed = take(outbox, trigger)
    assert not is_free(outbox, resolve)
    fail(outbox, claimed, next_attempt_at=minute(20))
    assert not is_free(outbox, resolve)
    assert not is_free(outbox, trigger, at=19)
    outbox.delivered(trigger, take(outbox, trigger, at=20).token, {}, now=minute(20))
    assert is_free(outbox, resolve)


def test_updates_that_wait_behind_are_told_with_the_first(outbox: Outbox, aiops: Engine) -> None:
    trigger, second, third, resolve = add(
        aiops,
        notification(1),
        notification(2, UPDATE),
        notification(3, UPDATE),
        notification(4, RESOLVE),
    )
    claimed = take(outbox, trigger)
    assert (claimed.notification.revision, claimed.revision) == (1, 3)
    (fifth,) = add(aiops, notification(5, UPDATE))
    outbox.delivered(trigger, claimed.token, {}, now=minute(10))
    states = {one.id: one.state for one in outbox.of_incident("INC-1001")}
    assert states == {
        trigger: DeliveryState.DELIVERED,
        second: DeliveryState.SUPERSEDED,
        third: DeliveryState.SUPERSEDED,
        resolve: DeliveryState.PENDING,
        fifth: DeliveryState.PENDING,
    }
    assert take(outbox, resolve).revision == 4


def test_updates_are_not_superseded_by_one_that_failed(outbox: Outbox, aiops: Engine) -> None:
    second, third = add(aiops, notification(2, UPDATE), notification(3, UPDATE))
    claimed = take(outbox, second)
    assert claimed.revision == 3
    fail(outbox, claimed, dead_reason="refused: 400")
    assert is_free(outbox, third)


def test_an_ambiguous_failure_is_remembered_by_every_later_attempt(
    outbox: Outbox, aiops: Engine
) -> None:
    (one,) = add(aiops, notification())
    for attempt, (ambiguous, repeated) in enumerate([(False, False), (True, False), (False, True)]):
        claimed = take(outbox, one)
        assert (claimed.attempt, claimed.repeated) == (attempt + 1, repeated)
        fail(outbox, claimed, next_attempt_at=minute(10), ambiguous=ambiguous)
    assert take(outbox, one).repeated


def test_a_dead_letter_says_why_and_can_be_replayed(outbox: Outbox, aiops: Engine) -> None:
    (one,) = add(aiops, notification())
    assert not outbox.replay(one, now=minute(11), entry=ANN)
    claimed = take(outbox, one)
    assert fail(outbox, claimed, "400 invalid key", dead_reason="refused for good")
    (letter,) = outbox.records([DeliveryState.DEAD])
    assert (letter.last_error, letter.dead_reason) == ("400 invalid key", "refused for good")
    assert outbox.oldest_due() is None
    assert outbox.replay(one, now=minute(12), entry=ANN)
    assert outbox.records([DeliveryState.DEAD]) == ()
    assert outbox.oldest_due() == minute(12)
    assert not is_free(outbox, one, at=11.9)
    assert take(outbox, one, at=12).attempt == 1


def test_a_replayed_message_tells_how_things_are_now(outbox: Outbox, aiops: Engine) -> None:
    trigger, update = add(aiops, notification(), notification(2, UPDATE))
    fail(outbox, take(outbox, trigger), dead_reason="no such key")
    outbox.delivered(update, take(outbox, update).token, {}, now=minute(10))
    outbox.replay(trigger, now=minute(11), entry=ANN)
    assert take(outbox, trigger, at=11).revision == 2


def test_a_failure_names_a_time_or_a_reason(outbox: Outbox) -> None:
    error = DeliveryError("500", retryable=True)
    with pytest.raises(ValueError, match="one of the two"):
        outbox.failed(1, "x", error, wall=WALL)
    with pytest.raises(ValueError, match="one of the two"):
        outbox.failed(1, "x", error, wall=WALL, next_attempt_at=minute(9), dead_reason="often")


def test_a_sink_is_told_no_faster_than_it_may_be_and_the_worst_goes_first(
    outbox: Outbox, aiops: Engine
) -> None:
    rates = {"pagerduty": Rate(per_minute=60, burst=2)}
    mild, news, bad, other = add(
        aiops,
        replace(notification(), urgency=3),
        replace(notification(2, UPDATE, number=1002), urgency=5),
        replace(notification(number=1003), urgency=1),
        notification(sink="slack", number=1003),
    )
    assert outbox.due(minute(6), WALL, rates) == (bad, mild, other)
    claim = partial(outbox.claim, now=minute(6), lease_seconds=30, rates=rates)
    assert claim(mild, wall=WALL) is None
    claims = [claim(one, wall=WALL) for one in (bad, mild, news, other)]
    assert [one is not None for one in claims] == [True, True, False, True]
    for one in filter(None, claims):
        outbox.delivered(one.id, one.token, {}, now=minute(6))
    rate = rates["pagerduty"]
    assert outbox.wait("pagerduty", rate, WALL) == rate.interval
    assert outbox.due(minute(6), WALL, rates) == ()
    assert outbox.due(minute(6), WALL + rate.interval, rates) == (news,)
    assert claim(news, wall=WALL + rate.interval) is not None


def test_a_claim_that_was_not_to_be_had_costs_nothing_of_the_rate(
    outbox: Outbox, aiops: Engine
) -> None:
    rates = {"pagerduty": Rate(per_minute=60, burst=1)}
    one, _ = add(aiops, notification(due=20), notification(number=1002))
    assert outbox.claim(one, now=minute(6), wall=WALL, lease_seconds=30, rates=rates) is None
    assert outbox.wait("pagerduty", rates["pagerduty"], WALL) == timedelta(0)


def test_a_sink_that_fails_is_asked_by_one_delivery_at_a_time_and_buries_none(
    outbox: Outbox, aiops: Engine
) -> None:
    ids = add(aiops, *(notification(number=number) for number in range(OPENS_AFTER + 2)))
    for one in ids[:OPENS_AFTER]:
        fail(outbox, take(outbox, one), next_attempt_at=minute(10))
    assert outbox.due(minute(10), WALL) == ()
    trial, waiting = ids[-2:]
    seconds = outbox.wait("pagerduty", Rate(per_minute=60), WALL).total_seconds()
    claimed = take(outbox, trial, wall_seconds=seconds)
    assert not is_free(outbox, waiting, wall_seconds=seconds)
    fail(outbox, claimed, next_attempt_at=minute(10), wall_seconds=seconds)
    assert outbox.of_incident(claimed.notification.incident_id)[0].attempts == 0
    again = take(outbox, trial, wall_seconds=3 * seconds)
    outbox.delivered(trial, again.token, {}, now=minute(11))
    later = WALL + timedelta(minutes=1)
    assert len(outbox.due(minute(11), later)) == AT_ONCE
    assert outbox.counts()[DeliveryState.PENDING] == OPENS_AFTER + 1


def test_a_stand_in_gets_late_calls_and_what_follows_on_them_once(
    outbox: Outbox, aiops: Engine
) -> None:
    late, *_ = add(
        aiops,
        notification(due=5),
        notification(2, UPDATE, due=6),
        notification(due=9, number=1002),
        notification(2, RESOLVE, due=6, number=1003),
    )
    fall_back = partial(outbox.fall_back, "pagerduty", "slack", now=minute(10))
    added = fall_back(due_before=minute(8))
    assert len(added) == 1
    claimed = take(outbox, added[0])
    told = claimed.notification
    assert (told.incident_id, told.sink, told.not_before) == ("INC-1001", "slack", minute(5))
    assert told.reason == "pagerduty did not take it: a money KPI is losing"
    assert fall_back(due_before=minute(8)) != ()
    assert fall_back(due_before=minute(8)) == ()
    fail(outbox, take(outbox, late), dead_reason="400")
    assert fall_back(due_before=minute(1)) == ()
    kinds = [
        (one.notification.sink, one.notification.action) for one in outbox.of_incident("INC-1001")
    ]
    assert kinds == [
        ("pagerduty", DeliveryAction.TRIGGER),
        ("pagerduty", UPDATE),
        ("slack", DeliveryAction.TRIGGER),
        ("slack", UPDATE),
    ]


def test_a_stand_in_is_not_called_for_what_is_over_or_long_past(
    outbox: Outbox, aiops: Engine
) -> None:
    add(
        aiops,
        notification(due=5),
        notification(2, RESOLVE, due=6),
        notification(due=5 - 24 * 60, number=1002),
    )
    now = minute(10)
    assert outbox.fall_back("pagerduty", "slack", now=now, due_before=minute(8)) == ()


def test_every_state_is_counted(outbox: Outbox, aiops: Engine) -> None:
    first, _ = add(aiops, notification(), notification(sink="slack"))
    take(outbox, first)
    assert outbox.counts() == {
        DeliveryState.PENDING: 1,
        DeliveryState.SENDING: 1,
        DeliveryState.DELIVERED: 0,
        DeliveryState.SUPERSEDED: 0,
        DeliveryState.DEAD: 0,
    }


def test_processes_that_claim_at_once_deliver_each_one_once_and_in_order(
    outbox: Outbox, aiops: Engine, aiops_url: str
) -> None:
    add(aiops, *(notification(rev, RESOLVE, number=n) for n in range(20) for rev in (1, 2, 3)))
    lines = writers("claim", aiops_url, 0, processes=3)
    assert len(lines) == len(set(lines)) == 60
    assert outbox.counts()[DeliveryState.DELIVERED] == 60


def test_a_sink_is_told_two_at_once_and_after_a_failure_one(outbox: Outbox, aiops: Engine) -> None:
    rows = add(aiops, *(notification(number=1001 + number) for number in range(5)))
    first, second = (take(outbox, row) for row in rows[:2])
    assert outbox.claim(rows[2], now=minute(10), wall=WALL, lease_seconds=30) is None
    fail(outbox, first, next_attempt_at=minute(60))
    assert outbox.claim(rows[2], now=minute(10), wall=WALL, lease_seconds=30) is None
    outbox.delivered(second.id, second.token, {}, now=minute(10))
    take(outbox, rows[2])
    take(outbox, rows[3])


def test_what_hangs_at_one_sink_keeps_nobody_from_another(outbox: Outbox, aiops: Engine) -> None:
    rows = add(
        aiops,
        *(notification(number=1001 + number) for number in range(3)),
        notification(sink="pagerduty-2"),
    )
    for row in rows[:2]:
        take(outbox, row)
    assert outbox.claim(rows[2], now=minute(10), wall=WALL, lease_seconds=30) is None
    take(outbox, rows[3])
    take(outbox, rows[2], wall_seconds=31)  # those who sent them are gone
