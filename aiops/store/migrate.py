"""Bring a database to this release's tables, and tell whether it is there."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import Any

from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.runtime.environment import EnvironmentContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, MetaData, text

from aiops.domain.errors import StoreError
from aiops.store.alert_tables import ALERTS
from aiops.store.case_tables import CASE_EVENTS
from aiops.store.clue_tables import LISTENING
from aiops.store.digest_tables import DIGESTS
from aiops.store.engine import BUSY_TIMEOUT_SECONDS, open_engine, reading, writing
from aiops.store.faults import shown
from aiops.store.gate import write_gate
from aiops.store.history_tables import SHARDS
from aiops.store.maintenance_tables import MAINTENANCE
from aiops.store.outbox_tables import OUTBOX
from aiops.store.page_tables import OUTSIDE_PAGES
from aiops.store.picture_tables import PICTURES_TABLE
from aiops.store.pushed_tables import PUSHED_SOURCES
from aiops.store.tables import INCIDENTS
from aiops.store.update_tables import STATUS_UPDATES

_TABLES = (
    ALERTS,
    DIGESTS,
    INCIDENTS,
    LISTENING,
    MAINTENANCE,
    OUTBOX,
    OUTSIDE_PAGES,
    PICTURES_TABLE,
    STATUS_UPDATES,
)
"""One of each module whose tables are in the aiops database: imported, they are known."""

_HISTORY_TABLES = (SHARDS, PUSHED_SOURCES, CASE_EVENTS)
"""The same of the history database."""

_STEPS = Path(__file__).parent / "migrations"
_ADVISORY_LOCK = 0x61696F7073  # "aiops"


class Database(StrEnum):
    """The two databases; on PostgreSQL both may be one and the same."""

    AIOPS = "aiops"
    HISTORY = "history"

    @property
    def metadata(self) -> MetaData:
        """The tables this release expects in it."""
        return {Database.AIOPS: _TABLES[0].metadata, Database.HISTORY: _HISTORY_TABLES[0].metadata}[
            self
        ]

    @property
    def version_table(self) -> str:
        """Where alembic notes how far it is."""
        return f"alembic_version_{self.value}"


class Standing(StrEnum):
    """How a database's tables compare with this release's."""

    UP_TO_DATE = "up to date"
    BEHIND = "behind: run `aiops migrate`"
    AHEAD = "ahead: a newer release of aiops has migrated it; install that one"


def migrate(url: str, which: Database) -> None:
    """Bring the database to this release's tables, creating it where it is a missing SQLite file.

    Any number of processes may call it at once; one does the work, in one transaction.

    Raises:
        StoreError: it does not answer, or a newer release has migrated it.
        ConfigurationError: the URL is of no kind we know.
    """
    with _engine(url, create=True) as engine:
        if engine.dialect.name == "sqlite":
            _prepare_file(Path(engine.url.database or ""))
        with writing(engine) as connection:
            if connection.dialect.name == "postgresql":
                connection.execute(text(f"SELECT pg_advisory_xact_lock({_ADVISORY_LOCK})"))
            standing = _standing(connection, which)
            if standing is Standing.AHEAD:
                raise StoreError(f"database {shown(engine.url)} is {standing}")
            if standing is Standing.BEHIND:
                _upgrade(connection, which)


def check(url: str, which: Database) -> Standing:
    """Return how the database's tables compare with this release's; changes nothing.

    Raises:
        StoreError: it is not there or does not answer.
        ConfigurationError: the URL is of no kind we know.
    """
    with _engine(url, create=False) as engine, reading(engine) as connection:
        return _standing(connection, which)


def table_filter(which: Database) -> Any:
    """Return an alembic `include_name` that sees the tables of `which` and no others.

    On PostgreSQL both databases may be one.
    """

    def include(name: str | None, kind: str, _parents: object) -> bool:
        return kind != "table" or name in which.metadata.tables

    return include


@contextmanager
def _engine(url: str, *, create: bool) -> Iterator[Engine]:
    engine = open_engine(url, durable=True, create=create)
    try:
        yield engine
    finally:
        engine.dispose()


def _prepare_file(path: Path) -> None:
    """Make the file, and switch it to WAL once: on every connect it would fail on a file in use."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with write_gate(str(path)):
            connection = sqlite3.connect(path, timeout=BUSY_TIMEOUT_SECONDS)
            try:
                connection.execute("PRAGMA journal_mode = WAL")
            finally:
                connection.close()
    except (OSError, sqlite3.Error) as error:
        raise StoreError(f"database {path} cannot be made: {error}") from error


def _scripts(which: Database) -> ScriptDirectory:
    config = Config()
    folder = str(_STEPS / which.value).replace("%", "%%")
    config.set_main_option("script_location", str(_STEPS).replace("%", "%%"))
    config.set_main_option("path_separator", "newline")
    config.set_main_option("version_locations", folder)
    return ScriptDirectory.from_config(config)


def _standing(connection: Connection, which: Database) -> Standing:
    context = MigrationContext.configure(connection, opts={"version_table": which.version_table})
    current, scripts = context.get_current_revision(), _scripts(which)
    if current is not None and current not in {step.revision for step in scripts.walk_revisions()}:
        return Standing.AHEAD
    return Standing.UP_TO_DATE if current == scripts.get_current_head() else Standing.BEHIND


def _upgrade(connection: Connection, which: Database) -> None:
    scripts = _scripts(which)

    def steps(revision: Any, _context: object) -> Any:
        return scripts._upgrade_revs("head", revision)

    with EnvironmentContext(Config(), scripts, fn=steps) as environment:
        environment.configure(
            connection=connection,
            target_metadata=which.metadata,
            version_table=which.version_table,
            render_as_batch=connection.dialect.name == "sqlite",
        )
        environment.run_migrations()
