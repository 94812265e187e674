"""Minutes of feeds, as rows: what came, and when our own door was open."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, Engine, delete, func, or_, select

from aiops.domain.feeds import Feed
from aiops.domain.symptoms import Origin
from aiops.domain.time import utc
from aiops.store.engine import reading, writing
from aiops.store.history_tables import FEED_MINUTES
from aiops.store.upsert import insert

_TABLE = FEED_MINUTES.c


class FeedStore:
    """Counts what comes by the minute; statistics, so a count lost with a process is no harm."""

    def __init__(self, engine: Engine, *, origin: Origin = Origin.LIVE) -> None:
        self._engine = engine
        self._origin = origin

    def add(self, counts: Mapping[tuple[Feed, int], int]) -> None:
        """Add records to feeds' epoch minutes.

        Raises:
            StoreError: nothing was added.
        """
        rows = [
            {
                "source": feed.source,
                "env": feed.env,
                "minute": minute,
                "count": count,
                "origin": self._origin,
            }
            for (feed, minute), count in sorted(counts.items())
        ]
        if not rows:
            return
        with writing(self._engine) as connection:
            statement = insert(connection, FEED_MINUTES)
            keys = [column.name for column in FEED_MINUTES.primary_key]
            more = {"count": _TABLE.count + statement.excluded["count"]}
            connection.execute(
                statement.on_conflict_do_update(index_elements=keys, set_=more), rows
            )

    def spans(self) -> dict[Feed, tuple[datetime, datetime]]:
        """Return the first and last minute kept of every feed, the door too, by feed."""
        query = (
            select(_TABLE.source, _TABLE.env, func.min(_TABLE.minute), func.max(_TABLE.minute))
            .group_by(_TABLE.source, _TABLE.env)
            .order_by(_TABLE.source, _TABLE.env)
        )
        with reading(self._engine) as connection:
            return {
                Feed(source=source, env=env): (utc(first * 60), utc(last * 60))
                for source, env, first, last in connection.execute(query)
            }

    def minutes(self, feed: Feed, stretches: Sequence[tuple[int, int]]) -> dict[int, int]:
        """Return the counts of a feed in some stretches of epoch minutes, inclusive, by minute."""
        query = (
            select(_TABLE.minute, _TABLE.count)
            .where(*_of(feed), or_(*(_TABLE.minute.between(*one) for one in stretches)))
            .order_by(_TABLE.minute)
        )
        with reading(self._engine) as connection:
            return dict(connection.execute(query).all())

    def prune(self, before: datetime) -> int:
        """Delete minutes before then; return how many rows."""
        old = delete(FEED_MINUTES).where(_TABLE.minute < int(before.timestamp()) // 60)
        with writing(self._engine) as connection:
            return connection.execute(old).rowcount


def _of(feed: Feed) -> tuple[ColumnElement[bool], ...]:
    return _TABLE.source == feed.source, _TABLE.env == feed.env
