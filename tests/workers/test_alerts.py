"""Bodies of outside monitors → alerts → symptoms → incidents."""

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import orjson
import pytest
from sqlalchemy import select

from aiops.domain.errors import BusyError, InputError, StaleStateError, StoreError
from aiops.domain.incidents import Decision, Incident, IncidentState
from aiops.domain.labels import LabelRule
from aiops.domain.policies import Mode, PagingPolicy, Policies
from aiops.domain.symptoms import SymptomKind
from aiops.incident.detection import DetectionSource, first_detection
from aiops.settings import AlertSourceSettings
from aiops.store.accepted import BodyState
from aiops.store.alerts import Known
from aiops.store.engine import reading
from aiops.store.tables import SYMPTOMS
from tests.builders import minute, shop
from tests.workers.installation import Installation
from tests.workers.test_correlate import FIRST, add_shard, close, opened
from workers.alerts import announce, receive, shed, take_waiting
from workers.backlog import Backlog

AM = AlertSourceSettings(name="am", kind="alertmanager")
EVENTS = AlertSourceSettings(name="pagers", kind="events")
ZERO = "0001-01-01T00:00:00Z"


@pytest.fixture
def house(parts: Installation) -> Installation:
    """An installation that measures nothing, at 10:05:02, in path."""
    parts._known = shop(policies=Policies(paging=PagingPolicy(mode=Mode.IN_PATH)))
    parts.settings = replace(parts.settings, alert_sources=(AM, EVENTS))
    parts.hand.at = minute(5) + timedelta(seconds=2)
    return parts


def alert(
    since: float, *, end: float | None = None, name: str = "CheckoutDown", **labels: str
) -> dict[str, Any]:
    labels = {"service": "checkout", "env": "prod", "severity": "critical"} | labels
    return {
        "status": "firing" if end is None else "resolved",
        "labels": {"alertname": name} | {key: one for key, one in labels.items() if one},
        "annotations": {},
        "startsAt": minute(since).isoformat(),
        "endsAt": ZERO if end is None else minute(end).isoformat(),
    }


def group(*alerts: Mapping[str, Any], truncated: int = 0) -> bytes:
    return orjson.dumps({"version": "4", "alerts": alerts, "truncatedAlerts": truncated})


def send(parts: Installation, body: bytes, at: datetime | None = None, source: str = "am") -> None:
    receive(parts, source, body, at or parts.clock.now()).result(5)


def work(parts: Installation, env: str = "prod") -> None:
    take_waiting(parts)
    parts.correlate.run(env)


def only(parts: Installation) -> Incident:
    (incident,) = parts.incidents.recent()
    return incident


def rows(parts: Installation) -> int:
    with reading(parts._engine) as connection:
        return len(connection.execute(select(SYMPTOMS.c.id)).all())


def test_an_alert_is_an_incident_where_nothing_is_measured(house: Installation) -> None:
    send(house, group(alert(4)))
    take_waiting(house)
    assert ("correlate.env", ("prod",)) in house.tasks.tasks
    house.correlate.run("prod")
    incident = only(house)
    assert [one.kind for one in incident.symptoms] == [SymptomKind.ALERT]
    assert incident.decision is Decision.PAGE
    assert incident.started_at == minute(4)
    assert "alert CheckoutDown" in incident.title


def test_the_sweep_finds_what_nobody_was_told_of(house: Installation) -> None:
    send(house, group(alert(4)))
    take_waiting(house)
    house.tasks.tasks.clear()
    house.flags.lower("prod")
    house.correlate.sweep()
    assert ("correlate.env", ("prod",)) in house.tasks.tasks


def test_a_resolve_ends_it_and_the_clock_closes_the_ticks_until_it_is_mitigated(
    house: Installation,
) -> None:
    send(house, group(alert(4)))
    work(house)
    house.hand.at = minute(7)
    send(house, group(alert(4, end=6)))
    work(house)
    assert not only(house).symptoms[0].is_open
    house.hand.at = minute(17)
    house.correlate.sweep()
    assert ("correlate.env", ("prod",)) in house.tasks.tasks
    house.correlate.run("prod")
    assert only(house).state is IncidentState.MITIGATED


def test_fifty_that_come_at_once_are_one_symptom(house: Installation) -> None:
    body = group(alert(4))
    times = [house.clock.now() + timedelta(microseconds=n) for n in range(50)]
    with ThreadPoolExecutor(10) as pool:
        list(pool.map(lambda at: send(house, body, at), times))
    work(house)
    assert rows(house) == 1
    assert len(only(house).symptoms) == 1


