"""A recorded case -> what its diagnosis compares: samples of normal time and of the trouble."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import numpy as np
import numpy.typing as npt

from aiops.correlate.comparison import Comparison
from aiops.domain.errors import InputError
from aiops.domain.series import SeriesKey
from aiops.recording.case import read_case
from aiops.recording.grid import median_step
from aiops.recording.parts import graph_in, metrics_in, settings_in
from aiops.recording.rows import Rows, read_rows
from aiops.recording.values import Case
from topology.graph import ServiceGraph


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Diagnosable:
    """A case as its diagnosis takes it.

    Args:
        comparison: its samples.
        graph: its topology.
        problems: what of the topology could not be used, one line each.
    """

    comparison: Comparison
    graph: ServiceGraph
    problems: tuple[str, ...] = ()


def read_comparison(
    folder: Path, late_seconds: int | None = None, at: datetime | None = None
) -> Diagnosable:
    """Read a recording as a case to diagnose.

    Args:
        folder: with metrics, and what else DESIGN §8 names.
        late_seconds: None: as the file says. Else the trouble was noticed so much later than
            `detected_at`, and everything before then counts as normal, whatever `phase` says.
        at: when the trouble was noticed, aware UTC, whatever the files say; None: as they say.

    Raises:
        InputError: a file cannot be read, or nothing says what was normal.
        ConfigurationError: its `aiops.yaml` is wrong.
    """
    path = metrics_in(folder)
    settings = settings_in(folder, {})
    case = read_case(folder)
    rows = read_rows(path, settings.default_env, phase=late_seconds is None and at is None)
    since = _since(at or case.detected_at, rows, path, late_seconds)
    abnormal = rows.times >= since if rows.abnormal is None else rows.abnormal
    parts = [(rows, abnormal)]
    if case.baseline is not None:
        normal = read_rows(case.baseline, settings.default_env)
        parts.append((normal, np.zeros(len(normal.times), dtype=np.bool_)))
    graph, problems = graph_in(folder, settings)
    comparison = _joined(parts, since, case.step_seconds or median_step(rows), case)
    if not comparison.abnormal.any() or comparison.abnormal.all():
        lacking = "normal time" if comparison.abnormal.any() else "sample of the trouble"
        raise InputError(f"{path}: there is no {lacking}; expected samples before and after it")
    return Diagnosable(comparison=comparison, graph=graph, problems=problems)


def _since(noticed_at: datetime | None, rows: Rows, path: Path, late_seconds: int | None) -> int:
    """Return when the trouble was noticed, in epoch seconds."""
    if noticed_at is not None:
        return int(np.ceil(noticed_at.timestamp())) + (late_seconds or 0)
    if rows.abnormal is None or late_seconds is not None:
        raise InputError(
            f"{path}: nothing says when the trouble was noticed; expected detected_at in "
            f"{path.with_name('case.json').name}, a column phase (normal/abnormal), or --at TIME"
        )
    return int(rows.times[rows.abnormal].min(initial=int(rows.times.max())))


def _joined(
    parts: list[tuple[Rows, npt.NDArray[np.bool_]]], since: int, step_seconds: int, case: Case
) -> Comparison:
    """Return the samples of several files as one case, by series and time."""
    units: dict[SeriesKey, str] = {}
    for rows, _ in parts:
        for column in rows.columns:
            units[column.key] = units.get(column.key) or column.unit
    keys = sorted(units, key=lambda key: key.fingerprint)
    place_of = {key: place for place, key in enumerate(keys)}
    places = [
        np.array([place_of[column.key] for column in rows.columns], dtype=np.int32)[rows.series]
        for rows, _ in parts
    ]
    series = np.concatenate(places)
    times = np.concatenate([rows.times for rows, _ in parts])
    values = np.concatenate([rows.values for rows, _ in parts]).astype(np.float64)
    abnormal = np.concatenate([flags for _, flags in parts])
    order = np.lexsort((times, series))
    order = order[np.isfinite(values[order])]
    return Comparison(
        keys=tuple(keys),
        units=tuple(units[key] for key in keys),
        series=series[order],
        times=times[order],
        values=values[order],
        abnormal=abnormal[order],
        since=since,
        step_seconds=step_seconds,
        alert=None if case.alert is None else (case.alert.service, case.alert.metric),
    )
