"""`kill -9` of everything: an alert that was answered 2xx is known afterwards, and known once."""

import json
import os
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from threading import Event, Thread

import httpx
import pytest

from tests.e2e.stack import environment, eventually, processes_of

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("alert-kill")]

SENDERS = 8
KILLS = 3
PATIENCE_SECONDS = 120.0


class Running:
    """`aiops up` with nothing to poll, of which everything may be killed."""

    def __init__(self, folder: Path) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = int(probe.getsockname()[1])
        self.folder = folder
        self.config = folder / "aiops.yaml"
        self.config.write_text(
            f"sources: {{am: {{kind: alertmanager}}}}\nweb: {{port: {self.port}}}\n"
        )
        self.database = folder / "state" / "aiops.db"
        self._up: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        environ = {"AIOPS_DATA_DIR": str(self.folder / "state"), "AIOPS_ORIGIN": "drill"}
        with (self.folder / "up.log").open("ab") as log:
            self._up = subprocess.Popen(
                [sys.executable, "-P", "-m", "workers", "up", "-c", str(self.config)],
                env={**environment(), **environ},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def kill_redis(self) -> None:
        """Kill Redis, which comes back by itself."""
        found = [pid for pid, told in processes_of(self.folder).items() if b"unixsocket:" in told]
        assert found
        _kill(found)

    def kill_everything(self) -> None:
        """Kill every process, and wait until none is left."""
        while left := processes_of(self.folder):
            _kill(left)
            time.sleep(0.1)
        if self._up is not None:
            self._up.wait()

    def post(self, body: bytes) -> bool:
        """Send a body; return whether it was answered that it is taken."""
        url = f"http://127.0.0.1:{self.port}/ingest/alertmanager"
        headers = {"content-type": "application/json"}
        try:
            return httpx.post(url, content=body, headers=headers, timeout=30).is_success
        except httpx.TransportError:
            return False

    def read(self, query: str) -> list[str]:
        """Return the only column of what a query finds."""
        with sqlite3.connect(f"file:{self.database}?mode=ro", uri=True) as connection:
            return [value for (value,) in connection.execute(query)]


def _kill(pids: Iterable[int]) -> None:
    for pid in pids:
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            continue  # its parent took it along


@contextmanager
def running(folder: Path) -> Iterator[Running]:
    one = Running(folder)
    one.start()
    try:
        yield one
    finally:
        one.kill_everything()


def body(name: str) -> bytes:
    alert = {
        "status": "firing",
        "labels": {"alertname": name, "service": "checkout", "env": "drill", "severity": "warning"},
        "annotations": {},
        "startsAt": "2026-04-18T10:00:00Z",
        "endsAt": "0001-01-01T00:00:00Z",
    }
    return json.dumps({"version": "4", "alerts": [alert]}).encode()


class Senders:
    """Each sends one alert after the other, and each until it is taken, as Alertmanager does."""

    def __init__(self, one: Running) -> None:
        self.one = one
        self.accepted: set[str] = set()
        self._enough = Event()
        self._threads = [Thread(target=self._send, args=(sender,)) for sender in range(SENDERS)]

    def _send(self, sender: int) -> None:
        number = 0
        while not self._enough.is_set():
            name = f"Alert{sender}x{number}"
            if self.one.post(body(name)):
                self.accepted.add(name)
                number += 1
            else:
                self._enough.wait(0.1)

    def await_more(self, count: int) -> None:
        least = len(self.accepted) + count
        eventually(lambda: len(self.accepted) >= least, PATIENCE_SECONDS, "more is taken")

    def __enter__(self) -> "Senders":
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._enough.set()
        for thread in self._threads:
            thread.join()


def test_what_was_accepted_is_known_once_whatever_is_killed(tmp_path: Path) -> None:
    with running(tmp_path) as one:
        eventually(lambda: one.post(body("First")), PATIENCE_SECONDS, "the door answers")
        with Senders(one) as senders:
            senders.await_more(50)
            one.kill_redis()
            for _ in range(KILLS - 1):
                senders.await_more(50)
                one.kill_everything()
                one.start()
            senders.await_more(50)
        with ThreadPoolExecutor(50) as pool:
            assert all(pool.map(one.post, [body("Same")] * 50))
        waiting = "SELECT id FROM accepted_bodies WHERE state = 'accepted'"
        eventually(lambda: not one.read(waiting), PATIENCE_SECONDS, "everything is worked")
        alerts = [json.loads(doc) for doc in one.read("SELECT doc FROM alerts")]
        symptoms = [json.loads(doc) for doc in one.read("SELECT doc FROM symptoms")]
    known = [alert["described"]["series"]["key"]["metric"] for alert in alerts]
    assert {*senders.accepted, "First", "Same"} <= set(known), "one that was accepted is not known"
    assert len(known) == len(set(known))
    told = [symptom["series"]["key"]["metric"] for symptom in symptoms]
    assert sorted(told) == sorted(known), "an alert is not one symptom"
    (same,) = [alert for alert, name in zip(alerts, known, strict=True) if name == "Same"]
    assert same["reports"] == 50
