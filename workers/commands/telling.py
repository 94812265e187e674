"""`aiops incident draft` and `aiops handover`: what a person sends on after reading it."""

import getpass
from dataclasses import asdict
from datetime import timedelta
from typing import TYPE_CHECKING, Annotated

import orjson
import typer

from workers.commands.incident import Json
from workers.commands.judge import By
from workers.commands.retro import Name
from workers.commands.run import Config
from workers.commands.start import client

if TYPE_CHECKING:
    from aiops.domain.changes import Change
    from aiops.domain.incidents import Incident
    from aiops.incident.drafts import Draft
    from workers.wiring import Parts


def draft(
    incident: Name,
    config: Config = None,
    *,
    public: Annotated[
        bool, typer.Option("--public", help="For everybody: no service, change, number or money.")
    ] = False,
    sink: Annotated[
        str, typer.Option("--send", help="Send it on this sink, after you have said yes.")
    ] = "",
    text: Annotated[
        typer.FileText | None,
        typer.Option(
            help="A file with your own words to send instead, word for word; - for stdin."
        ),
    ] = None,
    by: By = "",
    as_json: Json = False,
) -> None:
    """Draft an update for stakeholders from an incident. Nothing sends it but you.

    With --send it goes to a Slack sink (the incident's thread) or to a PagerDuty one (a status
    update of our incident there). Without --text you are shown what would be sent, and asked.

    Example: aiops incident draft INC-1001 --public --send slack --text update.txt
    """
    from aiops.incident import drafts  # noqa: PLC0415 - keeps --help fast
    from workers.regrouping import find  # noqa: PLC0415

    if text is not None and not sink:
        raise typer.BadParameter("--text is what --send sends; name a sink, too")

    parts = client(config)
    audience = drafts.Audience.PUBLIC if public else drafts.Audience.INTERNAL
    made = drafts.draft(find(parts, incident), audience, parts.clock.now())
    if sink:
        _send(parts, incident, sink, _approved(made, text), by=by, public=public, as_json=as_json)
    elif as_json:
        typer.echo(orjson.dumps(asdict(made)).decode())
    else:
        typer.echo(f"[{made.status}] {made.title}\n\n{made.text}")


def _approved(made: "Draft", text: typer.FileText | None) -> str:
    """Return the words a person gave, or a draft they were shown and said yes to."""
    if text is not None:
        return text.read()
    said = f"{made.title}\n\n{made.text}"
    typer.echo(said, err=True)
    typer.confirm("\nSend this, word for word?", abort=True, err=True)
    return said


def _send(
    parts: "Parts", incident: str, sink: str, text: str, *, by: str, public: bool, as_json: bool
) -> None:
    from workers.updating import send  # noqa: PLC0415 - keeps --help fast

    who = by or getpass.getuser()
    effect = send(parts, incident, sink, text, by=who, public=public)
    if as_json:
        told = {"incident": incident.upper(), "sink": sink, "by": who, "effect": effect}
        typer.echo(orjson.dumps(told).decode())
    else:
        typer.echo(f"{incident.upper()} to {sink}, by {who}: {effect}")


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
