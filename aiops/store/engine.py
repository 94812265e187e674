"""Engines that lose no write, and the two ways in: `writing` and `reading`.

SQLite as SQLAlchemy opens it by default lost 578 of 800 concurrent increments without an error.
Here a writer begins with BEGIN IMMEDIATE behind a gate (`aiops.store.gate`), a reader with BEGIN.
On PostgreSQL a writer runs in READ COMMITTED and compares before it sets; a reader sees one
snapshot. Transactions are short: no network and no computing inside.
"""

import os
import sqlite3
import weakref
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from typing import Any
from urllib.parse import quote

from sqlalchemy import URL, Connection, Engine, QueuePool, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError

from aiops.domain.errors import ConfigurationError
from aiops.store.faults import explained, shown
from aiops.store.gate import write_gate

BUSY_TIMEOUT_SECONDS = 30
CONNECT_TIMEOUT_SECONDS = 5
_READ_OPTIONS: dict[str, dict[str, Any]] = {
    "sqlite": {"read": True},
    "postgresql": {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True},
}
_engines: weakref.WeakSet[Engine] = weakref.WeakSet()


def open_engine(url: str, *, durable: bool, create: bool = False) -> Engine:
    """Return an engine for `url`; it connects with the first use.

    One engine per process and database. It may be used on both sides of a fork, as long as no
    transaction is under way when it happens.

    Args:
        url: `sqlite:////absolute/file.db` or `postgresql://user:password@host/database`.
        durable: whether a commit survives a loss of power (SQLite: synchronous FULL, else
            NORMAL; PostgreSQL always does).
        create: whether a missing SQLite file is made; only migrations want that.

    Raises:
        ConfigurationError: the URL is of no kind we know.
    """
    parsed = _parsed(url)
    options: dict[str, Any] = {"poolclass": QueuePool, "pool_size": 8, "max_overflow": 32}
    if parsed.get_backend_name() == "sqlite":
        engine = create_engine(parsed, creator=_sqlite_opener(parsed, create), **options)
        _obey_sqlite(engine, "FULL" if durable else "NORMAL")
    else:
        engine = create_engine(
            parsed,
            connect_args={"connect_timeout": CONNECT_TIMEOUT_SECONDS},
            pool_pre_ping=True,
            **options,
        )
    _engines.add(engine)
    return engine


@contextmanager
def writing(engine: Engine) -> Iterator[Connection]:
    """Give a connection in a transaction that commits at the end, or leaves nothing behind.

    On SQLite it holds the write lock from its first moment, so what it reads stays true until it
    writes; on PostgreSQL read what you will write with `with_for_update()`, or compare and set.

    Raises:
        StoreError: the database did not answer or refused; nothing was written.
    """
    with (
        explained(engine),
        engine.connect() as connection,
        _gate(engine),
        connection.begin(),
    ):
        yield connection


@contextmanager
def reading(engine: Engine) -> Iterator[Connection]:
    """Give a connection that sees one snapshot, blocks no writer and cannot write.

    Raises:
        StoreError: the database did not answer.
    """
    options = _READ_OPTIONS[engine.dialect.name]
    with (
        explained(engine),
        engine.connect().execution_options(**options) as connection,
        connection.begin(),
    ):
        yield connection


def _parsed(url: str) -> URL:
    try:
        parsed = make_url(url)
    except ArgumentError as error:
        raise ConfigurationError(f"{_expected()}, not something without a scheme") from error
    if parsed.drivername in ("postgresql", "postgres", "postgresql+psycopg"):
        return parsed.set(drivername="postgresql+psycopg")
    if parsed.drivername == "sqlite" and parsed.database and parsed.database != ":memory:":
        return parsed.set(database=str(Path(parsed.database).absolute()))
    raise ConfigurationError(f"{_expected()}, not {shown(parsed)}")


def _expected() -> str:
    return "a database URL must be sqlite:////path/to/file.db or postgresql://user@host/database"


def _sqlite_opener(url: URL, create: bool) -> Callable[[], sqlite3.Connection]:
    # mode=rw: a wrong path is an error, not an empty database that loses nothing because it has
    # nothing.
    address = f"file:{quote(url.database or '')}?mode={'rwc' if create else 'rw'}"

    def connect() -> sqlite3.Connection:
        return sqlite3.connect(
            address,
            uri=True,
            timeout=BUSY_TIMEOUT_SECONDS,
            isolation_level=None,
            check_same_thread=False,
        )

    return connect


def _obey_sqlite(engine: Engine, synchronous: str) -> None:
    @event.listens_for(engine, "connect")
    def configure(connection: sqlite3.Connection, _record: object) -> None:
        for pragma in (
            f"busy_timeout = {BUSY_TIMEOUT_SECONDS * 1000}",  # first: the others may have to wait
            f"synchronous = {synchronous}",
            "foreign_keys = ON",
        ):
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        read = connection.get_execution_options().get("read", False)
        connection.exec_driver_sql("BEGIN" if read else "BEGIN IMMEDIATE")


def _close_idle() -> None:
    for engine in list(_engines):
        engine.dispose()


# Before a fork nothing may be open. SQLite keeps in the memory of a process which file locks it
# holds; a child inherits that belief without the locks, and may then lose what others write. A
# PostgreSQL connection would be used by two processes at once.
os.register_at_fork(before=_close_idle)


def _gate(engine: Engine) -> AbstractContextManager[None]:
    if engine.dialect.name == "sqlite":
        return write_gate(engine.url.database or "")
    return nullcontext()
