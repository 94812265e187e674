"""Where environments stand, as rows: read, and moved on by compare and set."""

from typing import Any

from sqlalchemy import Connection, Row, select, update

from aiops.domain.errors import StaleStateError
from aiops.store.tables import ENVIRONMENTS


def read_environment(connection: Connection, env: str) -> Row[Any] | None:
    """Return the row of an environment, None where it was never committed."""
    query = select(ENVIRONMENTS).where(ENVIRONMENTS.c.env == env)
    return connection.execute(query).one_or_none()


def symptoms_of(env: str) -> str:
    """Return the key under which the text of an environment's symptoms is remembered."""
    return f"symptoms of {env}"


def move_version(connection: Connection, env: str, version: int, values: dict[str, Any]) -> None:
    """Compare and set; on PostgreSQL this also holds the environment until the commit.

    Raises:
        StaleStateError: somebody else moved it first.
    """
    moved = connection.execute(
        update(ENVIRONMENTS)
        .where(ENVIRONMENTS.c.env == env, ENVIRONMENTS.c.version == version)
        .values(version=version + 1, **values)
    )
    if moved.rowcount != 1:
        raise StaleStateError(f"environment {env} has moved on from version {version}")
