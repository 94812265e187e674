"""Every test of the store that takes `aiops` or `history` runs on SQLite and on PostgreSQL."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine

from aiops.store.engine import open_engine
from aiops.store.migrate import Database, migrate


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.xdist_group("pg"))])
def empty_urls(request: pytest.FixtureRequest, tmp_path: Path) -> dict[Database, str]:
    """Addresses of two databases without tables; on PostgreSQL both are one."""
    if request.param == "sqlite":
        return {which: f"sqlite:///{tmp_path}/{which}.db" for which in Database}
    url: str = request.getfixturevalue("postgres_url")
    return dict.fromkeys(Database, url)


@pytest.fixture
def aiops_url(empty_urls: dict[Database, str]) -> str:
    """The address of a migrated aiops database."""
    migrate(empty_urls[Database.AIOPS], Database.AIOPS)
    return empty_urls[Database.AIOPS]


@pytest.fixture
def aiops(aiops_url: str) -> Iterator[Engine]:
    """An engine on a migrated aiops database."""
    engine = open_engine(aiops_url, durable=True)
    yield engine
    engine.dispose()


@pytest.fixture
def history(empty_urls: dict[Database, str]) -> Iterator[Engine]:
    """An engine on a migrated history database."""
    migrate(empty_urls[Database.HISTORY], Database.HISTORY)
    engine = open_engine(empty_urls[Database.HISTORY], durable=False)
    yield engine
    engine.dispose()
