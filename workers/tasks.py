"""The Celery tasks: wire names and one stage method each.

A task's name is wire protocol: messages of the release before this one are still in the queue
while workers are replaced. Never rename one; a test pins them.
"""

import time
from collections.abc import Callable
from typing import Any, Protocol

import redis
from celery import Celery, Task

from aiops.telemetry import TRACEPARENT
from workers.alerts import take_waiting
from workers.back_fill import fetch_missing
from workers.declaring import answer_declared
from workers.feeds import find_missing
from workers.heartbeat import send_pulse
from workers.listening import listen
from workers.maintenance import read_files
from workers.queue import ENQUEUED_AT
from workers.wiring import Parts

MAX_STARTS = 5
"""A task that was started this often without ending took its worker down each time."""

WORK: dict[str, Callable[..., Any]] = {
    "ingest.gather": lambda parts, source: parts.gather.run(source),
    "ingest.poll": lambda parts, source: parts.poll.run(source),
    "ingest.on_call": lambda parts: parts.on_call.ask(),
    "ingest.digest": lambda parts: parts.digest.run(),
    "ingest.declared": answer_declared,
    "ingest.hear": listen,
    "ingest.alerts": take_waiting,
    "ingest.maintenance": read_files,
    "ingest.pulse": send_pulse,
    "detect.advance": lambda parts, shard: parts.detect.run(shard),
    "detect.feeds": find_missing,
    "detect.sweep": lambda parts: parts.detect.sweep(),
    "correlate.env": lambda parts, env: parts.correlate.run(env),
    "correlate.sweep": lambda parts: parts.correlate.sweep(),
    "deliver.sweep": lambda parts: parts.deliver.sweep(),
    "deliver.changes": lambda parts: parts.tell_changes.run(),
    "deliver.digest": lambda parts: parts.digesting.run(),
    "deliver.escalate": lambda parts: parts.escalate.run(),
    "deliver.fall_back": lambda parts: parts.deliver.fall_back(),
    "deliver.next": lambda parts, sink: parts.deliver.next(sink),
    "deliver.relieve": lambda parts: parts.relief.run(),
    "deliver.send": lambda parts, delivery: parts.deliver.run(delivery),
    "fit.back_fill": fetch_missing,
    "fit.due": lambda parts: parts.fit.due(),
    "fit.shard": lambda parts, shard: parts.fit.run(shard),
    "learn.forget": lambda parts: parts.forget.run(),
    "learn.index": lambda parts: parts.file_away.run(),
    "learn.index_due": lambda parts: parts.file_away.due(),
    "learn.remember": lambda parts, incident: parts.learn.run(incident),
    "learn.sweep": lambda parts: parts.learn.sweep(),
    "report.levels": lambda parts: parts.levels.run(),
    "report.pictures": lambda parts: parts.draw.run(),
}
"""Task name → what it does; each is idempotent, and a sweep repeats what was lost."""


class PartsOf(Protocol):
    """Gives the parts of this process, built on first use: after the fork, never before."""

    def __call__(self) -> Parts:
        """Return the parts."""
        ...


def register(app: Celery, parts: PartsOf) -> None:
    """Register every task of `WORK` with a Celery application."""
    for name in WORK:
        _register(app, name, parts)


def _register(app: Celery, name: str, parts: PartsOf) -> None:
    @app.task(name=name, bind=True, trail=False, shared=False)
    def run(task: Task[Any, Any], *args: str | int) -> None:
        own = parts()
        headers = task.request.headers or {}
        own.telemetry.started(name, time.time() - float(headers.get(ENQUEUED_AT, time.time())))
        if _starts(own.redis, str(task.request.id)) > MAX_STARTS:
            own.telemetry.fault("task", f"{name}{args} was started {MAX_STARTS} times: given up")
            return
        with own.telemetry.continued(name, str(headers.get(TRACEPARENT, ""))):
            _guarded(name, own, args)


def _guarded(name: str, own: Parts, args: tuple[str | int, ...]) -> None:
    """Run the work of a task; what fails is told and left to the sweep that repeats it."""
    try:
        WORK[name](own, *args)
    except Exception as error:  # noqa: BLE001 - the task's outer edge: the worker goes on
        own.telemetry.failed(name, args, error)


def _starts(client: redis.Redis, task_id: str) -> int:
    """Count a start of a task; rejected messages come back without any limit of Celery's own."""
    key = f"starts:{task_id}"
    with client.pipeline(transaction=False) as pipe:
        pipe.incr(key)
        pipe.expire(key, 3600)
        return int(pipe.execute()[0])
