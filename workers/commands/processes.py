"""What runs inside each process of the product."""

import logging
import os
from collections.abc import Callable
from contextlib import suppress
from functools import lru_cache
from pathlib import Path

from celery.beat import Scheduler, Service
from celery.signals import worker_process_init, worker_process_shutdown

from aiops import settings as configuration
from aiops.settings import Settings
from workers.app import FAST_QUEUES, SLOW_QUEUES, Role
from workers.clock import FileClock
from workers.interrupts import interruptible
from workers.schedule import schedule
from workers.tasks import register
from workers.wiring import Parts

LOG_FORMAT = "%(asctime)s %(levelname)s %(name)s %(message)s"


def load(config: Path | None) -> Settings:
    """Return the settings of this process."""
    return configuration.load(config, os.environ)


def run_worker(role: Role, config: Path | None, concurrency: int) -> None:
    """Work the queues of a role until told to stop."""
    settings = load(config)
    _log(settings)
    parts = _per_process(settings, role)
    app = Parts(settings, role).celery
    register(app, parts)
    queues = FAST_QUEUES if role == "fast" else SLOW_QUEUES
    app.worker_main(
        [
            "worker",
            f"--queues={','.join(queues)}",
            f"--concurrency={concurrency}",
            f"--hostname={role}@%h",
            "--pool=prefork",
            f"--loglevel={settings.log_level}",
            "--without-gossip",
            "--without-mingle",
            "--without-heartbeat",
        ]
    )


def run_beat(config: Path | None) -> None:
    """Enqueue what is due until told to stop; the schedule lives in memory."""
    settings = load(config)
    _log(settings)
    parts = Parts(settings, "client")
    rate = parts.clock.rate if isinstance(parts.clock, FileClock) else 1.0
    app = parts.celery
    app.conf.beat_schedule = schedule(parts.sources.values(), rate)
    app.finalize()
    # Not `app.Beat`: its signal handler closes the connection that it may have interrupted in
    # mid-send, and then waits for itself for ever.
    with suppress(KeyboardInterrupt), interruptible():
        Service(app, max_interval=1, scheduler_cls=Scheduler).start()


def run_web(config: Path | None) -> None:
    """Serve HTTP until told to stop."""
    import uvicorn  # noqa: PLC0415 - only the web process needs it

    from workers.console import make_console  # noqa: PLC0415

    settings = load(config)
    _log(settings)
    uvicorn.run(
        make_console(Parts(settings, "client")),
        host=settings.web.host,
        port=settings.web.port,
        log_level=settings.log_level.lower(),
        access_log=False,
    )


def _per_process(settings: Settings, role: Role) -> Callable[[], Parts]:
    """Return a giver of parts that builds them anew in every process of the pool."""

    @lru_cache(maxsize=1)
    def parts() -> Parts:
        return Parts(settings, role)

    worker_process_init.connect(lambda **_: parts.cache_clear(), weak=False)
    worker_process_shutdown.connect(lambda **_: parts().close(), weak=False)
    return parts


def _log(settings: Settings) -> None:
    logging.basicConfig(format=LOG_FORMAT, level=settings.log_level, force=True)
    for noisy in ("httpx", "httpcore", "kombu", "celery.worker.strategy", "celery.app.trace"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
