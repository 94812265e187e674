"""What an environment measured around a moment, read from its stored ticks."""

from collections.abc import Callable, Collection
from datetime import datetime
from functools import partial

import numpy as np
from sqlalchemy import Connection, Engine, func, select

from aiops.domain.samples import MOST_TICKS_SINCE, TICKS_BEFORE, Excerpt
from aiops.domain.series import Series
from aiops.domain.ticks import Packed, Times
from aiops.store.codec import decode
from aiops.store.engine import reading
from aiops.store.history_tables import SERIES, SHARDS, TICKS
from aiops.store.late import late_values
from aiops.store.vectors import unpack_tick

_Slots = dict[int, Series]
_TicksOf = Callable[[Connection, str, int], list[int]]
"""Which ticks of a shard with its step are wanted."""


class StoredSamples:
    """The `Samples` of one environment.

    Args:
        engine: of the history.
        env: which environment.
    """

    def __init__(self, engine: Engine, env: str) -> None:
        self._engine = engine
        self._env = env

    def around(
        self, services: Collection[str], since: datetime, until: datetime
    ) -> tuple[Excerpt, ...]:
        """Return what services measured around a moment, an excerpt for each of their shards."""
        first, last = int(np.ceil(since.timestamp())), int(until.timestamp())
        return self._read(services, partial(_ticks, first=first, last=last))

    def hourly(
        self, services: Collection[str], since: datetime, until: datetime
    ) -> tuple[Excerpt, ...]:
        """Return the first tick of every hour, an excerpt for each of their shards."""
        first, last = int(np.ceil(since.timestamp())), int(until.timestamp())
        return self._read(services, partial(_hours, first=first, last=last))

    def between(
        self, services: Collection[str], since: datetime, until: datetime
    ) -> tuple[Excerpt, ...]:
        """Return all ticks between the two, inclusive, an excerpt for each of their shards."""
        first, last = int(np.ceil(since.timestamp())), int(until.timestamp())
        return self._read(services, partial(_all, first=first, last=last))

    def services(self) -> tuple[str, ...]:
        """Return the services that were ever measured, sorted."""
        return tuple(self.series_counts())

    def series_counts(self) -> dict[str, int]:
        """Return how many series every service has that was ever measured, by its name."""
        query = (
            select(SERIES.c.service, func.count())
            .join(SHARDS, SHARDS.c.id == SERIES.c.shard_id)
            .where(SHARDS.c.env == self._env)
            .group_by(SERIES.c.service)
        )
        with reading(self._engine) as connection:
            return dict(sorted(connection.execute(query).all()))

    def _read(self, services: Collection[str], ticks_of: _TicksOf) -> tuple[Excerpt, ...]:
        names = set(services)
        if not names:
            return ()
        with reading(self._engine) as connection:
            found = []
            for (shard_id, step), slots in _series(connection, self._env, names).items():
                ticks = ticks_of(connection, shard_id, step)
                found.append(_excerpt(connection, shard_id, step, slots, ticks))
        return tuple(one for one in found if len(one.times))


def _series(
    connection: Connection, env: str, names: Collection[str]
) -> dict[tuple[str, int], _Slots]:
    """Return the series of services by shard and step."""
    query = (
        select(SERIES.c.shard_id, SHARDS.c.step_seconds, SERIES.c.slot, SERIES.c.doc)
        .join(SHARDS, SHARDS.c.id == SERIES.c.shard_id)
        .where(SHARDS.c.env == env, SERIES.c.service.in_(sorted(names)))
        .order_by(SERIES.c.shard_id, SERIES.c.slot)
    )
    found: dict[tuple[str, int], dict[int, Series]] = {}
    for shard_id, step, slot, doc in connection.execute(query):
        found.setdefault((shard_id, step), {})[slot] = decode(Series, doc)
    return found


def _ticks(connection: Connection, shard_id: str, _step: int, first: int, last: int) -> list[int]:
    """Return the ticks of a shard that are asked for, in order."""
    of_shard = select(TICKS.c.at).where(TICKS.c.shard_id == shard_id)
    before = of_shard.where(TICKS.c.at < first).order_by(TICKS.c.at.desc()).limit(TICKS_BEFORE)
    since = of_shard.where(TICKS.c.at.between(first, last)).order_by(TICKS.c.at)
    past = connection.scalars(before).all()
    return [*reversed(past), *connection.scalars(since.limit(MOST_TICKS_SINCE))]


def _all(connection: Connection, shard_id: str, _step: int, first: int, last: int) -> list[int]:
    """Return every tick of a shard between two, in order."""
    query = select(TICKS.c.at).where(TICKS.c.shard_id == shard_id, TICKS.c.at.between(first, last))
    return list(connection.scalars(query.order_by(TICKS.c.at)))


def _hours(connection: Connection, shard_id: str, step: int, first: int, last: int) -> list[int]:
    """Return the first tick of every hour of a shard, in order."""
    inside = (TICKS.c.shard_id == shard_id, TICKS.c.at.between(first, last))
    query = select(TICKS.c.at).where(*inside, TICKS.c.at % 3600 < step)
    return list(connection.scalars(query.order_by(TICKS.c.at)))


def _excerpt(
    connection: Connection, shard_id: str, step: int, slots: _Slots, ticks: list[int]
) -> Excerpt:
    """Read some slots of some ticks, a tick at a time: the other series are many more."""
    times: Times = np.array(ticks, dtype=np.int64)
    wanted = np.array(sorted(slots), dtype=np.int64)
    values = np.full((len(times), len(wanted)), np.nan, dtype=np.float32)
    if ticks:
        mine = (TICKS.c.shard_id == shard_id, TICKS.c.at.in_(ticks))
        query = select(TICKS.c.blob).where(*mine).order_by(TICKS.c.at)
        rows = connection.execution_options(yield_per=200).execute(query)
        for row, (blob,) in zip(values, rows, strict=True):
            _take(row, wanted, unpack_tick(blob))
        row_of = dict(zip(ticks, values, strict=True))
        for at, late in late_values(connection, shard_id, ticks[0], ticks[-1]):
            if at in row_of:
                _take(row_of[at], wanted, late)
    return Excerpt(
        series=tuple(slots[slot] for slot in wanted.tolist()),
        step_seconds=step,
        times=times,
        values=values,
    )


def _take(row: Packed, wanted: Times, tick: Packed) -> None:
    """Write the finite values of some slots of a tick into a row; a tick may be shorter."""
    columns = np.flatnonzero(wanted < tick.size)
    columns = columns[np.isfinite(tick[wanted[columns]])]
    row[columns] = tick[wanted[columns]]
