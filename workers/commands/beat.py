"""What runs inside beat: Celery and the settings, none of the parts that do the work."""

from contextlib import suppress
from pathlib import Path

from celery.beat import Scheduler, Service

from workers.app import make_app
from workers.clock import FileClock
from workers.commands.start import load, log_to_stderr
from workers.interrupts import Interrupted, interruptible
from workers.schedule import schedule


def run_beat(config: Path | None) -> None:
    """Enqueue what is due until told to stop; the schedule lives in memory."""
    settings = load(config)
    log_to_stderr(settings)
    rate = FileClock(Path(settings.clock)).rate if settings.clock else 1.0
    app = make_app(settings.broker_url, "client")
    app.conf.beat_schedule = schedule(
        settings.sources,
        rate,
        pushing=settings.pushed_sources,
        pulse_seconds=settings.heartbeat.every_seconds if settings.heartbeat.enabled else None,
        watches_files=any(one.path is not None for one in settings.maintenance_sources),
    )
    app.finalize()
    # Not `app.Beat`: its signal handler closes the connection that it may have interrupted in
    # mid-send, and then waits for itself for ever.
    with suppress(Interrupted), interruptible():
        Service(app, max_interval=1, scheduler_cls=Scheduler).start()
