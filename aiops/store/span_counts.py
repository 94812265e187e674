"""How many requests spans tell of, minute by minute."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from sqlalchemy import Connection, Engine, func, select

from aiops.domain.clues import SpanCount, SpanParties
from aiops.domain.symptoms import Origin
from aiops.domain.time import utc
from aiops.store.accepted import BodyState
from aiops.store.clue_tables import SPAN_COUNTS
from aiops.store.columns import is_one_of
from aiops.store.engine import reading
from aiops.store.tables import ACCEPTED_BODIES
from aiops.store.upsert import insert

_SOURCE: Final = "otlp_traces"


class SpanCountStore:
    """Reads what `aiops.store.clues.ClueStore.commit` counts."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def between(self, since: datetime, until: datetime) -> tuple[SpanCount, ...]:
        """Return the counts of the minutes in [since, until), in a fixed order."""
        table = SPAN_COUNTS.c
        query = (
            select(SPAN_COUNTS)
            .where(table.minute >= int(since.timestamp()), table.minute < int(until.timestamp()))
            .order_by(*SPAN_COUNTS.primary_key.columns)
        )
        with reading(self._engine) as connection:
            rows = connection.execute(query).mappings().all()
        return tuple(
            SpanCount(
                **{key: row[key] for key in row if key not in ("origin", "minute")},
                minute=utc(row["minute"]),
            )
            for row in rows
        )

    def parties(self, since: datetime, until: datetime, most: int) -> tuple[SpanParties, ...]:
        """Return who was there in [since, until), each once with the newest minute.

        Args:
            since: the first minute, aware UTC.
            until: the minute after the last one.
            most: how many are returned; the newest come first.
        """
        table = SPAN_COUNTS.c
        who = (table.env, table.service, table.caller, table.is_callers)
        told = (*who, table.region, table.segment)
        newest = func.max(table.minute).label("minute")
        query = (
            select(*told, newest)
            .where(table.minute >= int(since.timestamp()), table.minute < int(until.timestamp()))
            .group_by(*told)
            .order_by(newest.desc(), *told)
            .limit(most)
        )
        with reading(self._engine) as connection:
            rows = connection.execute(query).mappings().all()
        return tuple(SpanParties(**{**row, "minute": utc(row["minute"])}) for row in rows)

    def waiting_since(self) -> datetime | None:
        """Return when the oldest spans came that are not counted yet; None where all are."""
        table = ACCEPTED_BODIES.c
        waiting = (is_one_of(table.state, [BodyState.ACCEPTED]), table.source == _SOURCE)
        with reading(self._engine) as connection:
            oldest: datetime | None = connection.scalar(
                select(func.min(table.received_at)).where(*waiting)
            )
        return oldest


def write_counts(connection: Connection, counts: Sequence[SpanCount], origin: Origin) -> None:
    """Add counts to those that are known."""
    if not counts:
        return
    statement = insert(connection, SPAN_COUNTS)
    upsert = statement.on_conflict_do_update(
        index_elements=list(SPAN_COUNTS.primary_key.columns.keys()),
        set_={"count": SPAN_COUNTS.c.count + statement.excluded["count"]},
    )
    connection.execute(
        upsert,
        [
            {
                "minute": int(one.minute.timestamp()),
                "env": one.env,
                "service": one.service,
                "caller": one.caller,
                "is_callers": one.is_callers,
                "region": one.region,
                "segment": one.segment,
                "failed": one.failed,
                "bucket": one.bucket,
                "count": one.count,
                "origin": origin,
            }
            for one in counts
        ],
    )
