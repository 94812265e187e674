"""The pulse goes the whole way; whatever stands still on it, the monitor hears nothing."""

import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from typing import Any

import httpx
import numpy as np
import pytest
from pydantic import SecretStr
from sqlalchemy import select
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from aiops.domain.errors import AdapterError, DeliveryError, StoreError
from aiops.domain.incidents import IncidentState
from aiops.domain.notifications import DeliveryState
from aiops.domain.pulses import PULSE_ENV, PULSE_ID
from aiops.domain.ticks import Tick
from aiops.notify.heartbeat import Heartbeat
from aiops.receivers.server import serve
from aiops.settings import HeartbeatSettings, PrometheusSettings, PushedSourceSettings
from aiops.store.engine import reading
from aiops.store.outbox_tables import OUTBOX
from aiops.store.tables import SYMPTOMS
from tests.builders import minute
from tests.store.makers import incident, notification, state_of
from tests.workers.installation import Installation, refusal
from tests.workers.test_correlate import FIRST, add_shard, close
from workers.console import make_console
from workers.heartbeat import send_pulse
from workers.schedule import schedule

SECRET_PATH = "/ping/4b1f-secret"


@dataclass
class Monitor:
    """A monitor elsewhere: it counts how often it was asked for."""

    status: int = 200
    heard: list[str] = field(default_factory=list)

    def app(self) -> Starlette:
        async def ping(request: Request) -> PlainTextResponse:
            self.heard.append(f"{request.method} {request.url.path}")
            return PlainTextResponse("OK", self.status)

        return Starlette(routes=[Route(SECRET_PATH, ping, methods=["GET", "POST"])])


@dataclass
class Alive:
    """An installation with its web server, and the monitor."""

    parts: Installation
    monitor: Monitor
    stack: ExitStack

    def beat(self, *, without: tuple[str, ...] = ()) -> None:
        """Let a minute pass and everything be done that was asked for, but some tasks."""
        self.parts.hand.move(60)
        send_pulse(self.parts)
        deadline = time.monotonic() + 1.0  # the answer waits for no announcement; nor does a sweep
        while "ingest.alerts" not in self.parts.tasks.names() and time.monotonic() < deadline:
            time.sleep(0.01)
        self.parts.tasks.drain(self.parts, without=without)


@pytest.fixture
def alive(parts: Installation) -> Iterator[Alive]:
    monitor = Monitor()
    with ExitStack() as stack:
        elsewhere = stack.enter_context(serve(monitor.app()))
        ours = stack.enter_context(serve(make_console(parts)))
        parts.settings = replace(
            parts.settings,
            heartbeat=HeartbeatSettings(
                enabled=True, url=SecretStr(elsewhere + SECRET_PATH), via=ours
            ),
        )
        yield Alive(parts, monitor, stack)
        parts.intake.__exit__(None, None, None)


def test_each_pulse_that_comes_through_is_heard_once(alive: Alive) -> None:
    for _ in range(3):
        alive.beat()
    assert alive.monitor.heard == [f"GET {SECRET_PATH}"] * 3
    assert alive.parts.pulses.last() == alive.parts.clock.now()


def test_nobody_is_told_of_a_pulse_and_nothing_counts_it(alive: Alive) -> None:
    for _ in range(3):
        alive.beat()
    assert not alive.parts.incidents.recent()
    assert alive.parts.incidents.load(PULSE_ENV)[0].next_number == 1001
    with reading(alive.parts._engine) as connection:
        told = connection.execute(select(OUTBOX.c.incident_id, OUTBOX.c.sink)).all()
        symptoms = connection.execute(select(SYMPTOMS.c.id)).all()
    assert {tuple(row) for row in told} == {(PULSE_ID, "(heartbeat)")}
    assert len(symptoms) == 1, "it is one and the same, however often it beats"


