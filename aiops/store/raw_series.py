"""The raw series of sources that push, each with a number of its own for good."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Engine, delete, func, select, update

from aiops.domain.pushed import RawSeries
from aiops.domain.symptoms import Origin
from aiops.store.codec import decode, encode
from aiops.store.engine import reading, writing
from aiops.store.pushed_tables import PUSHED_SOURCES, RAW_SERIES
from aiops.store.upsert import insert_missing

_AT_ONCE = 500


class RawSeriesStore:
    """Keeps raw series, and when each was seen last."""

    def __init__(self, engine: Engine, *, origin: Origin = Origin.LIVE) -> None:
        self._engine = engine
        self._origin = origin

    def keep(self, source: str, series: Sequence[RawSeries], at: datetime) -> dict[str, int]:
        """Return the numbers of raw series by fingerprint; those that have none get one.

        Args:
            source: whose.
            series: which; all of them were seen.
            at: when, aware UTC.
        """
        seen = milliseconds(at)
        with writing(self._engine) as connection:
            held = self.held(connection, source)
            names = [one.fingerprint for one in series]
            numbers = _numbers(connection, source, names)
            _note_seen(connection, source, list(numbers.values()), seen)
            rows, number = [], int(held.next_number)
            for one in series:
                name = one.fingerprint
                if name not in numbers:
                    rows.append(
                        {
                            "source": source,
                            "number": number,
                            "fingerprint": name,
                            "metric": one.key.metric,
                            "doc": encode(RawSeries, one),
                            "seen": seen,
                            "origin": self._origin,
                        }
                    )
                    numbers[name] = number
                    number += one.width
            if rows:
                connection.execute(RAW_SERIES.insert(), rows)
                mine = PUSHED_SOURCES.c.source == source
                connection.execute(update(PUSHED_SOURCES).where(mine).values(next_number=number))
        return numbers

    def series(
        self, source: str, begin: int = 0, seen_from: datetime | None = None
    ) -> dict[int, RawSeries]:
        """Return raw series of a source by number, in order.

        Args:
            source: whose.
            begin: the lowest number.
            seen_from: only those that were seen then or later.
        """
        table = RAW_SERIES.c
        query = select(table.number, table.doc).where(table.source == source, table.number >= begin)
        if seen_from is not None:
            query = query.where(table.seen >= milliseconds(seen_from))
        with reading(self._engine) as connection:
            rows = connection.execute(query.order_by(table.number)).all()
        return {number: decode(RawSeries, doc) for number, doc in rows}

    def count_series(self, source: str) -> int:
        """Return how many raw series a source has."""
        query = select(func.count()).where(RAW_SERIES.c.source == source)
        with reading(self._engine) as connection:
            return connection.scalar(query) or 0

    def prune_series(self, before: datetime, now: datetime) -> int:
        """Forget raw series that were seen last before then; return how many.

        A number is not given again. Where it is not known when one was seen, it counts as seen now.
        """
        table = RAW_SERIES.c
        with writing(self._engine) as connection:
            connection.execute(
                update(RAW_SERIES).where(table.seen == 0).values(seen=milliseconds(now))
            )
        return sum(self._prune(one, milliseconds(before)) for one in self._sources())

    def held(self, connection: Connection, source: str) -> Any:
        """Return a source's row, kept from other writers until the commit."""
        row = {
            "source": source,
            "next_number": 0,
            "position": 0,
            "closed": None,
            "origin": self._origin,
        }
        insert_missing(connection, PUSHED_SOURCES, [row])
        query = select(PUSHED_SOURCES).where(PUSHED_SOURCES.c.source == source)
        return connection.execute(query.with_for_update()).one()

    def _prune(self, source: str, before: int) -> int:
        table = RAW_SERIES.c
        old = (table.source == source, table.seen < before)
        some = table.number.in_(select(table.number).where(*old).limit(_AT_ONCE).scalar_subquery())
        deleted = 0
        while True:
            with writing(self._engine) as connection:
                self.held(connection, source)  # nobody is given the number of one meanwhile
                count = connection.execute(delete(RAW_SERIES).where(*old, some)).rowcount
            deleted += count
            if count < _AT_ONCE:
                return deleted

    def _sources(self) -> Sequence[str]:
        with reading(self._engine) as connection:
            query = select(PUSHED_SOURCES.c.source).order_by(PUSHED_SOURCES.c.source)
            return connection.scalars(query).all()


def _numbers(connection: Connection, source: str, names: Sequence[str]) -> dict[str, int]:
    table = RAW_SERIES.c
    found: dict[str, int] = {}
    for begin in range(0, len(names), _AT_ONCE):
        some = table.fingerprint.in_(names[begin : begin + _AT_ONCE])
        query = select(table.fingerprint, table.number).where(table.source == source, some)
        found.update(connection.execute(query).all())
    return found


def _note_seen(connection: Connection, source: str, numbers: Sequence[int], seen: int) -> None:
    table = RAW_SERIES.c
    for begin in range(0, len(numbers), _AT_ONCE):
        some = table.number.in_(numbers[begin : begin + _AT_ONCE])
        mine = (table.source == source, some, table.seen < seen)
        connection.execute(update(RAW_SERIES).where(*mine).values(seen=seen))


def milliseconds(at: datetime) -> int:
    """Return a moment as the tables keep it."""
    return round(at.timestamp() * 1000)
