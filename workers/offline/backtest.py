"""`aiops backtest`: recordings in, incidents.json and a page out."""

import os
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import numpy as np
import orjson
import typer

from aiops import backtest
from aiops.backtest import Ahead, Replay
from aiops.domain.environment import Knowledge
from aiops.domain.errors import AiopsError, InputError
from aiops.domain.incidents import Incident
from aiops.ingest import changes, otlp_logs, otlp_traces
from aiops.recording.page import counts, page
from aiops.recording.parts import METRICS, is_recording
from aiops.recording.read import read
from aiops.recording.values import Recording
from aiops.recording.write import write_incidents
from workers.knowledge import runbooks
from workers.offline.ahead import ahead_of
from workers.offline.progress import Report, progress

WRONG_INPUT = 2

WORTH_TICKS = 1440
"""From so many ticks on a process beside gains more than it takes to begin."""

EXPORTS = {"logs.jsonl": otlp_logs.parse, "traces.jsonl": otlp_traces.parse}
"""How the files of a recording that the collector's file exporter wrote are understood."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Played:
    """A recording and what came of it, without incidents that were merged into others."""

    recording: Recording
    knowledge: Knowledge
    incidents: tuple[Incident, ...]


def run_backtests(paths: Sequence[Path], out: Path, *, as_json: bool) -> int:
    """Backtest every recording; return the exit code.

    One that cannot be read is named on stderr and the others go on.
    """
    try:
        folders = find_recordings(paths)
    except InputError as error:
        typer.echo(f"aiops: {error}", err=True)
        return WRONG_INPUT
    code = 0
    printed: dict[str, bytes] = {}
    for name, folder in folders.items():
        try:
            written, summary = _backtest(folder, out / name)
        except (AiopsError, OSError) as error:
            typer.echo(f"aiops: {error}", err=True)
            code = WRONG_INPUT
            continue
        if as_json:
            printed[name] = written.read_bytes()
        else:
            typer.echo(summary)
    if as_json:
        typer.echo(_joined(printed))
    return code


def _backtest(folder: Path, target: Path) -> tuple[Path, str]:
    """Play one recording and write what came of it; return the JSON file and a summary."""
    with progress(folder.resolve().name, 1) as report:
        played = play(folder, report)
    written = write(played, target)
    for problem in played.recording.problems:
        typer.echo(f"aiops: left out: {problem}", err=True)
    for remark in played.recording.remarks:
        typer.echo(f"aiops: {remark}", err=True)
    return written, _summary(played, written)


def _joined(printed: Mapping[str, bytes]) -> str:
    """Return the incidents of the one recording, or those of several by name."""
    if "" in printed:
        return printed[""].decode().rstrip("\n")
    fragments = {name: orjson.Fragment(text) for name, text in printed.items()}
    return orjson.dumps(fragments).decode()


def find_recordings(paths: Sequence[Path]) -> dict[str, Path]:
    """Return the recordings at and below some paths, by the sub-folder their results go to.

    A recording that was named alone has the empty name.

    Raises:
        InputError: a path is none and holds none.
    """
    found: list[Path] = []
    for path in paths:
        below = [path] if is_recording(path) else sorted(_recordings_in(path))
        if not below:
            raise InputError(
                f"{path} is no recording and holds none; expected {' or '.join(METRICS)} in it"
            )
        found += below
    if len(paths) == 1 and found[0] == paths[0]:
        return {"": found[0]}
    resolved = [folder.resolve() for folder in found]
    above = Path(os.path.commonpath([folder.parent for folder in resolved]))
    return {folder.relative_to(above).as_posix(): folder for folder in resolved}


def _recordings_in(path: Path) -> set[Path]:
    return {file.parent for name in METRICS for file in path.rglob(name)}


def play(folder: Path, report: Report) -> Played:
    """Read a recording and replay every environment of it.

    Raises:
        AiopsError: it cannot be read.
    """
    recording = read(folder, changes, exports=EXPORTS)
    knowledge = recording.knowledge(runbooks(recording.settings))
    incidents: list[Incident] = []
    number = backtest.FIRST_NUMBER
    total = len(recording.environments)
    told = 0.0
    for place, recorded in enumerate(recording.environments):
        times = recorded.history.times

        def done(at: datetime, place: int = place, times: np.ndarray = times) -> None:
            nonlocal told
            worked = np.searchsorted(times, at.timestamp(), side="right") / len(times)
            now = (place + float(worked)) / total
            report(now - told)
            told = now

        replay = recording.replay(recorded)
        with _ahead(replay, knowledge, len(times)) as ahead:
            result = backtest.run(
                replay, knowledge, first_number=number, progress=done, ahead=ahead
            )
        number = result.next_number
        incidents += [one for one in result.incidents if one.merged_into is None]
    ordered = sorted(incidents, key=lambda one: (one.detected_at, one.id, one.episode))
    return Played(recording=recording, knowledge=knowledge, incidents=tuple(ordered))


def _ahead(
    replay: Replay, knowledge: Knowledge, ticks: int
) -> AbstractContextManager[Ahead | None]:
    """Return who detects beside, where there is a core for it and enough to do."""
    if ticks < WORTH_TICKS or len(os.sched_getaffinity(0)) == 1:
        return nullcontext()
    return ahead_of(replay, knowledge)


def write(played: Played, folder: Path) -> Path:
    """Write incidents.json and index.html; return the first.

    Raises:
        OSError: a file cannot be written.
    """
    written = write_incidents(folder, played.incidents)
    text = page(played.recording, played.incidents, played.knowledge)
    (folder / "index.html").write_text(text, encoding="utf-8")
    return written


def _summary(played: Played, written: Path) -> str:
    told = counts(played.incidents)
    lines = [
        f"{played.recording.name}: incidents: {len(played.incidents)} "
        f"(pages: {told['page']}, tickets: {told['ticket']}, only recorded: {told['none']})"
    ]
    for one in played.incidents:
        cause = f" <- {one.causes[0].service}" if one.causes else ""
        at = one.started_at.strftime("%Y-%m-%d %H:%M UTC")
        lines.append(f"  {one.severity.value} {one.decision.value:6} {at}  {one.title}{cause}")
    lines.append(f"  {written} and {written.with_name('index.html').name}")
    return "\n".join(lines)
