"""`aiops incident declare`: report that something is wrong, as somebody who was told or saw it."""

import getpass
import time
from typing import TYPE_CHECKING, Annotated

import orjson
import typer

from workers.commands.incident import Json, exported
from workers.commands.judge import By
from workers.commands.run import Config
from workers.commands.start import client

if TYPE_CHECKING:
    from aiops.domain.incidents import Incident
    from workers.wiring import Parts

LOOK_SECONDS = 0.25


def declare(
    service: Annotated[str, typer.Argument(help="Which service, or which journey.")],
    words: Annotated[list[str], typer.Argument(help="What is wrong, in your words.")],
    config: Config = None,
    *,
    severity: Annotated[str, typer.Option(help="P1 to P4, if you know; else rules say.")] = "",
    by: By = "",
    wait: Annotated[float, typer.Option(min=0, help="Seconds to wait for its incident.")] = 5.0,
    as_json: Json = False,
) -> None:
    """Report that something is wrong; it joins the incident that is about it, or opens one.

    What is reported alone lasts until a person says that it is over.

    Exit code 0 when the report is kept, whether or not its incident is there yet; 1 where the
    service is not known.

    Example: aiops incident declare payment-service "checkout is failing in EU" --severity P1
    """
    from aiops.domain.words import Asker, Place  # noqa: PLC0415 - keeps --help fast
    from workers.declaring import keep, outcome_words, read, symptom_of  # noqa: PLC0415 - as above

    parts, who = client(config), by or getpass.getuser()
    report = read(parts, " ".join([service, severity, *words]), who)
    keep(parts, report, Asker(name=who, place=Place.COMMAND_LINE))
    symptom = symptom_of(report, parts.settings.origin).id
    found = _incident(parts, report.env, symptom, wait)
    if as_json:
        told = exported(found) if found else None
        typer.echo(orjson.dumps({"symptom": symptom, "incident": told}).decode())
        return
    typer.echo(f"reported of {report.service}: “{report.words}”")
    typer.echo(outcome_words(parts, found, symptom))


def _incident(parts: "Parts", env: str, symptom: str, seconds: float) -> "Incident | None":
    """Return the incident a report became part of, once there is one."""
    from workers.declaring import incident_of  # noqa: PLC0415 - keeps --help fast

    until = time.monotonic() + seconds
    while True:
        found = incident_of(parts, env, symptom)
        if found is not None or time.monotonic() >= until:
            return found
        time.sleep(LOOK_SECONDS)
