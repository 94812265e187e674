"""`aiops bench`: what the product finds, and what a machine can carry."""

import json
from datetime import datetime
from typing import Annotated

import typer

app = typer.Typer(no_args_is_help=True)


@app.callback()
def bench() -> None:
    """Measure the product on this machine.

    Example: aiops bench quiet --seed 3
    """


@app.command()
def quiet(
    seed: Annotated[int, typer.Option(help="Of the generated shop and its faults.", min=0)] = 1,
    series: Annotated[int, typer.Option(help="About how many series.", min=50)] = 2000,
    days: Annotated[int, typer.Option(help="Live days, after three weeks of history.", min=2)] = 14,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON only.")] = False,
) -> None:
    """Judge what is said of a generated shop with planted faults.

    About twenty faults and two hundred harmless blips, deploys, peaks and maintenance windows in
    two weeks, the last one without any fault.

    Example: aiops bench quiet --seed 3 --series 500 --days 4
    """
    from rich.progress import Progress  # noqa: PLC0415 - keeps --help fast

    from workers.bench.quiet import bench_quiet  # noqa: PLC0415

    with Progress(transient=True, disable=as_json) as bar:
        task = bar.add_task("replaying", total=days)
        first: list[datetime] = []

        def progress(at: datetime) -> None:
            first.append(at)
            bar.update(task, completed=(at - first[0]).total_seconds() / 86_400 + 1)

        figures = bench_quiet(seed, series, days, progress)
    if as_json:
        typer.echo(json.dumps(figures))
        return
    for name, value in figures.items():
        typer.echo(f"{name:22} {value}")
