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
    delays = figures.pop("fault_to_page_stages")
    delays["whole"] = figures.pop("fault_to_page_seconds")
    for name, value in figures.items():
        typer.echo(f"{name:22} {value}")
    typer.echo("\nfault to page, seconds       p50     p95   (sending it is not part of this)")
    for name, delay in delays.items():
        typer.echo(f"  {name:20} {_seconds(delay['p50'])} {_seconds(delay['p95'])}")


@app.command()
def incidents(
    seed: Annotated[int, typer.Option(help="Of the first shops and their faults.", min=0)] = 1,
    seeds: Annotated[int, typer.Option(help="How many seeds, counting up.", min=1)] = 1,
    kind: Annotated[list[str] | None, typer.Option(help="Play this kind only; repeatable.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON only.")] = False,
) -> None:
    """Judge incidents of situations that mislead.

    Fifteen kinds, each in a generated shop of its own with three weeks of history: the culprit
    change, innocent changes near it, an old deploy, a leak, two faults at once, calm days and so
    on. Judged are the number of incidents, causes, changes blamed, reach, money and confidence.

    Example: aiops bench incidents --seed 3 --kind two_deploys
    """
    from aiops.demo.staging import CaseKind  # noqa: PLC0415 - keeps --help fast
    from workers.bench.incidents import bench_incidents  # noqa: PLC0415

    try:
        kinds = [CaseKind(name) for name in kind or CaseKind]
    except ValueError as error:
        known = ", ".join(CaseKind)
        raise typer.BadParameter(f"{error}; known are {known}", param_hint="--kind") from None
    result = bench_incidents(
        range(seed, seed + seeds),
        kinds,
        lambda one: None if as_json else typer.echo(f"{one.seed:5} {one.kind}", err=True),
    )
    if as_json:
        typer.echo(json.dumps(result))
        return
    columns = list(result["overall"])
    typer.echo(f"{'':20}" + "".join(f"{name.replace('_', ' '):>22}" for name in columns))
    for name, row in (*result["kinds"].items(), ("overall", result["overall"])):
        cells = ("-" if row[column] is None else f"{row[column]:g}" for column in columns)
        typer.echo(f"{name:20}" + "".join(f"{cell:>22}" for cell in cells))


@app.command()
def detect(
    series: Annotated[int, typer.Option(help="How many, all of a one-minute step.", min=1)] = 10000,
    ticks: Annotated[int, typer.Option(help="Live ticks, one right after the other.", min=1)] = 20,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON only.")] = False,
) -> None:
    """Measure what scoring and fitting cost on this machine.

    The processes of `aiops up` in a directory of their own, which needs about 1 GB, and 6 GB for
    100000 series.

    Example: aiops bench detect --series 100000 --ticks 20
    """
    from workers.bench.detect import bench_detect  # noqa: PLC0415 - keeps --help fast

    figures = bench_detect(series, ticks, lambda line: None if as_json else typer.echo(line))
    if as_json:
        typer.echo(json.dumps(figures))
        return
    for name, value in figures.items():
        typer.echo(f"{name:32} {value}")


@app.command()
def derive(
    series: Annotated[int, typer.Option(help="Derived series of each kind.", min=1)] = 100_000,
    ticks: Annotated[int, typer.Option(help="Minutes that are measured.", min=1)] = 20,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON only.")] = False,
) -> None:
    """Measure what rates, ratios and p95s cost a tick.

    Medians, wall clock and CPU, of taking the samples in (observe) and of deriving; a p95 is of 12
    buckets.

    Example: aiops bench derive --series 10000
    """
    from workers.bench.derive import bench_derive  # noqa: PLC0415 - keeps --help fast

    figures = bench_derive(series, ticks, lambda line: None if as_json else typer.echo(line))
    if as_json:
        typer.echo(json.dumps(figures))
        return
    for kind in ("rate", "ratio", "p95"):
        for name, value in figures[kind].items():
            typer.echo(f"{kind:6} {name:24} {value:.6g}")


@app.command()
def correlate(
    services: Annotated[int, typer.Option(help="About how many services.", min=10)] = 10_000,
    symptoms: Annotated[int, typer.Option(help="Grouped in one call.", min=1)] = 10_000,
    storm: Annotated[
        bool,
        typer.Option("--storm", help="Also 10,000 symptoms in a minute, as ticks and as alerts."),
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON only.")] = False,
) -> None:
    """Measure grouping, ranking and how soon an incident is stored.

    A storm in a generated estate, seconds of wall clock: grouping it in one call, adding a symptom
    to 1000 open ones, ranking the causes of an incident, and through the processes of `aiops up`
    from symptoms received to their incident stored: 1000 at once in bodies of 20
    (first_incident), 100 a second (paced), one body of two at a time (idle) and a body whose
    workers are killed with it in hand (after_kill).

    Example: aiops bench correlate --services 10000 --symptoms 10000
    """
    from workers.bench.correlate import bench_correlate  # noqa: PLC0415 - keeps --help fast

    figures = bench_correlate(
        services, symptoms, lambda line: None if as_json else typer.echo(line), storm=storm
    )
    if as_json:
        typer.echo(json.dumps(figures))
        return
    for name, value in figures.items():
        typer.echo(f"{name:32} {value}")


@app.command()
def deliver(
    seconds: Annotated[int, typer.Option(help="How long each of the phases is.", min=10)] = 60,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON only.")] = False,
) -> None:
    """Measure how soon sinks are told.

    Through the processes of `aiops up` to loopback receivers that keep the vendors' limits: seconds
    from decision to delivery at half of what each takes; then the same at Slack while PagerDuty
    hangs; then, with three times what it takes waiting, what share of its rate is used and how soon
    a P1 goes through.

    Example: aiops bench deliver --seconds 60
    """
    from workers.bench.deliver import bench_deliver  # noqa: PLC0415 - keeps --help fast

    figures = bench_deliver(seconds, lambda line: None if as_json else typer.echo(line))
    if as_json:
        typer.echo(json.dumps(figures))
        return
    for phase, sinks in figures.items():
        for sink, found in sinks.items():
            typer.echo(f"{phase:14} {sink:10} {found}")


@app.command()
def ingest(
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON only.")] = False,
) -> None:
    """Measure what is taken in a second, durably.

    Through one web process over HTTP from 50 connections: outside alerts singly, in bodies of 20,
    and singly with 5 ms added to every commit. Then four processes that write SQL at once, and the
    share of a core that polling 100,000 series a minute takes.

    Example: aiops bench ingest --json
    """
    from workers.bench.ingest.measure import bench_ingest  # noqa: PLC0415 - keeps --help fast

    figures = bench_ingest(lambda line: None if as_json else typer.echo(line))
    if as_json:
        typer.echo(json.dumps(figures))
        return
    for name, value in figures.items():
        typer.echo(f"{name:32} {value}")


def _seconds(value: float | None) -> str:
    return f"{'-' if value is None else format(value, '.1f'):>7}"
