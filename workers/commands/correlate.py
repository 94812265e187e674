"""`aiops correlate`: the problem each recorded symptom belongs to."""

from pathlib import Path
from typing import Annotated

import typer


def correlate(
    path: Annotated[
        Path, typer.Argument(help="A JSON file of events and edges, or a folder of them.")
    ],
    out: Annotated[Path, typer.Option(help="The folder the groups go to, one file per file.")],
    as_json: Annotated[
        bool, typer.Option("--json", help="Print the summary as JSON instead of a sentence.")
    ] = False,
) -> None:
    """Group recorded symptoms into problems, as the pipeline does.

    A file holds {"events": [{ts, service, metric, score}], "edges": [[caller, callee]]}; the file
    of the same name in --out {"groups": [number of the problem of each event]}. Exit code 2 when
    a file is wrong; what can be used of it is, and the others go on.

    Example: aiops correlate symptoms/ --out groups
    """
    from workers.offline.correlate import run_correlate  # noqa: PLC0415 - keeps --help fast

    raise typer.Exit(run_correlate(path, out, as_json=as_json))
