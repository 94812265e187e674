"""Who sends of their own accord is counted, and missed when it stops."""

from dataclasses import replace
from datetime import timedelta

import pytest

from aiops.domain.errors import StoreError
from aiops.domain.feeds import DOOR, Feed
from aiops.domain.incidents import Decision, IncidentState
from aiops.domain.policies import Mode, PagingPolicy, Policies
from aiops.ingest.otlp import JSON
from aiops.settings import ChangeSourceSettings
from tests.builders import minute, shop
from tests.ingest.exports import log, logs
from tests.workers.installation import Installation
from tests.workers.test_alerts import AM, alert, group, send
from workers.alerts import take_waiting
from workers.change_reports import receive as receive_change
from workers.exports import take_export
from workers.feed_counter import FeedCounter
from workers.feeds import find_missing

LOGS = Feed(source="otlp_logs", env="prod")


@pytest.fixture
def house(parts: Installation) -> Installation:
    """An installation that is sent logs every minute, from 8:00 until 10:00, and nothing since."""
    parts._known = shop(policies=Policies(paging=PagingPolicy(mode=Mode.IN_PATH)))
    parts.settings = replace(parts.settings, alert_sources=(AM,))
    for number in range(-120, 0):
        hear(parts, number)
    return parts


def hear(parts: Installation, number: float, *, logged: bool = True) -> None:
    """Let a minute go by in which the door is open, and perhaps logs come in."""
    parts.hand.at = minute(number)
    if logged:
        body = logs(*(log(f"info {one}", at=number, severityNumber=9) for one in range(3)))
        take_export(parts, "logs", body, JSON)
    parts.feed_counter.store()
    parts.tasks.tasks.clear()


def look(parts: Installation, number: float) -> None:
    parts.hand.at = minute(number) + timedelta(seconds=20)
    find_missing(parts)
    parts.drain()


def test_logs_that_stop_become_one_incident_that_is_over_when_they_come_again(
    house: Installation,
) -> None:
    for number in range(4):
        hear(house, number, logged=False)
    look(house, 4)
    assert house.incidents.recent() == ()
    for number in range(4, 7):
        hear(house, number, logged=False)
        look(house, number + 1)
        look(house, number + 1)
    (incident,) = house.incidents.recent()
    assert incident.title == "No telemetry from otlp_logs"
    assert incident.started_at == minute(0)
    assert incident.decision is Decision.TICKET
    for number in range(7, 9):
        hear(house, number)
    look(house, 9)
    (incident,) = house.incidents.recent()
    assert incident.symptoms[0].ended_at == minute(9)
    assert len(incident.symptoms) == 1


def test_what_comes_at_the_door_is_counted_even_where_nothing_of_it_is_kept(
    house: Installation,
) -> None:
    counted = house.feeds.minutes(LOGS, [(0, 2**31)])
    assert set(counted.values()) == {3}
    assert len(counted) == 120


def test_a_storm_of_alerts_that_hosts_are_down_joins_the_silence_behind_it(
    house: Installation,
) -> None:
    for number in range(6):
        hear(house, number, logged=False)
    look(house, 6)
    down = [alert(4, name="InstanceDown", service=f"host-{one}") for one in range(20)]
    house.hand.at = minute(6) + timedelta(seconds=30)
    send(house, group(*down))
    take_waiting(house)
    house.drain()
    (incident,) = [one for one in house.incidents.recent() if one.state is IncidentState.OPEN]
    assert incident.title == "No telemetry from otlp_logs"
    assert len(incident.symptoms) == 21


def test_an_environment_that_nobody_declared_is_not_counted(house: Installation) -> None:
    house.feed_counter.count("otlp_logs", "made-up")
    house.feed_counter.store()
    assert Feed(source="otlp_logs", env="made-up") not in house.feeds.spans()


def test_tools_that_tell_of_changes_are_counted_too(house: Installation) -> None:
    source = ChangeSourceSettings(name="ci", kind="github")
    receive_change(
        house, source, b'{"zen": "Keep it logically awesome."}', {"x-github-event": "ping"}
    )
    house.feed_counter.store()
    assert Feed(source="ci", env="prod") in house.feeds.spans()


def test_monitors_that_send_alerts_are_counted_too(house: Installation) -> None:
    send(house, group(alert(1)))
    house.feed_counter.store()
    assert Feed(source="am", env="prod") in house.feeds.spans()


def test_counts_that_cannot_be_stored_are_stored_later(house: Installation) -> None:
    class Broken:
        is_broken = True

        def add(self, counts: object) -> None:
            if self.is_broken:
                raise StoreError("the disk is full")
            house.feeds.add(counts)  # type: ignore[arg-type]

    faults: list[str] = []
    broken = Broken()
    house.hand.at = minute(30)
    counter = FeedCounter(broken, house.clock, {"prod"}, faults.append)  # type: ignore[arg-type]
    counter.count("otlp_logs", "prod", 7)
    counter.store()
    assert faults == ["the disk is full"]
    broken.is_broken = False
    with counter:
        pass
    at = int(minute(30).timestamp()) // 60
    assert house.feeds.minutes(LOGS, [(at, at)]) == {at: 7}
    assert at in house.feeds.minutes(DOOR, [(at, at)])


def test_the_door_is_open_all_the_time_between_two_looks_at_a_fast_clock(
    parts: Installation,
) -> None:
    for number in (0, 2.2, 4.9, 4.9, 30):
        parts.hand.at = minute(number)
        parts.feed_counter.store()
    first = int(minute(0).timestamp()) // 60
    assert set(parts.feeds.minutes(DOOR, [(0, 2**31)])) == {
        first + one for one in (0, 1, 2, 3, 4, 30)
    }
