"""The `aiops` command: one thin sub-command per thing people want to do."""

import sys

import typer

from aiops.domain.errors import AiopsError
from workers.commands import bench, demo, offline, run, set_up

app = typer.Typer(
    name="aiops",
    help="From many alerts to one incident that says what, who, why and what it costs.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)

for command in (
    demo.demo,
    run.up,
    set_up.init,
    set_up.doctor,
    offline.backtest,
    offline.record,
    run.worker,
    run.beat,
    run.web,
    run.migrate,
):
    app.command()(command)
app.add_typer(bench.app, name="bench")


def main() -> None:
    """Run the command line; a known error is one line on stderr and exit code 1."""
    try:
        app()
    except AiopsError as error:
        sys.stderr.write(f"aiops: {error}\n")
        raise SystemExit(1) from error
