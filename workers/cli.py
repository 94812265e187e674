"""The `aiops` command: one thin sub-command per thing people want to do."""

import signal
import sys
from importlib.metadata import version
from typing import Annotated

import typer

from aiops.domain.errors import AiopsError
from workers.commands import (
    bench,
    cases,
    change,
    correlate,
    declare,
    deliveries,
    demo,
    detect,
    incident,
    journeys,
    judge,
    maintenance,
    offline,
    retro,
    run,
    series,
    set_up,
    shadow,
    signals,
    silence,
    slack,
    telling,
    topology,
    words,
)
from workers.commands import help as pages

app = typer.Typer(
    name="aiops",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)

DISTRIBUTION = "aiops-pipeline"
INTERRUPTED = 130


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"aiops {version(DISTRIBUTION)}")
        raise typer.Exit


@app.callback()
def aiops(
    *,
    _version: Annotated[
        bool,
        typer.Option(
            "--version", help="Show the version and exit.", callback=_show_version, is_eager=True
        ),
    ] = False,
) -> None:
    """From many alerts to one incident that says what, who, why and what it costs.

    Example: aiops demo
    """


for command in (
    demo.demo,
    run.up,
    set_up.init,
    set_up.doctor,
    detect.detect,
    correlate.correlate,
    offline.backtest,
    offline.diagnose,
    offline.record,
    series.series,
    judge.judge,
    journeys.journeys,
    run.worker,
    run.beat,
    run.web,
    run.migrate,
):
    app.command()(command)
incident.app.command()(retro.retro)
incident.app.command()(retro.reported)
incident.app.command()(declare.declare)
incident.app.command()(telling.draft)
for word in words.COMMANDS:
    incident.app.command()(word)
app.add_typer(incident.app, name="incident")
app.add_typer(deliveries.app, name="deliveries")
app.add_typer(shadow.app, name="shadow")
app.add_typer(signals.app, name="signals")
app.add_typer(slack.app, name="slack")
app.add_typer(silence.app, name="silence")
app.add_typer(maintenance.app, name="maintenance")
app.add_typer(cases.app, name="cases")
app.add_typer(change.app, name="change")
app.add_typer(judge.marks, name="marks")
app.add_typer(topology.app, name="topology")
app.add_typer(bench.app, name="bench")
app.add_typer(pages.app, name="help")


def main() -> None:
    """Run the command line; a known error is one line on stderr and exit code 1.

    Ctrl-C ends with 130, as a shell expects, also before a command has begun; click would make
    it 1, which is for errors.
    """
    signal.signal(signal.SIGINT, lambda *_: sys.exit(INTERRUPTED))
    try:
        app()
    except AiopsError as error:
        sys.stderr.write(f"aiops: {error}\n")
        raise SystemExit(1) from error
