"""Deleting what is too old, little by little: no other writer waits long."""

from sqlalchemy import ColumnElement, Engine, Table, delete, select

from aiops.store.engine import writing

ROWS_AT_ONCE = 500


def delete_in_steps(engine: Engine, table: Table, condition: ColumnElement[bool]) -> int:
    """Delete the rows of a table with an `id` that meet a condition; return how many."""
    some = select(table.c.id).where(condition).order_by(table.c.id).limit(ROWS_AT_ONCE)
    statement = delete(table).where(table.c.id.in_(some.scalar_subquery()))
    deleted = 0
    while True:
        with writing(engine) as connection:
            count = connection.execute(statement).rowcount
        deleted += count
        if count < ROWS_AT_ONCE:
            return deleted
