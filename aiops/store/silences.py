"""Silences: set, ended early and looked up, each with its line in the audit log."""

from collections.abc import Callable, Collection
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Engine, Row, func, insert, select, update

from aiops.domain.errors import InputError
from aiops.domain.silences import Silence
from aiops.domain.symptoms import Origin
from aiops.store.audit import AuditEntry, write_entry
from aiops.store.codec import decode, encode
from aiops.store.engine import reading, writing
from aiops.store.origins import LIVE_ONLY, among
from aiops.store.prune import delete_in_steps
from aiops.store.tables import SILENCES

_PREFIX = "SIL-"
_MOST_DIGITS = 15


class SilenceStore:
    """Keeps silences; gives out those of the origins it was built for."""

    def __init__(self, engine: Engine, *, origins: Collection[Origin] = LIVE_ONLY) -> None:
        self._engine = engine
        self._origins = origins

    def add(self, silence: Silence, entry: Callable[[Silence], AuditEntry]) -> Silence:
        """Store a silence, and what the audit log says of it; return it with its id."""
        values = {"ends_at": silence.ends_at, "doc": encode(Silence, silence)}
        with writing(self._engine) as connection:
            origin = entry(silence).origin
            statement = insert(SILENCES).values(origin=origin, **values).returning(SILENCES.c.id)
            number = connection.execute(statement).scalar_one()
            stored = replace(silence, id=f"{_PREFIX}{number}")
            write_entry(connection, entry(stored))
        return stored

    def expire(self, silence_id: str, entry: AuditEntry) -> Silence:
        """End a silence now, before its time.

        Args:
            silence_id: `SIL-7`.
            entry: who says so, and when.

        Raises:
            InputError: there is no such silence, or it is over.
        """
        table = SILENCES
        number = _number(silence_id)
        with writing(self._engine) as connection:
            query = select(table).where(table.c.id == number, among(table, self._origins))
            row = connection.execute(query).one_or_none()
            if row is None:
                raise InputError(f"there is no silence {silence_id}; `aiops silence list` has them")
            silence = _silence(row)
            if silence.ends_at <= entry.at:
                raise InputError(f"{silence.id} is over since {silence.ends_at:%d %b %H:%M} UTC")
            ended = replace(
                silence,
                starts_at=min(silence.starts_at, entry.at),
                ends_at=entry.at,
                expired_by=entry.actor,
            )
            values = {"ends_at": ended.ends_at, "doc": encode(Silence, ended)}
            connection.execute(update(table).where(table.c.id == number).values(**values))
            write_entry(connection, replace(entry, subject=silence.id))
        return ended

    def holding(self, at: datetime) -> tuple[Silence, ...]:
        """Return the silences in force at a moment, the first set first."""
        return tuple(one for one in self.unexpired(at) if one.holds(at))

    def unexpired(self, at: datetime) -> tuple[Silence, ...]:
        """Return the silences that are in force at a moment or will be, the first set first."""
        return self._where(SILENCES.c.ends_at > at)

    def all(self, limit: int = 1000) -> tuple[Silence, ...]:
        """Return the silences set last, those that are over too, the first set first."""
        query = select(SILENCES).where(among(SILENCES, self._origins))
        with reading(self._engine) as connection:
            rows = connection.execute(query.order_by(SILENCES.c.id.desc()).limit(limit)).all()
        return tuple(_silence(row) for row in reversed(rows))

    def prune(self, before: datetime) -> int:
        """Forget the silences that ended before a moment; return how many.

        The newest stays: a database would give its number to the next.
        """
        newest = select(func.max(SILENCES.c.id)).scalar_subquery()
        over = (SILENCES.c.ends_at < before) & (SILENCES.c.id < newest)
        return delete_in_steps(self._engine, SILENCES, over)

    def _where(self, condition: ColumnElement[bool]) -> tuple[Silence, ...]:
        query = select(SILENCES).where(condition, among(SILENCES, self._origins))
        with reading(self._engine) as connection:
            rows = connection.execute(query.order_by(SILENCES.c.id)).all()
        return tuple(_silence(row) for row in rows)


def _silence(row: Row[Any]) -> Silence:
    return replace(decode(Silence, row.doc), id=f"{_PREFIX}{row.id}")


def _number(silence_id: str) -> int:
    text = silence_id.upper().removeprefix(_PREFIX)
    if not text.isdecimal() or len(text) > _MOST_DIGITS:
        raise InputError(f"{silence_id!r} is no silence; expected its id, as in SIL-7")
    return int(text)
