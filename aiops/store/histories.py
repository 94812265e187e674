"""Past ticks of a shard: at once for an hour or a day of them, in parts for the weeks of a fit."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

import numpy as np
from sqlalchemy import ColumnElement, Connection, Engine, func, select

from aiops.domain.ticks import History, HistoryInParts, Times
from aiops.domain.time import utc
from aiops.store.engine import reading
from aiops.store.history_tables import SERIES, TICKS
from aiops.store.late import overlay
from aiops.store.vectors import unpack_tick

_PART_SECONDS = 6 * 3600


def read_history(engine: Engine, shard_id: str, since: datetime, until: datetime) -> History:
    """Return a shard's ticks between the two, inclusive, as wide as the shard is now."""
    inside = _inside(shard_id, since, until)
    query = select(TICKS.c.at, TICKS.c.blob).where(*inside).order_by(TICKS.c.at)
    with reading(engine) as connection:
        height = connection.scalar(select(func.count()).where(*inside)) or 0
        values = np.full((height, _width(connection, shard_id)), np.nan, dtype=np.float32)
        times = np.empty(height, dtype=np.int64)
        # Row by row into place: a day of 5,000 series is 30 MB, once is enough.
        rows = connection.execution_options(yield_per=200).execute(query)
        for number, (at, blob) in enumerate(rows):
            tick = unpack_tick(blob)
            times[number] = at
            values[number, : tick.size] = tick
        history = History(times=times, values=values)
        overlay(connection, shard_id, history)
    return history


def read_in_parts(
    engine: Engine, shard_id: str, since: datetime, until: datetime
) -> HistoryInParts:
    """Return the same ticks by quarters of days, each read when it is asked for."""
    query = select(TICKS.c.at).where(*_inside(shard_id, since, until)).order_by(TICKS.c.at)
    with reading(engine) as connection:
        times = np.fromiter(connection.scalars(query), dtype=np.int64)
        width = _width(connection, shard_id)
    return HistoryInParts(times=times, width=width, parts=_Parts(engine, shard_id, times))


@dataclass(frozen=True, slots=True)
class _Parts:
    """Quarters of days of a shard, read anew whenever they are gone through."""

    engine: Engine
    shard_id: str
    times: Times

    def __iter__(self) -> Iterator[History]:
        """Read one after another."""
        days = np.flatnonzero(np.diff(self.times // _PART_SECONDS)) + 1
        for part in np.split(self.times, days):
            if len(part):
                first, last = utc(int(part[0])), utc(int(part[-1]))
                yield read_history(self.engine, self.shard_id, first, last)


def _inside(
    shard_id: str, since: datetime, until: datetime
) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    first, last = int(since.timestamp()), int(until.timestamp())
    return TICKS.c.shard_id == shard_id, TICKS.c.at.between(first, last)


def _width(connection: Connection, shard_id: str) -> int:
    query = select(func.count()).select_from(SERIES).where(SERIES.c.shard_id == shard_id)
    return connection.scalar(query) or 0
