"""A database as a source: what becomes of rows, and what a query may not do."""

import math
import sqlite3
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest
from pydantic import SecretStr

from aiops.domain.errors import InputError, SourceError
from aiops.ingest.sql import SqlSource
from aiops.ingest.sql_statement import parameters_in, require_reading
from aiops.settings import Aggregate, RowSignalSettings, SqlSettings
from tests.builders import minute

QUERY = """
-- revenue, by the minute; nothing else
SELECT paid_at AS timestamp, region, 'checkout' AS service, amount AS value
FROM orders WHERE paid_at >= :since AND paid_at < :until
"""
REVENUE = RowSignalSettings(name="revenue", query=QUERY, unit="EUR")
ORDERS = [("12:00:00", "EU", "19.99"), ("12:00:30", "EU", "0.01"), ("12:02:00", "US", "5")]


@pytest.fixture
def shop(tmp_path: Path) -> SqlSettings:
    """A shop's database with local times."""
    path = tmp_path / "shop #1.db"
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE orders (paid_at TEXT, region TEXT, amount TEXT)")
        rows = [(f"2026-04-18 {at}", region, amount) for at, region, amount in ORDERS]
        connection.executemany("INSERT INTO orders VALUES (?, ?, ?)", rows)
    connection.close()
    return SqlSettings(
        name="shop",
        url=SecretStr(f"sqlite:///{path}"),
        url_env="AIOPS_SHOP_DB",
        time_zone="Europe/Berlin",
        signals=(REVENUE,),
    )


def values(source: SqlSource, first: float, last: float) -> Mapping[str, list[float]]:
    found = source.pull(minute(first), minute(last), 60)
    return {str(one.series.key.region): one.values.tolist() for one in found}


def test_rows_add_up_per_minute_and_a_minute_without_one_is_nothing(shop: SqlSettings) -> None:
    assert values(SqlSource(shop), 1, 4) == {"EU": [20, 0, 0, 0], "US": [0, 0, 5, 0]}


def test_a_series_that_had_rows_the_day_before_is_0_now_and_not_missing(shop: SqlSettings) -> None:
    assert values(SqlSource(shop), 60, 61) == {"EU": [0, 0], "US": [0, 0]}
    assert values(SqlSource(shop), 60 * 26, 60 * 26) == {}


def test_a_gauge_without_a_row_is_missing(shop: SqlSettings) -> None:
    gauge = replace(REVENUE, aggregate=Aggregate.LAST)
    found = values(SqlSource(replace(shop, signals=(gauge,))), 1, 2)["EU"]
    assert found == pytest.approx([0.01, math.nan], nan_ok=True)


def test_epoch_seconds_will_do(shop: SqlSettings) -> None:
    query = "SELECT :until_epoch - 1 AS timestamp, 'a' AS service, :since_epoch AS value"
    source = SqlSource(replace(shop, signals=(RowSignalSettings(name="a", query=query),)))
    assert source.pull(minute(1), minute(1), 60)[0].values.tolist() == [minute(0).timestamp()]


@pytest.mark.parametrize(
    ("query", "says"),
    [
        ("DELETE FROM orders", "begins with 'DELETE', expected SELECT or WITH"),
        ("", "begins with 'nothing'"),
        ("SELECT 1; SELECT 2", "several statements"),
        ("SELECT 1; DROP TABLE orders", "several statements"),
        ("WITH gone AS (DELETE FROM orders RETURNING 1) SELECT * FROM gone", "says 'DELETE'"),
        ("SELECT 1 INTO copy", "says 'INTO'"),
        ("SELECT $$x$$; -- ok\n DROP TABLE orders", "several statements"),
        ("/* SELECT */ UPDATE orders SET amount = 0", "begins with 'UPDATE'"),
        ("SELECT * FROM t FOR UPDATE", "says 'UPDATE'"),
        ("SELECT 1 WHERE at > :from", "a parameter 'from', expected since, since_epoch"),
        ("SELECT " + "1," * 20_000 + "1", "more than 20,000 characters"),
    ],
)
def test_a_query_that_could_write_is_never_sent(shop: SqlSettings, query: str, says: str) -> None:
    source = SqlSource(replace(shop, signals=(RowSignalSettings(name="a", query=query),)))
    with pytest.raises(SourceError) as found:
        source.pull(minute(1), minute(1), 60)
    assert says in str(found.value)
    assert "source 'shop', signal 'a'" in str(found.value)


@pytest.mark.parametrize(
    "query",
    [
        "SELECT replace(name, 'a', 'b') FROM t;",
        "SELECT 'DROP TABLE; x' AS \"update\", `set`, [into] FROM t -- delete\n",
        "select x::text from t where at >= :since",
        "VALUES (1)",
    ],
)
def test_words_in_texts_names_and_comments_are_no_statement(query: str) -> None:
    require_reading(query)


