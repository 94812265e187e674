"""`aiops backtest` and `aiops record`: history played again, and history taken down."""

from pathlib import Path
from typing import Annotated

import typer

from workers.commands.run import Config


def backtest(
    recordings: Annotated[
        list[Path],
        typer.Argument(
            metavar="RECORDING...",
            help="Folders with metrics.csv or metrics.parquet, or folders of such folders.",
        ),
    ],
    out: Annotated[Path, typer.Option(help="Where incidents.json and index.html go.")],
    as_json: Annotated[
        bool, typer.Option("--json", help="Print the incidents instead of a summary.")
    ] = False,
) -> None:
    """Play recorded signals again and write what would be said.

    Several recordings get a folder each below --out. Exit code 2 when one cannot be read.

    Example: aiops backtest my-recording --out result
    """
    from workers.offline.backtest import run_backtests  # noqa: PLC0415 - keeps --help fast

    raise typer.Exit(run_backtests(recordings, out, as_json=as_json))


def record(
    since: Annotated[str, typer.Option("--from", help="First moment, ISO 8601 or epoch seconds.")],
    until: Annotated[str, typer.Option("--to", help="Last moment, included.")],
    out: Annotated[Path, typer.Option(help="The folder to write.")],
    config: Config = None,
) -> None:
    """Write a recording from the sources and stored changes.

    Example: aiops record --from 2026-04-18T09:00Z --to 2026-04-18T12:00Z --out bad-hour
    """
    from workers.offline.record import run_record  # noqa: PLC0415 - keeps --help fast

    raise typer.Exit(run_record(since, until, out, config))
