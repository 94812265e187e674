"""Tasks through a real broker and a real worker."""

import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from celery import Celery
from celery.contrib.testing.worker import start_worker
from kombu.utils.json import dumps, loads
from redis import Redis

from aiops.telemetry import TRACEPARENT, Telemetry
from tests.workers.installation import HeardTelemetry, Installation
from tests.workers.tables import source
from workers.app import make_app
from workers.queue import ENQUEUED_AT, CeleryQueue
from workers.tasks import MAX_STARTS, register

TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


class Ear(HeardTelemetry):
    """Telemetry that remembers what tasks told it, and where they said they come from."""

    def __init__(self) -> None:
        super().__init__()
        self.begun: list[tuple[str, float]] = []
        self.traces: list[tuple[str, str]] = []
        self.failures: list[tuple[str, tuple[object, ...], str]] = []

    def started(self, task: str, age_seconds: float) -> None:
        self.begun.append((task, age_seconds))

    @contextmanager
    def continued(self, name: str, traceparent: str) -> Iterator[None]:
        self.traces.append((name, traceparent))
        yield

    def failed(self, task: str, args: Any, error: Exception) -> None:
        self.failures.append((task, tuple(args), str(error)))


class Within(Telemetry):
    """Telemetry inside a known trace."""

    def traceparent(self) -> str:
        return TRACE


def wait_for(done: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 10
    while not done():
        assert time.monotonic() < deadline, "it did not happen within ten seconds"
        time.sleep(0.01)


@pytest.fixture
def ear(parts: Installation) -> Ear:
    made = Ear()
    parts.heard = made
    return made


@pytest.fixture
def worker(parts: Installation, ear: Ear, empty_broker_url: str) -> Iterator[Celery]:
    """A worker in a thread of this process."""
    app = make_app(empty_broker_url, "fast")
    register(app, lambda: parts)
    with start_worker(app, pool="solo", perform_ping_check=False, shutdown_timeout=10):
        yield app


def test_a_task_knows_its_trace_and_how_long_it_waited(
    worker: Celery, parts: Installation, ear: Ear
) -> None:
    parts.fed["shop"] = source()
    CeleryQueue(worker, Within()).enqueue("ingest.poll", "shop")
    wait_for(lambda: bool(parts.tasks.tasks))
    assert ear.traces == [("ingest.poll", TRACE)]
    ((task, age),) = ear.begun
    assert task == "ingest.poll"
    assert 0 <= age < 10
    assert parts.tasks.names() == ["detect.advance"]


def test_a_task_that_fails_is_told_and_the_worker_goes_on(worker: Celery, ear: Ear) -> None:
    queue = CeleryQueue(worker, Telemetry())
    queue.enqueue("detect.advance", "no-such-shard")
    queue.enqueue("detect.sweep")
    wait_for(lambda: len(ear.begun) == 2 and bool(ear.failures))
    assert ear.failures == [
        ("detect.advance", ("no-such-shard",), "there is no shard no-such-shard")
    ]


def test_a_message_of_beat_without_our_headers_is_worked_too(worker: Celery, ear: Ear) -> None:
    worker.send_task("detect.sweep")
    wait_for(lambda: bool(ear.traces))
    assert ear.traces == [("detect.sweep", "")]
    assert ear.begun[0][1] == pytest.approx(0, abs=0.1)


def test_a_task_that_takes_its_worker_down_each_time_is_given_up(
    parts: Installation, ear: Ear, empty_broker_url: str
) -> None:
    app = make_app(empty_broker_url, "fast")
    register(app, lambda: parts)
    task_id = str(uuid4())
    for _ in range(MAX_STARTS + 2):
        app.tasks["detect.sweep"].apply(task_id=task_id)
    assert len(ear.traces) == MAX_STARTS
    assert [kind for kind, _ in ear.faults] == ["task", "task"]
    assert "given up" in ear.faults[0][1]


def test_what_is_enqueued_is_small_json_with_a_trace_and_a_time(
    empty_redis_url: str, empty_broker_url: str
) -> None:
    before = time.time()
    CeleryQueue(make_app(empty_broker_url, "client"), Within()).enqueue("deliver.send", 7)
    with Redis.from_url(empty_redis_url) as client:
        (raw,) = client.lrange("deliver", 0, -1)
    message = json.loads(raw)
    assert message["content-type"] == "application/json"
    assert message["headers"]["task"] == "deliver.send"
    assert message["headers"][TRACEPARENT] == TRACE
    assert before <= message["headers"][ENQUEUED_AT] <= time.time()
    assert len(raw) < 2000


@pytest.mark.parametrize("args", [(), ("shop.prod.0",), (7,)])
def test_arguments_survive_the_wire_as_they_are(args: tuple[str | int, ...]) -> None:
    assert loads(dumps(args)) == list(args)


def test_a_broker_that_is_away_is_told_at_once_and_the_caller_goes_on() -> None:
    heard = HeardTelemetry()
    queue = CeleryQueue(make_app("redis+socket:///nowhere/redis.sock", "fast"), heard)
    began = time.monotonic()
    for _ in range(5):
        queue.enqueue("deliver.send", 7)
    assert time.monotonic() - began < 3
    assert [kind for kind, _ in heard.faults] == ["queue"] * 5
    assert "deliver.send not enqueued, a sweep will" in heard.faults[0][1]


def test_what_was_not_enqueued_is_found_by_the_sweeps(parts: Installation) -> None:
    """A page reaches its sink although every enqueue on its way was lost."""
    parts.fed["shop"] = source(bad_from=3)
    parts.poll.back_fill("shop", timedelta(hours=4), 60)
    parts._known = None
    for _ in range(14):
        parts.hand.move(60)
        parts.poll.run("shop")
        parts.tasks.tasks.clear()
        parts.detect.sweep()
        parts.drain(without=["correlate.env"])
        parts.flags.lower("prod")
        parts.correlate.sweep()
        parts.drain(without=["deliver.send"])
        parts.deliver.sweep()
        parts.drain()
    assert parts.incidents.recent()
    assert parts.told["slack"].sent
