"""`aiops silence`: what nobody is to be told of for a while, who said so, and until when."""

import getpass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any

import orjson
import typer

from aiops.domain.errors import InputError
from aiops.domain.time import parse_span
from workers.commands.incident import Json
from workers.commands.judge import By, Why
from workers.commands.run import Config
from workers.commands.start import client

if TYPE_CHECKING:
    from aiops.domain.silences import Silence

app = typer.Typer(no_args_is_help=True)


@app.callback()
def about() -> None:
    """Tell nobody of something for a while.

    Example: aiops silence list
    """


@app.command()
def add(
    matchers: Annotated[
        list[str],
        typer.Argument(
            help="Conditions that all have to hold: label, = != =~ or !~, value. Labels: service, "
            "env, region, segment, journey, severity, owner, metric, family, kind, detector, "
            "incident, and those of the series."
        ),
    ],
    config: Config = None,
    *,
    lasts: Annotated[str, typer.Option("--for", help="How long, as in 30m, 2h or 1d.")] = "",
    until: Annotated[str, typer.Option(help="Until when, as in 2026-04-18T12:00Z.")] = "",
    start: Annotated[str, typer.Option("--from", help="From when on, if not from now.")] = "",
    why: Annotated[str, typer.Option("--why", "--reason", help="In your words.")],
    by: By = "",
    as_json: Json = False,
) -> None:
    """Tell nobody of incidents all of whose open symptoms the matchers hold for.

    Recording and correlation go on. Who was told before hears of the end; what is still alive when
    the silence ends is told then. 30 days at most.

    Example: aiops silence add service=checkout region=EU --for 2h --why "load test"
    """
    from workers.silencing import covered_now, silence  # noqa: PLC0415 - keeps --help fast

    if bool(lasts) == bool(until):
        raise typer.BadParameter("say how long (--for 2h) or until when (--until), one of the two")
    parts = client(config)
    starts_at = time_of(start) if start else parts.clock.now()
    made = silence(
        parts,
        matchers,
        starts_at=starts_at,
        ends_at=time_of(until) if until else starts_at + parse_span(lasts),
        by=by or getpass.getuser(),
        why=why,
    )
    covered = covered_now(parts, made)
    if as_json:
        typer.echo(orjson.dumps(_plain(made) | {"covers": [one.id for one in covered]}).decode())
        return
    typer.echo(_line(made, parts.clock.now()))
    about_now = ", ".join(one.id for one in covered) or "no incident that is open now"
    typer.echo(f"it is about {about_now}")


@app.command("list")
def listed(
    config: Config = None,
    *,
    everything: Annotated[bool, typer.Option("--all", help="Also those that are over.")] = False,
    as_json: Json = False,
) -> None:
    """List silences that are in force or will be: what, who, until when and why.

    Example: aiops silence list
    """
    parts = client(config)
    now = parts.clock.now()
    found = parts.silences.all() if everything else parts.silences.unexpired(now)
    if as_json:
        typer.echo(orjson.dumps([_plain(one) for one in found]).decode())
        return
    for one in found:
        typer.echo(_line(one, now))
    if not found:
        typer.echo("nothing is silenced")


@app.command()
def expire(
    silence: Annotated[str, typer.Argument(metavar="SILENCE", help="Its id, as in SIL-7.")],
    config: Config = None,
    *,
    by: By = "",
    why: Why = "",
    as_json: Json = False,
) -> None:
    """End a silence now. What is still alive is told at the next tick.

    Exit code 1 where there is no such silence, or it is over.

    Example: aiops silence expire SIL-7 --why "the load test is over"
    """
    from workers.silencing import expire as expired  # noqa: PLC0415 - keeps --help fast

    ended = expired(client(config), silence, by=by or getpass.getuser(), why=why)
    typer.echo(orjson.dumps(_plain(ended)).decode() if as_json else f"{ended.id} is over")


def time_of(text: str) -> datetime:
    """Return a moment in UTC.

    Examples:
        >>> time_of("2026-04-18T12:00+02:00").isoformat()
        '2026-04-18T10:00:00+00:00'
    """
    try:
        at = datetime.fromisoformat(text.strip())
    except ValueError as error:
        raise InputError(f"{text!r} is no time; expected one as in 2026-04-18T12:00Z") from error
    if at.tzinfo is None:
        raise InputError(f"{text!r} names no time zone; add one, as in {text}Z or {text}+02:00")
    return at.astimezone(UTC)


def _plain(silence: "Silence") -> dict[str, Any]:
    return {
        "id": silence.id,
        "matchers": [str(one) for one in silence.matchers],
        "starts_at": silence.starts_at,
        "ends_at": silence.ends_at,
        "created_at": silence.created_at,
        "author": silence.author,
        "why": silence.why,
        "expired_by": silence.expired_by,
    }


def _line(silence: "Silence", now: datetime) -> str:
    what = " ".join(str(one) for one in silence.matchers)
    if silence.ends_at <= now:
        when = f"over since {silence.ends_at:%d %b %H:%M} UTC"
        when += f", ended by {silence.expired_by}" if silence.expired_by else ""
    elif silence.starts_at > now:
        when = f"from {silence.starts_at:%d %b %H:%M} until {silence.ends_at:%d %b %H:%M} UTC"
    else:
        when = f"until {silence.ends_at:%d %b %H:%M} UTC"
    return f"{silence.id}  {what}  {when}, by {silence.author}: {silence.why}"
