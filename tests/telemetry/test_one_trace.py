"""One trace from ingest to delivery, over the queue's headers and the outbox."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import timedelta
from functools import cached_property
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from celery import Celery
from opentelemetry.sdk.trace import ReadableSpan

from aiops.domain.policies import Mode, PagingPolicy, Policies
from aiops.ports import Queue
from aiops.telemetry import Telemetry
from tests.builders import minute, shop
from tests.telemetry.collecting import Collected
from tests.workers.installation import HandClock, Installation, settings_in
from tests.workers.tables import source
from workers.queue import CeleryQueue
from workers.tasks import register

IN_PATH = Policies(paging=PagingPolicy(mode=Mode.IN_PATH, ticket_sinks=("slack",)))


class ListApp(Celery):
    """A Celery application whose messages stay in a list until they are worked."""

    def __init__(self) -> None:
        super().__init__("listed", broker="memory://")
        self.messages: list[tuple[str, tuple[Any, ...], dict[str, Any]]] = []

    def send_task(  # type: ignore[override]  # what the queue and beat use of it
        self, name: str, args: Any = None, **options: Any
    ) -> None:
        self.messages.append((name, tuple(args or ()), options.get("headers") or {}))

    def work(self) -> None:
        """Run every message, and what that sends."""
        while self.messages:
            name, args, headers = self.messages.pop(0)
            self.tasks[name].apply(args, headers=headers, task_id=str(uuid4()))


class Traced(Installation):
    """An installation with the product's own queue and tasks, traced into memory."""

    def __init__(self, *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        self.collected = Collected()
        self.app = ListApp()
        register(self.app, lambda: self)

    @cached_property
    def telemetry(self) -> Telemetry:
        return self.collected.telemetry

    @cached_property
    def queue(self) -> Queue:
        return CeleryQueue(self.app, self.telemetry)


@pytest.fixture
def traced(tmp_path: Path, empty_redis_url: str) -> Iterator[Traced]:
    """The shop after a fault that was told: polled every minute by beat until 10:16."""
    clock = HandClock(minute(0) + timedelta(seconds=2))
    parts = Traced(settings_in(tmp_path, empty_redis_url), clock, shop(policies=IN_PATH))
    parts.fed["shop"] = source(bad_from=3)
    parts.poll.back_fill("shop", timedelta(hours=4), 60)
    for _ in range(16):
        clock.move(60)
        parts.app.send_task("ingest.poll", ("shop",))
        parts.app.work()
        parts.app.send_task("deliver.sweep")
        parts.app.work()
    yield parts
    parts.dispose()


def by_trace(spans: Sequence[ReadableSpan]) -> dict[int, list[str]]:
    found: dict[int, list[str]] = defaultdict(list)
    for span in spans:
        assert span.context is not None
        found[span.context.trace_id].append(span.name)
    return found


def test_one_trace_leads_from_the_poll_to_the_page(traced: Traced) -> None:
    assert traced.told["slack"].sent
    traces = by_trace(traced.collected.spans.get_finished_spans())
    whole = [
        names
        for names in traces.values()
        if {"ingest.poll", "detect.advance", "correlate.env", "deliver.send"} <= set(names)
    ]
    assert whole, f"no trace holds all stages: {list(traces.values())}"


def test_a_delivery_that_a_sweep_found_stays_in_the_trace_that_decided_it(
    traced: Traced,
) -> None:
    spans = traced.collected.spans.get_finished_spans()
    ids = {span.context.span_id: span for span in spans if span.context is not None}
    sends = [span for span in spans if span.name == "deliver.send" and span.parent is not None]
    parents = {ids[span.parent.span_id].name for span in sends if span.parent is not None}
    assert "correlate.env" in parents


def test_every_stage_is_measured(traced: Traced) -> None:
    points = traced.collected.points
    assert {labels["task"] for labels, _ in points("aiops.queue.age")} >= {
        "ingest.poll",
        "detect.advance",
        "correlate.env",
        "deliver.send",
    }
    assert points("aiops.points") == [({"env": "prod"}, 16 * 3)]
    ((labels, lag),) = points("aiops.detect.lag")
    assert (labels, lag) == ({"env": "prod"}, 16 * 2.0)
    assert {labels["kind"] for labels, _ in points("aiops.symptom.facts")} >= {"opened"}
    assert sum(value for _, value in points("aiops.incident.revisions")) >= 1
    assert {labels["result"] for labels, _ in points("aiops.deliveries")} == {"delivered"}
    assert {labels["sink"] for labels, _ in points("aiops.delivery.delay")} >= {"slack"}


def test_faults_of_the_surroundings_are_measured(traced: Traced) -> None:
    down = source()
    down.down = True
    traced.fed["shop"] = down
    traced.hand.move(60)
    traced.app.send_task("ingest.poll", ("shop",))
    traced.app.send_task("detect.advance", ("no-such-shard",))
    traced.app.work()
    kinds = {labels["kind"] for labels, _ in traced.collected.points("aiops.faults")}
    assert kinds == {"source", "detect.advance"}


def test_symptoms_that_a_sweep_found_stay_in_the_trace_that_found_them(traced: Traced) -> None:
    traced.flags.raise_flag("prod")  # somebody raised it and was killed before enqueueing
    traced.fed["shop"] = source(bad_from=3, bad_until=17)
    for _ in range(8):
        traced.hand.move(60)
        traced.flags.raise_flag("prod")
        traced.app.send_task("ingest.poll", ("shop",))
        traced.app.work()
    traced.collected.spans.clear()
    waiting = traced.symptoms.traceparent("prod")
    assert waiting
    traced.flags.lower("prod")
    traced.app.send_task("correlate.sweep")
    traced.app.work()
    joined = [span for span in traced.collected.spans.get_finished_spans() if span.parent]
    traces = {f"{one.context.trace_id:032x}" for one in joined if one.name == "correlate"}
    assert waiting.split("-")[1] in traces
