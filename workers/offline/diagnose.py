"""`aiops diagnose`: recorded cases in, a ranking of the services each may have begun in out."""

import os
import time
from collections.abc import Sequence
from concurrent.futures import Future, as_completed
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import orjson
import typer

from aiops.correlate.diagnosis import diagnose
from aiops.correlate.diagnosis_wording import evidence
from aiops.domain.errors import AiopsError, InputError
from aiops.recording.comparison import Diagnosable, read_comparison
from aiops.recording.parts import METRICS, is_recording
from workers.offline.pool import pool_of
from workers.offline.progress import progress

WRONG_INPUT = 2
SHARED = "_shared"
"""A folder of this name holds what several cases share, and is no case."""

SHOWN = 3
"""Services the summary of a case names."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One case to diagnose.

    Args:
        name: its path below the root, as results are filed.
        folder: the recording.
        target: the file to write.
        late_seconds: see `read_comparison`.
        at: see `read_comparison`.
    """

    name: str
    folder: Path
    target: Path
    late_seconds: int | None
    at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What came of one case.

    Args:
        job: the case.
        ranking: what was written, None where it could not be ranked.
        notes: what was left out, one line each.
        problem: what was wrong with it, one line; None if nothing was.
    """

    job: Job
    ranking: dict[str, Any] | None = None
    notes: tuple[str, ...] = ()
    problem: str | None = None


def run_diagnose(
    recordings: Sequence[Path],
    root: Path | None,
    out: Path,
    *,
    late_seconds: int | None = None,
    at: datetime | None = None,
    as_json: bool = False,
) -> int:
    """Diagnose every case; return the exit code.

    A case that cannot be read is named on stderr and the others go on.
    """
    try:
        jobs = jobs_of(recordings, root, out, late_seconds, at)
    except (InputError, OSError) as error:
        typer.echo(f"aiops: {error}", err=True)
        return WRONG_INPUT
    outcomes = run_jobs(jobs)
    for one in outcomes:
        for note in one.notes:
            typer.echo(f"aiops: left out: {note}", err=True)
        if one.problem is not None:
            typer.echo(f"aiops: {one.problem}", err=True)
    if as_json:
        rankings = {one.job.name: one.ranking for one in outcomes if one.ranking is not None}
        typer.echo(orjson.dumps(rankings).decode())
    else:
        for one in outcomes:
            if one.ranking is not None:
                typer.echo(_summary(one.job, one.ranking))
    return WRONG_INPUT if any(one.problem is not None for one in outcomes) else 0


def jobs_of(
    recordings: Sequence[Path],
    root: Path | None,
    out: Path,
    late_seconds: int | None,
    at: datetime | None,
) -> list[Job]:
    """Return the cases to diagnose, by name.

    Args:
        recordings: folders of one case each; filed by the name of the folder.
        root: cases at any depth below it, filed by their path relative to it.
        out: where results go.
        late_seconds: see `read_comparison`.
        at: see `read_comparison`.

    Raises:
        InputError: there is no case, two share a name, or results would land in a recording.
    """
    found = [(folder.resolve().name, folder) for folder in recordings]
    if root is not None:
        found += [(folder.relative_to(root).as_posix(), folder) for folder in _cases_below(root)]
    if not found:
        raise InputError("nothing to diagnose; name recordings, or a folder of them with --root")
    names: dict[str, Path] = {}
    for name, folder in found:
        if names.setdefault(name, folder) != folder:
            raise InputError(f"{names[name]} and {folder} share the name {name}; use --root")
        if folder.resolve() in ((out / name).resolve(), *(out / name).resolve().parents):
            raise InputError(f"--out: {out / name} lies in the recording; choose another folder")
    return [
        Job(
            name=name,
            folder=folder,
            target=out / name / "ranking.json",
            late_seconds=late_seconds,
            at=at,
        )
        for name, folder in sorted(names.items())
    ]


def _cases_below(root: Path) -> list[Path]:
    if not root.is_dir():
        raise InputError(f"--root: there is no folder {root}; expected one with recordings below")
    files = {file.parent for name in METRICS for file in root.rglob(name)}
    cases = sorted(
        folder
        for folder in files
        if SHARED not in folder.relative_to(root).parts and is_recording(folder)
    )
    if not cases:
        raise InputError(f"--root: {root} holds no recording; expected {' or '.join(METRICS)}")
    return cases


def run_jobs(jobs: Sequence[Job]) -> list[Outcome]:
    """Do all jobs on all cores; return what came of them, in their order."""
    cores = min(len(os.sched_getaffinity(0)), len(jobs))
    with progress("diagnosing", len(jobs)) as report:
        if cores == 1:
            outcomes = []
            for job in jobs:
                outcomes.append(work(job))
                report(1)
            return outcomes
        with pool_of(cores) as pool:
            futures = [pool.submit(work, job) for job in jobs]
            try:
                for _ in as_completed(futures):
                    report(1)
            except KeyboardInterrupt:
                pool.shutdown(wait=False, cancel_futures=True)
                raise
    return [_outcome(future, job) for future, job in zip(futures, jobs, strict=True)]


def work(job: Job) -> Outcome:
    """Read, rank and write one case."""
    try:
        case = read_comparison(job.folder, job.late_seconds, job.at)
        began = time.perf_counter()
        ranking = _ranked(case)
        ranking["seconds"] = round(time.perf_counter() - began, 4)
        job.target.parent.mkdir(parents=True, exist_ok=True)
        job.target.write_bytes(orjson.dumps(ranking, option=orjson.OPT_INDENT_2))
    except (AiopsError, OSError) as error:
        return Outcome(job=job, problem=f"{job.name}: {' '.join(str(error).split())}")
    return Outcome(job=job, ranking=ranking, notes=case.problems)


def _ranked(case: Diagnosable) -> dict[str, Any]:
    diagnosis = diagnose(case.comparison, case.graph)
    return {
        "services": list(diagnosis.services),
        "metrics": [list(pair) for pair in diagnosis.metrics],
        "evidence": list(evidence(case.comparison, diagnosis)),
    }


def _outcome(future: Future[Outcome], job: Job) -> Outcome:
    try:
        return future.result()
    except BrokenProcessPool:
        lost = "not diagnosed, since a process ended before its time"
        return Outcome(job=job, problem=f"{job.name}: {lost}")


def _summary(job: Job, ranking: dict[str, Any]) -> str:
    lines = [f"{job.name}: {', '.join(ranking['services'][:SHOWN])}"]
    lines += [f"  {sentence}" for sentence in ranking["evidence"][:SHOWN]]
    return "\n".join([*lines, f"  {job.target}"])
