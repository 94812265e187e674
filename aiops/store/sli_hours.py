"""Indicators of journeys by the hour, as rows."""

from collections.abc import Collection, Sequence
from datetime import datetime

from sqlalchemy import Engine, delete, func, select

from aiops.domain.slos import SliHour
from aiops.domain.symptoms import Origin
from aiops.domain.time import utc
from aiops.store.engine import reading, writing
from aiops.store.history_tables import SLI_HOURS
from aiops.store.upsert import insert

_DAY_SECONDS = 86_400


class SliHourStore:
    """Keeps what a window of weeks is added up from; an hour may be counted again."""

    def __init__(self, engine: Engine, *, origin: Origin = Origin.LIVE) -> None:
        self._engine = engine
        self._origin = origin

    def save(self, env: str, hours: Sequence[SliHour]) -> None:
        """Store hours of an environment; one that is there already is replaced."""
        if not hours:
            return
        rows = [
            {
                "env": env,
                "indicator": one.indicator,
                "at": int(one.at.timestamp()),
                "total": one.total,
                "bad": one.bad,
                "seconds": one.seconds,
                "origin": self._origin,
            }
            for one in hours
        ]
        with writing(self._engine) as connection:
            statement = insert(connection, SLI_HOURS)
            counted = {name: statement.excluded[name] for name in ("total", "bad", "seconds")}
            keys = [column.name for column in SLI_HOURS.primary_key]
            statement = statement.on_conflict_do_update(index_elements=keys, set_=counted)
            connection.execute(statement, rows)

    def spans(self, env: str, indicators: Collection[str]) -> dict[str, tuple[datetime, datetime]]:
        """Return the first and last hour kept of each indicator; one without any is left out."""
        table = SLI_HOURS.c
        query = (
            select(table.indicator, func.min(table.at), func.max(table.at))
            .where(table.env == env, table.indicator.in_(sorted(indicators)))
            .group_by(table.indicator)
        )
        with reading(self._engine) as connection:
            rows = connection.execute(query)
            return {name: (utc(first), utc(last)) for name, first, last in rows}

    def days(self, env: str, begin: datetime) -> tuple[SliHour, ...]:
        """Return the hours from a moment on, added up by every 24 from there, by indicator.

        A window of weeks on a page that is asked for every few seconds is so a few rows.
        """
        table, first = SLI_HOURS.c, int(begin.timestamp())
        day = (table.at - first) // _DAY_SECONDS
        query = (
            select(
                table.indicator,
                day.label("day"),
                func.sum(table.total).label("total"),
                func.sum(table.bad).label("bad"),
                func.sum(table.seconds).label("seconds"),
            )
            .where(table.env == env, table.at >= first)
            .group_by(table.indicator, day)
            .order_by(table.indicator, day)
        )
        with reading(self._engine) as connection:
            return tuple(
                SliHour(
                    indicator=row.indicator,
                    at=utc(first + _DAY_SECONDS * int(row.day)),
                    total=row.total,
                    bad=row.bad,
                    seconds=row.seconds,
                )
                for row in connection.execute(query)
            )

    def since(self, env: str, begin: datetime) -> tuple[SliHour, ...]:
        """Return the hours of an environment from a moment on, by indicator and time."""
        table = SLI_HOURS.c
        query = (
            select(table.indicator, table.at, table.total, table.bad, table.seconds)
            .where(table.env == env, table.at >= int(begin.timestamp()))
            .order_by(table.indicator, table.at)
        )
        with reading(self._engine) as connection:
            return tuple(
                SliHour(
                    indicator=row.indicator,
                    at=utc(row.at),
                    total=row.total,
                    bad=row.bad,
                    seconds=row.seconds,
                )
                for row in connection.execute(query)
            )

    def prune(self, before: datetime) -> int:
        """Delete hours older than `before`; return how many rows."""
        old = delete(SLI_HOURS).where(SLI_HOURS.c.at < int(before.timestamp()))
        with writing(self._engine) as connection:
            return connection.execute(old).rowcount
