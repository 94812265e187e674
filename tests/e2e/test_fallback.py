"""`aiops help fallback`, as it is printed: raw alerts page while aiops is dead, and only then.

Debian's Prometheus and Alertmanager with the files of that page (addresses, keys and waits are the
test's), all of the product as `aiops up`, and the strict PagerDuty at the end of both ways.
"""

import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.resources import files
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml
from prometheus_client import CollectorRegistry, Gauge, start_http_server

from aiops.receivers import pagerduty
from aiops.receivers.server import serve
from tests.e2e.stack import environment, eventually

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("prometheus")]

OURS, RAW, TOKEN = "A" * 32, "B" * 32, "token-of-the-alertmanager"
QUICK: Mapping[str, str] = {
    "180": "15",
    "for: 1m": "for: 2s",
    "group_interval: 15s": "group_interval: 1s",
}


def printed() -> list[dict[str, Any]]:
    """Return the files of the page, made quick: prometheus.yml, its rules, alertmanager.yml."""
    page = files("aiops.notify").joinpath("fallback.md").read_text(encoding="utf-8")
    for slow, quick in QUICK.items():
        assert slow in page
        page = page.replace(slow, quick)
    return [yaml.safe_load(block) for block in re.findall(r"```yaml\n(.*?)```", page, re.DOTALL)]


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as found:
        return int(found.getsockname()[1])


@dataclass
class House:
    """Everything on one machine."""

    folder: Path
    port: int
    trouble: Gauge
    pages: str
    ledger: pagerduty.PagerDutyLedger
    up: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        with (self.folder / "up.log").open("ab") as log:
            self.up = subprocess.Popen(
                [sys.executable, "-P", "-m", "workers", "up"],
                cwd=self.folder,
                env={
                    **environment(),
                    "AIOPS_DATA_DIR": str(self.folder / "data"),
                    "AIOPS_PAGERDUTY_ROUTING_KEY": OURS,
                    "AIOPS_AM": TOKEN,
                },
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def kill(self) -> None:
        """Kill every process of the product at once."""
        if self.up is not None:
            os.killpg(self.up.pid, signal.SIGKILL)
            self.up.wait()
            self.up = None

    def pulse(self) -> bool:
        try:
            text = httpx.get(f"http://127.0.0.1:{self.port}/metrics").text
        except httpx.TransportError:
            return False
        return "\naiops_pulse_timestamp_seconds " in text

    def paged(self, key: str) -> list[str]:
        """Return what the pager called people with, through one of its integrations."""
        return [one.summary for one in self.ledger.incidents if one.routing_key == key]


@pytest.fixture
def house(require_program: Callable[[str], Path], tmp_path: Path) -> Iterator[House]:
    programs = require_program("prometheus"), require_program("prometheus-alertmanager")
    registry = CollectorRegistry()
    trouble = Gauge("app_down", "whether it is", ["service"], registry=registry)
    trouble.labels("app").set(0)
    with ExitStack() as stack:
        server, thread = start_http_server(0, addr="127.0.0.1", registry=registry)
        stack.callback(thread.join)
        stack.callback(server.server_close)
        stack.callback(server.shutdown)
        ledger = pagerduty.PagerDutyLedger(
            routing_keys={OURS, RAW}, clock=lambda: datetime.now(UTC)
        )
        pages = stack.enter_context(serve(pagerduty.create_app(ledger)))
        made = House(tmp_path, free_port(), trouble, pages, ledger)
        stack.callback(made.kill)
        write(made, server.server_port, *programs, stack)
        yield made


def write(
    house: House, scraped: int, prometheus: Path, alertmanager: Path, stack: ExitStack
) -> None:
    """Write all settings; start Prometheus and Alertmanager."""
    folder, ports = house.folder, (free_port(), free_port())
    scrape, rules, routes = printed()
    rule = {
        "alert": "AppDown",
        "expr": "app_down == 1",
        "labels": {"severity": "critical"},
    }
    (folder / "own.yml").write_text(yaml.safe_dump({"groups": [{"name": "own", "rules": [rule]}]}))
    (folder / "aiops-fallback.yml").write_text(yaml.safe_dump(rules))
    scrape["scrape_configs"][0]["static_configs"][0]["targets"] = [f"127.0.0.1:{house.port}"]
    app = {"job_name": "app", "static_configs": [{"targets": [f"127.0.0.1:{scraped}"]}]}
    scrape["scrape_configs"].append({**app, "honor_labels": True})
    scrape["rule_files"].append("own.yml")
    scrape["global"] = {
        "scrape_interval": "1s",
        "scrape_timeout": "1s",
        "evaluation_interval": "1s",
    }
    scrape["alerting"] = {
        "alertmanagers": [{"static_configs": [{"targets": [f"127.0.0.1:{ports[1]}"]}]}]
    }
    (folder / "prometheus.yml").write_text(yaml.safe_dump(scrape))
    ours, pager = routes["receivers"]
    ours["webhook_configs"][0] = {
        "url": f"http://127.0.0.1:{house.port}/ingest/alertmanager",
        "http_config": {"authorization": {"credentials": TOKEN}},
    }
    del pager["pagerduty_configs"][0]["routing_key_file"]
    pager["pagerduty_configs"][0] |= {"routing_key": RAW, "url": f"{house.pages}/v2/enqueue"}
    (folder / "alertmanager.yml").write_text(yaml.safe_dump(routes))
    settings = {
        "mode": "in_path",
        "topology": "topology.yaml",
        "journeys": [{"name": "buying", "entry": "app"}],
        "sources": {"alertmanager": {"kind": "alertmanager", "token_env": "AIOPS_AM"}},
        "sinks": {"pagerduty": {"kind": "pagerduty", "events_url": f"{house.pages}/v2/enqueue"}},
        "page_to": ["pagerduty"],
        "ticket_to": [],
        "settle_seconds": 0,
        "heartbeat": {"every_seconds": 5},
        "web": {"port": house.port},
    }
    (folder / "aiops.yaml").write_text(yaml.safe_dump(settings))
    (folder / "topology.yaml").write_text(yaml.safe_dump({"services": {"app": {"owner": "shop"}}}))
    for program, port, words in (
        (prometheus, ports[0], [f"--storage.tsdb.path={folder / 'tsdb'}"]),
        (alertmanager, ports[1], [f"--storage.path={folder / 'am'}", "--cluster.listen-address="]),
    ):
        name = program.name.rpartition("-")[2]
        with (folder / f"{name}.log").open("wb") as log:
            process = subprocess.Popen(
                [
                    program,
                    f"--config.file={folder / f'{name}.yml'}",
                    f"--web.listen-address=127.0.0.1:{port}",
                    *words,
                ],
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        stack.callback(process.wait)
        stack.callback(process.kill)


def test_raw_alerts_page_while_aiops_is_dead_and_only_then(house: House) -> None:
    house.start()
    eventually(house.pulse, 30, "a pulse came through")
    before = house.paged(RAW)
    house.trouble.labels("app").set(1)
    eventually(lambda: len(house.paged(OURS)) == 1, 20, "aiops paged")
    time.sleep(6)
    assert len(house.paged(OURS)) == 1
    assert house.paged(RAW) == before, "while aiops lives nobody is paged twice"
    assert not any("AppDown" in one for one in before)
    house.kill()
    eventually(
        lambda: any("AppDown app (raw" in one for one in house.paged(RAW)),
        20,
        "the raw alert reached the pager without aiops",
    )
