"""Debian's Alertmanager as the sender: by its webhook, and by its messages to PagerDuty."""

import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from datetime import UTC, datetime, timedelta
from pathlib import Path
from textwrap import dedent
from typing import Any

import httpx
import pytest
from pydantic import SecretStr

from aiops.domain.alerts import AlertReport
from aiops.domain.errors import StoreError
from aiops.ingest import alertmanager, events
from aiops.receivers.server import serve
from aiops.settings import AlertSourceSettings
from aiops.web.app import create_app
from aiops.web.services import WebServices
from workers.clock import SystemClock

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("prometheus")]

TOKEN, KEY = "token-of-the-test", "0123456789abcdef0123456789abcdef"
SOURCES = (
    AlertSourceSettings(
        name="am", kind="alertmanager", tokens=(SecretStr(TOKEN),), token_env="AIOPS_A"
    ),
    AlertSourceSettings(
        name="pagers", kind="events", tokens=(SecretStr(KEY),), token_env="AIOPS_B"
    ),
)
PARSERS = {"am": alertmanager.parse, "pagers": events.parse}


class Door:
    """Our web server with its real routes, over a list; the first body cannot be stored."""

    def __init__(self) -> None:
        self.reports: dict[str, list[AlertReport]] = {"am": [], "pagers": []}
        self.refused: list[str] = []
        self.failures = 1

    def take(self, source: str, body: bytes, at: datetime) -> "Future[None]":
        kept: Future[None] = Future()
        if self.failures:
            self.failures -= 1
            kept.set_exception(StoreError("the disk is full"))
            return kept
        rules = next(one for one in SOURCES if one.name == source)
        self.reports[source] += PARSERS[source](body, at, rules, "prod").reports
        kept.set_result(None)
        return kept

    def app(self) -> Any:
        class Nothing:
            def recent(self, limit: int = 100) -> tuple[()]:
                return ()

            def get(self, incident_id: str) -> None:
                return None

        return create_app(
            WebServices(
                incidents=Nothing(),
                parse_changes=lambda _body, _at: (),
                record_changes=lambda _changes: None,
                clock=SystemClock(),
                real_clock=SystemClock(),
                alert_sources=SOURCES,
                take_alerts=self.take,
                note_refusal=lambda where, _why: self.refused.append(where),
            )
        )


@pytest.fixture(scope="module")
def door() -> Door:
    return Door()


@pytest.fixture(scope="module")
def sender(
    door: Door,
    require_program: Callable[[str], Path],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("alertmanager")
    with serve(door.app()) as ours, socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
        free.close()
        (folder / "alertmanager.yml").write_text(
            dedent(f"""\
                route:
                  receiver: aiops
                  group_by: [alertname]
                  group_wait: 0s
                  group_interval: 1s
                  repeat_interval: 1h
                receivers:
                  - name: aiops
                    webhook_configs:
                      - url: {ours}/ingest/alertmanager
                        http_config: {{authorization: {{credentials: {TOKEN}}}}}
                      - url: {ours}/ingest/alertmanager
                        http_config: {{authorization: {{credentials: wrong}}}}
                    pagerduty_configs:
                      - url: {ours}/ingest/events/v2/enqueue
                        routing_key: {KEY}
                """)
        )
        process = subprocess.Popen(
            [
                require_program("prometheus-alertmanager"),
                f"--config.file={folder / 'alertmanager.yml'}",
                f"--storage.path={folder / 'data'}",
                f"--web.listen-address=127.0.0.1:{port}",
                "--cluster.listen-address=",
            ],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            url = f"http://127.0.0.1:{port}"
            eventually(lambda: httpx.get(f"{url}/-/ready").status_code == 200)
            yield url
        finally:
            process.terminate()
            process.wait(10)


def eventually(condition: Callable[[], bool], seconds: float = 20) -> None:
    deadline = time.monotonic() + seconds
    while True:
        try:
            if condition():
                return
        except httpx.TransportError:
            pass
        assert time.monotonic() < deadline, f"not within {seconds} s"
        time.sleep(0.05)


def test_what_alertmanager_sends_is_read_sent_again_and_ended(door: Door, sender: str) -> None:
    since = datetime.now(UTC).replace(microsecond=0) - timedelta(seconds=30)
    labels = {"alertname": "CheckoutDown", "service": "checkout", "severity": "critical"}
    alert = {"labels": labels, "startsAt": since.isoformat()}
    httpx.post(f"{sender}/api/v2/alerts", json=[alert]).raise_for_status()
    eventually(lambda: all(door.reports.values()))
    for name in ("am", "pagers"):
        told = door.reports[name][-1]
        assert told.series is not None
        assert told.series.key.fingerprint == "checkout:CheckoutDown{env=prod}"
        assert told.ended_at is None
    assert door.reports["am"][-1].fired_at == since
    over = datetime.now(UTC).replace(microsecond=0)
    httpx.post(f"{sender}/api/v2/alerts", json=[{**alert, "endsAt": over.isoformat()}])
    eventually(lambda: all(told[-1].ended_at for told in door.reports.values()))
    assert door.reports["am"][-1].ended_at == over
    assert len({one.key for one in door.reports["pagers"]}) == 1
    assert door.failures == 0, "what could not be stored was sent again"
    assert "alertmanager" in door.refused, "the wrong token was refused and counted"
