"""`aiops record`: metrics of the configured sources and stored changes -> a recording."""

import os
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

import numpy as np
import typer

from aiops import settings as configuration
from aiops.domain.changes import Change
from aiops.domain.clues import NO_TELEMETRY, TelemetryBatch
from aiops.domain.errors import AiopsError, InputError, StoreError
from aiops.domain.series import Series
from aiops.domain.ticks import History, Shard
from aiops.domain.time import utc
from aiops.ports import Source
from aiops.recording.moments import moment
from aiops.recording.values import Recorded
from aiops.recording.write import write_recording
from aiops.settings import Settings
from aiops.settings.document import read as read_document
from aiops.store.changes import ChangeStore
from aiops.store.clues import ClueStore
from aiops.store.engine import open_engine
from topology.parse import parse_topologies
from topology.write import to_yaml
from workers.plugins import sources

WRONG_INPUT = 2
PULL_TICKS: Final = 1_440
"""Ticks asked of a source at a time."""

_ELSEWHERE: Final = ("topology", "runbooks", "sinks", "page_to", "ticket_to", "web", "retention")
"""Settings that speak of the live system's files, sinks and ports: a recording has none."""


def run_record(since: str, until: str, out: Path, config: Path | None) -> int:
    """Write a recording of a stretch of time; return the exit code."""
    try:
        start, end = _interval(since, until)
        settings = configuration.load(config, os.environ)
        with _opened(settings) as origins:
            recorded = take(settings, origins, start, end)
        changes = _changes(settings, recorded, start, end)
        telemetry = _telemetry(settings, recorded, start, end)
        write_recording(
            out,
            recorded,
            changes=changes,
            telemetry=telemetry,
            topology=_topology(settings),
            settings=portable(settings),
        )
    except (AiopsError, OSError) as error:
        typer.echo(f"aiops: {error}", err=True)
        return WRONG_INPUT
    series = sum(len(one.shard.series) for one in recorded)
    lines = sum(one.count for one in telemetry.lines)
    typer.echo(
        f"{out}: {series} series, {len(changes)} changes, {lines:,} log lines,"
        f" {len(telemetry.traces):,} traces, {start} to {end}"
    )
    return 0


def _topology(settings: Settings) -> str:
    """Return the topology as one text: the file as it is, several files as one of our own."""
    if settings.topology_path is None:
        return ""
    texts = settings.topology_texts()
    return texts[0][0] if len(texts) == 1 else to_yaml(parse_topologies(texts).graph)


@contextmanager
def _opened(settings: Settings) -> Iterator[tuple[Source, ...]]:
    """Give the configured sources and close afterwards those that can be closed."""
    origins = tuple(sources(settings).values())
    with ExitStack() as stack:
        for source in origins:
            close = getattr(source, "close", None)
            if callable(close):
                stack.callback(close)
        yield origins


def _interval(since: str, until: str) -> tuple[datetime, datetime]:
    try:
        start, end = moment(since), moment(until)
    except ValueError as error:
        raise InputError(f"--from and --to: {error}") from error
    if end <= start:
        raise InputError(f"--to: {end} is not after --from, {start}")
    return start, end


def take(
    settings: Settings, origins: Iterable[Source], start: datetime, end: datetime
) -> tuple[Recorded, ...]:
    """Pull a stretch of time from every source, at its own step.

    Args:
        settings: for the messages.
        origins: the sources.
        start: first moment, aware UTC.
        end: last moment, included.

    Returns:
        What each source has of each environment.

    Raises:
        InputError: no source is configured, or none has a value in that time.
        SourceError: a source did not answer.
    """
    if not settings.sources:
        raise InputError("no source is configured; expected one under `sources:` in aiops.yaml")
    recorded = tuple(part for source in origins for part in _pull(source, start, end))
    if not any(np.isfinite(part.history.values).any() for part in recorded):
        raise InputError(f"no source has a value between {start} and {end}; choose another time")
    return recorded


def _pull(source: Source, start: datetime, end: datetime) -> Iterator[Recorded]:
    step = source.step_seconds
    first = -(-int(start.timestamp()) // step) * step
    times = np.arange(first, int(end.timestamp()) + 1, step, dtype=np.int64)
    found: dict[Series, np.ndarray] = {}
    for begin in range(0, len(times), PULL_TICKS):
        asked = times[begin : begin + PULL_TICKS]
        for sample in source.pull(utc(int(asked[0])), utc(int(asked[-1])), step):
            if sample.series not in found:
                found[sample.series] = np.full(len(times), np.nan, dtype=np.float32)
            found[sample.series][begin : begin + len(asked)] = sample.values
    by_env: dict[str, list[Series]] = defaultdict(list)
    for series in sorted(found, key=lambda one: one.key.fingerprint):
        by_env[series.key.env].append(series)
    for env, members in sorted(by_env.items()):
        yield Recorded(
            shard=Shard(
                id=f"{source.name}.{env}.0", env=env, step_seconds=step, series=tuple(members)
            ),
            history=History(times=times, values=np.stack([found[one] for one in members], axis=1)),
        )


def _changes(
    settings: Settings, recorded: Iterable[Recorded], start: datetime, end: datetime
) -> tuple[Change, ...]:
    """Return the stored changes of that time, and those before it that may still explain it."""
    age = timedelta(seconds=settings.policies.correlate.change_max_age_seconds)
    envs = sorted({one.shard.env for one in recorded} | {settings.default_env})
    store = ChangeStore(open_engine(settings.database_url, durable=True))
    try:
        found = [change for env in envs for change in store.known(env, start - age, end)]
    except StoreError as error:
        typer.echo(f"aiops: without stored changes: {error}", err=True)
        return ()
    return tuple(sorted(found, key=lambda change: (change.started_at, change.id)))


def _telemetry(
    settings: Settings, recorded: Iterable[Recorded], start: datetime, end: datetime
) -> TelemetryBatch:
    """Return what is kept of the logs and traces of that time; only their last day is."""
    envs = sorted({one.shard.env for one in recorded} | {settings.default_env})
    store = ClueStore(open_engine(settings.database_url, durable=True))
    try:
        found = [store.recorded(env, start, end) for env in envs]
    except StoreError as error:
        typer.echo(f"aiops: without logs and traces: {error}", err=True)
        return NO_TELEMETRY
    left_out = sum(count for _, count in found)
    if left_out:
        typer.echo(f"aiops: {left_out:,} further log lines and traces are left out", err=True)
    return TelemetryBatch(
        lines=tuple(line for batch, _ in found for line in batch.lines),
        traces=tuple(trace for batch, _ in found for trace in batch.traces),
    )


def portable(settings: Settings) -> Mapping[str, Any]:
    """Return what `aiops.yaml` says of the system itself; secrets never stand in it."""
    path = settings.config_path
    if path is None:
        return {}
    document, _ = read_document(path.read_text(encoding="utf-8"), path.name)
    values = {key: value for key, value in document.values.items() if key not in _ELSEWHERE}
    return {key: value for key, value in values.items() if value is not None}
