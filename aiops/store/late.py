"""Values that come after their tick has closed: beside the closed ticks, which never change.

The closed ticks and these rows are the log of a shard: detection judges a late row when it has
come to the tick that was the newest one when the row was written, so that working the same log
again gives the same symptoms. Fits read both as one.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any, NamedTuple

import numpy as np
from sqlalchemy import Connection, Engine, bindparam, func, select

from aiops.domain.symptoms import Origin
from aiops.domain.ticks import History, Packed, Tick
from aiops.domain.time import utc
from aiops.store.engine import reading, writing
from aiops.store.history_tables import LATE_TICKS, SHARDS, TICKS
from aiops.store.vectors import EMPTY_BYTES, pack_tick, unpack_tick


class LateTick(NamedTuple):
    """Late values of one tick; NaN where nothing came late.

    `number` counts up by shard; `taken_at` is the shard's newest closed tick when they came.
    """

    number: int
    taken_at: datetime
    tick: Tick


LATE_AFTER = (
    select(LATE_TICKS.c.number, LATE_TICKS.c.taken_at, LATE_TICKS.c.at, LATE_TICKS.c.blob)
    .where(LATE_TICKS.c.shard_id == bindparam("shard"), LATE_TICKS.c.number > bindparam("number"))
    .order_by(LATE_TICKS.c.number)
)
"""Gives rows of `late_tick`; built once, since every task asks."""


def late_tick(row: Sequence[Any]) -> LateTick:
    """Return the late values of a row of `LATE_AFTER`."""
    number, taken_at, at, blob = row
    return LateTick(number, utc(taken_at), Tick(at=utc(at), values=unpack_tick(blob)))


class LateTicks:
    """Keeps late values; the first value of a series and tick stands, wherever it came from."""

    def __init__(self, engine: Engine, *, origin: Origin = Origin.LIVE) -> None:
        self._engine = engine
        self._origin = origin

    def silent_since(self, source: str) -> datetime | None:
        """Return the first of the newest ticks that were closed without an answer, None if none.

        A tick of no values at all is one that nobody answered for; an answer without values is
        as wide as its shard.
        """
        answered = (
            select(TICKS.c.at)
            .where(TICKS.c.shard_id == SHARDS.c.id, func.length(TICKS.c.blob) > EMPTY_BYTES)
            .order_by(TICKS.c.at.desc())
            .limit(1)
            .scalar_subquery()
        )
        of_source = select(answered).where(SHARDS.c.source == source)
        with reading(self._engine) as connection:
            last = max((at for at in connection.scalars(of_source) if at is not None), default=None)
            if last is None:
                return None
            after = (
                select(func.min(TICKS.c.at))
                .join(SHARDS, SHARDS.c.id == TICKS.c.shard_id)
                .where(SHARDS.c.source == source, TICKS.c.at > last)
            )
            first: int | None = connection.scalar(after)
        return None if first is None else utc(first)

    def append(self, shard_id: str, ticks: Sequence[Tick]) -> int:
        """Store what these ticks add to closed ones; return how many of them add anything.

        Ticks that are not closed are none of ours: their values are stored when they close.
        """
        by_time = {_seconds(tick.at): tick.values for tick in ticks}
        with writing(self._engine) as connection:
            held = select(SHARDS.c.id).where(SHARDS.c.id == shard_id).with_for_update()
            connection.execute(held)
            known = _known(connection, shard_id, min(by_time), max(by_time)) if by_time else {}
            news = {
                at: added
                for at, values in sorted(by_time.items())
                if at in known and np.isfinite(added := _added(known[at], values)).any()
            }
            if news:
                self._insert(connection, shard_id, news)
        return len(news)

    def after(self, shard_id: str, number: int) -> tuple[LateTick, ...]:
        """Return the rows with a higher number, in order."""
        with reading(self._engine) as connection:
            rows = connection.execute(LATE_AFTER, {"shard": shard_id, "number": number}).all()
        return tuple(late_tick(row) for row in rows)

    def _insert(self, connection: Connection, shard_id: str, news: dict[int, Packed]) -> None:
        table = LATE_TICKS
        of_shard = table.c.shard_id == shard_id
        last = connection.scalar(select(func.max(table.c.number)).where(of_shard)) or 0
        newest = select(func.max(TICKS.c.at)).where(TICKS.c.shard_id == shard_id)
        row = {
            "shard_id": shard_id,
            "taken_at": connection.scalar(newest),
            "origin": self._origin,
        }
        rows = [
            row | {"number": number, "at": at, "blob": pack_tick(values)}
            for number, (at, values) in enumerate(news.items(), start=last + 1)
        ]
        connection.execute(table.insert(), rows)


def overlay(connection: Connection, shard_id: str, history: History) -> None:
    """Put late values into the ticks they belong to, in place."""
    if not len(history.times):
        return
    first, last = int(history.times[0]), int(history.times[-1])
    for at, values in late_values(connection, shard_id, first, last):
        row = history.values[int(np.searchsorted(history.times, at))]
        came = np.flatnonzero(np.isfinite(values))
        row[came] = values[came]


def late_values(
    connection: Connection, shard_id: str, first: int, last: int
) -> Iterator[tuple[int, Packed]]:
    """Yield the ticks between the two, inclusive, with the values that came late for them."""
    table = LATE_TICKS.c
    inside = (table.shard_id == shard_id, table.at.between(first, last))
    for at, blob in connection.execute(select(table.at, table.blob).where(*inside)):
        yield at, unpack_tick(blob)


def _known(connection: Connection, shard_id: str, first: int, last: int) -> dict[int, Packed]:
    """Return what there is of closed ticks, late values included."""
    found: dict[int, Packed] = {}
    for table in (TICKS.c, LATE_TICKS.c):
        inside = (table.shard_id == shard_id, table.at.between(first, last))
        for at, blob in connection.execute(select(table.at, table.blob).where(*inside)):
            values = unpack_tick(blob)
            found[at] = _joined(found[at], values) if at in found else values
    return found


def _joined(one: Packed, other: Packed) -> Packed:
    """Return the finite values of either, as wide as the wider one.

    Examples:
        >>> _joined(np.array([1, np.nan], np.float32), np.array([7, 2, 3], np.float32)).tolist()
        [1.0, 2.0, 3.0]
    """
    joined = np.full(max(len(one), len(other)), np.nan, dtype=np.float32)
    joined[: len(other)] = other
    mine = np.flatnonzero(np.isfinite(one))
    joined[mine] = one[mine]
    return joined


def _added(known: Packed, values: Packed) -> Packed:
    """Return the values where nothing was known."""
    added = np.array(values, dtype=np.float32)
    width = min(len(known), len(added))
    added[:width][np.isfinite(known[:width])] = np.nan
    return added


def _seconds(at: datetime) -> int:
    return int(at.timestamp())
