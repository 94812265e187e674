import fcntl
import sqlite3
import subprocess
import threading
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, event, insert, select, text

from aiops.domain.errors import ConfigurationError, StoreError
from aiops.store.audit import AuditEntry, AuditLog
from aiops.store.engine import open_engine, reading, writing
from aiops.store.migrate import Database, migrate
from aiops.store.tables import ENVIRONMENTS
from tests.builders import minute
from tests.store.processes import command, writers

ENTRY = AuditEntry(at=minute(0), actor="test", action="write", subject="x", detail="y" * 200_000)


def add_environment(engine: Engine, env: str = "prod") -> None:
    row = {"env": env, "version": 1, "next_number": 0, "symptoms": "[]", "incident_ids": "[]"}
    with writing(engine) as connection:
        connection.execute(insert(ENVIRONMENTS), row | {"origin": "live"})


def sqlite_at(path: Path) -> str:
    url = f"sqlite:///{path}"
    migrate(url, Database.AIOPS)
    return url


def test_four_processes_count_to_800_and_lose_nothing(aiops: Engine, aiops_url: str) -> None:
    add_environment(aiops)
    writers("count", aiops_url, 200, processes=4)
    with reading(aiops) as connection:
        assert connection.scalar(select(ENVIRONMENTS.c.next_number)) == 800


def test_what_was_accepted_before_a_kill_is_there_after_it(aiops: Engine, aiops_url: str) -> None:
    accepted = 0
    for _ in range(2):
        line = command("accept", aiops_url, 100_000, 1)
        with subprocess.Popen(line, stdout=subprocess.PIPE, text=True) as writer:
            assert writer.stdout is not None
            said = [writer.stdout.readline() for _ in range(20)]
            writer.kill()
            said += writer.stdout.read().splitlines(keepends=True)
        accepted = max(accepted, *(int(line) for line in said if line.endswith("\n")))
        with reading(aiops) as connection:
            kept = connection.scalar(text("SELECT count(*) FROM accepted_bodies"))
        assert kept in (accepted + 1, accepted + 2)  # the last one may not have been told


def test_an_error_inside_leaves_nothing_behind(aiops: Engine) -> None:
    def write_and_fail() -> None:
        with writing(aiops) as connection:
            connection.execute(text("DELETE FROM environments"))
            raise KeyError("no")

    add_environment(aiops)
    with pytest.raises(KeyError):
        write_and_fail()
    with reading(aiops) as connection:
        assert connection.scalar(select(ENVIRONMENTS.c.env)) == "prod"


def test_a_reader_keeps_its_snapshot_while_others_write(aiops: Engine) -> None:
    query = select(ENVIRONMENTS.c.env).order_by(ENVIRONMENTS.c.env)
    add_environment(aiops, "a")
    with reading(aiops) as connection:
        assert connection.scalars(query).all() == ["a"]
        add_environment(aiops, "b")
        assert connection.scalars(query).all() == ["a"]
    with reading(aiops) as connection:
        assert connection.scalars(query).all() == ["a", "b"]


