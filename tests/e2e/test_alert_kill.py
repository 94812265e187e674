"""`kill -9` of everything: an alert that was answered 2xx is known afterwards, and known once."""

import json
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from threading import Event, Thread

import pytest

from tests.e2e.running import PATIENCE_SECONDS, Running, running
from tests.e2e.stack import eventually

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("alert-kill")]

SENDERS = 8
KILLS = 3
SETTINGS = "sources: {am: {kind: alertmanager}}"


def post(one: Running, body: bytes) -> bool:
    return one.post("/ingest/alertmanager", body)


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
            if post(self.one, body(name)):
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
    with running(tmp_path, SETTINGS) as one:
        eventually(lambda: post(one, body("First")), PATIENCE_SECONDS, "the door answers")
        with Senders(one) as senders:
            senders.await_more(50)
            one.kill_redis()
            for _ in range(KILLS - 1):
                senders.await_more(50)
                one.kill_everything()
                one.start()
            senders.await_more(50)
        with ThreadPoolExecutor(50) as pool:
            assert all(pool.map(partial(post, one), [body("Same")] * 50))
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
