"""`aiops deliveries`: what sinks were told, what waits for them, and what was given up."""

import getpass
from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

import orjson
import typer

from aiops.domain.notifications import DeliveryState
from workers.commands.incident import Json
from workers.commands.judge import By, Why
from workers.commands.run import Config
from workers.commands.start import client

if TYPE_CHECKING:
    from aiops.domain.pacing import Standing
    from aiops.store.deliveries import DeliveryRecord

app = typer.Typer(no_args_is_help=True)


@app.callback()
def about() -> None:
    """See what waits for sinks, and replay what was given up.

    Example: aiops deliveries list
    """


@app.command("list")
def listed(
    config: Config = None,
    *,
    state: Annotated[
        list[DeliveryState] | None,
        typer.Option(help="Only these; else what waits and what was given up."),
    ] = None,
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="At most so many.")] = 100,
    as_json: Json = False,
) -> None:
    """List how the sinks stand, and the deliveries that wait or were given up, newest first.

    Example: aiops deliveries list --state dead
    """
    parts = client(config)
    states = state or [DeliveryState.PENDING, DeliveryState.SENDING, DeliveryState.DEAD]
    found = parts.outbox.records(states, limit)
    standings = parts.outbox.standings()
    if as_json:
        content = {
            "sinks": {name: _standing(one) for name, one in standings.items()},
            "deliveries": [_plain(one) for one in found],
        }
        typer.echo(orjson.dumps(content).decode())
        return
    for name, standing in standings.items():
        typer.echo(sink_words(name, standing, parts.real_clock.now()))
    for one in found:
        typer.echo(_line(one))
    if not found:
        typer.echo(f"no delivery is {' or '.join(states)}")


@app.command()
def replay(
    deliveries: Annotated[
        list[int] | None, typer.Argument(help="Numbers of dead ones, as `deliveries list` says.")
    ] = None,
    config: Config = None,
    *,
    everything: Annotated[bool, typer.Option("--all", help="Every one that is dead.")] = False,
    by: By = "",
    why: Why = "",
) -> None:
    """Try again what was given up. It tells how things are now, not how they were.

    Exit code 1 when one of them is not dead; the others are tried all the same.

    Example: aiops deliveries replay 17 --why "the routing key was wrong"
    """
    from workers.redelivery import replay as replayed  # noqa: PLC0415 - keeps --help fast

    if bool(deliveries) == everything:
        raise typer.BadParameter("name deliveries by number, or --all; one of the two")
    wanted = None if everything else deliveries
    again, refused = replayed(client(config), wanted, by=by or getpass.getuser(), why=why)
    for number in again:
        typer.echo(f"{number} will be sent again")
    for number in refused:
        typer.echo(f"{number} is not dead: nothing to replay", err=True)
    if everything and not again:
        typer.echo("nothing is dead")
    raise typer.Exit(1 if refused else 0)


def sink_words(name: str, standing: "Standing", now: datetime) -> str:
    """Return in one line how a sink stands.

    Examples:
        >>> from datetime import UTC, datetime
        >>> from aiops.domain.pacing import Standing
        >>> sink_words("slack", Standing(failures=7), datetime(2026, 4, 18, tzinfo=UTC))
        'slack: failing, 7 times in a row; one delivery at a time is tried'
    """
    if standing.is_failing:
        text = f"failing, {standing.failures} times in a row; one delivery at a time is tried"
    else:
        text = "takes what it is told"
    closed = (standing.closed_until - now).total_seconds()
    return f"{name}: {text}" + (f", the next in {closed:.0f} s" if closed > 0 else "")


def _standing(standing: "Standing") -> Mapping[str, Any]:
    return {
        "failing": standing.is_failing,
        "failures": standing.failures,
        "closed_until": standing.closed_until,
    }


def _plain(record: "DeliveryRecord") -> Mapping[str, Any]:
    note = record.notification
    return {
        "id": record.id,
        "incident": note.incident_id,
        "episode": note.episode,
        "revision": note.revision,
        "sink": note.sink,
        "action": note.action,
        "state": record.state,
        "attempts": record.attempts,
        "created_at": record.created_at,
        "next_attempt_at": record.next_attempt_at,
        "last_error": record.last_error,
        "dead_reason": record.dead_reason,
    }


def _line(record: "DeliveryRecord") -> str:
    note = record.notification
    words = (
        f"{record.id:6}  {record.created_at:%d %b %H:%M}  {note.incident_id}  {note.action} to "
        f"{note.sink}: {record.state}"
    )
    if record.state is DeliveryState.DEAD:
        return f"{words}, {record.dead_reason}"
    if record.last_error:
        return f"{words}, tried {record.attempts} times: {record.last_error}"
    return words
