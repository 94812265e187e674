"""Measurements and what detection made of them: shards, ticks, profiles, running state."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Engine, bindparam, delete, func, select, update

from aiops.domain.errors import InputError
from aiops.domain.series import Series
from aiops.domain.symptoms import Origin
from aiops.domain.ticks import History, HistoryInParts, KpiTick, KpiWindow, Shard, Tick
from aiops.domain.time import utc
from aiops.store.codec import encode
from aiops.store.engine import reading, writing
from aiops.store.histories import read_history, read_in_parts
from aiops.store.history_tables import (
    KPI_TICKS,
    LATE_TICKS,
    SHARDS,
    STATES,
    TICKS,
)
from aiops.store.kpis import fill_readings, kpi_rows, read_rows, window
from aiops.store.profiles import add_profile, parts_of, read_profile
from aiops.store.samples import StoredSamples
from aiops.store.shards import add_missing_series, read_shards
from aiops.store.standing import Progress, Standing, read_progress, read_standing, save_checkpoint
from aiops.store.unscored import Unscored, read_unscored
from aiops.store.upsert import Row, insert_missing
from aiops.store.vectors import pack_tick, unpack_tick

_PRUNE_ROWS = 500
"""Ticks deleted in one transaction: few enough that no writer waits long."""

_MOVE = (
    update(STATES)
    .where(STATES.c.shard_id == bindparam("shard"))
    .where(STATES.c.cursor.is_not_distinct_from(bindparam("old")))
    .where(STATES.c.late == bindparam("old_late"))
    .values({name: bindparam(f"new_{name}") for name in ("cursor", "profile_version", "late")})
)
_MOVE_SAVED = _MOVE.values(saved=bindparam("new_cursor"))


class HistoryStore:
    """Keeps what is measured; every tick is whole seconds, and closed once it is in here."""

    def __init__(self, engine: Engine, *, origin: Origin = Origin.LIVE) -> None:
        self._engine = engine
        self._origin = origin

    def add_series(
        self, shard_id: str, env: str, source: str, step_seconds: int, series: Sequence[Series]
    ) -> Shard:
        """Make a shard, or give one that is there further series, and return it as it is then.

        A series that has a slot keeps it; what else is known of it (unit, title, KPI …) is
        brought up to date.

        Raises:
            InputError: the shard is there with another environment or step.
        """
        shard = {
            "id": shard_id,
            "env": env,
            "source": source,
            "step_seconds": step_seconds,
            "version": 0,
            "origin": self._origin,
        }
        fresh = {
            "shard_id": shard_id,
            "cursor": None,
            "saved": None,
            "profile_version": 0,
            "late": 0,
            "origin": self._origin,
        }
        rows = {
            one.key.fingerprint: {"service": one.key.service, "doc": encode(Series, one)}
            for one in series
        }
        with writing(self._engine) as connection:
            insert_missing(connection, SHARDS, [shard])
            insert_missing(connection, STATES, [fresh])
            add_missing_series(connection, shard, rows)
        return self.shard(shard_id)

    def shards(self, env: str | None = None) -> tuple[Shard, ...]:
        """Return every shard, or those of one environment, by id."""
        with reading(self._engine) as connection:
            rows = read_shards(connection, None if env is None else SHARDS.c.env == env)
        return rows.shards()

    def shard(self, shard_id: str) -> Shard:
        """Return one shard with all its series.

        Raises:
            InputError: there is no such shard.
        """
        with reading(self._engine) as connection:
            rows = read_shards(connection, SHARDS.c.id == shard_id)
        if not rows.rows:
            raise InputError(f"there is no shard {shard_id}")
        return rows.shards()[0]

    def append_ticks(self, shard_id: str, ticks: Sequence[Tick]) -> None:
        """Store closed ticks; one that is there already stays as it is."""
        rows = [
            {
                "shard_id": shard_id,
                "at": _seconds(tick.at),
                "blob": pack_tick(tick.values),
                "origin": self._origin,
            }
            for tick in ticks
        ]
        if rows:
            with writing(self._engine) as connection:
                insert_missing(connection, TICKS, rows)

    def ticks_after(
        self, shard_id: str, after: datetime | None, limit: int = 1000
    ) -> tuple[Tick, ...]:
        """Return the first ticks after `after` (exclusive; None: from the beginning), in order."""
        query = select(TICKS.c.at, TICKS.c.blob).where(TICKS.c.shard_id == shard_id)
        if after is not None:
            query = query.where(TICKS.c.at > _seconds(after))
        with reading(self._engine) as connection:
            rows = connection.execute(query.order_by(TICKS.c.at).limit(limit)).all()
        return tuple(Tick(at=utc(row.at), values=unpack_tick(row.blob)) for row in rows)

    def history(self, shard_id: str, since: datetime, until: datetime) -> History:
        """Return the shard's ticks between the two, inclusive, as wide as the shard is now.

        Values that came late are in their ticks.
        """
        return read_history(self._engine, shard_id, since, until)

    def history_in_parts(self, shard_id: str, since: datetime, until: datetime) -> HistoryInParts:
        """Return the same little by little, for a fit on more ticks than memory should hold."""
        return read_in_parts(self._engine, shard_id, since, until)

    def save_profile(self, shard_id: str, blob: bytes, *, fitted_at: datetime) -> int:
        """Store a fitted profile as the shard's next version and return that version.

        The version before it is kept for a while, older ones are not.
        """
        parts = parts_of(blob)
        with writing(self._engine) as connection:
            _hold_shard(connection, shard_id)
            return add_profile(connection, shard_id, parts, fitted_at, self._origin)

    def load_profile(self, shard_id: str) -> tuple[int, bytes] | None:
        """Return version and blob of the newest profile, or None when there is none yet."""
        with reading(self._engine) as connection:
            return read_profile(connection, shard_id)

    def load_state(self, shard_id: str) -> Progress:
        """Return how far detection has come with a shard.

        Raises:
            InputError: there is no such shard.
        """
        return read_progress(self._engine, shard_id)

    def standing(self, shard_id: str) -> Standing:
        """Return what `read_standing` reads: how far detection has come with a shard."""
        return read_standing(self._engine, shard_id)

    def unscored(self, shard_id: str, limit: int) -> Unscored:
        """Return what `read_unscored` reads: where detection stands, and what came after that."""
        return read_unscored(self._engine, shard_id, limit)

    def advance_cursor(
        self,
        shard_id: str,
        old: datetime | None,
        new: datetime,
        state: bytes | None,
        *,
        profile_version: int,
        kpi_ticks: Sequence[KpiTick] = (),
        late: tuple[int, int] = (0, 0),
    ) -> bool:
        """Move the cursor from `old` to `new` with the state and KPI readings that belong to it.

        Call it last, after the symptoms found on the way are stored.

        Args:
            shard_id: of which shard.
            old: where the cursor was when the work began.
            new: the last tick worked through; `old` where only late values were judged.
            state: the running state it left; None leaves the one of an earlier tick.
            profile_version: under which profile.
            kpi_ticks: readings by tick; those of ticks up to `old` fill what was missing then.
            late: number of the last late row judged, before the work and after it.

        Returns:
            False when somebody else did the work meanwhile: nothing is written.
        """
        place = {
            "shard": shard_id,
            "old": _optional_seconds(old),
            "old_late": late[0],
            "new_cursor": _seconds(new),
            "new_profile_version": profile_version,
            "new_late": late[1],
        }
        rows: list[Row] = []
        if kpi_ticks:
            with reading(self._engine) as connection:
                rows = kpi_rows(connection, shard_id, kpi_ticks, self._origin)
        past = -1 if old is None else _seconds(old)
        with writing(self._engine) as connection:
            if connection.execute(_MOVE if state is None else _MOVE_SAVED, place).rowcount != 1:
                return False
            if state is not None:
                save_checkpoint(connection, shard_id, state, self._origin)
            insert_missing(connection, KPI_TICKS, [row for row in rows if row["at"] > past])
            fill_readings(connection, [row for row in rows if row["at"] <= past])
        return True

    def watermark(self, env: str, sources: Collection[str] | None = None) -> datetime | None:
        """Return the tick every shard of an environment has been worked through to.

        A shard that never got a tick holds nobody back; one whose ticks were never worked on
        does: then, and without any shard, the answer is None.

        Args:
            env: which environment.
            sources: whose shards count; None: all. One that is configured no longer never goes on.
        """
        has_ticks = select(TICKS.c.at).where(TICKS.c.shard_id == SHARDS.c.id).exists()
        query = (
            select(STATES.c.cursor, has_ticks)
            .join(SHARDS, SHARDS.c.id == STATES.c.shard_id)
            .where(SHARDS.c.env == env)
        )
        if sources is not None:
            query = query.where(SHARDS.c.source.in_(sources))
        with reading(self._engine) as connection:
            cursors = [cursor for cursor, fed in connection.execute(query) if fed or cursor]
        if not cursors or None in cursors:
            return None
        return utc(min(cursors))

    def kpi_window(self, env: str, since: datetime, until: datetime) -> KpiWindow | None:
        """Return the environment's KPI readings between the two, inclusive; None without any."""
        with reading(self._engine) as connection:
            rows = read_rows(connection, env, since, until)
        return window(rows)

    def samples(self, env: str) -> StoredSamples:
        """Return what answers what an environment measured around a moment."""
        return StoredSamples(self._engine, env)

    def prune(self, before: datetime) -> int:
        """Delete ticks and KPI readings older than `before`, little by little; return how many."""
        deleted = 0
        for table in (TICKS, LATE_TICKS, KPI_TICKS):
            for shard_id in self._shard_ids():
                of_shard = (table.c.shard_id == shard_id, table.c.at < _seconds(before))
                oldest = select(table.c.at).where(*of_shard).order_by(table.c.at)
                last = select(func.max(oldest.limit(_PRUNE_ROWS).subquery().c.at))
                some = delete(table).where(*of_shard, table.c.at <= last.scalar_subquery())
                while count := self._delete(some):
                    deleted += count
        return deleted

    def _delete(self, statement: Any) -> int:
        with writing(self._engine) as connection:
            return connection.execute(statement).rowcount

    def _shard_ids(self) -> list[str]:
        with reading(self._engine) as connection:
            return list(connection.scalars(select(SHARDS.c.id).order_by(SHARDS.c.id)))


def _hold_shard(connection: Connection, shard_id: str) -> None:
    """Keep other writers of this shard out until the commit (PostgreSQL; SQLite does anyway)."""
    connection.execute(select(SHARDS.c.id).where(SHARDS.c.id == shard_id).with_for_update())


def _seconds(at: datetime) -> int:
    return int(at.timestamp())


def _optional_seconds(at: datetime | None) -> int | None:
    return None if at is None else _seconds(at)
