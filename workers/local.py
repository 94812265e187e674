"""The whole product on one machine, under one command: Redis, workers, beat and web as children."""

import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial

from aiops.domain.errors import AdapterError
from aiops.settings import Settings
from aiops.store.migrate import Database, check
from workers import probes
from workers.databases import migrate_all
from workers.directory_lock import DirectoryLock
from workers.embedded import EmbeddedRedis
from workers.processes import ProcessSpec, Supervisor

_PASSED_ON = (
    "PATH", "HOME", "LANG", "LC_ALL", "TZ", "TMPDIR", "SSL_CERT_FILE", "SSL_CERT_DIR",
    "VIRTUAL_ENV", "PYTHONPATH", "COLUMNS",
)  # fmt: skip
"""Variables a child needs from us beside our own `AIOPS_*`, `REDIS_URL` and `OTEL_*`."""

AT_FIRST = ("fast", "deliver", "slow", "web")
"""The children that are started before beat."""

AGAIN_SECONDS = 2.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Stack:
    """The running processes of one installation.

    Args:
        redis_url: the Redis they share.
        start_beat: starts what asks for polls and sweeps; the last thing to do.
        pids: the process ids of the children that run now, by name.
    """

    redis_url: str
    start_beat: Callable[[], None]
    pids: Callable[[], Mapping[str, int]]


@contextmanager
def running(
    settings: Settings, environ: Mapping[str, str], say: Callable[[str], None]
) -> Iterator[Stack]:
    """Run every process of an installation but beat, which is started on demand.

    Args:
        settings: of the installation; without a Redis of its own one is embedded.
        environ: the environment to hand on; only what the product needs is.
        say: receives a line for each death and restart of a child, and for a server of somebody
            else's that does not answer yet: it is waited for.

    Raises:
        AiopsError: the data directory is in use, or a process did not start.
    """
    settings.data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    with ExitStack() as stack:
        lock = stack.enter_context(DirectoryLock(settings.data_dir))
        redis_url = settings.redis_url
        if redis_url is None:
            server = stack.enter_context(EmbeddedRedis(settings.data_dir / "redis", say=say))
            redis_url = server.url
        _await_servers(settings, say)
        migrate_all(settings)
        environment = _environment(settings, environ, redis_url)
        workers = stack.enter_context(
            Supervisor(_specs(settings, environment, lock.fd, AT_FIRST), say=say)
        )
        supervisors = [workers]

        def start_beat() -> None:
            beat = Supervisor(_specs(settings, environment, lock.fd, ("beat",)), say=say)
            supervisors.append(stack.enter_context(beat))

        def pids() -> Mapping[str, int]:
            return {name: pid for one in supervisors for name, pid in one.pids().items()}

        yield Stack(redis_url=redis_url, start_beat=start_beat, pids=pids)


def _await_servers(settings: Settings, say: Callable[[str], None]) -> None:
    """Wait for a Redis and databases that somebody else runs: they may start after us."""
    _await_answer(lambda: probes.broker(settings), say)
    for url, which in (
        (settings.database_url, Database.AIOPS),
        (settings.history_url, Database.HISTORY),
    ):
        if not url.startswith("sqlite"):
            _await_answer(partial(check, url, which), say)


def _await_answer(ask: Callable[[], object], say: Callable[[str], None]) -> None:
    """Ask until there is an answer; say once what is in the way."""
    said, pause = "", threading.Event()
    while True:
        try:
            ask()
        except AdapterError as error:
            if str(error) != said:
                said = str(error)
                say(f"{error}; trying again every {AGAIN_SECONDS:g} s")
        else:
            return
        pause.wait(AGAIN_SECONDS)


def _environment(settings: Settings, environ: Mapping[str, str], redis_url: str) -> dict[str, str]:
    kept = {
        name: value
        for name, value in environ.items()
        if name in _PASSED_ON or name.startswith(("AIOPS_", "OTEL_"))
    }
    own = {"REDIS_URL": redis_url, "AIOPS_DATA_DIR": str(settings.data_dir)}
    if settings.config_path is not None:
        own["AIOPS_CONFIG"] = str(settings.config_path)
    return {**kept, **own}


def _specs(
    settings: Settings, environment: Mapping[str, str], lock: int, names: tuple[str, ...]
) -> list[ProcessSpec]:
    commands = {
        "fast": ("worker", "fast", "--concurrency", "2"),
        "deliver": ("worker", "deliver", "--concurrency", "3"),
        "slow": ("worker", "slow", "--concurrency", "1"),
        "beat": ("beat",),
        "web": ("web",),
    }
    one_thread = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    return [
        ProcessSpec(
            name=name,
            argv=(sys.executable, "-P", "-m", "workers", *commands[name], "--tethered"),
            environment={**environment, **one_thread},
            log=settings.data_dir / "log" / f"{name}.log",
            inherited_fds=(lock,),  # the next start waits for what we leave behind
            niceness=10 if name == "slow" else 0,
        )
        for name in names
    ]
