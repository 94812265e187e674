"""`aiops incident retro` and `reported`: what a postmortem asks, and what customers said."""

import getpass
from datetime import UTC, datetime
from typing import Annotated

import orjson
import typer

from workers.commands.judge import By
from workers.commands.run import Config
from workers.commands.start import client

Name = Annotated[str, typer.Argument(metavar="INCIDENT", help="Its id, as in INC-1001.")]


def retro(
    incident: Name,
    config: Config = None,
    *,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON only.")] = False,
) -> None:
    """Write the retrospective of an incident in Markdown: what its record says, nothing else.

    What happened, whom it hit and what it cost, how long until it was noticed, paged, rolled back
    and over, causes with evidence and what was ruled out, what was done, and open questions.

    Example: aiops incident retro INC-1001 > retro.md
    """
    from aiops.incident import retro as retros  # noqa: PLC0415 - keeps --help fast
    from workers.regrouping import find  # noqa: PLC0415

    parts = client(config)
    found = find(parts, incident)
    sections = retros.retro(found, parts.memory.outcomes(found.id))
    if as_json:
        typer.echo(orjson.dumps(retros.as_data(found, sections)).decode())
    else:
        typer.echo(retros.as_markdown(found, sections), nl=False)


def reported(
    incident: Name,
    config: Config = None,
    *,
    at: Annotated[
        datetime | None,
        typer.Option(formats=["%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S"], help="When, UTC; now."),
    ] = None,
    through: Annotated[str, typer.Option(help='Through whom: "support, ticket 4711".')],
    by: By = "",
) -> None:
    """Say that customers reported an incident: it tells whether they or we noticed it first.

    Example: aiops incident reported INC-1001 --at 2026-04-18T09:58 --through "support, ticket 4711"
    """
    from aiops.incident.detection import detection_words  # noqa: PLC0415 - keeps --help fast
    from workers.reporting import report  # noqa: PLC0415

    moment = None if at is None else at.replace(tzinfo=UTC)
    who = by or getpass.getuser()
    told = report(client(config), incident, through=through, at=moment, by=who)
    typer.echo(f"{told.id}: {detection_words(told)}")
