"""What sources push, kept until its ticks are closed: samples, and the series they are of."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import delete, func, select, update

from aiops.domain.pushed import Block
from aiops.domain.time import utc
from aiops.store.engine import reading, writing
from aiops.store.pushed_blobs import unpack_blocks
from aiops.store.pushed_tables import PASSED_METRICS, PUSHED_SAMPLES, PUSHED_SOURCES, RAW_SERIES
from aiops.store.raw_series import RawSeriesStore, milliseconds
from aiops.store.upsert import insert, insert_missing_at_once

_AT_ONCE = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class PushedBody:
    """The samples of one body, packed.

    Args:
        source: whose.
        received_at: aware UTC.
        newest: epoch milliseconds of its newest sample.
        blob: from `pack_blocks`.
    """

    source: str
    received_at: datetime
    newest: int
    blob: bytes

    @property
    def size(self) -> int:
        """Return how many bytes it holds."""
        return len(self.blob)


class PushedSamples(NamedTuple):
    """The samples of one body as they are kept."""

    id: int
    received_at: datetime
    blocks: tuple[Block, ...]


class Reached(NamedTuple):
    """How far a source is worked: all up to `position` was read when `closed` was closed."""

    position: int
    closed: datetime | None


class PushedStore(RawSeriesStore):
    """Keeps samples from the moment they are acknowledged until they are derived."""

    def keep_all(self, bodies: Sequence[PushedBody]) -> None:
        """Store bodies in one commit.

        Ids come in the order of commits: whoever reads on from an id misses nothing.
        """
        rows = [
            {
                "source": one.source,
                "received_at": milliseconds(one.received_at),
                "newest": one.newest,
                "blob": one.blob,
                "origin": self._origin,
            }
            for one in bodies
        ]
        with writing(self._engine) as connection:
            if connection.dialect.name == "postgresql":
                for source in sorted({one.source for one in bodies}):
                    self.held(connection, source)
            insert_missing_at_once(connection, PUSHED_SAMPLES, rows)

    def after(self, source: str, position: int, limit: int) -> tuple[PushedSamples, ...]:
        """Return the first bodies after a position, in order."""
        table = PUSHED_SAMPLES.c
        query = (
            select(table.id, table.received_at, table.blob)
            .where(table.source == source, table.id > position)
            .order_by(table.id)
            .limit(limit)
        )
        with reading(self._engine) as connection:
            rows = connection.execute(query).all()
        return tuple(
            PushedSamples(number, utc(at / 1000), unpack_blocks(blob)) for number, at, blob in rows
        )

    def reached(self, source: str) -> Reached:
        """Return how far a source is worked."""
        table = PUSHED_SOURCES.c
        with reading(self._engine) as connection:
            query = select(table.position, table.closed).where(table.source == source)
            row = connection.execute(query).one_or_none()
        if row is None:
            return Reached(0, None)
        return Reached(row.position, None if row.closed is None else utc(row.closed / 1000))

    def close(self, source: str, old: Reached, new: Reached, keep_after: datetime) -> bool:
        """Note how far a source is worked, and forget what is of no more use.

        Args:
            source: which.
            old: how far it was.
            new: how far it is.
            keep_after: samples up to then matter to no tick that is still to be closed.

        Returns:
            False when somebody else did the work meanwhile: nothing is written.
        """
        table = PUSHED_SOURCES.c
        closed = None if old.closed is None else milliseconds(old.closed)
        mine = (
            table.source == source,
            table.position == old.position,
            table.closed.is_not_distinct_from(closed),
        )
        values = {
            "position": new.position,
            "closed": None if new.closed is None else milliseconds(new.closed),
        }
        with writing(self._engine) as connection:
            self.held(connection, source)
            if connection.execute(update(PUSHED_SOURCES).where(*mine).values(values)).rowcount != 1:
                return False
        self._forget(source, new.position, milliseconds(keep_after))
        return True

    def waiting_bytes(self, source: str) -> int:
        """Return how much is kept of a source, worked or not."""
        table = PUSHED_SAMPLES.c
        query = select(func.sum(func.length(table.blob))).where(table.source == source)
        with reading(self._engine) as connection:
            return int(connection.scalar(query) or 0)

    def shed(self, source: str, most_bytes: int) -> int:
        """Delete the oldest bodies of a source until it keeps so many bytes; return how many.

        They are counted where they are deleted: `shed_bodies` has them all.
        """
        table = PUSHED_SAMPLES.c
        sizes = select(table.id, func.length(table.blob)).where(table.source == source)
        kept, last = 0, 0
        with reading(self._engine) as connection:
            for number, size in connection.execute(sizes.order_by(table.id.desc())):
                kept += size
                if kept > most_bytes:
                    last = number
                    break
        some = select(table.id).where(table.source == source, table.id <= last)
        some = some.order_by(table.id).limit(_AT_ONCE)
        statement = delete(PUSHED_SAMPLES).where(table.id.in_(some.scalar_subquery()))
        shed, mine = PUSHED_SOURCES.c.shed, PUSHED_SOURCES.c.source == source
        total, count = 0, _AT_ONCE
        while count == _AT_ONCE:
            with writing(self._engine) as connection:
                self.held(connection, source)
                count = connection.execute(statement).rowcount
                connection.execute(update(PUSHED_SOURCES).where(mine).values(shed=shed + count))
            total += count
        return total

    def shed_bodies(self, source: str) -> int:
        """Return how many bodies of a source were deleted before they were worked."""
        table = PUSHED_SOURCES.c
        with reading(self._engine) as connection:
            return connection.scalar(select(table.shed).where(table.source == source)) or 0

    def count_passed(self, source: str, passed: Mapping[str, tuple[int, int]]) -> None:
        """Add to what was counted and not kept, by metric: series beyond the cap, and samples."""
        rows = [
            {
                "source": source,
                "metric": metric,
                "refused": refused,
                "samples": samples,
                "origin": self._origin,
            }
            for metric, (refused, samples) in sorted(passed.items())
        ]
        if not rows:
            return
        with writing(self._engine) as connection:
            statement = insert(connection, PASSED_METRICS)
            table = PASSED_METRICS.c
            added = {
                name: table[name] + statement.excluded[name] for name in ("refused", "samples")
            }
            connection.execute(
                statement.on_conflict_do_update(index_elements=["source", "metric"], set_=added),
                rows,
            )

    def metrics(self, source: str) -> dict[str, tuple[int, int, int]]:
        """Return series kept, series refused and samples not kept of a source, by metric."""
        kept, passed = RAW_SERIES.c, PASSED_METRICS.c
        series = (
            select(kept.metric, func.count()).where(kept.source == source).group_by(kept.metric)
        )
        query = select(passed.metric, passed.refused, passed.samples).where(passed.source == source)
        with reading(self._engine) as connection:
            counts: dict[str, int] = dict(connection.execute(series).all())
            others = {row.metric: (row.refused, row.samples) for row in connection.execute(query)}
        return {
            metric: (counts.get(metric, 0), *others.get(metric, (0, 0)))
            for metric in sorted({*counts, *others})
        }

    def _forget(self, source: str, position: int, before: int) -> None:
        table = PUSHED_SAMPLES.c
        old = (table.source == source, table.id <= position, table.newest < before)
        some = select(table.id).where(*old).order_by(table.id).limit(_AT_ONCE)
        statement = delete(PUSHED_SAMPLES).where(table.id.in_(some.scalar_subquery()))
        while True:
            with writing(self._engine) as connection:
                if connection.execute(statement).rowcount < _AT_ONCE:
                    return
