"""`aiops maintenance`: planned work that calls nobody, who announced it, and until when."""

import getpass
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

import orjson
import typer

from aiops.domain.time import parse_span
from workers.commands.incident import Json
from workers.commands.judge import By, Why
from workers.commands.run import Config
from workers.commands.silence import time_of
from workers.commands.start import client

if TYPE_CHECKING:
    from aiops.domain.maintenance import Maintenance

app = typer.Typer(no_args_is_help=True)


@app.callback()
def about() -> None:
    """Announce, end and list planned work.

    Example: aiops maintenance list
    """


@app.command()
def add(
    services: Annotated[
        list[str], typer.Argument(help="What it is about; '*' for the whole environment.")
    ],
    config: Config = None,
    *,
    lasts: Annotated[str, typer.Option("--for", help="How long, as in 30m, 2h or 1d.")] = "",
    until: Annotated[str, typer.Option(help="Until when, as in 2026-04-18T12:00Z.")] = "",
    start: Annotated[str, typer.Option("--from", help="From when on, if not from now.")] = "",
    why: Annotated[str, typer.Option("--why", "--title", help="What is done, or its ticket.")],
    env: Annotated[str, typer.Option(help="The environment; else the default one.")] = "",
    region: Annotated[
        list[str] | None, typer.Option(help="A region it reaches, if not all; may be repeated.")
    ] = None,
    key: Annotated[str, typer.Option("--id", help="Said again with another time, it moves.")] = "",
    by: By = "",
    as_json: Json = False,
) -> None:
    """Announce planned work: trouble of these services alone calls nobody while it lasts.

    It is recorded and correlated all the same. A P1, lost money and an error budget that burns 14
    times as fast as it may call people. 30 days at most.

    Example: aiops maintenance add checkout-db --from 2026-04-18T22:00Z --for 2h --why CHG-7
    """
    from workers.maintenance import announce, unknown_names  # noqa: PLC0415 - keeps --help fast

    if bool(lasts) == bool(until):
        raise typer.BadParameter("say how long (--for 2h) or until when (--until), one of the two")
    parts = client(config)
    now = parts.clock.now()
    starts_at = time_of(start) if start else now
    made = announce(
        parts,
        services,
        starts_at=starts_at,
        ends_at=time_of(until) if until else starts_at + parse_span(lasts),
        env=env,
        regions=region or (),
        key=key,
        by=by or getpass.getuser(),
        why=why,
    )
    strange = unknown_names(parts, [made])
    if as_json:
        typer.echo(orjson.dumps(_plain(made) | {"unmapped": strange}).decode())
        return
    typer.echo(_line(made, now))
    for one in strange:
        typer.echo(f"nobody knows {one}: it holds nothing back there")


@app.command("list")
def listed(
    config: Config = None,
    *,
    everything: Annotated[
        bool, typer.Option("--all", help="Also what is over or was cancelled.")
    ] = False,
    as_json: Json = False,
) -> None:
    """List planned work that is under way or will be: what, who, when and why.

    Example: aiops maintenance list
    """
    from workers.maintenance import unknown_names  # noqa: PLC0415 - keeps --help fast

    parts = client(config)
    now = parts.clock.now()
    found = parts.maintenance.all() if everything else parts.maintenance.unexpired(now)
    if as_json:
        shown = [_plain(one) | {"unmapped": unknown_names(parts, [one])} for one in found]
        typer.echo(orjson.dumps(shown).decode())
        return
    for one in found:
        typer.echo(_line(one, now))
    for strange in unknown_names(parts, found):
        typer.echo(f"nobody knows {strange}: it holds nothing back there")
    if not found:
        typer.echo("nothing is planned")


@app.command()
def end(
    window: Annotated[str, typer.Argument(metavar="WINDOW", help="Its id, as in MNT-7.")],
    config: Config = None,
    *,
    by: By = "",
    why: Why = "",
    as_json: Json = False,
) -> None:
    """End planned work now; what has not begun does not take place.

    What its source says again of it changes nothing; what it says anew does. Exit code 1 where
    there is no such window, or it is over.

    Example: aiops maintenance end MNT-7 --why "done early"
    """
    from workers.maintenance import end as ended  # noqa: PLC0415 - keeps --help fast

    over = ended(client(config), window, by=by or getpass.getuser(), why=why)
    if as_json:
        typer.echo(orjson.dumps(_plain(over)).decode())
        return
    typer.echo(f"{over.id} {'does not take place' if over.is_cancelled else 'is over'}")


def _plain(one: "Maintenance") -> dict[str, Any]:
    return {
        "id": one.id,
        "key": one.key,
        "source": one.source,
        "env": one.env,
        "services": one.services,
        "regions": one.regions,
        "starts_at": one.starts_at,
        "ends_at": one.ends_at,
        "title": one.title,
        "author": one.author,
        "is_cancelled": one.is_cancelled,
        "ended_by": one.ended_by,
    }


def _line(one: "Maintenance", now: datetime) -> str:
    from workers.maintenance import in_words  # noqa: PLC0415 - keeps --help fast

    state = "will be"
    if one.is_cancelled:
        state = "cancelled"
    elif one.ends_at <= now:
        state = "over"
    elif one.holds(now):
        state = "under way"
    who = f"by {one.author}" if one.author else f"of {one.source}"
    early = f", ended by {one.ended_by}" if one.ended_by else ""
    return f"{one.id}  {state:9}  {in_words(one)} ({who}{early})"
