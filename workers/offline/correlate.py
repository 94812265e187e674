"""`aiops correlate`: files of recorded symptoms in, the problem each belongs to out."""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson
import typer

from aiops.correlate.grouping import group_symptoms
from aiops.domain.environment import Knowledge
from aiops.domain.errors import AiopsError, InputError
from aiops.recording.symptoms import RecordedSymptoms, read_symptoms
from workers.offline.progress import progress

WRONG_INPUT = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What came of one file.

    Args:
        events: how many it holds.
        groups: how many problems they are.
        problems: what was wrong, one line each; a file that cannot be read has only this.
        remarks: what is odd, one line each.
        written: whether there is a result.
    """

    events: int = 0
    groups: int = 0
    problems: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()
    written: bool = False


def run_correlate(path: Path, out: Path, *, as_json: bool) -> int:
    """Group the symptoms of a file, or of each file of a folder; return the exit code.

    What is wrong is named on stderr; one that cannot be read leaves the others alone.
    """
    began = time.perf_counter()
    try:
        files = files_of(path, out)
        out.mkdir(parents=True, exist_ok=True)
    except (AiopsError, OSError) as error:
        typer.echo(f"aiops: {error}", err=True)
        return WRONG_INPUT
    outcomes = []
    with progress("correlating", len(files)) as report:
        for file in files:
            outcomes.append(_correlate(file, out / file.name))
            report(1)
    for line in _complaints(outcomes):
        typer.echo(f"aiops: {line}", err=True)
    summary = _summary(outcomes, time.perf_counter() - began)
    typer.echo(orjson.dumps(summary).decode() if as_json else _said(summary, out))
    return WRONG_INPUT if any(one.problems for one in outcomes) else 0


def files_of(path: Path, out: Path) -> list[Path]:
    """Return the files to work on, by name.

    Args:
        path: a JSON file, or a folder of them (its sub-folders are not looked into).
        out: the folder that results go to.

    Raises:
        InputError: there is nothing to do, or results would overwrite the input.
    """
    if path.is_dir():
        files = sorted(one for one in path.glob("[!.]*") if one.suffix.lower() == ".json")
    elif path.exists():
        files = [path]
    else:
        raise InputError(f"{path} is not there; expected a JSON file or a folder of them")
    if not files:
        raise InputError(f"{path} holds no JSON file; expected at least one, of events and edges")
    if out.resolve() == files[0].parent.resolve():
        raise InputError(f"--out: {out} holds the input itself; choose another folder")
    return files


def groups_of(recorded: RecordedSymptoms) -> list[int]:
    """Return the number of the problem of each event, from 0, in their order.

    They are grouped as the pipeline groups symptoms, as of the last onset.
    """
    if not recorded.symptoms:
        return []
    at = max(one.onset for one in recorded.symptoms)
    groups = group_symptoms(recorded.symptoms, (), (), at, Knowledge(graph=recorded.graph))
    number = {one.id: place for place, group in enumerate(groups) for one in group.symptoms}
    return [number[one.id] for one in recorded.symptoms]


def _correlate(file: Path, target: Path) -> Outcome:
    try:
        recorded = read_symptoms(file.read_bytes(), str(file))
        groups = groups_of(recorded)
        target.write_bytes(orjson.dumps({"groups": groups}))
    except InputError as error:
        return Outcome(problems=(str(error),))
    except OSError as error:
        return Outcome(problems=(f"{error.filename}: {error.strerror}",))
    return Outcome(
        events=len(groups),
        groups=len(set(groups)),
        problems=recorded.problems,
        remarks=recorded.remarks,
        written=True,
    )


def _complaints(outcomes: Sequence[Outcome]) -> Iterator[str]:
    for one in outcomes:
        yield from one.problems
        yield from (f"note: {remark}" for remark in one.remarks)


def _summary(outcomes: Sequence[Outcome], seconds: float) -> dict[str, Any]:
    return {
        "files": len(outcomes),
        "failed": sum(1 for one in outcomes if not one.written),
        "problems": sum(len(one.problems) for one in outcomes),
        "events": sum(one.events for one in outcomes),
        "groups": sum(one.groups for one in outcomes),
        "seconds": round(seconds, 3),
    }


def _said(summary: dict[str, Any], out: Path) -> str:
    return (
        f"{out}: {summary['files']} files ({summary['failed']} failed), {summary['events']:,} "
        f"events are {summary['groups']:,} problems, in {summary['seconds']:.1f} s"
    )
