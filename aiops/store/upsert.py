"""`INSERT … ON CONFLICT` in one shape for both databases: create, or leave what is there."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Table
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
