"""`INSERT … ON CONFLICT` in one shape for both databases: create, or leave what is there."""

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import Any, Final, NamedTuple

from sqlalchemy import Connection, Dialect, Table
from sqlalchemy.dialects import postgresql, sqlite

Row = Mapping[str, Any]


def insert(connection: Connection, table: Table) -> sqlite.Insert | postgresql.Insert:
    """Return an INSERT of the connection's dialect, which knows `on_conflict_do_…`."""
    if connection.dialect.name == "postgresql":
        return postgresql.insert(table)
    return sqlite.insert(table)


def insert_missing(connection: Connection, table: Table, rows: Sequence[Row]) -> None:
    """Insert the rows that break no uniqueness; leave the others as they are (one executemany)."""
    if rows:
        connection.execute(insert(connection, table).on_conflict_do_nothing(), list(rows))


_AT_ONCE: Final = 200
"""Rows in one statement: below what either database allows of bound values."""


def insert_missing_at_once(connection: Connection, table: Table, rows: Sequence[Row]) -> None:
    """Insert as `insert_missing` does, hundreds of rows by one statement.

    That costs a third, and less still beside a busy event loop: a statement a row gives the
    interpreter away once a row, and waits its turn each time.

    Args:
        connection: in a transaction.
        table: to insert into.
        rows: each with the same columns.
    """
    _insert_at_once(connection, table, rows, "DO NOTHING")


def upsert_at_once(
    connection: Connection,
    table: Table,
    rows: Sequence[Row],
    *,
    changed: Sequence[str],
    where: str,
) -> int:
    """Insert rows, or change those that are there by their `id`; return how many of both.

    Args:
        connection: in a transaction.
        table: with a primary key `id`.
        rows: each with the same columns, no two of one id.
        changed: the columns that are set where a row is there.
        where: the condition for that, of the table and `excluded`; the others stay as they are.
    """
    sets = ", ".join(f"{name} = excluded.{name}" for name in changed)
    return _insert_at_once(connection, table, rows, f"(id) DO UPDATE SET {sets} WHERE {where}")


def _insert_at_once(
    connection: Connection, table: Table, rows: Sequence[Row], on_conflict: str
) -> int:
    if not rows:
        return 0
    columns = _columns(connection.dialect, table, tuple(rows[0]))
    count = 0
    for first in range(0, len(rows), _AT_ONCE):
        some = rows[first : first + _AT_ONCE]
        values = tuple(
            row[name] if process is None else process(row[name])
            for row in some
            for name, process in columns.processors
        )
        statement = (
            f"{columns.head}{', '.join([columns.row] * len(some))} ON CONFLICT {on_conflict}"
        )
        count += connection.exec_driver_sql(statement, values).rowcount
    return count


class _Columns(NamedTuple):
    """How rows are written: the beginning of the statement, one row of it, what makes a value."""

    head: str
    row: str
    processors: Sequence[tuple[str, Callable[[Any], Any] | None]]


@lru_cache
def _columns(dialect: Dialect, table: Table, names: tuple[str, ...]) -> _Columns:
    mark = "?" if dialect.paramstyle == "qmark" else "%s"
    return _Columns(
        head=f"INSERT INTO {table.name} ({', '.join(names)}) VALUES ",  # noqa: S608 - ours
        row=f"({', '.join([mark] * len(names))})",
        processors=[
            (name, table.c[name].type.dialect_impl(dialect).bind_processor(dialect))
            for name in names
        ],
    )