def test_large_bodies_are_worked_a_few_at_a_time(
    house: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("workers.alerts.REPORTS_AT_ONCE", 3)
    for number in range(3):
        names = [f"Alert{number}x{n}" for n in range(2)]
        send(house, group(*(alert(4, name=one, service=f"s-{one}") for one in names)))
    take_waiting(house)
    assert (len(house.alerts.waiting(10)), rows(house)) == (1, 4)
    house.tasks.drain(house)
    assert (len(house.alerts.waiting(10)), rows(house)) == (0, 6)


def test_working_a_body_twice_changes_nothing(house: Installation) -> None:
    send(house, group(alert(4)))
    (waiting,) = house.alerts.waiting(10)
    work(house)
    before = house.incidents.load("prod")
    work(house)
    assert house.incidents.load("prod") == before
    with pytest.raises(StaleStateError):
        house.alerts.commit([], [], {waiting: ""}, house.settings.origin)


def test_of_two_workers_with_one_alert_the_slower_reads_again(house: Installation) -> None:
    send(house, group(alert(4)))
    take_waiting(house)
    (known,) = house.alerts.load("am", [one.key for one in house.alerts.firing()]).values()
    house.alerts.commit([known], [], {}, house.settings.origin)
    with pytest.raises(StaleStateError):
        house.alerts.commit([known], [], {}, house.settings.origin)
    new = Known(alert=known.alert, version=0)
    with pytest.raises(StaleStateError):
        house.alerts.commit([new], [], {}, house.settings.origin)


def test_an_alert_joins_what_is_measured_without_waiting_for_the_next_tick(
    house: Installation,
) -> None:
    add_shard(house, FIRST)
    close(house, FIRST, 5)
    house.correlate.run("prod")
    house.hand.at = minute(5) + timedelta(seconds=40)
    send(house, group(alert(5.5)))
    work(house)
    assert only(house).detected_at == house.clock.now()
    close(house, FIRST, 6)
    house.correlate.run("prod")
    assert house.incidents.load("prod")[0].at == minute(6)


def test_while_measurements_catch_up_an_alert_waits_and_not_for_ever(house: Installation) -> None:
    add_shard(house, FIRST)
    close(house, FIRST, -60)
    house.hand.at = minute(5)
    send(house, group(alert(4)))
    work(house)
    assert not house.incidents.recent()
    house.hand.at = minute(5) + timedelta(seconds=121)
    house.correlate.run("prod")
    assert only(house).decision is Decision.PAGE


def test_an_alert_at_the_end_of_catching_up_pages(house: Installation) -> None:
    add_shard(house, FIRST)
    close(house, FIRST, -60)
    house.correlate.run("prod")
    close(house, FIRST, 5)
    house.hand.at = minute(5) + timedelta(seconds=20)
    send(house, group(alert(5)))
    work(house)
    assert only(house).decision is Decision.PAGE
    assert house.outbox.of_incident("INC-1001")


def test_the_same_words_at_another_time_are_another_message(house: Installation) -> None:
    payload = {"summary": "down", "source": "p", "severity": "error", "component": "checkout"}
    trigger = orjson.dumps({"event_action": "trigger", "dedup_key": "k", "payload": payload})
    resolve = orjson.dumps({"event_action": "resolve", "dedup_key": "k"})
    for seconds, body in enumerate((trigger, resolve, trigger)):
        send(house, body, house.clock.now() + timedelta(seconds=seconds), "pagers")
    take_waiting(house)
    (fires,) = house.alerts.firing()
    assert (fires.reports, len(fires.symptoms)) == (3, 1)


def test_an_alert_nobody_knows_the_service_of_is_an_incident_and_is_listed(
    house: Installation,
) -> None:
    send(house, group(alert(4, name="DiskFull", service="")))
    work(house)
    assert (only(house).symptoms[0].service, only(house).decision) == (
        "DiskFull",
        Decision.TICKET,
    )
    (listed,) = house.alerts.unmapped()
    assert (listed.described and listed.described.series) is not None


def test_a_warning_calls_nobody_even_where_users_meet_it(house: Installation) -> None:
    send(house, group(alert(4, severity="warning")))
    work(house)
    assert only(house).decision is Decision.TICKET


def test_what_its_sender_left_out_is_remembered(house: Installation) -> None:
    send(house, group(alert(4), truncated=17))
    work(house)
    (noted,) = house.dead_letters.noted("alert/")
    assert (noted.state, "17 further alerts" in noted.note) == (BodyState.DONE, True)


def test_a_body_that_cannot_be_read_is_refused_kept_and_harms_no_other(
    house: Installation,
) -> None:
    wrong = group(alert(4), {"status": "firing", "labels": {}})
    for _ in range(2):
        with pytest.raises(InputError, match=r"alerts\[1\]\.labels\.alertname"):
            send(house, wrong)
    send(house, group(alert(4)))
    work(house)
    assert only(house)
    (noted,) = house.dead_letters.noted("alert/")
    assert (noted.state, noted.beginning) == (BodyState.REJECTED, wrong)


def test_a_body_of_a_source_that_is_gone_is_rejected_and_not_tried_for_ever(
    house: Installation,
) -> None:
    send(house, group(alert(4)))
    house.settings = replace(house.settings, alert_sources=())
    work(house)
    assert not house.alerts.waiting(10)
    (noted,) = house.dead_letters.noted("alert/")
    assert "no source 'am'" in noted.note


def test_a_monitor_that_was_there_first_is_said_to_be(house: Installation) -> None:
    send(house, group(alert(4, reported_by="customer")))
    work(house)
    assert first_detection(only(house)).source is DetectionSource.CUSTOMER


def test_an_event_of_pagerduty_s_form_opens_and_ends(house: Installation) -> None:
    trigger = {
        "event_action": "trigger",
        "dedup_key": "k1",
        "payload": {
            "summary": "Checkout is down",
            "class": "CheckoutDown",
            "source": "probe-1",
            "severity": "critical",
            "component": "checkout",
        },
    }
    send(house, orjson.dumps(trigger), source="pagers")
    work(house)
    assert only(house).symptoms[0].service == "checkout"
    house.hand.at = minute(8)
    resolve = {"event_action": "resolve", "dedup_key": "k1"}
    send(house, orjson.dumps(resolve), source="pagers")
    work(house)
    assert only(house).symptoms[0].ended_at == minute(8)


def test_alerts_group_with_what_we_found(house: Installation) -> None:
    add_shard(house, FIRST)
    close(house, FIRST, 4)
    house.symptoms.append_facts(opened(4))
    house.correlate.run("prod")
    house.hand.at = minute(4) + timedelta(seconds=30)
    send(house, group(alert(4)))
    work(house)
    assert SymptomKind.ALERT in {one.kind for one in only(house).symptoms}


def test_an_alert_that_is_ignored_is_known_and_is_no_symptom(house: Installation) -> None:
    rule = LabelRule(name="normalize[0]", where={"env": "sandbox-*"}, ignore=True)
    house.settings = replace(house.settings, alert_sources=(replace(AM, normalize=(rule,)),))
    send(house, group(alert(1, env="sandbox-7")))
    take_waiting(house)
    assert len(house.alerts.firing()) == 1
    assert house.symptoms.envs_with_uncorrelated() == ()


def test_what_is_too_much_is_sent_away_counted_and_taken_once_there_is_room(
    house: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("workers.backlog.LOOK_SECONDS", 0.0)
    note = house._note_shed
    house.__dict__["backlog"] = Backlog(house.bodies.count_waiting, note, most=2)
    for number in range(2):
        send(house, group(alert(4, name=f"A{number}")))
    for _ in range(3):
        with pytest.raises(BusyError, match="2 bodies wait to be worked"):
            send(house, group(alert(4, name="TooMuch")))
    announce(house)
    assert shed(house) == {"am": 3}
    assert len(house.alerts.waiting(10)) == 2
    take_waiting(house)
    announce(house)
    send(house, group(alert(4, name="TooMuch")))
    send(house, group(alert(4, name="B")))
    with pytest.raises(BusyError):
        send(house, group(alert(4, name="C")))
    announce(house)
    assert shed(house) == {"am": 4}
    (noted,) = house.dead_letters.noted("alert/")
    assert noted.note.startswith("4 bodies were sent away so far")
    house.settings = replace(house.settings, alert_sources=())
    assert shed(house) == {}


def test_what_was_sent_away_is_counted_also_when_the_database_was_gone(
    house: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("workers.backlog.LOOK_SECONDS", 0.0)
    told: list[dict[str, int]] = []

    def note(counts: Mapping[str, int]) -> None:
        told.append(dict(counts))
        if len(told) == 1:
            raise StoreError("the disk is full")

    backlog = Backlog(lambda: 0, note)
    backlog.shed("am")
    with pytest.raises(StoreError):
        backlog.look()
    backlog.look()
    backlog.look()
    assert told == [{"am": 1}, {"am": 1}]
