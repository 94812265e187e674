"""A running installation that may be killed, and everything outside it that may not.

The test process plays the shop's Prometheus, PagerDuty and Slack, and keeps the clock; the product
runs beside it as `aiops up`, with all its real processes.
"""

import os
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from threading import Event, Thread

import httpx

from aiops.demo.shop import Story
from workers.demo.play import Reporter, start_time
from workers.demo.stage import Stage, staged
from workers.wiring import Parts

ROLES = {
    "fast": b"\0worker\0fast\0",
    "deliver": b"\0worker\0deliver\0",
    "slow": b"\0worker\0slow\0",
    "beat": b"\0beat\0",
    "web": b"\0web\0",
    "redis": b"unixsocket:",  # how the server renames itself
}
"""How the command line of each process of an installation is told from the others'."""


PATIENCE = timedelta(hours=8)
"""The time goes on for so long after a story: what was refused is tried again by that clock."""


def processes_of(directory: Path) -> dict[int, bytes]:
    """Return the command line of every live process that belongs to a directory, by its id.

    One belongs to it that works in the directory, or has it in its environment or command line,
    whoever its parent is by now.
    """
    mark = os.fsencode(directory)
    found: dict[int, bytes] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal() and int(entry.name) != os.getpid():
            try:
                command = (entry / "cmdline").read_bytes()
                state = (entry / "stat").read_bytes().rpartition(b")")[2].split()[0]
                around = (entry / "environ").read_bytes() + os.fsencode((entry / "cwd").readlink())
            except OSError:  # it ended meanwhile, or is another user's
                continue
            if state != b"Z" and mark in command + around:
                found[int(entry.name)] = command
    return found


def eventually(condition: Callable[[], bool], seconds: float, what: str) -> None:
    """Wait until a condition holds."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"after {seconds:g} s still not: {what}"
        time.sleep(0.05)


def environment() -> dict[str, str]:
    """Return what the product's processes need of ours, and nothing that configures them."""
    kept = ("PATH", "HOME", "LANG", "TMPDIR", "VIRTUAL_ENV", "PYTHONPATH")
    return {name: os.environ[name] for name in kept if name in os.environ}


