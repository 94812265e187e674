"""Run one process of the product: a worker, beat, the web server; or migrate the databases."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from workers.tether import die_with_parent

Config = Annotated[
    Path | None,
    typer.Option("--config", "-c", help="Path of aiops.yaml.", envvar="AIOPS_CONFIG"),
]
Tethered = Annotated[
    bool, typer.Option("--tethered", hidden=True, help="End when the starting process ends.")
]


def worker(
    role: Annotated[
        Literal["fast", "deliver", "slow"], typer.Argument(help="Which queues it works.")
    ],
    config: Config = None,
    concurrency: Annotated[int, typer.Option(help="Processes of its pool.", min=1)] = 2,
    *,
    tethered: Tethered = False,
) -> None:
    """Run a Celery worker.

    `fast` works the queues ingest, detect, correlate and act. `deliver` tells the sinks, so that
    one that hangs delays no detection. `slow` works fit, learn and report, so that a fit never
    delays a tick. All three are needed.

    Example: aiops worker fast --config aiops.yaml
    """
    from workers.commands.processes import run_worker  # noqa: PLC0415 - keeps --help fast

    if tethered:
        die_with_parent()
    run_worker(role, config, concurrency)


def beat(config: Config = None, *, tethered: Tethered = False) -> None:
    """Run the scheduler: it asks for polls, sweeps and fits.

    Example: aiops beat --config aiops.yaml
    """
    from workers.commands.beat import run_beat  # noqa: PLC0415

    if tethered:
        die_with_parent()
    run_beat(config)


def web(config: Config = None, *, tethered: Tethered = False) -> None:
    """Run the web server: ingest, Slack, JSON API and console.

    Example: aiops web --config aiops.yaml
    """
    from workers.commands.processes import run_web  # noqa: PLC0415

    if tethered:
        die_with_parent()
    run_web(config)


def migrate(config: Config = None) -> None:
    """Create or upgrade the databases.

    Example: aiops migrate --config aiops.yaml
    """
    from workers.commands.start import load  # noqa: PLC0415
    from workers.databases import migrate_all  # noqa: PLC0415

    migrate_all(load(config))
    typer.echo("databases are up to date")


def up(config: Config = None) -> None:
    """Run everything on this machine: fetch the past, then watch.

    Ctrl-C ends it. Incidents and troubled sources are shown as they come; the console has more.
    Redis is embedded unless REDIS_URL names one; SQLite unless AIOPS_DATABASE_URL names one.

    Example: aiops up --config aiops.yaml
    """
    from workers.commands.up import run_up  # noqa: PLC0415

    run_up(config)
