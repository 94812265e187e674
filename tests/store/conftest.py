"""Every test of the store that takes `aiops` or `history` runs on SQLite and on PostgreSQL."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest
from sqlalchemy import Engine, delete, make_url

from aiops.store.engine import open_engine, writing
from aiops.store.migrate import Database, migrate
from tests.databases import make_databases

KINDS = ["sqlite", pytest.param("postgresql", marks=pytest.mark.xdist_group("pg"))]


@pytest.fixture(params=KINDS)
def empty_urls(request: pytest.FixtureRequest, tmp_path: Path) -> dict[Database, str]:
    """Addresses of two databases without tables; on PostgreSQL both are one."""
    if request.param == "sqlite":
        return {which: f"sqlite:///{tmp_path}/{which}.db" for which in Database}
    url: str = request.getfixturevalue("postgres_url")
    return dict.fromkeys(Database, url)


@pytest.fixture(scope="session")
def postgres_store_url(_postgres_server_url: str) -> Iterator[str]:
    """A migrated PostgreSQL database for all these tests: making one takes half a second."""
    server = make_url(_postgres_server_url)
    name = f"store_{uuid4().hex}"
    admin = server.set(drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(admin, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
    url = server.set(database=name).render_as_string(hide_password=False)
    for which in Database:
        migrate(url, which)
    yield url
    with psycopg.connect(admin, autocommit=True) as connection:
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture(params=KINDS)
def urls(request: pytest.FixtureRequest, tmp_path: Path) -> dict[Database, str]:
    """Addresses of both databases with all tables and no rows."""
    if request.param == "sqlite":
        return make_databases(tmp_path)
    server: str = request.getfixturevalue("postgres_store_url")
    for which in Database:
        with opened(server, durable=True) as engine, writing(engine) as connection:
            for table in reversed(which.metadata.sorted_tables):
                connection.execute(delete(table))
    return dict.fromkeys(Database, server)


@pytest.fixture
def aiops_url(urls: dict[Database, str]) -> str:
    """The address of a migrated aiops database."""
    return urls[Database.AIOPS]


@pytest.fixture
def aiops(aiops_url: str) -> Iterator[Engine]:
    """An engine on a migrated aiops database."""
    with opened(aiops_url, durable=True) as engine:
        yield engine


@pytest.fixture
def history(urls: dict[Database, str]) -> Iterator[Engine]:
    """An engine on a migrated history database."""
    with opened(urls[Database.HISTORY], durable=False) as engine:
        yield engine


@contextmanager
def opened(url: str, *, durable: bool) -> Iterator[Engine]:
    """Give an engine and close its connections at the end."""
    engine = open_engine(url, durable=durable)
    try:
        yield engine
    finally:
        engine.dispose()
