"""`aiops help`: the user pages that ship with the plug-ins."""

from collections.abc import Callable, Iterable
from typing import Annotated

import typer

app = typer.Typer(no_args_is_help=True)


@app.callback()
def about() -> None:
    """Read the user pages of sources, sinks and the heartbeat.

    Example: aiops help source prometheus
    """


@app.command()
def source(
    name: Annotated[
        str | None, typer.Argument(help="Its name; without one, all are listed.")
    ] = None,
) -> None:
    """Explain a source of signals.

    What to configure, what it makes of odd answers, and what to do when it fails.

    Example: aiops help source prometheus
    """
    from aiops.ingest import registry  # noqa: PLC0415 - keeps --help fast

    _show(name, "source", registry.INGESTERS, registry.page)


@app.command()
def sink(
    name: Annotated[
        str | None, typer.Argument(help="Its kind; without one, all are listed.")
    ] = None,
) -> None:
    """Explain a kind of sink.

    What to set at both ends, what it is told, and what comes back.

    Example: aiops help sink pagerduty
    """
    from aiops.notify import registry  # noqa: PLC0415 - keeps --help fast

    _show(name, "sink", registry.NOTIFIERS, registry.page)


def _show(name: str | None, what: str, names: Iterable[str], page: Callable[[str], str]) -> None:
    """Print a page, or a line about each there is."""
    if name is not None:
        typer.echo(page(name).rstrip())
        return
    for one in names:
        title, summary = page(one).split("\n\n", 2)[:2]
        about = " ".join(summary.split()).partition(". ")[0].rstrip(".")
        typer.echo(f"{one:12} {title.partition(': ')[2]}. {about}.")
    typer.echo(f"\naiops help {what} NAME shows the whole page")


@app.command()
def heartbeat() -> None:
    """Explain how others notice that nothing works here any more.

    Example: aiops help heartbeat
    """
    _print("heartbeat")


@app.command()
def fallback() -> None:
    """Explain how alerts reach a pager while we are dead.

    Example: aiops help fallback
    """
    _print("fallback")


@app.command()
def normalize() -> None:
    """Explain how labels of all sources are brought into one form.

    Example: aiops help normalize
    """
    _print("normalize", "aiops.ingest")


@app.command()
def topology() -> None:
    """Explain what topology files may be made of.

    Example: aiops help topology
    """
    _print("topology", "topology")


def _print(name: str, package: str = "aiops.notify") -> None:
    from importlib.resources import files  # noqa: PLC0415 - keeps --help fast

    text = files(package).joinpath(f"{name}.md").read_text(encoding="utf-8")
    typer.echo(text.rstrip())
