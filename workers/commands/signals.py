"""`aiops signals`: what others sent, what it became, and what could not be read."""

from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import orjson
import typer

from workers.commands.incident import Json
from workers.commands.run import Config
from workers.commands.start import client

if TYPE_CHECKING:
    from aiops.domain.alerts import Alert
    from aiops.store.dead_letters import NotedBody
    from workers.wiring import Parts

app = typer.Typer(no_args_is_help=True)


@app.callback()
def about() -> None:
    """See what others sent and what became of it.

    Example: aiops signals alerts
    """


@app.command()
def explain(
    file: Annotated[Path, typer.Argument(help="A body, as it is sent.")],
    source: Annotated[str, typer.Option(help="The source of aiops.yaml whose rules hold.")],
    header: Annotated[
        list[str] | None, typer.Option(help="NAME:VALUE, as it is sent with it; may be repeated.")
    ] = None,
    config: Config = None,
) -> None:
    """Show what a body becomes, and which rule did what. Nothing is stored.

    Bodies of OpenTelemetry's logs and traces, and of the changes anybody may tell of, have no
    source in aiops.yaml: say otlp_logs, otlp_traces or changes.

    Example: aiops signals explain body.json --source github --header X-GitHub-Event:deployment
    """
    from aiops.domain.errors import InputError  # noqa: PLC0415
    from workers.explaining import explain as lines_of  # noqa: PLC0415 - keeps --help fast

    try:
        body = file.read_bytes()
    except OSError as error:
        raise InputError(f"{file} cannot be read ({error.strerror})") from error
    told = (one.partition(":") for one in header or ())
    headers = {name.strip().lower(): value.strip() for name, _, value in told}
    for line in lines_of(client(config), source, body, headers):
        typer.echo(line)


@app.command()
def alerts(
    config: Config = None,
    *,
    unmapped: Annotated[
        bool, typer.Option("--unmapped", help="Only those no label says the service of.")
    ] = False,
    as_json: Json = False,
) -> None:
    """List the alerts that fire; with --unmapped those nobody knows the service of, with counts.

    Example: aiops signals alerts --unmapped
    """
    parts = client(config)
    found = parts.alerts.unmapped() if unmapped else parts.alerts.firing()
    if as_json:
        typer.echo(orjson.dumps([_plain(one) for one in found]).decode())
        return
    for one in found:
        typer.echo(_line(one))
    if not found:
        typer.echo("every alert says whose it is" if unmapped else "no alert fires")
    for line in _busy(parts):
        typer.echo(line)


@app.command()
def feeds(config: Config = None, *, as_json: Json = False) -> None:
    """List who sends of their own accord: since when, how much, and who is missed.

    Example: aiops signals feeds
    """
    from workers.feeds import heard_feeds  # noqa: PLC0415 - keeps --help fast

    found = heard_feeds(client(config))
    if as_json:
        typer.echo(orjson.dumps([asdict(one) for one in found]).decode())
        return
    for one in found:
        missed = f", missed since {one.missed_since:%d %b %H:%M} UTC" if one.missed_since else ""
        rate = f"{one.per_minute:,.1f} a minute now, {one.per_minute_hour:,.1f} in the last hour"
        typer.echo(f"{one.source} ({one.env}): {rate}; last {one.last:%d %b %H:%M} UTC{missed}")
    if not found:
        typer.echo("nobody has sent anything so far")


@app.command()
def unmapped(config: Config = None, *, as_json: Json = False) -> None:
    """List what is sent and leads to no service or environment that is declared, with counts.

    Changes have a list of their own: `aiops change list --unmapped`.

    Example: aiops signals unmapped
    """
    from workers.unmapped import unmapped as strangers  # noqa: PLC0415 - keeps --help fast

    found = strangers(client(config))
    if as_json:
        typer.echo(orjson.dumps([asdict(one) for one in found]).decode())
        return
    for one in found:
        typer.echo(f"{one.count:8,}  {one.signal:8} {one.service} ({one.env}): {one.why}")
    if not found:
        typer.echo("everything that is sent leads to a service and an environment we know")


