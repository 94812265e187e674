"""The web process of the benchmark: that of `aiops web`, and one whose disk is slow.

`main` is the slow one: every commit of a writer takes so much longer, and holds the database
meanwhile, as on a slow disk.
"""

import runpy
import socket
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, event

from aiops.domain.errors import AiopsError
from workers.bench.ingest.processes import COMMAND, nothing_said
from workers.bench.installation import make_installation
from workers.databases import migrate_all
from workers.embedded import EmbeddedRedis
from workers.processes import ProcessSpec, Supervisor

NOW = datetime(2026, 1, 5, 12, tzinfo=UTC)
_READY_SECONDS = 60.0


@contextmanager
def web_process(sources: Mapping[str, Any], *, slow_commit_seconds: float = 0.0) -> Iterator[int]:
    """Run Redis and one web process over fresh databases; give its port.

    Args:
        sources: the `sources:` of its `aiops.yaml`.
        slow_commit_seconds: added to every commit.

    Raises:
        AiopsError: it did not start.
    """
    with tempfile.TemporaryDirectory(prefix="aiops-bench-") as name:
        folder, port = Path(name), _free_port()
        environ, settings = make_installation(
            folder, NOW, 60, sources=dict(sources), web={"port": port}
        )
        migrate_all(settings)
        usual = (sys.executable, "-m", "workers", "web")
        argv = (*COMMAND, "web", str(slow_commit_seconds)) if slow_commit_seconds else usual
        log = folder / "web.log"
        with EmbeddedRedis(folder / "redis", say=nothing_said) as redis:
            environment = {key: one for key, one in environ.items() if key != "AIOPS_CLOCK"}
            spec = ProcessSpec(
                name="web", argv=argv, environment={**environment, "REDIS_URL": redis.url}, log=log
            )
            with Supervisor([spec], say=nothing_said):
                _await_answer(port, log)
                yield port


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _await_answer(port: int, log: Path) -> None:
    deadline = time.monotonic() + _READY_SECONDS
    while True:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=5):
                return
        except urllib.error.URLError as error:
            if time.monotonic() > deadline:
                said = log.read_text("utf-8", errors="replace")[-2000:] if log.exists() else ""
                raise AiopsError(
                    f"the web process does not answer; its log ends:\n{said}"
                ) from error
        time.sleep(0.05)


def slow_down_commits(seconds: float) -> None:
    """Make every commit of a writer in this process take so much longer."""

    @event.listens_for(Engine, "commit")
    def wait(connection: Connection) -> None:
        if not connection.get_execution_options().get("read", False):
            time.sleep(seconds)


def main(seconds: str) -> None:
    """Be the web process, with a disk that takes so much longer for every commit."""
    slow_down_commits(float(seconds))
    sys.argv = ["aiops", "web"]
    runpy.run_module("workers", run_name="__main__")