def test_only_what_stands_in_the_statement_is_a_parameter() -> None:
    query = "SELECT ':a' /* :b */ -- :c\n, x::d FROM t WHERE at >= :since AND at < :until"
    assert parameters_in(query) == {"since", "until"}


def test_the_database_itself_refuses_to_write(shop: SqlSettings) -> None:
    with SqlSource(shop)._reading() as connection, pytest.raises(Exception, match="readonly"):
        connection.exec_driver_sql("DELETE FROM orders")


def test_one_signal_that_fails_costs_itself_only(shop: SqlSettings) -> None:
    bad = RowSignalSettings(name="bad", query="SELECT missing FROM orders")
    source = SqlSource(replace(shop, signals=(REVENUE, bad)))
    assert len(source.pull(minute(1), minute(1), 60)) == 1
    assert "no such column: missing" in source.complaints["bad"]
    with pytest.raises(SourceError, match="no such column"):
        SqlSource(replace(shop, signals=(bad,))).pull(minute(1), minute(1), 60)


def test_an_answer_with_too_many_rows_is_refused(shop: SqlSettings) -> None:
    assert values(SqlSource(replace(shop, max_rows=3)), 1, 4)
    with pytest.raises(SourceError, match="more than 2 rows; sum them by minute"):
        SqlSource(replace(shop, max_rows=2)).pull(minute(1), minute(4), 60)


def test_a_query_that_takes_too_long_is_stopped(shop: SqlSettings) -> None:
    endless = (
        "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) "
        "SELECT count(*) AS value, 0 AS timestamp FROM n"
    )
    signal = RowSignalSettings(name="a", query=endless)
    source = SqlSource(replace(shop, timeout_seconds=1, signals=(signal,)))
    source._looked_back = True
    with pytest.raises(SourceError, match="interrupted"):
        source.pull(minute(1), minute(1), 60)


@pytest.mark.parametrize(
    ("url", "says"),
    [
        (None, "no address; set AIOPS_SHOP_DB"),
        ("not an address", "is no address of a database"),
        ("mysql://a@b/c", "is no address of a database"),
        ("sqlite:////nowhere/at/all.db", "gave no answer (unable to open"),
        ("postgresql://u:geheim@127.0.0.1:1/x", "gave no answer"),
    ],
)
def test_a_database_that_is_not_there_is_no_answer_and_its_password_is_never_told(
    shop: SqlSettings, url: str | None, says: str
) -> None:
    settings = replace(shop, url=None if url is None else SecretStr(url), timeout_seconds=2)
    with pytest.raises(SourceError) as found:
        SqlSource(settings).pull(minute(1), minute(1), 60)
    assert says in str(found.value)
    assert "geheim" not in str(found.value)


@pytest.mark.xdist_group("pg")
def test_postgresql_reads_aware_and_local_times_and_refuses_to_write(postgres_url: str) -> None:
    with psycopg.connect(postgres_url.replace("+psycopg", ""), autocommit=True) as connection:
        connection.execute("CREATE TABLE orders (at timestamptz, there timestamp, paid numeric)")
        connection.execute(
            "INSERT INTO orders VALUES ('2026-04-18 10:00:30Z', '2026-04-18 12:00:30', 19.99)"
        )
    for column, zone in (("at", None), ("there", "Europe/Berlin")):
        query = (
            f"SELECT {column} AS timestamp, 'shop' AS service, sum(paid) AS value FROM orders "  # noqa: S608
            f"WHERE {column} >= :since AND {column} < :until GROUP BY 1"
        )
        settings = SqlSettings(
            name="shop",
            url=SecretStr(postgres_url),
            url_env="AIOPS_SHOP_DB",
            time_zone=zone,
            signals=(RowSignalSettings(name="revenue", query=query),),
        )
        source = SqlSource(settings)
        assert source.pull(minute(1), minute(2), 60)[0].values.tolist() == [19.99, 0]
        with source._reading() as reading, pytest.raises(Exception, match="read-only transaction"):
            reading.exec_driver_sql("DELETE FROM orders")
        slow = RowSignalSettings(name="a", query="SELECT pg_sleep(9), now() AS timestamp")
        with pytest.raises(SourceError, match="statement timeout"):
            SqlSource(replace(settings, timeout_seconds=1, signals=(slow,))).pull(
                minute(1), minute(1), 60
            )


def test_what_is_refused_is_an_error_of_input() -> None:
    with pytest.raises(InputError):
        require_reading("EXPLAIN ANALYZE DELETE FROM orders")
