"""`aiops cases`: event logs of cases, taken in and looked at."""

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import orjson
import typer

from workers.commands.incident import Json
from workers.commands.run import Config
from workers.commands.start import client

if TYPE_CHECKING:
    from aiops.domain.cases import CaseEvent
    from aiops.process.quality import Quality
    from workers.cases import Load

app = typer.Typer(no_args_is_help=True)

Log = Annotated[str, typer.Argument(metavar="[LOG]", help="Its name; without one, each log.")]

_SHOWN = 20


@app.callback()
def about() -> None:
    """Take in event logs of cases, and see how good they are.

    Example: aiops cases quality
    """


@app.command("import")
def take(
    file: Annotated[
        Path,
        typer.Argument(help="CSV, JSON lines (.jsonl, .ndjson, .json) or XES (.xes, .xes.gz)."),
    ],
    config: Config = None,
    *,
    log: Annotated[str, typer.Option(help="The log it belongs to; else the file's name.")] = "",
    time_zone: Annotated[str, typer.Option(help="Of local times, as Europe/Berlin.")] = "",
    delimiter: Annotated[str, typer.Option(help="Between two columns of CSV.")] = "",
    as_json: Json = False,
) -> None:
    """Take in an event log: case_id, event_name, timestamp, actor and more.

    A row that is wrong costs itself only, and is told with its line. The same event twice is one.
    Exit code 1 where nothing could be taken.

    Example: aiops cases import orders.csv --time-zone Europe/Berlin
    """
    from dataclasses import replace  # noqa: PLC0415 - keeps --help fast

    from aiops.domain.errors import InputError  # noqa: PLC0415
    from aiops.settings import CaseSourceSettings  # noqa: PLC0415
    from workers.cases import import_file  # noqa: PLC0415
    from workers.offline.progress import progress  # noqa: PLC0415

    if not file.is_file():
        raise InputError(f"there is no file {file}; expected an event log")
    if len(delimiter) > 1:
        raise typer.BadParameter("--delimiter is one character")
    parts = client(config)
    packed = file.suffix.lower() == ".gz"
    name = log or (Path(file.stem).stem if packed else file.stem)
    known = {one.name: one for one in parts.settings.case_sources}
    source = known.get(name, CaseSourceSettings(name=name))
    source = replace(
        source,
        time_zone=time_zone or source.time_zone,
        delimiter=delimiter or source.delimiter,
    )
    with progress(f"taking in {file.name}", file.stat().st_size) as done:
        load = import_file(parts, source, file, done)
    typer.echo(_told(load, name, as_json=as_json))
    if not load.added + load.known:
        raise typer.Exit(1)


@app.command("list")
def listed(config: Config = None, *, as_json: Json = False) -> None:
    """List the event logs there are: how many events of how many cases, from when to when.

    Example: aiops cases list
    """
    found = client(config).cases.logs()
    if as_json:
        typer.echo(orjson.dumps(list(found)).decode())
        return
    for one in found:
        span = f"{one.first:%d %b %Y} to {one.last:%d %b %Y}"
        typer.echo(f"{one.log}: {one.events:,} events of {one.cases:,} cases, {span}")
    if not found:
        typer.echo("there is no event log; `aiops cases import FILE` takes one in")


@app.command()
def show(
    log: Annotated[str, typer.Argument(help="The log.")],
    case: Annotated[str, typer.Argument(help="The id of the case.")],
    config: Config = None,
    *,
    as_json: Json = False,
) -> None:
    """Show what happened to a case, by time.

    Example: aiops cases show orders 4711
    """
    from aiops.domain.errors import InputError  # noqa: PLC0415 - keeps --help fast

    found = client(config).cases.of_case(log, case)
    if not found:
        raise InputError(f"the log {log!r} has no case {case!r}; `aiops cases list` has the logs")
    if as_json:
        typer.echo(orjson.dumps([_plain(one) for one in found]).decode())
        return
    for one in found:
        more = [one.channel, one.location, one.reason_code]
        more.insert(2, "" if one.amount is None else str(one.amount))
        told = ", ".join(filter(None, more))
        typer.echo(
            f"{_when(one.at)}  {one.name}, by {one.actor or 'nobody who is named'}"
            f"{f' ({told})' if told else ''}"
        )


@app.command()
def quality(log: Log = "", config: Config = None, *, as_json: Json = False) -> None:
    """Say how good event logs are: what is missing of them, and what cannot be right.

    Example: aiops cases quality orders
    """
    from workers.cases import quality as quality_of  # noqa: PLC0415 - keeps --help fast

    parts = client(config)
    names = [log] if log else [one.log for one in parts.cases.logs()]
    found = {name: quality_of(parts, name) for name in names}
    if as_json:
        typer.echo(orjson.dumps({name: _document(one) for name, one in found.items()}).decode())
        return
    for name, one in found.items():
        typer.echo("\n".join(_report(name, one)))
    if not found:
        typer.echo("there is no event log; `aiops cases import FILE` takes one in")


def _told(load: "Load", log: str, *, as_json: bool) -> str:
    if as_json:
        return orjson.dumps(load.answer() | {"log": log}).decode()
    lines = [
        f"{log}: {load.added:,} events taken, {load.known:,} known, {load.rejected:,} rows refused"
    ]
    lines += [f"  line {line}: {one.why}" for line, one in load.told[:_SHOWN]]
    if load.rejected > _SHOWN:
        lines.append(f"  … and {load.rejected - _SHOWN:,} more: `aiops signals dead-letters`")
    return "\n".join(lines)


def _report(name: str, one: "Quality") -> list[str]:
    span = f", {one.first:%d %b %Y} to {one.last:%d %b %Y}" if one.first and one.last else ""
    lines = [f"{name}: {one.events:,} events of {one.cases:,} cases{span}"]
    for finding in one.findings:
        share = f" ({finding.share:.1%})" if finding.count else ""
        example = f", as {finding.example}" if finding.example else ""
        lines.append(f"  {finding.count:9,}  {finding.check}{share}{example}")
    return lines


def _document(one: "Quality") -> dict[str, Any]:
    return {
        "events": one.events,
        "cases": one.cases,
        "first": one.first,
        "last": one.last,
        "findings": [
            {
                "check": finding.check,
                "count": finding.count,
                "of": finding.of,
                "share": finding.share,
                "example": finding.example,
            }
            for finding in one.findings
        ],
    }


def _plain(one: "CaseEvent") -> dict[str, Any]:
    return {
        "case_id": one.case_id,
        "event_name": one.name,
        "timestamp": one.at,
        "actor": one.actor,
        "channel": one.channel,
        "location": one.location,
        "amount": None if one.amount is None else str(one.amount),
        "reason_code": one.reason_code,
    }


def _when(at: datetime) -> str:
    return f"{at:%d %b %Y %H:%M:%S} UTC"
