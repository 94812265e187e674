"""`aiops incident ack`, `assign`, `resolve` …: what a person says of one incident."""

import getpass
from typing import Annotated

import orjson
import typer

from aiops.domain.words import Effect, Verb
from workers.commands.incident import Json, Name, exported
from workers.commands.judge import By
from workers.commands.run import Config
from workers.commands.start import client

Reason = Annotated[
    str, typer.Option("--reason", "--why", help="Why, in your words; others will read it.")
]


def ack(
    incident: Name,
    config: Config = None,
    *,
    by: By = "",
    reason: Reason = "",
    as_json: Json = False,
) -> None:
    """Say that you look at it.

    PagerDuty stops calling, Slack shows who has it.

    Exit code 0 also where somebody had said so before; 1 where nothing could be said.

    Example: aiops incident ack INC-1001 --by ann
    """
    _say(incident, Verb.ACKNOWLEDGE, config, by=by, reason=reason, as_json=as_json)


def assign(
    incident: Name,
    to: Annotated[str, typer.Option(help="A person, or a team.")],
    config: Config = None,
    *,
    by: By = "",
    reason: Reason = "",
    as_json: Json = False,
) -> None:
    """Give it to somebody.

    No automation takes it away from them.

    Example: aiops incident assign INC-1001 --to bob --reason "it is the payment gateway"
    """
    _say(incident, Verb.ASSIGN, config, by=by, reason=reason, about=to, as_json=as_json)


def mitigate(
    incident: Name,
    config: Config = None,
    *,
    by: By = "",
    reason: Reason = "",
    as_json: Json = False,
) -> None:
    """Say that users meet it no more.

    PagerDuty is resolved and the watch begins: what returns inside the watch is a new episode,
    and calls again. "Resolve" on a pager says this.

    Example: aiops incident mitigate INC-1001 --by ann --reason "rolled back"
    """
    _say(incident, Verb.MITIGATE, config, by=by, reason=reason, as_json=as_json)


def resolve(
    incident: Name,
    config: Config = None,
    *,
    by: By = "",
    reason: Reason = "",
    as_json: Json = False,
) -> None:
    """Close it without a watch.

    Example: aiops incident resolve INC-1001 --by ann --reason "fixed and checked"
    """
    _say(incident, Verb.RESOLVE, config, by=by, reason=reason, as_json=as_json)


def fixed(
    incident: Name,
    action: Annotated[str, typer.Option(help="What fixed it.")],
    config: Config = None,
    *,
    by: By = "",
    reason: Reason = "",
    as_json: Json = False,
) -> None:
    """Say what fixed it.

    Whoever meets the next one that looks like it is told.

    Example: aiops incident fixed INC-1001 --action "rolled back 2026.04.18-3"
    """
    _say(incident, Verb.FIXED, config, by=by, reason=reason, about=action, as_json=as_json)


def dismiss(
    incident: Name,
    config: Config = None,
    *,
    by: By = "",
    reason: Reason = "",
    as_json: Json = False,
) -> None:
    """Say that it is no incident.

    It is closed, and the series it began with get higher bars for 30 days.

    Example: aiops incident dismiss INC-1001 --reason "a load test"
    """
    _say(incident, Verb.DISMISS, config, by=by, reason=reason, as_json=as_json)


def useful(
    incident: Name,
    config: Config = None,
    *,
    yes: Annotated[bool, typer.Option("--yes/--no", help="It helped, or it did not.")] = True,
    by: By = "",
    reason: Reason = "",
    as_json: Json = False,
) -> None:
    """Say whether being told of it helped.

    Example: aiops incident useful INC-1001 --no --reason "we knew"
    """
    verb = Verb.USEFUL if yes else Verb.NOT_USEFUL
    _say(incident, verb, config, by=by, reason=reason, as_json=as_json)


def _say(
    name: str,
    verb: Verb,
    config: Config,
    *,
    by: str,
    reason: str,
    about: str = "",
    as_json: bool,
) -> None:
    from workers.hearing import say  # noqa: PLC0415 - keeps --help fast

    who = by or getpass.getuser()
    said = say(client(config), name, verb, by=who, why=reason, about=about)
    if as_json:
        told = {"effect": said.effect.name.lower(), **exported(said.incident)}
        typer.echo(orjson.dumps(told).decode())
        return
    words = "" if said.effect is Effect.DONE else f" ({said.effect})"
    typer.echo(f"{said.incident.id} is {said.incident.state}{words}: {said.incident.title}")


COMMANDS = (ack, assign, mitigate, resolve, fixed, dismiss, useful)
"""What `aiops incident` takes beside its own."""
