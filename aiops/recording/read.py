"""A folder of signals -> a recording (DESIGN §8)."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType

import numpy as np

from aiops.domain.changes import Change
from aiops.domain.clues import TelemetryBatch
from aiops.domain.ticks import History, Shard
from aiops.recording.case import read_case
from aiops.recording.events import EventReader, read_changes
from aiops.recording.grid import Grid, before, grid_of, history_of
from aiops.recording.naming import Naming
from aiops.recording.parts import graph_in, metrics_in, settings_in
from aiops.recording.remarks import remarks_on
from aiops.recording.rows import Rows, read_rows
from aiops.recording.telemetry import Exports, read_telemetry
from aiops.recording.values import Case, Recorded, Recording

NO_EXPORTS: Exports = MappingProxyType({})


def read(
    folder: Path,
    events: EventReader,
    environ: Mapping[str, str] | None = None,
    exports: Exports = NO_EXPORTS,
) -> Recording:
    """Read a recording.

    Args:
        folder: with `metrics.csv` or `metrics.parquet`, and what else DESIGN §8 names.
        events: understands change events.
        environ: the environment its settings see; none by default, so that the same folder is the
            same recording anywhere.
        exports: understands files of exported logs and traces, by their names.

    Returns:
        The recording; what could not be used of its events and topology is in `problems`.

    Raises:
        InputError: metrics, topology or `case.json` cannot be read or have a malformed row.
        ConfigurationError: its `aiops.yaml` is wrong.
    """
    metrics = metrics_in(folder)
    settings = settings_in(folder, environ or {})
    case = read_case(folder)
    rows = read_rows(metrics, settings.default_env)
    naming = Naming.of(settings, rows.columns)
    graph, problems = graph_in(folder, settings)
    grid = grid_of(rows, case.step_seconds)
    history = history_of(rows, range(len(rows.columns)), len(rows.columns), grid)
    telemetry, unused = read_telemetry(folder, exports, settings.default_env)
    changes, unread = read_changes(folder / "events.jsonl", events, settings.default_env)
    return Recording(
        name=folder.resolve().name,
        environments=_environments(rows, naming, case, history, grid, settings.default_env),
        changes=_placed(changes, rows, settings.default_env),
        telemetry=_heard(telemetry, rows, settings.default_env),
        graph=graph,
        kpis=naming.kpis,
        settings=settings,
        case=case,
        unnamed_env=_unnamed(rows, settings.default_env),
        problems=(*problems, *unread, *unused),
        remarks=remarks_on(rows, grid, history),
    )


def _environments(  # noqa: PLR0917  # the order of the data flow
    rows: Rows, naming: Naming, case: Case, history: History, grid: Grid, default_env: str
) -> tuple[Recorded, ...]:
    baseline = _baseline(rows, case, grid.step_seconds, history, default_env)
    envs = sorted({column.key.env for column in rows.columns})
    series = [naming.series(column) for column in rows.columns]
    recorded = []
    for env in envs:
        slots = [slot for slot, one in enumerate(series) if one.key.env == env]
        shard = Shard(
            id=f"recording.{env}.0",
            env=env,
            step_seconds=grid.step_seconds,
            series=tuple(series[slot] for slot in slots),
        )
        normal = None if baseline is None else _picked(baseline, slots)
        recorded.append(Recorded(shard=shard, history=_picked(history, slots), baseline=normal))
    return tuple(recorded)


def _picked(history: History, slots: list[int]) -> History:
    values = np.ascontiguousarray(history.values[:, slots])
    return History(times=history.times, values=values)


def _baseline(
    rows: Rows, case: Case, step_seconds: int, history: History, default_env: str
) -> History | None:
    """Return the fault-free time in the slots of the case; series it lacks have no values."""
    if case.baseline is None:
        return None
    normal = read_rows(case.baseline, default_env)
    slot_of = {column.key: slot for slot, column in enumerate(rows.columns)}
    slots = [slot_of.get(column.key, -1) for column in normal.columns]
    grid = grid_of(normal, step_seconds)
    return before(history_of(normal, slots, len(rows.columns), grid), int(history.times[0]))


def _heard(telemetry: TelemetryBatch, rows: Rows, default_env: str) -> TelemetryBatch:
    """Return logs and traces, those of no named environment in the only one there is."""
    envs = {column.key.env for column in rows.columns}
    if len(envs) != 1 or default_env in envs:
        return telemetry
    (env,) = envs
    return TelemetryBatch(
        lines=tuple(
            replace(one, env=env) if one.env == default_env else one for one in telemetry.lines
        ),
        traces=tuple(
            replace(one, env=env) if one.env == default_env else one for one in telemetry.traces
        ),
    )


def _placed(changes: tuple[Change, ...], rows: Rows, default_env: str) -> tuple[Change, ...]:
    """Return the changes, those of no named environment in the only one there is."""
    envs = {column.key.env for column in rows.columns}
    if len(envs) != 1 or default_env in envs:
        return changes
    (env,) = envs
    return tuple(
        replace(change, env=env) if change.env == default_env else change for change in changes
    )


def _unnamed(rows: Rows, default_env: str) -> str | None:
    everything_named = all(column.named_env for column in rows.columns)
    return None if everything_named else default_env
