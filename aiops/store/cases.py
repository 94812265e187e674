"""Case events: each once, in whatever order they come; read by case and by time."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from itertools import groupby
from typing import Any, Final

import orjson
from sqlalchemy import ColumnElement, Engine, Row, Select, and_, delete, func, or_, select

from aiops.domain.cases import CaseEvent
from aiops.domain.symptoms import Origin
from aiops.store.case_tables import CASE_EVENTS, CASE_REFUSALS
from aiops.store.engine import reading, writing
from aiops.store.prune import delete_in_steps
from aiops.store.upsert import insert_missing

AT_ONCE: Final = 2_000
"""Events stored in one transaction, and read at once: no other writer waits long."""

_KEYS_AT_ONCE: Final = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class LogSize:
    """How much there is of an event log; times are aware UTC."""

    log: str
    events: int
    cases: int
    first: datetime
    last: datetime


class CaseStore:
    """Keeps case events; the same one told twice is one.

    Events of one moment are in the order they arrived.
    """

    def __init__(self, engine: Engine, *, origin: Origin = Origin.LIVE) -> None:
        self._engine = engine
        self._origin = origin

    def add(self, events: Sequence[CaseEvent]) -> int:
        """Store events durably, `AT_ONCE` at most; return how many were not known."""
        rows = {one.key: self._row(one) for one in events}
        keys = list(rows)
        with writing(self._engine) as connection:
            for at in range(0, len(keys), _KEYS_AT_ONCE):
                some = keys[at : at + _KEYS_AT_ONCE]
                query = select(CASE_EVENTS.c.key).where(CASE_EVENTS.c.key.in_(some))
                for key in connection.scalars(query).all():
                    del rows[key]
            insert_missing(connection, CASE_EVENTS, list(rows.values()))
        return len(rows)

    def note_refused(
        self, log: str, digest: str, counts: Mapping[str, int], *, at: datetime
    ) -> None:
        """Note how many rows of a file or request were not taken; the same one is noted once.

        Args:
            log: whose.
            digest: of its content.
            counts: by the column that was wrong.
            at: when, aware UTC.
        """
        row = {
            "origin": self._origin,
            "log": log,
            "digest": digest,
            "at": at,
            "counts": orjson.dumps(dict(counts)).decode(),
        }
        with writing(self._engine) as connection:
            insert_missing(connection, CASE_REFUSALS, [row])

    def refused(self, log: str) -> Mapping[str, int]:
        """Return how many rows of a log were not taken, by the column that was wrong."""
        query = select(CASE_REFUSALS.c.counts).where(
            CASE_REFUSALS.c.log == log, CASE_REFUSALS.c.origin == self._origin
        )
        counts: Counter[str] = Counter()
        with reading(self._engine) as connection:
            for text in connection.scalars(query):
                counts.update(orjson.loads(text))
        return counts

    def logs(self) -> tuple[LogSize, ...]:
        """Return how much there is of each log, by name."""
        table = CASE_EVENTS.c
        query = (
            select(
                table.log,
                func.count(),
                func.count(table.case_id.distinct()),
                func.min(table.at),
                func.max(table.at),
            )
            .where(table.origin == self._origin)
            .group_by(table.log)
            .order_by(table.log)
        )
        with reading(self._engine) as connection:
            return tuple(
                LogSize(log=log, events=events, cases=cases, first=first, last=last)
                for log, events, cases, first, last in connection.execute(query)
            )

    def of_case(self, log: str, case_id: str) -> tuple[CaseEvent, ...]:
        """Return the events of a case, by time."""
        table = CASE_EVENTS.c
        query = self._of(log).where(table.case_id == case_id).order_by(table.at, table.id)
        with reading(self._engine) as connection:
            return tuple(_event(row) for row in connection.execute(query))

    def between(self, log: str, since: datetime, until: datetime) -> Iterator[CaseEvent]:
        """Yield the events from a moment, included, to another, excluded, by time.

        They are read little by little: what is added meanwhile may be among them.
        """
        table = CASE_EVENTS.c
        query = self._of(log).where(table.at >= since, table.at < until)
        last: Row[Any] | None = None
        while rows := self._page(query, (table.at, table.id), last):
            yield from map(_event, rows)
            last = rows[-1]

    def by_case(self, log: str) -> Iterator[list[tuple[int, CaseEvent]]]:
        """Yield the cases of a log by id: their events by time, each with its number of arrival.

        They are read little by little; a case is held, the log never is.
        """
        for _, events in groupby(self._by_case(log), key=lambda one: one[1].case_id):
            yield list(events)

    def prune(self, before: datetime) -> int:
        """Forget the events of before a moment, and what was refused then; return how many."""
        with writing(self._engine) as connection:
            connection.execute(delete(CASE_REFUSALS).where(CASE_REFUSALS.c.at < before))
        return delete_in_steps(self._engine, CASE_EVENTS, CASE_EVENTS.c.at < before)

    def _by_case(self, log: str) -> Iterator[tuple[int, CaseEvent]]:
        table = CASE_EVENTS.c
        last: Row[Any] | None = None
        while rows := self._page(self._of(log), (table.case_id, table.at, table.id), last):
            yield from ((row.id, _event(row)) for row in rows)
            last = rows[-1]

    def _page(
        self,
        query: Select[Any],
        order: Sequence[ColumnElement[Any]],
        last: Row[Any] | None,
    ) -> Sequence[Row[Any]]:
        """Return the next rows after one, in an order."""
        if last is not None:
            query = query.where(_after(order, last))
        with reading(self._engine) as connection:
            return connection.execute(query.order_by(*order).limit(AT_ONCE)).all()

    def _of(self, log: str) -> Select[Any]:
        return select(CASE_EVENTS).where(
            CASE_EVENTS.c.log == log, CASE_EVENTS.c.origin == self._origin
        )

    def _row(self, one: CaseEvent) -> dict[str, Any]:
        return {
            "origin": self._origin,
            "key": one.key,
            "log": one.log,
            "case_id": one.case_id,
            "name": one.name,
            "at": one.at,
            "actor": one.actor,
            "channel": one.channel,
            "location": one.location,
            "amount": None if one.amount is None else str(one.amount),
            "reason_code": one.reason_code,
        }


def _after(order: Sequence[ColumnElement[Any]], last: Row[Any]) -> ColumnElement[bool]:
    """Return the condition that a row comes after another in an order."""
    column, *rest = order
    value = getattr(last, str(column.key))
    if not rest:
        return and_(column > value)
    return and_(column >= value, or_(column > value, _after(rest, last)))


def _event(row: Row[Any]) -> CaseEvent:
    return CaseEvent(
        log=row.log,
        case_id=row.case_id,
        name=row.name,
        at=row.at,
        actor=row.actor,
        channel=row.channel,
        location=row.location,
        amount=None if row.amount is None else Decimal(row.amount),
        reason_code=row.reason_code,
    )
