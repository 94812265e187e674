"""`aiops up`: the whole product on one machine."""

import os
import threading
from dataclasses import replace
from pathlib import Path

import typer

from workers.back_fill import fetch_past
from workers.commands.processes import load
from workers.local import running
from workers.processes import interruptible
from workers.wiring import Parts


def run_up(config: Path | None) -> None:
    """Start every process, fetch the past, then watch until interrupted."""
    settings = load(config)
    with interruptible():
        try:
            with running(settings, os.environ, typer.echo) as stack:
                typer.echo(f"console: {settings.web.base_url}")
                fetch_past(
                    Parts(replace(settings, redis_url=stack.redis_url), "client"), typer.echo
                )
                stack.start_beat()
                typer.echo("watching; Ctrl-C ends")
                threading.Event().wait()
        except KeyboardInterrupt:
            typer.echo("stopped")
