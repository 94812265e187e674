"""Column types and row bases shared by the tables of both databases."""

from collections.abc import Sequence
from datetime import UTC, datetime

from sqlalchemy import (
    BigInteger,
    BindParameter,
    ColumnElement,
    DateTime,
    Dialect,
    Integer,
    MetaData,
    Table,
    bindparam,
)
from sqlalchemy.types import TypeDecorator
from sqlmodel import Field, SQLModel

from aiops.domain.time import require_aware

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}

ROW_ID = BigInteger().with_variant(Integer, "sqlite")
"""A number the database hands out; SQLite only counts up on the type named INTEGER."""


class UtcDateTime(TypeDecorator[datetime]):
    """An aware UTC time, to the microsecond, that sorts as time on both databases.

    SQLite has no time zones: the text it keeps is UTC, and comes back as aware.
    """

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Return `value` as UTC; a time without zone is refused."""
        return None if value is None else require_aware(value, "a time to be stored")

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Return what the database gave as aware UTC."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class AiopsRow(SQLModel):
    """A row of the `aiops` database: what must survive a loss of power (synchronous=FULL).

    `origin` says where the row comes from: live, demo, drill or replay.
    """

    metadata = MetaData(naming_convention=NAMING)

    origin: str = Field()


class HistoryRow(SQLModel):
    """A row of the `history` database: measurements and what was derived from them (NORMAL)."""

    metadata = MetaData(naming_convention=NAMING)

    origin: str = Field()


def is_one_of(column: ColumnElement[str], values: Sequence[str]) -> ColumnElement[bool]:
    """Return the condition that a column has one of some known values, written into the statement.

    A bound value would hide from the planner that a partial index covers the search.
    """
    words = [str(one) for one in values]
    known: BindParameter[list[str]] = bindparam(None, words, expanding=True, literal_execute=True)
    return column.in_(known)


def table_of(row: type[SQLModel]) -> Table:
    """Return the Core table of a row class; every hot statement goes through Core."""
    return row.metadata.tables[str(row.__tablename__)]
