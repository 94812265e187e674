"""`aiops incident draft` and `aiops handover`: what a person sends on after reading it."""

from dataclasses import asdict
from datetime import timedelta
from typing import TYPE_CHECKING, Annotated

import orjson
import typer

from workers.commands.incident import Json
from workers.commands.retro import Name
from workers.commands.run import Config
from workers.commands.start import client

if TYPE_CHECKING:
    from aiops.domain.changes import Change
    from aiops.domain.incidents import Incident
    from workers.wiring import Parts


def draft(
    incident: Name,
    config: Config = None,
    *,
    public: Annotated[
        bool, typer.Option("--public", help="For everybody: no service, change, number or money.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Draft an update for stakeholders from an incident. Nothing sends it but you.

    Example: aiops incident draft INC-1001 --public
    """
    from aiops.incident import drafts  # noqa: PLC0415 - keeps --help fast
    from workers.regrouping import find  # noqa: PLC0415

    parts = client(config)
    audience = drafts.Audience.PUBLIC if public else drafts.Audience.INTERNAL
    made = drafts.draft(find(parts, incident), audience, parts.clock.now())
    if as_json:
        typer.echo(orjson.dumps(asdict(made)).decode())
        return
    typer.echo(f"[{made.status}] {made.title}\n\n{made.text}")


def handover(
    config: Config = None,
    *,
    team: Annotated[str, typer.Option(help="Only what this owner answers for; else all.")] = "",
    days: Annotated[int, typer.Option(min=1, max=31, help="How long this turn was.")] = 7,
) -> None:
    """Write the note for who is on call next, in Markdown: what is open, ended and changed.

    Example: aiops handover --team payments > handover.md
    """
    from aiops.report.handover import handover as note  # noqa: PLC0415 - keeps --help fast

    parts = client(config)
    until = parts.clock.now()
    since = until - timedelta(days=days)
    envs = sorted(parts.settings.policies.paging.known_environments)
    incidents = [one for env in envs for one in parts.incidents.since(env, since)]
    changes = [one for env in envs for one in parts.changes.known(env, since, until)]
    typer.echo(note(_of_team(incidents, team), _to_team(parts, changes, team), since, until))


def _of_team(incidents: "list[Incident]", team: str) -> "list[Incident]":
    return [one for one in incidents if not team or one.owner == team]


def _to_team(parts: "Parts", changes: "list[Change]", team: str) -> "list[Change]":
    graph = parts.knowledge().graph
    return [
        one
        for one in changes
        if not team or (one.service in graph and graph.service(one.service).owner == team)
    ]
