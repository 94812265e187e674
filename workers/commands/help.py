"""`aiops help`: the user pages that ship with the plug-ins."""

from typing import Annotated

import typer

app = typer.Typer(no_args_is_help=True)


@app.callback()
def about() -> None:
    """Read the user pages of sources.

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

    if name is not None:
        typer.echo(registry.page(name).rstrip())
        return
    for one in registry.INGESTERS:
        title, summary = registry.page(one).split("\n\n", 2)[:2]
        about = " ".join(summary.split()).partition(". ")[0].rstrip(".")
        typer.echo(f"{one:12} {title.partition(': ')[2]}. {about}.")
    typer.echo("\naiops help source NAME shows the whole page")
