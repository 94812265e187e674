"""Incidents open, change and end while everything around their delivery fails.

`AIOPS_FAULT_INCIDENTS=1000` plays each fault against a thousand incidents.
"""

import os
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from random import Random
from typing import Any

import pytest

from aiops.domain.errors import StoreError
from aiops.receivers.faults import Fault, FaultKind
from tests.workers.faults import Mortal, Town, life
from tests.workers.installation import HandClock, Installation

COUNT = int(os.environ.get("AIOPS_FAULT_INCIDENTS", "12"))
AT_ONCE = 5
"""So many incidents open in a second: more than either sink may be told."""

STEP = 12
"""Seconds until an incident changes, and again until it ends."""

Trouble = Callable[[int], None]


@pytest.fixture
def town(parts: Installation) -> Town:
    return Town(parts, Random(7))  # noqa: S311 - the same deaths in every run


def play(town: Town, trouble: Trouble = lambda _second: None) -> None:
    """Let incidents live while `trouble` happens every second; then let what waits be told."""
    lives = [life(number) for number in range(COUNT)]
    born = -(-COUNT // AT_ONCE)
    for second in range(born + 2 * STEP):
        news = []
        for age in (0, STEP, 2 * STEP):
            first = (second - age) * AT_ONCE
            news += [next(one) for one in lives[max(first, 0) : max(first + AT_ONCE, 0)]]
        if news:
            town.tell(news)
        trouble(second)
        town.second()
    for later in range(60 * COUNT + 7200):
        if not town.undelivered():
            return
        trouble(later)
        town.second()
    raise AssertionError(f"{town.undelivered()} deliveries still wait")


def check(town: Town) -> None:
    """See that nothing was lost or doubled, and that what is told last is the end."""
    assert town.dead() == []
    pages = town.pages.state()
    assert Counter(one["dedup_key"] for one in pages["incidents"]) == {
        f"INC-{2000 + number}.1": 1 for number in range(COUNT)
    }
    assert {one["status"] for one in pages["incidents"]} == {"resolved"}
    messages = [one for one in town.chat.state()["messages"] if "thread_ts" not in one]
    assert len(messages) == COUNT
    assert all("is over" in one["text"] for one in messages)
    said = Counter(
        (one["thread_ts"], one["metadata"]["event_payload"]["delivery"])
        for one in town.chat.state()["messages"]
        if "thread_ts" in one
    )
    assert set(said.values()) <= {1}
    for page in town.others.incidents.values():
        assert len(page.notes) in (2, 3), "an update that was late is told with the first"
        assert page.notes[0].endswith("trigger.1]")
        assert "is over" in page.notes[-1]
        assert len(set(page.notes)) == len(page.notes)


def test_without_faults_everybody_is_told_once(town: Town) -> None:
    play(town)
    check(town)


def test_a_worker_that_dies_at_any_point_of_a_delivery_loses_and_doubles_nothing(
    town: Town,
) -> None:
    town.chance = 0.04
    play(town)
    check(town)
    assert town.deaths > COUNT / 4


def test_a_queue_that_forgets_everything_is_filled_again_from_the_database(town: Town) -> None:
    def forget(second: int) -> None:
        if second % 3 == 0:
            town.parts.tasks.tasks.clear()

    play(town, forget)
    check(town)


def test_a_database_that_is_gone_for_half_a_minute_is_waited_for(town: Town) -> None:
    gone = {"now": False}

    class Outbox(Mortal):
        def __getattr__(self, name: str) -> Any:
            if gone["now"]:
                raise StoreError("the database is gone")
            return super().__getattr__(name)

    town.parts.deliver = town.worker(Outbox(town.parts.outbox, lambda: False))

    def fail(second: int) -> None:
        gone["now"] = 5 <= second < 35

    play(town, fail)
    check(town)


@pytest.mark.parametrize(
    "fault",
    [
        Fault(kind=FaultKind.STATUS, status=500),
        Fault(kind=FaultKind.STATUS, status=429, retry_after_seconds=3),
        Fault(kind=FaultKind.GARBAGE),
        Fault(kind=FaultKind.HANG),
        Fault(kind=FaultKind.CUT_BEFORE),
        Fault(kind=FaultKind.CUT_AFTER),
    ],
    ids=lambda fault: f"{fault.kind}-{fault.status}",
)
def test_sinks_on_a_bad_day_are_told_in_the_end_and_only_once(town: Town, fault: Fault) -> None:
    def spoil(second: int) -> None:
        town.faults.clear()
        if second % 5 < 2:
            town.faults.add(fault)

    play(town, spoil)
    check(town)


def test_what_a_sink_refuses_waits_for_a_person_who_replays_it(town: Town) -> None:
    refused = []

    def refuse(second: int) -> None:
        town.faults.clear()
        if second % 10 == 3:
            town.faults.add(Fault(kind=FaultKind.STATUS, status=400))
        refused.extend(town.dead())
        town.replay()

    play(town, refuse)
    town.faults.clear()
    town.replay()
    play_on(town)
    check(town)
    assert refused


def play_on(town: Town) -> None:
    while town.undelivered():
        town.second()


def test_clocks_that_jump_by_an_hour_lose_and_double_nothing(town: Town) -> None:
    wall = HandClock(town.parts.hand.at)
    town.parts.wall = wall
    town.parts.__dict__.pop("real_clock", None)
    town.parts.deliver = town.worker(town.parts.outbox)

    def jump(second: int) -> None:
        wall.move(1)
        if second % 20 == 10:
            wall.at += timedelta(hours=town.random.choice((-1, 1)))

    play(town, jump)
    check(town)


def test_two_workers_on_one_delivery_send_it_once(town: Town) -> None:
    second_worker = town.worker(town.parts.outbox)

    class Outbox(Mortal):
        def claim(self, delivery_id: int, **how: Any) -> Any:
            mine = town.parts.outbox.claim(delivery_id, **how)
            if mine is not None:
                second_worker.run(delivery_id)
            return mine

    town.parts.deliver = town.worker(Outbox(town.parts.outbox, lambda: False))
    play(town)
    check(town)


def test_everything_at_once(town: Town) -> None:
    town.chance = 0.02

    def spoil(second: int) -> None:
        town.faults.clear()
        kind = town.random.choice((FaultKind.CUT_AFTER, FaultKind.GARBAGE, FaultKind.STATUS))
        if second % 3 == 0:
            town.faults.add(Fault(kind=kind, status=500))
        if second % 7 == 0:
            town.parts.tasks.tasks.clear()

    play(town, spoil)
    check(town)
