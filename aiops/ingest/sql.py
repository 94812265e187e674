"""Ask a database for metrics, in SQL: read only, for so long and so many rows at most."""

import sqlite3
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from functools import cached_property
from typing import Any, Final
from urllib.parse import quote
from zoneinfo import ZoneInfo

from sqlalchemy import URL, Connection, Engine, create_engine, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, SQLAlchemyError
from sqlalchemy.pool import NullPool

from aiops.domain.errors import InputError, SourceError
from aiops.domain.journeys import Kpi
from aiops.domain.pulled import Sample
from aiops.domain.series import DEFAULT_ENV
from aiops.ingest.cells import Moments
from aiops.ingest.row_source import Pull, Rows
from aiops.ingest.rows import SEEN_SPAN, Window, window_of
from aiops.ingest.sql_statement import parameters_in, require_reading
from aiops.settings import RowSignalSettings, SqlSettings

_PARAMETERS: Final = frozenset({"since", "until", "since_epoch", "until_epoch"})
_AT_ONCE: Final = 1_000
_STEPS: Final = 10_000
"""Steps of SQLite's machine between two looks at the time."""


class SqlSource:
    """Asks a database for every declared signal; implements `aiops.ports.Source`.

    Each query runs in a transaction of its own that may only read, and is rolled back. One that
    fails, or gives too many rows, costs its own signal only.

    Args:
        settings: of this source.
        kpis: the declared KPIs, for the signals that carry one.
        default_env: the environment of rows that name none.
    """

    def __init__(
        self, settings: SqlSettings, *, kpis: tuple[Kpi, ...] = (), default_env: str = DEFAULT_ENV
    ) -> None:
        self.name = settings.name
        self.step_seconds = settings.step_seconds
        self.delay_seconds = settings.delay_seconds
        self.complaints: Mapping[str, str] = {}
        self._settings = settings
        self._rows = Rows(settings, kpis, default_env)
        self._looked_back = False

    def pull(self, start: datetime, end: datetime, step_seconds: int) -> Sequence[Sample]:
        """Return every declared series at start, start + step … end (inclusive).

        Raises:
            SourceError: the database does not answer, or refuses every query.
            ValueError: the interval is none.
        """
        window = window_of(start, end, step_seconds)
        pulls: dict[int, Pull] = {}
        refused: dict[str, str] = {}
        for index, signal in enumerate(self._settings.signals):
            try:
                pulls[index] = self._ask(index, signal, window)
            except InputError as error:
                refused[signal.name] = self._rows.place(signal, str(error))
        if refused and not pulls:
            raise SourceError("\n".join(refused.values()))
        self._looked_back = True
        samples = self._rows.samples(pulls, refused)
        self.complaints = self._rows.complaints
        return samples

    def now(self) -> datetime | None:
        """Return None: whose clock stamps the rows is not known."""
        return None

    def close(self) -> None:
        """Let go of what was opened; the next pull opens it again."""
        if "_engine" in self.__dict__:
            self._engine.dispose()
            del self.__dict__["_engine"]

    @cached_property
    def _engine(self) -> Engine:
        """The way to the database, made on first use because workers fork."""
        url = self._settings.url
        if url is None:
            raise SourceError(
                f"source {self.name!r}: no address; set {self._settings.url_env}, or name a file "
                f"with it in {self._settings.url_env}_FILE"
            )
        try:
            return _engine_of(make_url(url.get_secret_value()), self._settings.timeout_seconds)
        except (ArgumentError, ValueError) as error:
            raise SourceError(
                f"source {self.name!r}: {self._settings.url_env} is no address of a database we "
                "can ask without being able to write; expected postgresql://user@host/name, or "
                "sqlite:////path/of/file.db"
            ) from error

    def _ask(self, index: int, signal: RowSignalSettings, window: Window) -> Pull:
        """Return what the rows of a signal add up to.

        The first time it looks back a day: a series that had rows then counts as 0 without one.

        Raises:
            InputError: the query may not be asked, or failed.
        """
        require_reading(signal.query)
        unknown = sorted(parameters_in(signal.query) - _PARAMETERS)
        if unknown:
            expected = ", ".join(sorted(_PARAMETERS))
            raise InputError(f"the query has a parameter {unknown[0]!r}, expected {expected}")
        if not self._looked_back:
            with suppress(InputError):  # too much of it: what is seen from now on will do
                self._take(index, signal, window, window.since - SEEN_SPAN)
        return self._take(index, signal, window, window.since)

    def _take(self, index: int, signal: RowSignalSettings, window: Window, since: datetime) -> Pull:
        pull, moments = Pull(window), Moments(self._settings.time_zone)
        limit = self._settings.max_rows
        try:
            with self._reading() as connection:
                statement = text(signal.query.rstrip().rstrip(";"))
                told = self._told(since, window.until, connection.dialect.name)
                names = parameters_in(signal.query)
                given = {name: one for name, one in told.items() if name in names}
                answer = connection.execution_options(
                    stream_results=True, max_row_buffer=_AT_ONCE
                ).execute(statement, given)
                for number, row in enumerate(answer.mappings(), 1):
                    if number > limit:
                        raise InputError(
                            f"the query gives more than {limit:,} rows; sum them by minute, or "
                            "ask for those between :since and :until"
                        )
                    self._rows.take({index: pull}, dict(row), moments, "row", number)
        except SQLAlchemyError as error:
            raise InputError(f"the database refused the query ({_why(error)})") from error
        return pull

    @contextmanager
    def _reading(self) -> Iterator[Connection]:
        """Give a connection that may only read, for so long; whatever was done is undone.

        Raises:
            SourceError: the database does not answer.
        """
        try:
            connection = self._engine.connect()
        except (SQLAlchemyError, OSError) as error:
            raise SourceError(
                f"source {self.name!r}: the database gave no answer ({_why(error)}); is it "
                f"running, and is {self._settings.url_env} right?"
            ) from error
        with connection:
            _restrict(connection, self._settings.timeout_seconds)
            try:
                yield connection
            finally:
                connection.rollback()

    def _told(self, since: datetime, until: datetime, dialect: str) -> dict[str, Any]:
        """Return the parameters of a query: local times where local ones are declared."""
        zone = self._settings.time_zone
        moments = {"since": since.astimezone(UTC), "until": until.astimezone(UTC)}
        told: dict[str, Any] = {
            f"{name}_epoch": int(one.timestamp()) for name, one in moments.items()
        }
        for name, one in moments.items():
            at = one if zone is None else one.astimezone(ZoneInfo(zone)).replace(tzinfo=None)
            # SQLite has no times: texts, as its own datetime() writes them.
            told[name] = f"{at:%Y-%m-%d %H:%M:%S}" if dialect == "sqlite" else at
        return told


