"""Work for another process: task names and small values, with the trace they belong to."""

import time

from celery import Celery
from kombu.exceptions import OperationalError

from aiops.telemetry import TRACEPARENT, Telemetry

ENQUEUED_AT = "enqueued_at"
"""Message header: epoch seconds at which the task was enqueued, for the age of the queue."""


class CeleryQueue:
    """The queue as Celery's producer side."""

    def __init__(self, app: Celery, telemetry: Telemetry) -> None:
        self._app = app
        self._telemetry = telemetry

    def enqueue(self, task: str, *args: str | int, after_seconds: float = 0.0) -> None:
        """Send `task` to its queue.

        A broker that is away loses nothing: what is stored is found again by the sweeps, so the
        caller goes on.
        """
        headers = {TRACEPARENT: self._telemetry.traceparent(), ENQUEUED_AT: time.time()}
        try:
            self._app.send_task(
                task, args=args, headers=headers, retry=False, countdown=after_seconds or None
            )
        except OperationalError as error:
            self._telemetry.fault("queue", f"{task} not enqueued, a sweep will: {error}")