@app.command()
def metrics(config: Config = None, *, as_json: Json = False) -> None:
    """List the metrics that are pushed: series kept, and what was counted and not kept.

    Those with more series than `most_series` come first.

    Example: aiops signals metrics
    """
    parts = client(config)
    found = [
        (one.name, metric, *counts)
        for one in parts.settings.pushed_sources
        for metric, counts in parts.pushed.metrics(one.name).items()
    ]
    found.sort(key=lambda one: (-one[3], -one[2], -one[4]))
    shed = {one.name: parts.pushed.shed_bodies(one.name) for one in parts.settings.pushed_sources}
    if as_json:
        names = ("source", "metric", "series", "refused", "passed")
        rows = [dict(zip(names, one, strict=True)) | {"shed": shed[one[0]]} for one in found]
        typer.echo(orjson.dumps(rows).decode())
        return
    for source, count in shed.items():
        if count:
            typer.echo(f"{source}: {count:,} bodies were lost, the oldest first: too many waited")
    for source, metric, series, refused, passed in found:
        over = f", {refused} beyond the cap" if refused else ""
        told = f"{series} series kept{over}, {passed} samples not asked for"
        typer.echo(f"{source}: {metric}: {told}")
    if not found:
        typer.echo("nothing was pushed so far")


@app.command("dead-letters")
def dead_letters(config: Config = None, *, as_json: Json = False) -> None:
    """List bodies that could not be read, or not in full, and why; the newest first.

    What is rejected waits for `aiops signals replay`, where all of it is kept.

    Example: aiops signals dead-letters
    """
    found = client(config).dead_letters.noted("")
    if as_json:
        typer.echo(orjson.dumps([_noted(one) for one in found]).decode())
        return
    for one in found:
        when, source = one.received_at, _source(one)
        typer.echo(f"{one.id:6}  {when:%d %b %H:%M}  {source} ({one.state}): {one.note}")
        typer.echo(f"        {_beginning(one)}")
        if not one.is_whole:
            typer.echo("        (only its beginning is kept: it cannot be replayed)")
    if not found:
        typer.echo("everything that was sent could be read")


@app.command()
def replay(
    letters: Annotated[list[int], typer.Argument(help="Numbers that dead-letters lists.")],
    config: Config = None,
) -> None:
    """Work bodies again that could not be read, after the source's settings were mended.

    They are read by the settings of now and count from when they came. Only bodies of which all
    is kept can be: those up to 64 kB.

    Example: aiops signals replay 17
    """
    from workers import dead_letters  # noqa: PLC0415 - keeps --help fast

    parts = client(config)
    for one in letters:
        typer.echo(dead_letters.replay(parts, one))


def _busy(parts: "Parts") -> Iterator[str]:
    """Yield what waits to be worked and what was sent away, where there is any."""
    from workers.alerts import shed  # noqa: PLC0415 - keeps --help fast

    if waiting := parts.bodies.count_waiting():
        yield f"{waiting:,} bodies wait to be worked"
    for source, count in shed(parts).items():
        yield f"{source}: {count:,} bodies were sent away to come again, for too many waited"


def _plain(alert: "Alert") -> dict[str, object]:
    told = alert.described
    series = told.series if told else None
    return {
        "source": alert.source,
        "key": alert.key,
        "name": series.key.metric if series else None,
        "service": series.key.service if series and told and told.is_mapped else None,
        "env": series.key.env if series else None,
        "severity": told.severity if told else None,
        "is_firing": alert.is_firing,
        "since": alert.marks[-1].at if alert.is_firing else None,
        "seen_at": alert.seen_at,
        "messages": alert.reports,
        "url": told.url if told else "",
    }


def _line(alert: "Alert") -> str:
    told = alert.described
    if told is None or told.series is None:
        return f"{alert.source}: {alert.key}: nobody said so far what it is"
    key = told.series.key
    where = f"on {key.service}" if told.is_mapped else "of no known service"
    state = "fires" if alert.is_firing else "is over"
    since = f" since {alert.marks[-1].at:%d %b %H:%M} UTC" if alert.marks else ""
    count = f"{alert.reports} message{'' if alert.reports == 1 else 's'}"
    what = f"{key.metric} {where} in {key.env} ({told.severity})"
    return f"{alert.source}: {what} {state}{since}, {count}"


def _noted(one: "NotedBody") -> dict[str, object]:
    return {
        "id": one.id,
        "source": one.source,
        "is_whole": one.is_whole,
        "received_at": one.received_at,
        "state": one.state,
        "note": one.note,
        "beginning": _beginning(one),
    }


def _source(one: "NotedBody") -> str:
    """Return the name of the source of a body, without what says which kind of body it is."""
    from workers.dead_letters import SOURCES  # noqa: PLC0415 - keeps --help fast

    begin = next((begin for begin in SOURCES if one.source.startswith(begin)), "")
    return one.source.removeprefix(begin)


def _beginning(one: "NotedBody") -> str:
    text = one.beginning.decode(errors="replace")
    return "".join(char if char.isprintable() else " " for char in text)[:120]