def _engine_of(url: URL, timeout_seconds: int) -> Engine:
    """Return the way to a database.

    Raises:
        ValueError: we cannot have it refuse to write.
    """
    match url.get_backend_name():
        case "postgresql":
            address = url.set(drivername="postgresql+psycopg")
            wait = {"connect_timeout": timeout_seconds}
            return create_engine(address, poolclass=NullPool, connect_args=wait)
        case "sqlite":
            path = quote(url.database or "")

            def opened() -> sqlite3.Connection:
                return sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=timeout_seconds)

            return create_engine("sqlite://", poolclass=NullPool, creator=opened)
        case other:
            raise ValueError(f"{other} is not known here")


def _restrict(connection: Connection, timeout_seconds: int) -> None:
    """Have the database refuse to write, and give up after a time."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("SET TRANSACTION READ ONLY"))
        connection.execute(text(f"SET LOCAL statement_timeout = {timeout_seconds * 1000}"))
        connection.execute(text("SET LOCAL TIME ZONE 'UTC'"))
        return
    raw: Any = connection.connection.driver_connection
    raw.execute("PRAGMA query_only = ON")
    deadline = time.monotonic() + timeout_seconds
    raw.set_progress_handler(lambda: time.monotonic() > deadline, _STEPS)


def _why(error: Exception) -> str:
    """Return what a database says, on one line, without the statement and the address."""
    told = getattr(error, "orig", None) or error
    return " ".join(str(told).split())[:200] or type(error).__name__
