"""`aiops backtest`, `diagnose` and `record`: history played again, explained, taken down."""

from pathlib import Path
from typing import Annotated

import typer

from workers.commands.run import Config

Rankings = Annotated[
    Path, typer.Option(help="Where ranking.json of every case goes, in a folder of its name.")
]
Cases = Annotated[
    list[Path] | None,
    typer.Argument(metavar="[RECORDING]...", help="Folders with metrics.csv or metrics.parquet."),
]
Root = Annotated[
    Path | None, typer.Option(help="Diagnose every recording at any depth below this folder.")
]
AlertCases = Annotated[
    list[Path] | None,
    typer.Option(
        metavar="FILE...",
        help="Files of cases with alerts only (.jsonl, .jsonl.gz), a case a line.",
    ),
]
Late = Annotated[
    int | None,
    typer.Option(
        min=0,
        metavar="SECONDS",
        help="As if noticed so much later than detected_at: all before then counts as normal.",
    ),
]
NoticedAt = Annotated[
    str | None,
    typer.Option(
        metavar="TIME",
        help="When it was noticed (ISO 8601 or epoch seconds), whatever the files say.",
    ),
]


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


def diagnose(
    out: Rankings,
    recordings: Cases = None,
    root: Root = None,
    alerts: AlertCases = None,
    late: Late = None,
    *,
    at: NoticedAt = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print the rankings instead of a summary.")
    ] = False,
) -> None:
    """Rank the services in which recorded trouble may have begun.

    What was normal says the column phase (normal/abnormal), detected_at in case.json, or --at. Exit
    code 2 when a recording cannot be used; the others are ranked all the same.

    With --alerts: a line holds {system, case_id, alerts: [{kind: metric|log|trace, instance, ...}],
    nodes, call_edges}. Instances are ranked by how unusual their alerts are among the cases of
    their system in the file; a ranking goes to OUT/<file's folder>/<system>/<case_id>.

    Example: aiops diagnose bad-hour --out result
    """
    from aiops.recording.moments import moment  # noqa: PLC0415 - keeps --help fast
    from workers.offline.diagnose import run_diagnose  # noqa: PLC0415 - keeps --help fast
    from workers.offline.diagnose_alerts import run_diagnose_alerts  # noqa: PLC0415

    if alerts:
        if root is not None or late is not None or at is not None:
            raise typer.BadParameter("--alerts goes with none of --root, --late and --at")
        # A shell's `--alerts dev/*.gz` puts all but the first file among the arguments.
        raise typer.Exit(run_diagnose_alerts([*alerts, *(recordings or [])], out, as_json=as_json))
    try:
        noticed_at = None if at is None else moment(at)
    except ValueError as error:
        raise typer.BadParameter(f"--at: {error}") from error
    raise typer.Exit(
        run_diagnose(recordings or [], root, out, late_seconds=late, at=noticed_at, as_json=as_json)
    )


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