@pytest.mark.parametrize("stage", ["ingest.alerts", "correlate.env", "deliver.send"])
def test_when_a_stage_stands_still_nothing_is_heard(alive: Alive, stage: str) -> None:
    alive.beat(without=(stage, "deliver.next"))
    assert alive.monitor.heard == []


def call(alive: Alive, sink: str = "pagerduty", urgency: int = 1) -> None:
    note = replace(notification(sink=sink, due=0), urgency=urgency)
    _, version = alive.parts.incidents.load("prod")
    alive.parts.incidents.commit(
        version, state_of(incident()), revisions=[incident()], notifications=[note], now=minute(0)
    )


def test_while_nobody_could_be_told_of_a_p1_nothing_is_heard(alive: Alive) -> None:
    alive.parts.told["pagerduty"].failures = [refusal() for _ in range(50)]
    call(alive)
    for _ in range(4):
        alive.beat()
    assert len(alive.monitor.heard) == 4, "PagerDuty may be slow"
    alive.beat()
    assert len(alive.monitor.heard) == 4
    why = "no pulse is sent: nobody could be told of INC-1001: no sink has taken its call since"
    assert alive.parts.heard.faults[-1] == ("heartbeat", f"{why} 10:00 UTC")
    alive.parts.told["pagerduty"].failures.clear()
    alive.parts.hand.move(600)
    alive.parts.deliver.sweep()
    alive.parts.drain()
    alive.beat()
    assert len(alive.monitor.heard) == 5


def test_what_is_over_or_acknowledged_is_no_reason_to_call_people(alive: Alive) -> None:
    alive.parts.told["pagerduty"].failures = [refusal() for _ in range(50)]
    call(alive)
    for _ in range(6):
        alive.beat()
    assert len(alive.monitor.heard) == 4
    _, version = alive.parts.incidents.load("prod")
    known = replace(incident(), state=IncidentState.ACKNOWLEDGED)
    alive.parts.incidents.commit(version, state_of(known), revisions=[known], now=minute(6))
    alive.beat()
    assert len(alive.monitor.heard) == 5


def test_where_another_sink_took_the_call_or_it_was_a_ticket_somebody_knows(alive: Alive) -> None:
    alive.parts.told["pagerduty"].failures = [refusal() for _ in range(50)]
    call(alive)
    call(alive, "slack")
    for _ in range(8):
        alive.parts.deliver.sweep()
        alive.beat()
    assert len(alive.monitor.heard) == 8


def test_a_picture_tells_nobody_of_an_incident(alive: Alive) -> None:
    alive.parts.told["pagerduty"].failures = [refusal() for _ in range(50)]
    call(alive)
    call(alive, "slack", urgency=8)
    for _ in range(8):
        alive.parts.deliver.sweep()
        alive.beat()
    assert len(alive.monitor.heard) == 4


def test_a_ticket_that_nobody_takes_calls_nobody(alive: Alive) -> None:
    alive.parts.told["slack"].failures = [refusal() for _ in range(50)]
    call(alive, "slack", urgency=3)
    for _ in range(8):
        alive.beat()
    assert len(alive.monitor.heard) == 8


def test_when_the_web_server_is_down_nothing_is_heard(alive: Alive) -> None:
    beat = alive.parts.settings.heartbeat
    alive.parts.settings = replace(
        alive.parts.settings, heartbeat=replace(beat, via="http://127.0.0.1:9")
    )
    with pytest.raises(AdapterError, match=r"heartbeat\.via"):
        alive.beat()
    assert alive.monitor.heard == []


def test_when_the_database_takes_nothing_nothing_is_heard(
    alive: Alive, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_bodies: object) -> None:
        raise StoreError("the disk is full")

    monkeypatch.setattr(alive.parts.bodies, "keep_all", full)
    with pytest.raises(AdapterError, match="503"):
        alive.beat()
    assert alive.monitor.heard == []


SHOP = PrometheusSettings(name="shop", url="http://127.0.0.1:9")
PUSHED = PushedSourceSettings(name="shop", kind="remote_write")


