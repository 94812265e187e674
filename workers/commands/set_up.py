"""`aiops init` and `aiops doctor`: begin, and find out what is in the way."""

import json
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from workers.commands.run import Config


def init(
    directory: Annotated[Path, typer.Argument(help="Where to write the files.")] = Path(),
    *,
    force: Annotated[bool, typer.Option(help="Overwrite files that are there.")] = False,
) -> None:
    """Write a first aiops.yaml, topology and runbook.

    The settings are explained line by line; their mode is `observe`, so nobody is paged.

    Example: aiops init my-shop
    """
    from workers.starter import write_starter  # noqa: PLC0415 - keeps --help fast

    for path in write_starter(directory, overwrite=force):
        typer.echo(f"wrote {path}")
    typer.echo(f"next: fill in {directory / 'aiops.yaml'}, then run `aiops doctor` beside it")


def doctor(
    config: Config = None,
    *,
    send: Annotated[
        bool, typer.Option(help="Send a marked test, and its end, through each sink.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON only.")] = False,
) -> None:
    """Find what is in the way, and say what to do about it.

    Looks at configuration, journeys, topology, runbooks, broker, databases, sources and sinks;
    changes nothing and, without --send, tells nobody. Exit code 0 when nothing is in the way, else
    1.

    Example: aiops doctor --config aiops.yaml
    """
    from workers.doctor import examine, summary  # noqa: PLC0415

    now = datetime.now(UTC) if send else None
    findings = examine(config, os.environ, send_at=now)
    if as_json:
        typer.echo(json.dumps([finding.as_dict() for finding in findings], indent=2))
    else:
        for finding in findings:
            typer.echo(str(finding))
        typer.echo(summary(findings))
    raise typer.Exit(1 if any(finding.is_fault for finding in findings) else 0)
