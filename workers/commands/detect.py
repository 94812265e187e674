"""`aiops detect`: a score for every row of recorded series."""

from pathlib import Path
from typing import Annotated

import typer


def detect(
    path: Annotated[
        Path,
        typer.Argument(help="A CSV file with the columns timestamp,value, or a folder of them."),
    ],
    out: Annotated[Path, typer.Option(help="The folder the scores go to, one CSV per series.")],
    detector: Annotated[
        str, typer.Option(help="Whose verdict it is, as seasonal or absence.")
    ] = "seasonal",
    plot: Annotated[
        bool, typer.Option("--plot", help="Draw every series with its band and anomalies (SVG).")
    ] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print the summary as JSON instead of a sentence.")
    ] = False,
) -> None:
    """Score every row of recorded series.

    Writes timestamp,score,is_anomaly, from what was known at each row: a higher score is worse.
    1 is the bar of the series' own past, and is_anomaly says whether it is reached. Gaps and
    missing values are data. Exit code 2 when a file is wrong.

    Example: aiops detect series/ --out scores
    """
    from workers.offline.detect import run_detect  # noqa: PLC0415 - keeps --help fast

    raise typer.Exit(run_detect(path, out, detector, plot=plot, as_json=as_json))