def test_a_writer_keeps_others_out_from_its_first_moment(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    engine = open_engine(sqlite_at(path), durable=True)
    stranger = sqlite3.connect(path, timeout=0, isolation_level=None)
    with writing(engine), (tmp_path / "a.db.lock").open("w") as gate:
        with pytest.raises(sqlite3.OperationalError, match="locked"):
            stranger.execute("BEGIN IMMEDIATE")
        with pytest.raises(BlockingIOError):
            fcntl.flock(gate, fcntl.LOCK_EX | fcntl.LOCK_NB)
    with reading(engine):
        stranger.execute("BEGIN IMMEDIATE")
    stranger.close()
    engine.dispose()


def test_a_write_inside_a_write_fails_instead_of_waiting_for_itself(tmp_path: Path) -> None:
    engine = open_engine(sqlite_at(tmp_path / "a.db"), durable=True)
    with writing(engine), pytest.raises(RuntimeError, match="inside another one"):
        AuditLog(engine).append(ENTRY)
    AuditLog(engine).append(ENTRY)
    engine.dispose()


def test_threads_of_one_process_wait_for_each_other(tmp_path: Path) -> None:
    engine = open_engine(sqlite_at(tmp_path / "a.db"), durable=False)
    add_environment(engine)

    def count() -> None:
        for _ in range(25):
            with writing(engine) as connection:
                number = connection.scalars(select(ENVIRONMENTS.c.next_number)).one()
                connection.execute(ENVIRONMENTS.update().values(next_number=number + 1))

    threads = [threading.Thread(target=count) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with reading(engine) as connection:
        assert connection.scalar(select(ENVIRONMENTS.c.next_number)) == 100
    engine.dispose()


@pytest.mark.parametrize(("durable", "synchronous"), [(True, 2), (False, 1)])
def test_sqlite_is_durable_where_it_was_asked_for(
    tmp_path: Path, durable: bool, synchronous: int
) -> None:
    engine = open_engine(sqlite_at(tmp_path / "a.db"), durable=durable)
    with reading(engine) as connection:
        found = {
            name: connection.scalar(text(f"PRAGMA {name}"))
            for name in ("synchronous", "journal_mode", "foreign_keys", "busy_timeout")
        }
    assert found == {
        "synchronous": synchronous,
        "journal_mode": "wal",
        "foreign_keys": 1,
        "busy_timeout": 30_000,
    }
    engine.dispose()


def test_a_missing_sqlite_file_is_named_and_not_made(tmp_path: Path) -> None:
    engine = open_engine(f"sqlite:///{tmp_path}/none.db", durable=True)
    with pytest.raises(StoreError, match=r"none\.db: there is no such database; .*aiops migrate"):
        AuditLog(engine).append(ENTRY)
    assert list(tmp_path.iterdir()) == []


def test_a_server_that_is_not_there_is_named_without_its_password() -> None:
    engine = open_engine("postgresql://me:secret@127.0.0.1:1/aiops", durable=True)
    with pytest.raises(
        StoreError, match=r"me:\*\*\*@127\.0\.0\.1:1/aiops: it does not answer"
    ) as e:
        AuditLog(engine).append(ENTRY)
    assert "secret" not in str(e.value)


def test_a_database_without_tables_says_to_migrate(empty_urls: dict[Database, str]) -> None:
    engine = open_engine(empty_urls[Database.AIOPS], durable=True, create=True)
    with pytest.raises(StoreError, match=r"tables are missing.*run `aiops migrate`"):
        AuditLog(engine).append(ENTRY)
    engine.dispose()


def test_a_full_disk_says_so_and_what_was_there_stays(tmp_path: Path) -> None:
    url = sqlite_at(tmp_path / "a.db")
    with closing(sqlite3.connect(tmp_path / "a.db")) as fresh:
        (tables,) = fresh.execute("PRAGMA page_count").fetchone()
    engine = open_engine(url, durable=True)

    @event.listens_for(engine, "connect")
    def keep_small(connection: Any, _record: object) -> None:
        # An entry takes 50 pages: one has room, and beside it a small one.
        connection.execute(f"PRAGMA max_page_count = {tables + 70}")

    def fill() -> None:
        for _ in range(20):
            AuditLog(engine).append(ENTRY)

    with pytest.raises(StoreError, match=r"a\.db: the disk is full; nothing was written"):
        fill()
    kept = len(AuditLog(engine).entries())
    assert kept >= 1
    AuditLog(engine).append(AuditEntry(at=minute(0), actor="a", action="b", subject="c"))
    engine.dispose()


def test_a_file_that_is_no_database_is_called_damaged(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    path.write_bytes(b"not a database, just some text of a certain length" * 100)
    engine = open_engine(f"sqlite:///{path}", durable=True)
    with pytest.raises(StoreError, match="the file is damaged or no database"):
        AuditLog(engine).append(ENTRY)
    engine.dispose()


def test_a_database_that_can_only_be_read_says_so(aiops: Engine) -> None:
    @event.listens_for(aiops, "connect")
    def only_read(connection: object, _record: object) -> None:
        only = {"sqlite": "PRAGMA query_only = 1"}
        with_default = "SET default_transaction_read_only = on"
        connection.execute(only.get(aiops.dialect.name, with_default))  # type: ignore[attr-defined]
        connection.commit()  # type: ignore[attr-defined]

    with pytest.raises(StoreError, match="it can only be read; nothing was written"):
        AuditLog(aiops).append(ENTRY)


@pytest.mark.parametrize("url", ["nothing", "mysql://me@host/x", "sqlite://", "sqlite:///:memory:"])
def test_a_url_of_an_unknown_kind_says_what_was_expected(url: str) -> None:
    with pytest.raises(ConfigurationError, match="a database URL must be sqlite:////"):
        open_engine(url, durable=True)
