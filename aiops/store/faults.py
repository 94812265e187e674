"""What a failing database says, in words that name the database and what to do."""

import errno
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import URL, Engine
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from aiops.domain.errors import StoreError

_MIGRATE = "run `aiops migrate`"
_FULL = "the disk is full; nothing was written: free some space, the work is repeated"
_READ_ONLY = "it can only be read; nothing was written: check owner, mode and mount"
_MISSING = f"there is no such database; check its address, or {_MIGRATE}"
_NO_TABLES = f"its tables are missing or of another release; {_MIGRATE}"
_BUSY = "another process held it locked for too long; nothing was written, the work is repeated"
_DAMAGED = "the file is damaged or no database; restore a backup"

_SQLITE: tuple[tuple[str, str], ...] = (
    ("unable to open database file", _MISSING),
    ("no such table", _NO_TABLES),
    ("no such column", _NO_TABLES),
    ("has no column named", _NO_TABLES),
    ("disk is full", _FULL),
    ("readonly database", _READ_ONLY),
    ("database is locked", _BUSY),
    ("malformed", _DAMAGED),
    ("not a database", _DAMAGED),
)
_POSTGRESQL = {
    "3D000": _MISSING,
    "42P01": _NO_TABLES,
    "42703": _NO_TABLES,
    "53100": _FULL,
    "25006": _READ_ONLY,
    "53300": "it takes no more connections; raise max_connections or run fewer workers",
    "28P01": "it refused the user or password; check the database URL",
    "28000": "it refused the user; check the database URL and pg_hba.conf",
}
_ERRNO = {
    errno.ENOENT: _MISSING,
    errno.ENOSPC: _FULL,
    errno.EDQUOT: _FULL,
    errno.EROFS: _READ_ONLY,
    errno.EACCES: _READ_ONLY,
    errno.EPERM: _READ_ONLY,
}


def shown(url: URL) -> str:
    """Return how messages name a database: without its password.

    Examples:
        >>> from sqlalchemy import make_url
        >>> shown(make_url("postgresql+psycopg://me:secret@db/aiops"))
        'postgresql+psycopg://me:***@db/aiops'
    """
    return url.render_as_string(hide_password=True)


def describe(error: SQLAlchemyError | OSError) -> str:
    """Return what went wrong and what to do, without the database's name."""
    if isinstance(error, OSError):
        return _ERRNO.get(error.errno or 0, str(error))
    if not isinstance(error, DBAPIError) or error.orig is None:
        return str(error)
    said = str(error.orig).strip()
    if isinstance(error.orig, sqlite3.Error):
        return next((meaning for words, meaning in _SQLITE if words in said), said)
    code = getattr(error.orig, "sqlstate", None)
    if code is None:
        return f"it does not answer; is it running? ({said})"
    return _POSTGRESQL.get(code, said)


@contextmanager
def explained(engine: Engine) -> Iterator[None]:
    """Turn what SQLAlchemy raises inside into a `StoreError` that says what to do.

    Raises:
        StoreError: the database did not answer or refused; nothing was written.
    """
    try:
        yield
    except SQLAlchemyError as error:
        raise StoreError(f"database {shown(engine.url)}: {describe(error)}") from error
