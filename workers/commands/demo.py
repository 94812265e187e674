"""`aiops demo`: the simulated shop in front of the real product."""

from pathlib import Path
from typing import Annotated

import typer


def demo(
    seed: Annotated[
        int | None,
        typer.Option(help="Vary names, times, culprit, region and kind of fault.", min=0),
    ] = None,
    exit_: Annotated[
        bool,
        typer.Option(
            "--exit", help="End when the story is over; exit code 0 only if all went as it should."
        ),
    ] = False,
    record: Annotated[
        Path | None,
        typer.Option(help="Leave the receivers' records and incidents.json in this directory."),
    ] = None,
    directory: Annotated[
        Path, typer.Option(help="Where it keeps its databases; emptied at every start.")
    ] = Path(".aiops/demo"),
) -> None:
    """Play a bad hour of a simulated shop through the product.

    Everything runs on this machine alone.

    Example: aiops demo --exit --record /tmp/demo
    """
    from workers.demo.run import run_demo  # noqa: PLC0415 - keeps --help fast

    raise typer.Exit(run_demo(seed, directory, record, ends=exit_))
