"""`aiops judge` and `aiops marks`: what people say of incidents, and what it does to series."""

import getpass
from dataclasses import asdict
from typing import Annotated

import orjson
import typer

from aiops.domain.marks import Mark
from workers.commands.run import Config
from workers.commands.start import client

By = Annotated[str, typer.Option(help="Who says so; you, unless named.", show_default=False)]
Why = Annotated[str, typer.Option(help="In your words.")]

marks = typer.Typer(no_args_is_help=True)


def judge(
    incident: Annotated[str, typer.Argument(help="Its id, as in INC-1001.")],
    config: Config = None,
    *,
    real: Annotated[bool, typer.Option("--real/--noise", help="It mattered, or it was nothing.")],
    cause: Annotated[str, typer.Option(help="The service it was, where you know.")] = "",
    by: By = "",
    why: Why = "",
) -> None:
    """Say whether an incident was real or noise.

    The series it began with get lower bars for 90 days where it was real, higher ones for 30 days
    where it was noise. Time in which an incident was real is left out of what is learnt as usual.

    The cause you name outranks what was ranked when the next one that looks like it is explained.

    Example: aiops judge INC-1001 --noise --why "nightly batch"
    """
    from workers.judgement import judge as judged  # noqa: PLC0415 - keeps --help fast

    who = by or getpass.getuser()
    set_now = judged(client(config), incident.upper(), real=real, by=who, why=why, cause=cause)
    typer.echo(f"{incident.upper()} is {'real' if real else 'noise'}")
    for mark in set_now:
        typer.echo(_told(mark))


@marks.callback()
def about() -> None:
    """See and take back what people said of series.

    Example: aiops marks list
    """


@marks.command("list")
def listed(
    config: Config = None,
    *,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON only.")] = False,
) -> None:
    """List the marks that hold: which series, what, who, when and why.

    Example: aiops marks list
    """
    from aiops.learn.marks import holding  # noqa: PLC0415

    parts = client(config)
    held = holding(parts.marks.all(), parts.clock.now())
    if as_json:
        typer.echo(orjson.dumps([asdict(mark) for mark in held]).decode())
        return
    for mark in held:
        typer.echo(_told(mark))
    if not held:
        typer.echo("no series is marked; `aiops judge` marks those an incident began with")


@marks.command("take-back")
def take_back(
    series: Annotated[str, typer.Argument(help="Service and metric, as `marks list` names it.")],
    config: Config = None,
    *,
    by: By = "",
    why: Why = "",
) -> None:
    """Take back the mark on a series: its bars are as for any other again.

    Example: aiops marks take-back checkout:error_ratio
    """
    from workers.judgement import take_back as taken  # noqa: PLC0415

    was = taken(client(config), series, by=by or getpass.getuser(), why=why)
    typer.echo(f"{was.name} is no longer {was.kind}")


def _told(mark: Mark) -> str:
    """Return a mark in one line.

    Examples:
        >>> from datetime import UTC, datetime
        >>> from aiops.domain.marks import MarkKind
        >>> day = datetime(2026, 4, 18, 10, tzinfo=UTC)
        >>> _told(Mark(service="web", metric="p95", kind=MarkKind.NOISY, at=day, by="ann"))
        'web:p95  noisy  by ann on 18 Apr 2026'
    """
    words = f"{mark.name}  {mark.kind}  by {mark.by} on {mark.at:%d %b %Y}"
    if mark.until is not None:
        words += f" until {mark.until:%d %b %Y}"
    if mark.incident_id:
        words += f", of {mark.incident_id}"
    return f"{words}: {mark.why}" if mark.why else words
