"""`aiops diagnose --alerts`: files of alert-only cases in, a ranking of instances each out."""

import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import orjson
import typer

from aiops.correlate.alert_cases import AlertCase, Habits, rank_alerts
from aiops.domain.errors import InputError
from aiops.recording.alert_cases import RecordedAlerts, read_alert_cases

WRONG_INPUT = 2
SHOWN = 3
"""Instances and sentences the summary of a case names."""


def run_diagnose_alerts(files: Sequence[Path], out: Path, *, as_json: bool) -> int:
    """Rank every case of the files; return the exit code.

    A line that cannot be used is named on stderr and the others go on. The habits of a system are
    those of its cases in the same file.
    """
    rankings: dict[str, dict[str, Any]] = {}
    problems: list[str] = []
    for file in files:
        try:
            cases, wrong = read_alert_cases(file)
            problems += wrong
            for case, ranking in zip(cases, _ranked(cases), strict=True):
                name = f"{file.resolve().parent.name}/{case.system}/{case.case_id}"
                rankings[name] = ranking
                _write(ranking, out / name)
                for note in case.problems:
                    typer.echo(f"aiops: left out: {note}", err=True)
        except (InputError, OSError) as error:
            problems.append(str(error))
    for problem in problems:
        typer.echo(f"aiops: {problem}", err=True)
    if as_json:
        typer.echo(orjson.dumps(rankings).decode())
    else:
        _tell(rankings)
    return WRONG_INPUT if problems else 0


def _ranked(cases: Sequence[RecordedAlerts]) -> Iterator[dict[str, Any]]:
    by_system: defaultdict[str, list[AlertCase]] = defaultdict(list)
    for one in cases:
        by_system[one.system].append(one.case)
    habits = {system: Habits.of(several) for system, several in by_system.items()}
    for one in cases:
        began = time.perf_counter()
        ranking = rank_alerts(one.case, habits[one.system])
        yield {
            "services": list(ranking.instances),
            "seconds": round(time.perf_counter() - began, 4),
            "evidence": list(ranking.evidence),
        }


def _write(ranking: dict[str, Any], folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "ranking.json").write_bytes(orjson.dumps(ranking, option=orjson.OPT_INDENT_2))


def _tell(rankings: dict[str, dict[str, Any]]) -> None:
    for name, ranking in rankings.items():
        typer.echo(f"{name}: {', '.join(ranking['services'][:SHOWN])}")
        for sentence in ranking["evidence"][:SHOWN]:
            typer.echo(f"  {sentence}")
