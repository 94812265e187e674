"""`aiops detect`: CSV files of one series each -> a score and a flag for every row.

Files are scored in processes of their own, as many as there are cores; what is written does not
depend on how many or in which order.
"""

import multiprocessing
import os
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson
import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from aiops.detect.registry import detector_named
from aiops.domain.errors import AiopsError, InputError
from aiops.recording.series_chart import draw_series
from aiops.recording.series_csv import read_series, write_scores
from workers.offline.series_scores import score_series

WRONG_INPUT = 2

Report = Callable[[int], None]
"""Told how many bytes of the input are done since it was told last."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One file to score.

    Args:
        path: the input.
        target: the scores to write.
        detector: whose verdict it is.
        plot: whether to draw it, too.
    """

    path: Path
    target: Path
    detector: str
    plot: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What came of one file.

    Args:
        rows: scored and written.
        anomalies: of them, flagged.
        ignored: names of columns nobody asked for.
        problem: what was wrong with it, one line; None if nothing was.
    """

    rows: int = 0
    anomalies: int = 0
    ignored: tuple[str, ...] = ()
    problem: str | None = None


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
    sizes = [_size(job.path) for job in jobs]
    cores = min(len(os.sched_getaffinity(0)), len(jobs))
    with _progress(sum(sizes)) as report:
        if cores == 1:
            return [_alone(job, size, report) for job, size in zip(jobs, sizes, strict=True)]
        return _in_parallel(jobs, sizes, cores, report)


def work(job: Job, done: Callable[[int], None] = lambda rows: None) -> Outcome:
    """Read, score and write one file."""
    try:
        series = read_series(job.path)
        scored = score_series(series.times, series.values, job.detector, done=done)
        write_scores(job.target, series.stamps, scored.score, scored.is_anomaly.tolist())
        if job.plot:
            picture = draw_series(
                series.times,
                series.values,
                low=scored.low,
                high=scored.high,
                is_anomaly=scored.is_anomaly,
            )
            job.target.with_suffix(".svg").write_text(picture, encoding="utf-8")
    except (AiopsError, OSError) as error:
        return Outcome(problem=_one_line(error))
    return Outcome(
        rows=len(series.stamps),
        anomalies=int(scored.is_anomaly.sum()),
        ignored=series.ignored,
        problem=None if series.repeated is None else _one_line(series.repeated),
    )


def _alone(job: Job, size: int, report: Report) -> Outcome:
    """Do a job in this process, so that the bar moves while it is worked on."""
    lines = max(size // 30, 1)
    told = 0

    def done(rows: int) -> None:
        nonlocal told
        share = min(rows * size // lines, size - told)
        told += share
        report(share)

    outcome = work(job, done)
    report(size - told)
    return outcome


def _in_parallel(
    jobs: Sequence[Job], sizes: Sequence[int], cores: int, report: Report
) -> list[Outcome]:
    """Do jobs in processes, the largest first, so that none is left over at the end."""
    order = sorted(range(len(jobs)), key=lambda place: (-sizes[place], place))
    spawn = multiprocessing.get_context("spawn")  # a fork would copy the bar's thread's locks
    with ProcessPoolExecutor(cores, mp_context=spawn) as pool:
        futures = {pool.submit(work, jobs[place]): place for place in order}
        found: dict[int, Outcome] = {}
        try:
            for future in as_completed(futures):
                place = futures[future]
                found[place] = _outcome(future, jobs[place])
                report(sizes[place])
        except KeyboardInterrupt:
            pool.shutdown(wait=False, cancel_futures=True)
            raise
    return [found[place] for place in range(len(jobs))]


def _outcome(future: Future[Outcome], job: Job) -> Outcome:
    try:
        return future.result()
    except BrokenProcessPool:
        return Outcome(problem=f"{job.path}: not scored, since a process ended before its time")


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())


def _size(path: Path) -> int:
    """Return a file's bytes; one that is not there is complained about when it is read."""
    try:
        return path.stat().st_size
    except OSError:
        return 0


def _complaints(outcomes: Sequence[Outcome]) -> Iterator[str]:
    for one in outcomes:
        if one.problem is not None:
            yield one.problem
    ignored = sorted({name for one in outcomes for name in one.ignored})
    if ignored:
        count = sum(1 for one in outcomes if one.ignored)
        yield f"note: ignored columns: {', '.join(ignored)} (files: {count})"


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


@contextmanager
def _progress(total: int) -> Iterator[Report]:
    """Show a bar on stderr while it is a terminal."""
    if not sys.stderr.isatty():
        yield lambda count: None
        return
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("scoring", total=total)
        yield lambda count: bar.advance(task, count)