@dataclass
class Installation:
    """The product on its stage.

    Args:
        stage: the receivers, the shop and the clock; they live in the test process.
        output: what `aiops up` said.
        further: environment variables beside the stage's.
    """

    stage: Stage
    output: Path
    further: Mapping[str, str]
    _up: subprocess.Popen[bytes] | None = None
    _seconds: list[subprocess.Popen[bytes]] = field(default_factory=list)
    kills: int = 0

    def start(self) -> None:
        """Start `aiops up`."""
        with self.output.open("ab") as output:
            self._up = subprocess.Popen(
                [sys.executable, "-P", "-m", "workers", "up"],
                env={**self.stage.environ, **self.further},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def stop(self) -> int:
        """End it with SIGTERM; return its exit code."""
        assert self._up is not None
        self._up.terminate()
        code = self._up.wait(timeout=30)
        self._up = None
        return code

    def pids(self, role: str) -> list[int]:
        """Return the processes of a role; for a worker its main process first, then its pool."""
        mark = ROLES[role]
        return sorted(
            pid
            for pid, command in processes_of(self.stage.directory).items()
            if mark in command + b"\0"
        )

    def kill(self, role: str, *, part: str = "all") -> None:
        """Kill a process with SIGKILL as soon as it runs.

        Args:
            role: which one.
            part: of a worker: "main", one of its "pool", or "all" of it.
        """
        wanted = 2 if part == "pool" else 1
        eventually(lambda: len(self.pids(role)) >= wanted, 20, f"{role} runs")
        pids = self.pids(role)
        chosen = {"main": pids[:1], "pool": pids[-1:], "all": pids}[part]
        self._kill(chosen)

    def start_second(self, *command: str) -> None:
        """Start one more process of the product, beside those of `aiops up`."""
        eventually(lambda: len(self.pids("fast")) > 0, 20, "fast runs")
        around = Path(f"/proc/{self.pids('fast')[0]}/environ").read_bytes().split(b"\0")
        redis_url = next(one for one in around if one.startswith(b"REDIS_URL=")).decode()
        with (self.stage.directory / "second.txt").open("ab") as output:
            second = subprocess.Popen(
                [sys.executable, "-P", "-m", "workers", *command],
                env={**self.stage.environ, "REDIS_URL": redis_url.partition("=")[2]},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self._seconds.append(second)

    def end_seconds(self) -> None:
        """End what `start_second` started."""
        for second in self._seconds:
            second.terminate()
            second.wait(timeout=30)
        self._seconds.clear()

    def fill_disk(self, *, full: bool) -> None:
        """Let the fast worker write no file beyond 64 kB, as if the disk were full."""
        for pid in self.pids("fast"):
            _, hard = resource.prlimit(pid, resource.RLIMIT_FSIZE)
            resource.prlimit(pid, resource.RLIMIT_FSIZE, (65_536 if full else hard, hard))

    def log(self, role: str) -> str:
        """Return what a process logged."""
        return (self.stage.settings.data_dir / "log" / f"{role}.log").read_text()

    def kill_everything(self) -> None:
        """Kill every process of the product at once, `aiops up` first."""
        if self._up is None:
            return
        self._kill([self._up.pid, *processes_of(self.stage.directory)])
        self._up.wait()
        self._up = None
        for second in self._seconds:
            second.wait()
        self._seconds.clear()
        eventually(lambda: not processes_of(self.stage.directory), 10, "everything has ended")

    def _kill(self, pids: list[int]) -> None:
        for pid in pids:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:  # the one before took it along
                continue
            self.kills += 1

    def parts(self) -> Parts:
        """Return the stores, to look at from outside."""
        return Parts(self.stage.settings, "client")

    def wait_until(self, minutes: float) -> None:
        """Wait until so many minutes of the story have passed."""
        clock, story = self.stage.clock, self.stage.story
        eventually(
            lambda: (clock.now() - story.live_from).total_seconds() >= minutes * 60,
            120,
            f"minute {minutes:g} of the story",
        )

    def said(self) -> str:
        """Return what `aiops up` said so far."""
        return self.output.read_text() if self.output.exists() else ""

    def fault(self, sink: str, fault: Mapping[str, object]) -> None:
        """Let a receiver go wrong; an empty fault makes it well again."""
        place = {"pagerduty": "/v2/enqueue", "slack": "/api/"}[sink]
        url = next(one.url for one in self.stage.settings.sinks if one.kind == sink)
        control = f"{url.removesuffix(place)}/_faults"
        if fault:
            httpx.post(control, json={"faults": [fault]}).raise_for_status()
        else:
            httpx.delete(control).raise_for_status()


@contextmanager
def installed(
    directory: Path, *, story: Story | None = None, **further: str
) -> Iterator[Installation]:
    """Set the stage for an installation; it is started by the caller, and ended in any case."""
    with ExitStack() as stack:
        stage = stack.enter_context(staged(story or Story(), directory, environment()))
        one = Installation(stage=stage, output=directory / "up.txt", further=further)
        stack.callback(one.kill_everything)
        yield one


@contextmanager
def playing(one: Installation, rate: float) -> Iterator[None]:
    """Let the time run and report the story's changes, as the demo does."""
    stopping = Event()
    thread: Thread = Reporter(one.stage, stopping).start()
    start_time(one.stage, rate, PATIENCE)
    try:
        yield
    finally:
        stopping.set()
        thread.join(timeout=5)


def wait_until_fitted(one: Installation) -> None:
    """Wait until the history is there and fitted."""
    database = Path(one.stage.settings.history_url.removeprefix("sqlite:///"))
    eventually(lambda: database.exists() and "watching" in one.said(), 60, "history is there")
    extents = one.parts().extents
    eventually(
        lambda: (
            bool(extents.shard_ids())
            and all(extents.fitted_at(shard) for shard in extents.shard_ids())
        ),
        60,
        "history is fitted",
    )


def wait_until_told(one: Installation, seconds: float) -> None:
    """Wait until the story is over and the sinks know all of it."""
    parts = one.parts()
    last = one.stage.story.ends_at

    def is_told() -> bool:
        state, _ = parts.incidents.load("prod")
        return (
            state.at is not None
            and state.at >= last
            and not any(incident.is_live for incident in parts.incidents.recent(50))
            and parts.outbox.oldest_due() is None
        )

    eventually(is_told, seconds, "the story is over and told")
