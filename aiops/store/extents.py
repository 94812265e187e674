"""How far the measurements of sources and shards reach, without reading any of them."""

from datetime import datetime, timedelta

from sqlalchemy import Engine, bindparam, func, or_, select

from aiops.domain.time import utc
from aiops.store.engine import reading
from aiops.store.history_tables import LATE_TICKS, PROFILES, SHARDS, STATES, TICKS

_CURSOR = func.coalesce(STATES.c.cursor, -1)
_NEXT_TICK = (
    select(TICKS.c.at).where(TICKS.c.shard_id == STATES.c.shard_id, TICKS.c.at > _CURSOR).exists()
)
_BEHIND = (
    select(STATES.c.shard_id)
    .join(SHARDS, SHARDS.c.id == STATES.c.shard_id)
    .where(SHARDS.c.env == bindparam("env"), bindparam("at") > _CURSOR, _NEXT_TICK)
    .limit(1)
)
"""Built once, since every task asks."""


class Extents:
    """Answers from where to where there are ticks and profiles."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def shard_ids(self, source: str | None = None) -> tuple[str, ...]:
        """Return the ids of every shard, or of one source's, sorted."""
        query = select(SHARDS.c.id).order_by(SHARDS.c.id)
        if source is not None:
            query = query.where(SHARDS.c.source == source)
        with reading(self._engine) as connection:
            return tuple(connection.scalars(query))

    def steps(self) -> dict[str, int]:
        """Return the step in seconds of every shard, by id, without reading its series."""
        query = select(SHARDS.c.id, SHARDS.c.step_seconds).order_by(SHARDS.c.id)
        with reading(self._engine) as connection:
            return {shard_id: int(step) for shard_id, step in connection.execute(query)}

    def environments(self) -> dict[str, int]:
        """Return every environment with its shortest step in seconds."""
        query = select(SHARDS.c.env, func.min(SHARDS.c.step_seconds)).group_by(SHARDS.c.env)
        with reading(self._engine) as connection:
            return {env: int(step) for env, step in connection.execute(query)}

    def newest_tick(self, source: str) -> datetime | None:
        """Return the newest closed tick of a source, None before the first."""
        return max(self._newest(source), default=None)

    def closed_until(self, source: str) -> datetime | None:
        """Return the tick that every shard of a source has, None before the first.

        They are written one after the other: a writer that was killed leaves some behind. A shard
        without any tick holds nobody back.
        """
        return min(self._newest(source), default=None)

    def of_shard(self, shard_id: str) -> tuple[datetime, datetime] | None:
        """Return the first and the last tick of a shard, None when it has none."""
        mine = TICKS.c.shard_id == shard_id
        # Two questions: each is one seek in the index; asked together they read all of it.
        first = select(func.min(TICKS.c.at)).where(mine).scalar_subquery()
        last = select(func.max(TICKS.c.at)).where(mine).scalar_subquery()
        with reading(self._engine) as connection:
            row = connection.execute(select(first, last)).one()
        return None if row[0] is None else (utc(row[0]), utc(row[1]))

    def first_tick(self, env: str) -> datetime | None:
        """Return the first tick of any shard of an environment, None while there is none."""
        first = select(func.min(TICKS.c.at)).where(TICKS.c.shard_id == SHARDS.c.id)
        query = select(first.scalar_subquery()).where(SHARDS.c.env == env)
        with reading(self._engine) as connection:
            found = [at for at in connection.scalars(query) if at is not None]
        return utc(min(found)) if found else None

    def fitted_at(self, shard_id: str) -> datetime | None:
        """Return the last tick the newest profile was fitted on, None before the first fit."""
        query = select(func.max(PROFILES.c.fitted_at)).where(PROFILES.c.shard_id == shard_id)
        with reading(self._engine) as connection:
            fitted: datetime | None = connection.scalar(query)
        return fitted

    def is_any_behind(self, env: str, at: datetime) -> bool:
        """Return whether a shard of an environment has ticks to score before it is at `at`."""
        with reading(self._engine) as connection:
            found = connection.execute(_BEHIND, {"env": env, "at": int(at.timestamp())})
            return found.first() is not None

    def behind(self) -> timedelta:
        """Return how far detection is behind the newest tick, where it is furthest behind."""
        ticks = TICKS.c.shard_id == STATES.c.shard_id
        newest = select(func.max(TICKS.c.at)).where(ticks).scalar_subquery()
        reached = select(func.min(TICKS.c.at)).where(ticks).scalar_subquery()
        query = select(func.max(newest - func.coalesce(STATES.c.cursor, reached)))
        with reading(self._engine) as connection:
            return timedelta(seconds=max(int(connection.scalar(query) or 0), 0))

    def unscored(self) -> tuple[str, ...]:
        """Return the shards with ticks or late values detection has not worked through, sorted."""
        waiting = (
            select(TICKS.c.at)
            .where(TICKS.c.shard_id == STATES.c.shard_id)
            .where(TICKS.c.at > func.coalesce(STATES.c.cursor, -1))
            .exists()
        )
        late = (
            select(LATE_TICKS.c.number)
            .where(LATE_TICKS.c.shard_id == STATES.c.shard_id)
            .where(LATE_TICKS.c.number > STATES.c.late)
            .exists()
        )
        query = select(STATES.c.shard_id).where(or_(waiting, late)).order_by(STATES.c.shard_id)
        with reading(self._engine) as connection:
            return tuple(connection.scalars(query))

    def _newest(self, source: str) -> list[datetime]:
        """Return the newest tick of every shard of a source that has one."""
        newest = select(func.max(TICKS.c.at)).where(TICKS.c.shard_id == SHARDS.c.id)
        query = select(newest.scalar_subquery()).where(SHARDS.c.source == source)
        with reading(self._engine) as connection:
            return [utc(at) for at in connection.scalars(query) if at is not None]
