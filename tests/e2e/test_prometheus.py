"""`aiops up` on Debian's Prometheus, from the deploy to the page and back, and through an outage.

Prometheus gets 26 hours of real history first (`promtool tsdb create-blocks-from openmetrics`):
below a day series are young and never page alone. The product fetches it with query_range.
"""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from textwrap import dedent
from typing import Any

import httpx
import pytest
import yaml

from aiops.receivers import pagerduty, slack
from aiops.receivers.server import serve
from tests.e2e.shop import Shop, scraped

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("prometheus")]

HISTORY_SECONDS = 26 * 3600
STEP_SECONDS = 2
BACK_FILL_STEP_SECONDS = 10
CHANNEL = "C0001"
ROUTING_KEY = "0123456789abcdef0123456789abcdef"
BOT_TOKEN = "xoxb-of-the-test"
DEPLOY = {"kind": "deploy", "service": "app", "ref": "2026.11.21-1", "actor": "ci"}

ERRORS = (
    'sum by (service) (rate(requests_total{code="500"}[10s]))'
    " / sum by (service) (rate(requests_total[10s]))"
)
LATENCY = "histogram_quantile(0.95, sum by (service, le) (rate(request_seconds_bucket[10s])))"

TOPOLOGY = {
    "services": {
        "edge": {"kind": "edge", "owner": "web", "calls": ["app"]},
        "app": {"kind": "app", "owner": "shop", "calls": ["db"]},
        "db": {"kind": "db", "owner": "platform"},
    }
}


def settings(prometheus: str, pages: str, chat: str, port: int) -> dict[str, Any]:
    return {
        "mode": "in_path",
        "topology": "topology.yaml",
        "journeys": [{"name": "buying", "entry": "edge", "services": ["app"]}],
        "sources": {
            "prometheus": {
                "kind": "prometheus",
                "url": prometheus,
                "step_seconds": STEP_SECONDS,
                "delay_seconds": 1,
                "back_fill_days": 2,
                "back_fill_step_seconds": BACK_FILL_STEP_SECONDS,
                "signals": [
                    {"name": "error_ratio", "unit": "1", "query": ERRORS},
                    {"name": "latency_p95_seconds", "unit": "s", "query": LATENCY},
                ],
            }
        },
        "sinks": {
            "pagerduty": {"kind": "pagerduty", "events_url": f"{pages}/v2/enqueue"},
            "slack": {"kind": "slack", "api_url": f"{chat}/api/", "channel": CHANNEL},
        },
        "settle_seconds": 2,
        "detect": {
            "persistence_seconds": 4,
            "recovery_ticks": 2,
            "recovery_seconds": 4,
            "gap_ticks": 3,
            "gap_seconds": 6,
        },
        "life": {"mitigated_after_seconds": 3},
        "web": {"port": port},
    }


@dataclass
class Prometheus:
    """A Prometheus that can be killed and started again, with its data."""

    program: Path
    folder: Path
    port: int
    process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(
                [
                    self.program,
                    f"--config.file={self.folder / 'prometheus.yml'}",
                    f"--storage.tsdb.path={self.folder / 'data'}",
                    f"--web.listen-address=127.0.0.1:{self.port}",
                ],
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        eventually(self.is_ready, seconds=15)

    def kill(self) -> None:
        assert self.process is not None
        self.process.kill()
        self.process.wait()

    def answered(self, handler: str) -> float:
        """Return how many requests to one of its own addresses it has answered with 200."""
        wanted = f'prometheus_http_requests_total{{code="200",handler="{handler}"}} '
        text = httpx.get(f"{self.url}/metrics", trust_env=False).text
        return sum(float(line.split()[-1]) for line in text.splitlines() if wanted in line)

    def knows(self, query: str) -> bool:
        """Return whether a query has an answer for now."""
        answer = httpx.get(
            f"{self.url}/api/v1/query", params={"query": query}, trust_env=False
        ).json()
        return bool(answer["data"]["result"])

    def is_ready(self) -> bool:
        try:
            return httpx.get(f"{self.url}/-/ready", trust_env=False).is_success
        except httpx.TransportError:
            return False


@dataclass
class Installation:
    """`aiops up` as a process of its own, with all that surrounds it."""

    shop: Shop
    prometheus: Prometheus
    pages: pagerduty.PagerDutyLedger
    chat: slack.SlackLedger
    console: str
    output: Path
    process: subprocess.Popen[bytes]

    def said(self) -> str:
        return self.output.read_text(encoding="utf-8")

    def incidents(self) -> list[dict[str, Any]]:
        answer = httpx.get(f"{self.console}/api/incidents", trust_env=False).raise_for_status()
        found: list[dict[str, Any]] = answer.json()
        return found

    def triggers(self) -> int:
        return sum(one.count("trigger") for one in self.pages.incidents)


def eventually(look: Callable[[], Any], seconds: float) -> Any:
    ends = time.monotonic() + seconds
    while not (found := look()):
        assert time.monotonic() < ends, f"not within {seconds:g} s"
        time.sleep(0.1)
    return found


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def prometheus_with_past(
    folder: Path, target: int, shop: Shop, find: Callable[[str], Path]
) -> Iterator[Prometheus]:
    one = Prometheus(find("prometheus"), folder, free_port())
    (folder / "prometheus.yml").write_text(
        dedent(f"""\
            global: {{scrape_interval: 1s, scrape_timeout: 1s}}
            scrape_configs:
              - job_name: shop
                static_configs:
                  - targets: ["127.0.0.1:{target}"]
                    labels: {{instance: shop}}
            """)
    )
    shop.write_past(folder / "past", time.time())
    create = ["tsdb", "create-blocks-from", "openmetrics", "--quiet"]
    subprocess.run(
        [find("promtool"), *create, folder / "past", folder / "data"],
        check=True,
        stdout=subprocess.DEVNULL,
    )
    one.start()
    try:
        yield one
    finally:
        one.kill()


@contextmanager
def aiops_up(folder: Path, environ: Mapping[str, str]) -> Iterator[subprocess.Popen[bytes]]:
    with (folder / "output").open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "workers", "up", "--config", folder / "aiops.yaml"],
            env={**environ, "PATH": os.environ["PATH"], "AIOPS_DATA_DIR": str(folder / "state")},
            stdout=output,
            stderr=subprocess.STDOUT,
        )
        try:
            yield process
        finally:
            process.send_signal(signal.SIGINT)
            assert process.wait(timeout=20) == 0
            assert running_in(folder) == []


