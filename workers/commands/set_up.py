"""`aiops init` and `aiops doctor`: begin, and find out what is in the way."""

import json
from pathlib import Path
from typing import Annotated

import typer

from workers.commands.run import Config


def init(
    directory: Annotated[Path, typer.Argument(help="Where to write the files.")] = Path(),
    *,
    force: Annotated[bool, typer.Option(help="Overwrite files that are there.")] = False,
) -> None:
    """Write a commented aiops.yaml (mode: observe), a topology and a first runbook.

    Example: aiops init my-shop
    """
    from workers.starter import write_starter  # noqa: PLC0415 - keeps --help fast

    for path in write_starter(directory, overwrite=force):
        typer.echo(f"wrote {path}")
    typer.echo("next: fill in aiops.yaml, then run `aiops doctor`")


def doctor(
    config: Config = None,
    *,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON only.")] = False,
) -> None:
    """Check configuration, journeys, broker, databases, sources and sinks.

    Says what to do about each fault. Exit code 0 when nothing is in the way, 1 otherwise.

    Example: aiops doctor --config aiops.yaml
    """
    from workers.doctor import examine  # noqa: PLC0415

    findings = examine(config)
    if as_json:
        typer.echo(json.dumps([finding.as_dict() for finding in findings], indent=2))
    else:
        for finding in findings:
            typer.echo(str(finding))
    raise typer.Exit(1 if any(finding.is_fault for finding in findings) else 0)