@pytest.mark.parametrize("brought", [{"sources": (SHOP,)}, {"pushed_sources": (PUSHED,)}])
def test_when_nobody_brings_ticks_nothing_is_sent(alive: Alive, brought: dict[str, Any]) -> None:
    parts = alive.parts
    parts.settings = replace(parts.settings, **brought)
    add_shard(parts, FIRST)
    close(parts, FIRST, 1)
    alive.beat()
    assert len(alive.monitor.heard) == 1
    parts.hand.at = minute(20)
    alive.beat()
    assert len(alive.monitor.heard) == 1
    assert any("shop brought no tick since 10:01 UTC" in why for _, why in parts.heard.faults)


def test_when_detection_stands_still_nothing_is_sent(alive: Alive) -> None:
    parts = alive.parts
    add_shard(parts, FIRST)
    close(parts, FIRST, 1)
    alive.beat()
    assert len(alive.monitor.heard) == 1
    parts.history.append_ticks(FIRST, [Tick(at=minute(20), values=np.zeros(1, dtype=np.float32))])
    parts.hand.at = minute(20)
    alive.beat()
    assert len(alive.monitor.heard) == 1
    assert any("detection is" in why for _, why in parts.heard.faults)


def test_a_pulse_that_took_too_long_says_nothing(alive: Alive) -> None:
    alive.beat(without=("deliver.send", "deliver.next"))
    alive.parts.hand.move(600)
    alive.parts.deliver.sweep()
    alive.parts.tasks.drain(alive.parts)
    assert alive.monitor.heard == []
    alive.beat()
    assert len(alive.monitor.heard) == 1


def test_what_waits_while_the_monitor_is_down_is_told_once(alive: Alive) -> None:
    alive.monitor.status = 500
    for _ in range(2):
        alive.beat()
    alive.monitor.status, alive.monitor.heard = 200, []
    alive.parts.hand.move(30)
    alive.parts.deliver.sweep()
    alive.parts.tasks.drain(alive.parts)
    assert len(alive.monitor.heard) == 1
    waiting = [DeliveryState.PENDING, DeliveryState.SENDING]
    assert not alive.parts.outbox.records(waiting, 10)


def test_old_pulses_are_forgotten(alive: Alive) -> None:
    for _ in range(3):
        alive.beat()
    assert alive.parts.pulses.prune(alive.parts.clock.now()) == 2


def test_the_address_of_the_monitor_is_in_no_message() -> None:
    for client in (
        httpx.Client(transport=httpx.MockTransport(lambda _: httpx.Response(404))),
        httpx.Client(transport=httpx.MockTransport(_unreachable)),
    ):
        switch = Heartbeat(f"https://monitor.example{SECRET_PATH}", 60, client=client)
        with pytest.raises(DeliveryError) as refused:
            switch.send(None, {}, repeated=False)  # type: ignore[arg-type]
        assert "secret" not in f"{refused.value} {switch!r}"


def test_a_redirect_is_not_followed() -> None:
    asked: list[str] = []

    def redirect(request: httpx.Request) -> httpx.Response:
        asked.append(str(request.url))
        return httpx.Response(302, headers={"location": "http://169.254.169.254/"})

    client = httpx.Client(transport=httpx.MockTransport(redirect))
    with pytest.raises(DeliveryError, match="302"):
        Heartbeat("https://monitor.example/", 60, client=client).send(
            None,  # type: ignore[arg-type]
            {},
            repeated=False,
        )
    assert asked == ["https://monitor.example/"]


def test_beat_asks_for_it_only_where_somebody_is_told() -> None:
    assert "ingest.pulse" not in schedule([], rate=1.0)
    assert schedule([], rate=1.0, pulse_seconds=60)["ingest.pulse"]["schedule"] == 60


def _unreachable(request: httpx.Request) -> httpx.Response:
    raise httpx.ConnectError("no route to https://monitor.example/ping/4b1f-secret")
