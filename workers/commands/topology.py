"""`aiops topology`: what is wrong with it, what it looks like, what changed."""

from pathlib import Path
from typing import Annotated

import typer

from workers.commands.run import Config

app = typer.Typer(no_args_is_help=True)

Files = Annotated[
    list[Path] | None,
    typer.Argument(
        metavar="[FILE]...",
        help="Topology files, read as one, or folders of them; else the one aiops.yaml names.",
        show_default=False,
    ),
]


@app.callback()
def about() -> None:
    """Check, show and compare topologies.

    They say who calls whom, and who owns what. A file is the product's own YAML, nodes and edges
    as JSON, a Backstage catalog, a graph of Kiali or OTLP traces as JSON.

    Example: aiops topology check
    """


@app.command()
def check(
    files: Files = None,
    config: Config = None,
    *,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON only.")] = False,
) -> None:
    """Name what is wrong, by file and line.

    Missing ends, services declared twice, services and owners nobody declared, circles, services
    that call themselves, calls not seen for long. Exit code 0: nothing; 1: warnings, nothing is
    lost; 2: errors, something had to be left out or cannot be read. Owners are compared with the
    teams of aiops.yaml (with --config, or where no file is named) and the groups of a catalog.

    Example: aiops topology check topology.yaml
    """
    from workers.offline.topology import run_check  # noqa: PLC0415 - keeps --help fast

    raise typer.Exit(run_check(files or [], config, as_json=as_json))


@app.command()
def show(
    files: Files = None,
    config: Config = None,
    *,
    service: Annotated[str | None, typer.Option(help="Only what is around this service.")] = None,
    hops: Annotated[int, typer.Option(help="How many calls around it.", min=0)] = 2,
    out: Annotated[
        Path | None,
        typer.Option(
            help="Write it to this file: .svg, .html with a table, or .yaml of our own form."
        ),
    ] = None,
) -> None:
    """Show who calls whom: as a tree here, or as a picture with --out.

    The picture has a column per call depth and opens without JavaScript. As .yaml it is all files
    in one, of our own form.

    Example: aiops topology show --service checkout --hops 1 --out checkout.html
    """
    from workers.offline.topology import run_show  # noqa: PLC0415 - keeps --help fast

    raise typer.Exit(run_show(files or [], config, service=service, hops=hops, out=out))


@app.command()
def diff(
    old: Annotated[Path, typer.Argument(help="A file, or a folder of files, of before.")],
    new: Annotated[Path, typer.Argument(help="The same of now.")],
    *,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON only.")] = False,
) -> None:
    """Say which services, attributes and calls came, went and changed.

    When a call was last seen is no change. Exit code 0: the same; 1: something changed; 2: a file
    cannot be read.

    Example: aiops topology diff before.yaml topology.yaml
    """
    from workers.offline.topology import run_diff  # noqa: PLC0415 - keeps --help fast

    raise typer.Exit(run_diff(old, new, as_json=as_json))
