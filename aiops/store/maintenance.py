"""Planned work: announced, changed, cancelled and ended, each with its line in the audit log."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, Connection, Engine, Row, func, select, update

from aiops.domain.errors import InputError
from aiops.domain.maintenance import Maintenance, ended, revised, said
from aiops.domain.symptoms import Origin
from aiops.store.audit import AuditEntry, write_entry
from aiops.store.codec import decode, encode
from aiops.store.engine import reading, writing
from aiops.store.maintenance_tables import MAINTENANCE
from aiops.store.origins import LIVE_ONLY, among
from aiops.store.prune import delete_in_steps
from aiops.store.upsert import insert

_PREFIX = "MNT-"
_MOST_DIGITS = 15


class Taken(StrEnum):
    """What became of an announcement."""

    ADDED = "added"
    CHANGED = "changed"
    CANCELLED = "cancelled"
    KNOWN = "known"


@dataclass(frozen=True, slots=True, kw_only=True)
class Announced:
    """A window as it stands after an announcement, and what that did."""

    window: Maintenance
    taken: Taken


Tell = Callable[[Announced], AuditEntry]
"""Gives what the audit log says of an announcement that changed something."""


class MaintenanceStore:
    """Keeps planned work; gives out that of the origins it was built for."""

    def __init__(self, engine: Engine, *, origins: Collection[Origin] = LIVE_ONLY) -> None:
        self._engine = engine
        self._origins = origins

    def announce(
        self, windows: Sequence[Maintenance], tell: Tell, *, origin: Origin = Origin.LIVE
    ) -> tuple[Announced, ...]:
        """Store what sources announce, all or none; the same words again change nothing.

        Args:
            windows: of any sources.
            tell: for the audit log, of each that changed something.
            origin: live, demo, drill or replay.

        Returns:
            What became of each, in order.
        """
        with writing(self._engine) as connection:
            return tuple(_announce(connection, one, tell, origin) for one in windows)

    def replace_all(
        self,
        source: str,
        windows: Sequence[Maintenance],
        tell: Tell,
        *,
        now: datetime,
        origin: Origin = Origin.LIVE,
    ) -> tuple[Announced, ...]:
        """Store all that a source has: what it has no more and is not over is cancelled."""
        named = {one.key for one in windows}
        table = MAINTENANCE.c
        gone = (table.source == source, table.ends_at > now, ~table.is_cancelled)
        query = select(MAINTENANCE).where(*gone).order_by(table.id)
        with writing(self._engine) as connection:
            known = [_window(row) for row in connection.execute(query)]
            cancelled = [
                replace(one, is_cancelled=True, revised_at=None)
                for one in known
                if one.key not in named
            ]
            return tuple(_announce(connection, one, tell, origin) for one in (*windows, *cancelled))

    def end(self, name: str, entry: AuditEntry) -> Maintenance:
        """End a window before its time; one that has not begun does not take place.

        Args:
            name: `MNT-7`.
            entry: who says so, and when.

        Raises:
            InputError: there is no such window, or it is over.
        """
        table, number = MAINTENANCE, _number(name)
        with writing(self._engine) as connection:
            query = select(table).where(table.c.id == number, among(table, self._origins))
            row = connection.execute(query.with_for_update()).one_or_none()
            if row is None:
                raise InputError(f"there is no window {name}; `aiops maintenance list` has them")
            over = ended(_window(row), entry.at, entry.actor)
            statement = update(table).where(table.c.id == number)
            connection.execute(statement.values(**_values(over)))
            write_entry(connection, replace(entry, subject=over.id))
        return over

    def unexpired(self, at: datetime) -> tuple[Maintenance, ...]:
        """Return what is under way at a moment or will be, by start, then id."""
        table = MAINTENANCE.c
        return self._where((table.ends_at > at) & ~table.is_cancelled)

    def all(self, limit: int = 1000) -> tuple[Maintenance, ...]:
        """Return the windows announced last, over and cancelled too, by start, then id."""
        newest = select(MAINTENANCE.c.id).order_by(MAINTENANCE.c.id.desc()).limit(limit)
        return self._where(MAINTENANCE.c.id.in_(newest.scalar_subquery()))

    def prune(self, before: datetime) -> int:
        """Forget what ended before a moment; return how many.

        The newest stays: a database would give its number to the next.
        """
        newest = select(func.max(MAINTENANCE.c.id)).scalar_subquery()
        over = (MAINTENANCE.c.ends_at < before) & (MAINTENANCE.c.id < newest)
        return delete_in_steps(self._engine, MAINTENANCE, over)

    def _where(self, condition: ColumnElement[bool]) -> tuple[Maintenance, ...]:
        table = MAINTENANCE
        query = select(table).where(condition, among(table, self._origins))
        with reading(self._engine) as connection:
            rows = connection.execute(query.order_by(table.c.starts_at, table.c.id)).all()
        return tuple(_window(row) for row in rows)


def planned(
    connection: Connection, env: str, since: datetime, until: datetime
) -> tuple[Maintenance, ...]:
    """Return the work of `env` that takes place between the two, inclusive, by start, then id."""
    table = MAINTENANCE.c
    query = (
        select(MAINTENANCE)
        .where(table.env == env, table.ends_at >= since, table.starts_at <= until)
        .where(~table.is_cancelled)
        .order_by(table.starts_at, table.id)
    )
    return tuple(_window(row) for row in connection.execute(query))


def _announce(connection: Connection, told: Maintenance, tell: Tell, origin: Origin) -> Announced:
    table = MAINTENANCE
    mine = (table.c.source == told.source, table.c.key == told.key)
    query = select(table).where(*mine).with_for_update()
    row = connection.execute(query).one_or_none()
    if row is None:  # looked for first: on PostgreSQL a refused insert takes a number, too
        values = {"origin": origin, "source": told.source, "key": told.key, "said": said(told)}
        statement = insert(connection, table).on_conflict_do_nothing().returning(table.c.id)
        added = connection.execute(statement, values | _values(told)).scalar_one_or_none()
        if added is not None:
            taken = Taken.CANCELLED if told.is_cancelled else Taken.ADDED
            made = Announced(window=replace(told, id=f"{_PREFIX}{added}"), taken=taken)
            write_entry(connection, tell(made))
            return made
        row = connection.execute(query).one()
    known = _window(row)
    after = revised(known, told, row.said)
    if after is None:
        return Announced(window=known, taken=Taken.KNOWN)
    connection.execute(update(table).where(*mine).values(said=said(told), **_values(after)))
    if after == known:
        return Announced(window=known, taken=Taken.KNOWN)
    taken = Taken.CANCELLED if after.is_cancelled else Taken.CHANGED
    made = Announced(window=after, taken=taken)
    write_entry(connection, tell(made))
    return made


def _values(one: Maintenance) -> dict[str, Any]:
    return {
        "env": one.env,
        "starts_at": one.starts_at,
        "ends_at": one.ends_at,
        "is_cancelled": one.is_cancelled,
        "doc": encode(Maintenance, one),
    }


def _window(row: Row[Any]) -> Maintenance:
    return replace(decode(Maintenance, row.doc), id=f"{_PREFIX}{row.id}")


def _number(name: str) -> int:
    text = name.upper().removeprefix(_PREFIX)
    if not text.isdecimal() or len(text) > _MOST_DIGITS:
        raise InputError(f"{name!r} is no window; expected its id, as in MNT-7")
    return int(text)
