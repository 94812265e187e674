"""Files of one series each, scored in batches of one step."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from aiops.domain.errors import AiopsError, InputError
from aiops.recording.series_chart import draw_series
from aiops.recording.series_csv import SeriesRows, read_series, write_scores
from workers.offline.progress import Report
from workers.offline.series_grid import STEP_ROWS, step_seconds_of
from workers.offline.series_scores import Scored, score_together

MOST_TOGETHER = 64
"""Files in a batch: more would not be faster."""


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
        infinite: values that are, and count as missing.
        problem: what was wrong with it, one line; None if nothing was.
    """

    rows: int = 0
    anomalies: int = 0
    ignored: tuple[str, ...] = ()
    infinite: int = 0
    problem: str | None = None


def batches_of(jobs: Sequence[Job]) -> list[tuple[Job, ...]]:
    """Return jobs of one step together, the longest files first.

    A batch takes about as long as its longest file, so none is left over at the end.
    """
    by_step: dict[int | None, list[Job]] = defaultdict(list)
    for job in sorted(jobs, key=lambda job: (-size_of(job.path), job.path)):
        by_step[_step_of(job.path)].append(job)
    batches = [
        tuple(same[start : start + MOST_TOGETHER])
        for same in by_step.values()
        for start in range(0, len(same), MOST_TOGETHER)
    ]
    return sorted(batches, key=lambda batch: (-size_of(batch[0].path), batch[0].path))


def work(batch: Sequence[Job], done: Report = lambda count: None) -> list[Outcome]:
    """Read, score and write the files of a batch; return what came of each."""
    size = sum(size_of(job.path) for job in batch)
    outcomes: dict[Job, Outcome] = {}
    read: dict[Job, SeriesRows] = {}
    for job in batch:
        try:
            read[job] = read_series(job.path)
        except AiopsError as error:
            outcomes[job] = Outcome(problem=_one_line(error))
    scored = score_together(
        [(series.times, series.values) for series in read.values()],
        batch[0].detector,
        done=lambda share: done(share * size),
    )
    for (job, series), said in zip(read.items(), scored, strict=True):
        try:
            _write(job, series, said)
        except (AiopsError, OSError) as error:
            outcomes[job] = Outcome(problem=_one_line(error))
            continue
        outcomes[job] = Outcome(
            rows=len(series.stamps),
            anomalies=int(said.is_anomaly.sum()),
            ignored=series.ignored,
            infinite=series.infinite,
            problem=None if series.repeated is None else _one_line(series.repeated),
        )
    return [outcomes[job] for job in batch]


def _write(job: Job, series: SeriesRows, said: Scored) -> None:
    write_scores(job.target, series.stamps, said.score, said.is_anomaly.tolist())
    if job.plot:
        picture = draw_series(
            series.times,
            series.values,
            low=said.low,
            high=said.high,
            is_anomaly=said.is_anomaly,
        )
        job.target.with_suffix(".svg").write_text(picture, encoding="utf-8")


def _step_of(path: Path) -> int | None:
    """Return the step of a file; one that is wrong is complained about when it is read."""
    try:
        return step_seconds_of(read_series(path, STEP_ROWS).times)
    except InputError:
        return None


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())


def size_of(path: Path) -> int:
    """Return a file's bytes; one that is not there is complained about when it is read."""
    try:
        return path.stat().st_size
    except OSError:
        return 0