def running_in(folder: Path) -> list[str]:
    """Return the processes that were started for an installation in a folder."""
    mark = f"AIOPS_DATA_DIR={folder / 'state'}".encode()
    return [
        entry.parent.name
        for entry in Path("/proc").glob("[0-9]*/environ")
        if mark in readable(entry).split(b"\0")
    ]


def readable(entry: Path) -> bytes:
    try:
        return entry.read_bytes()
    except OSError:  # it ended meanwhile, or is another user's
        return b""


@pytest.fixture(scope="module")
def up(
    require_program: Callable[[str], Path], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Installation]:
    shop = Shop(since=time.time() - HISTORY_SECONDS)
    pages = pagerduty.PagerDutyLedger(routing_keys={ROUTING_KEY}, clock=now)
    chat = slack.SlackLedger(tokens={BOT_TOKEN: "B0001"}, channels={CHANNEL: "calls"}, clock=now)
    port, folder = free_port(), tmp_path_factory.mktemp("up")
    with ExitStack() as stack:
        target = stack.enter_context(scraped(shop))
        prometheus = stack.enter_context(
            prometheus_with_past(
                tmp_path_factory.mktemp("prometheus"), target, shop, require_program
            )
        )
        told = settings(
            prometheus.url,
            stack.enter_context(serve(pagerduty.create_app(pages))),
            stack.enter_context(serve(slack.create_app(chat))),
            port,
        )
        (folder / "aiops.yaml").write_text(yaml.safe_dump(told))
        (folder / "topology.yaml").write_text(yaml.safe_dump(TOPOLOGY))
        secrets = {"AIOPS_PAGERDUTY_ROUTING_KEY": ROUTING_KEY, "AIOPS_SLACK_BOT_TOKEN": BOT_TOKEN}
        # Nothing was scraped while Prometheus took in its past: no hole of ours may look live.
        eventually(lambda: prometheus.knows(ERRORS), seconds=30)
        time.sleep(BACK_FILL_STEP_SECONDS)
        process = stack.enter_context(aiops_up(folder, secrets))
        output = folder / "output"
        one = Installation(
            shop, prometheus, pages, chat, f"http://127.0.0.1:{port}", output, process
        )
        eventually(lambda: "is watched: 6 series" in one.said(), seconds=40)
        yield one


def now() -> datetime:
    return datetime.now(UTC)


def test_a_deploy_that_breaks_the_app_is_one_incident_told_once_and_resolved(
    up: Installation,
) -> None:
    assert "fetching 2 days of history" in up.said()
    assert "6 series, the oldest value is from" in up.said()
    assert "young" not in up.said()
    assert up.prometheus.answered("/api/v1/query_range") >= 2

    httpx.post(f"{up.console}/ingest/changes", json=DEPLOY, trust_env=False).raise_for_status()
    time.sleep(2 * STEP_SECONDS)
    assert up.triggers() == 0
    up.shop.broken = True
    eventually(lambda: up.pages.incidents and up.chat.messages, seconds=40)
    time.sleep(STEP_SECONDS)
    up.shop.broken = False
    eventually(lambda: not up.pages.open_incidents, seconds=60)

    (incident,) = up.incidents()
    assert incident["decision"] == "page"
    assert set(incident["services"]) == {"edge", "app"}
    first = incident["causes"][0]
    assert (first["service"], first["change"]["ref"]) == ("app", DEPLOY["ref"])
    (page,) = up.pages.incidents
    assert page.count("resolve") == 1
    assert page.dedup_key.startswith(incident["id"])
    assert len([one for one in up.chat.messages if one.thread_ts is None]) == 1


def test_an_outage_of_prometheus_is_a_gap_and_nothing_else(up: Installation) -> None:
    before, triggers = up.incidents(), up.triggers()
    up.prometheus.kill()
    eventually(lambda: "prometheus is in trouble: " in up.said(), seconds=15)
    gaps = eventually(lambda: telemetry_gaps(up), seconds=40)
    assert {one["services"][0] for one in gaps} <= {"prometheus", "edge", "app", "db"}

    up.prometheus.start()
    eventually(lambda: "prometheus answers in full again" in up.said(), seconds=20)
    eventually(lambda: all(ended(one) for one in telemetry_gaps(up)), seconds=40)
    assert len(up.incidents()) == len(before) + 1
    assert up.triggers() - triggers <= 1


def telemetry_gaps(up: Installation) -> list[dict[str, Any]]:
    return [
        one
        for one in up.incidents()
        if {symptom["kind"] for symptom in one["symptoms"]} == {"telemetry_gap"}
    ]


def ended(incident: Mapping[str, Any]) -> bool:
    return all(symptom["until"] is not None for symptom in incident["symptoms"])
