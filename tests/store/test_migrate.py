from pathlib import Path

import numpy as np
import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Column, Integer, MetaData, Table, text

from aiops.domain.errors import StoreError
from aiops.domain.ticks import Tick
from aiops.store.engine import open_engine, reading, writing
from aiops.store.migrate import Database, Standing, check, migrate, table_filter
from aiops.store.signals import HistoryStore
from tests.builders import minute, series


def differences(url: str, which: Database, metadata: MetaData) -> list[object]:
    """Compare a database with what it should be, as alembic's autogenerate does."""
    engine = open_engine(url, durable=True)
    options = {
        "version_table": which.version_table,
        "include_name": table_filter(which),
        "compare_type": True,
    }
    with reading(engine) as connection:
        found = compare_metadata(MigrationContext.configure(connection, opts=options), metadata)
    engine.dispose()
    return list(found)


@pytest.mark.parametrize("which", Database)
def test_a_migrated_database_has_exactly_the_tables_of_this_release(
    empty_urls: dict[Database, str], which: Database
) -> None:
    for one in Database:
        migrate(empty_urls[one], one)
    assert differences(empty_urls[which], which, which.metadata) == []


def test_the_comparison_does_see_a_difference(empty_urls: dict[Database, str]) -> None:
    url, which = empty_urls[Database.AIOPS], Database.AIOPS
    migrate(url, which)
    more = MetaData()
    for table in which.metadata.tables.values():
        table.to_metadata(more)
    Table("audit", more, Column("weight", Integer), extend_existing=True)
    assert differences(url, which, more) != []


@pytest.mark.parametrize("which", Database)
def test_every_row_of_every_table_says_where_it_comes_from(which: Database) -> None:
    assert all("origin" in table.columns for table in which.metadata.tables.values())


def test_the_standing_is_behind_then_up_to_date_and_again_changes_nothing(
    empty_urls: dict[Database, str],
) -> None:
    for which in Database:
        url = empty_urls[which]
        engine = open_engine(url, durable=True, create=True)
        engine.connect().close()
        engine.dispose()
        assert check(url, which) is Standing.BEHIND
        migrate(url, which)
        migrate(url, which)
        assert check(url, which) is Standing.UP_TO_DATE


def test_a_database_of_a_newer_release_is_left_alone(empty_urls: dict[Database, str]) -> None:
    url, which = empty_urls[Database.AIOPS], Database.AIOPS
    migrate(url, which)
    engine = open_engine(url, durable=True)
    with writing(engine) as connection:
        connection.execute(text("UPDATE alembic_version_aiops SET version_num = '9999'"))
    engine.dispose()
    assert check(url, which) is Standing.AHEAD
    with pytest.raises(StoreError, match="ahead: a newer release of aiops"):
        migrate(url, which)


def test_migrating_makes_the_directories_of_a_sqlite_file(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/with space/100%/a.db"
    migrate(url, Database.HISTORY)
    assert check(url, Database.HISTORY) is Standing.UP_TO_DATE


def test_checking_a_missing_sqlite_file_says_that_it_is_missing(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="there is no such database"):
        check(f"sqlite:///{tmp_path}/a.db", Database.AIOPS)


def test_a_place_where_no_file_can_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(StoreError, match=r"file/a\.db cannot be made"):
        migrate(f"sqlite:///{tmp_path}/file/a.db", Database.AIOPS)


def test_series_that_were_there_before_are_found_by_their_service(
    empty_urls: dict[Database, str],
) -> None:
    url, which = empty_urls[Database.HISTORY], Database.HISTORY
    migrate(url, which)
    engine = open_engine(url, durable=True)
    store = HistoryStore(engine)
    store.add_series("pull.prod.0", "prod", "pull", 60, [series("shop", "a"), series("db", "b")])
    store.append_ticks("pull.prod.0", [Tick(at=minute(1), values=np.ones(2, dtype=np.float32))])
    with writing(engine) as connection:
        later = ("sli_hours", "pushed_sources", "raw_series", "pushed_samples", "passed_metrics")
        for table in (*later, "feed_minutes", "case_events", "case_refusals"):
            connection.execute(text(f"DROP TABLE {table}"))
        connection.execute(text("DROP INDEX ix_series_service"))
        connection.execute(text("ALTER TABLE series DROP COLUMN service"))
        connection.execute(text(f"UPDATE {which.version_table} SET version_num = 'history_0004'"))  # noqa: S608 - a constant
    migrate(url, which)
    (found,) = store.samples("prod").around({"db"}, minute(1), minute(1))
    engine.dispose()
    assert [one.key.metric for one in found.series] == ["b"]
