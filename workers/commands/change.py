"""`aiops change`: telling of changes from a pipeline, and looking at what was told."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Any

import orjson
import typer

from aiops.domain.changes import ChangeKind
from workers.commands.incident import Json
from workers.commands.run import Config
from workers.commands.start import client

if TYPE_CHECKING:
    from aiops.domain.changes import Change

app = typer.Typer(no_args_is_help=True)

_LISTED = 50


@app.callback()
def about() -> None:
    """Tell of deploys and other changes, or list them.

    Example: aiops change deploy --service checkout --version 2026.04.18-3
    """


Service = Annotated[str, typer.Option(help="Which service it is about.")]
Version = Annotated[str, typer.Option("--version", "--ref", help="As people call it.")]
Env = Annotated[str, typer.Option(help="The environment; without it the server's default.")]
Region = Annotated[str, typer.Option(help="The one region it reaches, if not all.")]
Status = Annotated[str, typer.Option(help="started, finished or failed; for a flag on or off.")]
Id = Annotated[str, typer.Option("--id", help="Of your run: its start and end are one change.")]
Reverts = Annotated[str | None, typer.Option(help="The version it takes back.")]
Percentage = Annotated[float | None, typer.Option(help="The share of traffic it reaches.")]
By = Annotated[str, typer.Option(help="Who does it.")]
Why = Annotated[str, typer.Option("--why", help="In words.")]
Url = Annotated[str, typer.Option(envvar="AIOPS_URL", help="Where aiops listens.")]
Token = Annotated[
    str, typer.Option(envvar="AIOPS_WEB_TOKEN", help="Its token; best from the environment.")
]


def _teller(kind: ChangeKind) -> None:
    @app.command(name=kind.value, help=_HELP.format(kind=kind.value))
    def tell(
        *,
        service: Service = "",
        version: Version = "",
        env: Env = "",
        region: Region = "",
        status: Status = "",
        run: Id = "",
        reverts: Reverts = None,
        percentage: Percentage = None,
        by: By = "",
        why: Why = "",
        url: Url = "http://127.0.0.1:8080",
        token: Token = "",
        as_json: Json = False,
    ) -> None:
        from workers.change_client import post_change  # noqa: PLC0415 - keeps --help fast

        attributes = {"reverts": reverts, "percentage": percentage}
        event = {
            "timestamp": datetime.now(UTC).isoformat(),  # once: all attempts tell of one change
            "kind": kind.value,
            "service": service,
            "ref": version,
            "env": env,
            "region": region,
            "status": status,
            "id": run,
            "actor": by,
            "description": why,
            "attributes": {name: one for name, one in attributes.items() if one is not None},
        }
        accepted = post_change(url, token, {name: one for name, one in event.items() if one})
        typer.echo(orjson.dumps(accepted).decode() if as_json else "told")


_HELP = """Tell of a {kind}, from a pipeline: tried for a minute, exit code 1 if nobody takes it.

Example: aiops change {kind} --service checkout --version 2026.04.18-3 --id $CI_RUN_ID
"""

for _kind in ChangeKind:
    _teller(_kind)


@app.command(name="list")
def show(
    config: Config = None,
    *,
    days: Annotated[int, typer.Option(min=1, max=366, help="How far back.")] = 7,
    unmapped: Annotated[
        bool, typer.Option("--unmapped", help="Only what leads to no service, counted.")
    ] = False,
    as_json: Json = False,
) -> None:
    """List the changes that were told of, the newest first.

    Example: aiops change list --unmapped
    """
    parts = client(config)
    now = parts.clock.now()
    found = parts.changes.told(now - timedelta(days=days), now)
    shown = [one for one in found if one.about] if unmapped else found
    if as_json:
        typer.echo(orjson.dumps([_document(one) for one in shown]).decode())
    elif unmapped:
        counted = Counter((one.source, one.about) for one in shown)
        for (source, about), count in counted.most_common():
            typer.echo(f"{count:5}  {source}: {about}")
        hint = "a rule of `changes.map` in aiops.yaml leads them to a service"
        typer.echo(hint if shown else "every change of these days leads to a service")
    else:
        for one in shown[:_LISTED]:
            typer.echo(_line(one))
        if len(shown) > _LISTED:
            typer.echo(f"… and {len(shown) - _LISTED} more: --json shows all")
        if not shown:
            typer.echo(f"no change was told of in {days} days; `aiops help source` says who can")


def _line(one: "Change") -> str:
    what = f"{one.kind} {one.ref} {one.status}".strip()
    return f"{one.started_at:%d %b %H:%M} UTC  {one.env:8} {one.service or '-':20} {what}"


def _document(one: "Change") -> dict[str, Any]:
    return {
        "id": one.id,
        "kind": one.kind,
        "service": one.service,
        "ref": one.ref,
        "env": one.env,
        "started_at": one.started_at,
        "ended_at": one.ended_at,
        "status": one.status,
        "source": one.source,
        "about": one.about,
    }
