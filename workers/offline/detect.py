"""`aiops detect`: CSV files of one series each -> a score and a flag for every row.

Files of one step are scored together, each such batch in a process, as many as there are cores;
what is written does not depend on how many or in which order.
"""

import multiprocessing
import os
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, wait
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path
from typing import Any

import orjson
import typer

from aiops.detect.registry import detector_named
from aiops.domain.errors import AiopsError, InputError
from workers.offline.batches import Job, Outcome, batches_of, size_of, work
from workers.offline.pool import pool_of
from workers.offline.progress import Report, progress

WRONG_INPUT = 2

_TELL_SECONDS = 0.5
_SHARED: dict[str, Any] = {}
"""What a process of a pool was given when it began."""


def run_detect(path: Path, out: Path, detector: str, *, plot: bool, as_json: bool) -> int:
    """Score the series of a file or folder; return the exit code.

    A file that cannot be read is named on stderr and the others go on.
    """
    began = time.perf_counter()
    try:
        detector_named(detector)
        jobs = jobs_of(path, out, detector, plot=plot)
        out.mkdir(parents=True, exist_ok=True)
    except (AiopsError, OSError) as error:
        typer.echo(f"aiops: {error}", err=True)
        return WRONG_INPUT
    outcomes = run_jobs(jobs)
    for line in _complaints(outcomes):
        typer.echo(f"aiops: {line}", err=True)
    summary = _summary(outcomes, time.perf_counter() - began)
    typer.echo(orjson.dumps(summary).decode() if as_json else _said(summary, out))
    return WRONG_INPUT if summary["failed"] else 0


def jobs_of(path: Path, out: Path, detector: str, *, plot: bool) -> list[Job]:
    """Return what is to be done, by name of the file.

    Args:
        path: a CSV file, or a folder of them (its sub-folders are not looked into).
        out: the folder that results go to.
        detector: whose verdict it is.
        plot: whether to draw the series, too.

    Raises:
        InputError: there is nothing to score, or results would overwrite the input.
    """
    if path.is_dir():
        files = sorted(one for one in path.glob("[!.]*") if one.suffix.lower() == ".csv")
    elif path.exists():
        files = [path]
    else:
        raise InputError(f"{path} is not there; expected a CSV file or a folder of them")
    if not files:
        raise InputError(f"{path} holds no CSV file; expected at least one, of timestamp,value")
    jobs = [
        Job(path=file, target=out / f"{file.stem}.csv", detector=detector, plot=plot)
        for file in files
    ]
    _require_distinct(jobs)
    return jobs


def _require_distinct(jobs: Sequence[Job]) -> None:
    """Raise InputError where results would overwrite the input or each other."""
    inputs = {job.path.resolve() for job in jobs}
    sources: dict[Path, Path] = {}
    for job in jobs:
        if job.target.resolve() in inputs:
            raise InputError(f"--out: {job.target} is an input itself; choose another folder")
        other = sources.setdefault(job.target, job.path)
        if other != job.path:
            raise InputError(f"{job.path}: its scores and those of {other} share one name; rename")


def run_jobs(jobs: Sequence[Job]) -> list[Outcome]:
    """Do all jobs on all cores; return what came of them, in their order."""
    batches = batches_of(jobs)
    cores = min(len(os.sched_getaffinity(0)), len(batches))
    with progress("scoring", sum(size_of(job.path) for job in jobs)) as report:
        if cores == 1:
            done = [work(batch, report) for batch in batches]
        else:
            done = _in_parallel(batches, cores, report)
    found = {
        job: outcome
        for batch, outcomes in zip(batches, done, strict=True)
        for job, outcome in zip(batch, outcomes, strict=True)
    }
    return [found[job] for job in jobs]


def _in_parallel(
    batches: Sequence[tuple[Job, ...]], cores: int, report: Report
) -> list[list[Outcome]]:
    """Do batches in processes, in their order."""
    worked = multiprocessing.get_context("spawn").Value("d", 0.0)
    with pool_of(cores, _begin, worked) as pool:
        futures = [pool.submit(_work, batch) for batch in batches]
        try:
            running, told = set(futures), 0.0
            while running:
                running = wait(running, timeout=_TELL_SECONDS).not_done
                now = worked.value
                report(now - told)
                told = now
        except SystemExit:  # what Ctrl-C is in the command line
            pool.shutdown(wait=False, cancel_futures=True)
            raise
    return [_outcomes(future, batch) for future, batch in zip(futures, batches, strict=True)]


def _begin(worked: Any) -> None:
    """Keep the counter that the processes of a pool share."""
    _SHARED["worked"] = worked


def _work(batch: Sequence[Job]) -> list[Outcome]:
    """Do a batch in a process of a pool, which counts along what is done."""
    worked = _SHARED["worked"]

    def done(count: float) -> None:
        with worked.get_lock():
            worked.value += count

    return work(batch, done)


def _outcomes(future: Future[list[Outcome]], batch: Sequence[Job]) -> list[Outcome]:
    try:
        return future.result()
    except BrokenProcessPool:
        lost = "not scored, since a process ended before its time"
        return [Outcome(problem=f"{job.path}: {lost}") for job in batch]


def _complaints(outcomes: Sequence[Outcome]) -> Iterator[str]:
    for one in outcomes:
        if one.problem is not None:
            yield one.problem
    ignored = sorted({name for one in outcomes for name in one.ignored})
    if ignored:
        count = sum(1 for one in outcomes if one.ignored)
        yield f"note: ignored columns: {', '.join(ignored)} (files: {count})"
    infinite = sum(one.infinite for one in outcomes)
    if infinite:
        count = sum(1 for one in outcomes if one.infinite)
        yield f"note: infinite values, which count as missing: {infinite} (files: {count})"


def _summary(outcomes: Sequence[Outcome], seconds: float) -> dict[str, Any]:
    rows = sum(one.rows for one in outcomes)
    return {
        "files": len(outcomes),
        "failed": sum(1 for one in outcomes if one.problem is not None),
        "rows": rows,
        "anomalies": sum(one.anomalies for one in outcomes),
        "seconds": round(seconds, 3),
        "rows_per_second": round(rows / seconds, 1),
    }


def _said(summary: dict[str, Any], out: Path) -> str:
    return (
        f"{out}: {summary['files']} files ({summary['failed']} failed), {summary['rows']:,} rows, "
        f"{summary['anomalies']:,} anomalous, in {summary['seconds']:.1f} s "
        f"({summary['rows_per_second']:,.0f} rows/s)"
    )
