"""The Celery application: settings that lose no task, and queues by stage."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Literal

from celery import Celery
from kombu import Queue

from workers import transport

Role = Literal["fast", "deliver", "slow", "client"]

QUEUES: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "fast": ("ingest", "detect", "correlate", "act"),
        "deliver": ("deliver",),
        "slow": ("fit", "learn", "report"),
    }
)
"""What each worker works: a sink that hangs delays no detection, and a fit no tick."""

VISIBILITY_SECONDS = {"fast": 5, "deliver": 60, "slow": 4 * 3600, "client": 4 * 3600}
"""Above the longest task of each process; a killed worker's task comes back after it."""


def queue_of(task: str) -> str:
    """Return the queue of a task: the part of its name before the dot.

    Examples:
        >>> queue_of("detect.advance")
        'detect'
    """
    return task.partition(".")[0]


def make_app(broker: str, role: Role) -> Celery:
    """Return the Celery application of one process.

    Workers of different roles keep their unacknowledged messages apart, because each restores
    what is older than its own visibility timeout.
    """
    transport.use_it()
    app = Celery("aiops", broker=broker)
    app.conf.update(
        task_queues=[Queue(name) for names in QUEUES.values() for name in names],
        task_routes=[lambda name, *_args, **_options: {"queue": queue_of(name)}],
        task_create_missing_queues=False,
        task_default_queue="ingest",
        task_acks_late=True,
        task_reject_on_worker_lost=True,
        task_ignore_result=True,
        task_store_errors_even_if_ignored=False,
        worker_prefetch_multiplier=1,
        worker_hijack_root_logger=False,
        worker_send_task_events=False,
        worker_enable_remote_control=False,
        worker_cancel_long_running_tasks_on_connection_loss=True,
        broker_connection_retry_on_startup=True,
        broker_connection_max_retries=None,
        accept_content=["json"],
        task_serializer="json",
        enable_utc=True,
        timezone="UTC",
        broker_transport_options={
            "visibility_timeout": VISIBILITY_SECONDS[role],
            "unacked_key": f"unacked_{role}",
            "unacked_index_key": f"unacked_index_{role}",
            "unacked_mutex_key": f"unacked_mutex_{role}",
            "unacked_restore_interval": 1,
            "unacked_restore_throttle": 1,
            "socket_keepalive": True,
            "health_check_interval": 10,
            # A producer that finds no broker goes on at once: kombu would wait 6 s for each task.
            "max_retries": 1,
            "interval_start": 0,
            "interval_step": 0,
            "interval_max": 0,
        },
    )
    return app
