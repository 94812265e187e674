"""`aiops up` of which every process may be killed, and what a test may ask of it."""

import os
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

from tests.e2e.stack import environment, processes_of

PATIENCE_SECONDS = 120.0


class Running:
    """`aiops up` with nothing to poll, of which everything may be killed.

    Args:
        folder: holds all it keeps.
        settings: its `aiops.yaml`, but for the port.
    """

    def __init__(self, folder: Path, settings: str) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = int(probe.getsockname()[1])
        self.folder = folder
        self.config = folder / "aiops.yaml"
        self.config.write_text(f"{settings}\nweb: {{port: {self.port}}}\n")
        self.database = folder / "state" / "aiops.db"
        self._up: subprocess.Popen[bytes] | None = None
        self.environ = {"AIOPS_DATA_DIR": str(folder / "state"), "AIOPS_ORIGIN": "drill"}

    def start(self) -> None:
        """Start it; it is not awaited."""
        with (self.folder / "up.log").open("ab") as log:
            self._up = subprocess.Popen(
                [sys.executable, "-P", "-m", "workers", "up", "-c", str(self.config)],
                env={**environment(), **self.environ},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def give(self, *command: str) -> subprocess.CompletedProcess[str]:
        """Give a command as a person does, in a shell that knows the folder and nothing else."""
        return subprocess.run(
            [sys.executable, "-P", "-m", "workers", *command],
            env={**environment(), **self.environ, "AIOPS_CONFIG": str(self.config)},
            cwd=self.folder,
            capture_output=True,
            text=True,
            timeout=PATIENCE_SECONDS,
            check=False,
        )

    def kill_redis(self) -> None:
        """Kill Redis, which comes back by itself."""
        found = [pid for pid, told in processes_of(self.folder).items() if b"unixsocket:" in told]
        assert found
        _kill(found)

    def kill_everything(self) -> None:
        """Kill every process, and wait until none is left."""
        while left := processes_of(self.folder):
            _kill(left)
            time.sleep(0.1)
        if self._up is not None:
            self._up.wait()

    def post(self, path: str, body: bytes, kind: str = "application/json") -> bool:
        """Send a body; return whether it was answered that it is taken."""
        url = f"http://127.0.0.1:{self.port}{path}"
        try:
            return httpx.post(
                url, content=body, headers={"content-type": kind}, timeout=30
            ).is_success
        except httpx.TransportError:
            return False

    def read(self, query: str) -> list[str]:
        """Return the only column of what a query finds."""
        with sqlite3.connect(f"file:{self.database}?mode=ro", uri=True) as connection:
            return [value for (value,) in connection.execute(query)]


def _kill(pids: Iterable[int]) -> None:
    for pid in pids:
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            continue  # its parent took it along


@contextmanager
def running(folder: Path, settings: str) -> Iterator[Running]:
    """Run one until the end of the block."""
    one = Running(folder, settings)
    one.start()
    try:
        yield one
    finally:
        one.kill_everything()
