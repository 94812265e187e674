"""Child processes that come back when they die and leave nothing behind when we do.

    with interruptible(), Supervisor(specs, say=print):
        ...                                  # the children run; Ctrl-C or SIGTERM leaves the block

How a child ends: it is asked with SIGTERM, given a grace, then its whole process group is killed.
When we are killed ourselves, ``workers.tether`` ends it.
"""

import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from aiops.domain.errors import AiopsError
from workers.interrupts import Interrupted
from workers.tether import tethered

_POLL_SECONDS = 0.1
_LOG_KEPT_BYTES = 10_000_000


class ProcessError(AiopsError):
    """A child process could not be started or did not get ready."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProcessSpec:
    """What to run.

    Attributes:
        name: how messages call it, unique within a supervisor.
        argv: the program, found on ``PATH`` of its environment, and its arguments.
        environment: the whole environment of the child; nothing is inherited.
        log: file that receives its output; kept once more as ``.1`` beyond 10 MB.
        inherited_fds: file descriptors it keeps open, such as a lock it shares with us.
        niceness: added to our own, for work that must not delay other work.
    """

    name: str
    argv: tuple[str, ...]
    environment: Mapping[str, str]
    log: Path
    inherited_fds: tuple[int, ...] = ()
    niceness: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class RestartPolicy:
    """How long to wait before a child that died is started again.

    Attributes:
        first_seconds: the wait after the first death; it doubles with each further one.
        longest_seconds: where doubling stops.
        healthy_seconds: a child that ran this long counts as healthy: the next wait is the first.
    """

    first_seconds: float = 0.25
    longest_seconds: float = 30.0
    healthy_seconds: float = 30.0

    def wait_seconds(self, deaths: int) -> float:
        """Return the wait before the start that follows the ``deaths``-th death in a row.

        Examples:
            >>> [RestartPolicy().wait_seconds(deaths) for deaths in (1, 2, 3, 20)]
            [0.25, 0.5, 1.0, 30.0]
        """
        doubled = self.first_seconds * 2.0 ** min(deaths - 1, 30)
        return min(self.longest_seconds, doubled)


class _Child:
    """One spec and the process that runs it now."""

    def __init__(self, spec: ProcessSpec) -> None:
        self.spec = spec
        self.process: subprocess.Popen[bytes] | None = None
        self.started_at = 0.0
        self.deaths = 0
        self.restart_at = 0.0

    def start(self) -> None:
        self.spec.log.parent.mkdir(parents=True, exist_ok=True)
        if self.spec.log.exists() and self.spec.log.stat().st_size > _LOG_KEPT_BYTES:
            self.spec.log.replace(self.spec.log.with_name(self.spec.log.name + ".1"))
        argv = self.spec.argv
        if self.spec.niceness:
            argv = ("nice", "-n", str(self.spec.niceness), *argv)
        with self.spec.log.open("ab") as log:
            self.process = subprocess.Popen(  # noqa: S603 - argv is ours and no shell reads it
                tethered(argv),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                env=dict(self.spec.environment),
                pass_fds=self.spec.inherited_fds,
                start_new_session=True,  # its own group: Ctrl-C passes it by, we end it whole
            )
        self.started_at = time.monotonic()

    def ask_to_end(self) -> None:
        """Send SIGTERM to the child alone: it knows best how to end its own children."""
        if self.process is not None and self.process.poll() is None:
            self.process.terminate()

    def kill_group(self) -> None:
        """Kill what is left of the child and of the processes it started, and reap it.

        The group outlives its leader while a member lives, so this also finds the orphans of a
        child that died; an empty group is no error.
        """
        if self.process is None:
            return
        try:
            os.killpg(self.process.pid, signal.SIGKILL)
        except (ProcessLookupError, PermissionError):  # macOS: EPERM for a group of zombies
            self.process.poll()
        self.process.wait()
        self.process = None


class Supervisor:
    """Runs child processes, starts those that die again, and stops all of them.

    A thread of its own starts and watches them, because a tethered child dies with the *thread*
    that started it. The supervisor may therefore be used from any thread.

    Args:
        specs: what to run, in the order of starting; asked to end in the reverse order.
        say: receives one line for each death and restart; called from the watching thread.
        grace_seconds: how long each child may take to end before it is killed.
        restart: when to start a dead child again.
    """

    def __init__(
        self,
        specs: Sequence[ProcessSpec],
        *,
        say: Callable[[str], None],
        grace_seconds: float = 10.0,
        restart: RestartPolicy | None = None,
    ) -> None:
        self._children = tuple(_Child(spec) for spec in specs)
        self._say = say
        self._grace_seconds = grace_seconds
        self._restart = restart or RestartPolicy()
        self._lock = threading.Lock()  # who may start, end or reap a child
        self._stopping = threading.Event()
        self._started = threading.Event()
        self._all_ended = threading.Event()
        self._failure: OSError | None = None
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Start every child and watch it from now on.

        Raises:
            ProcessError: a child could not be started; the others are stopped again.
        """
        self._thread = threading.Thread(target=self._watch, name="supervisor", daemon=True)
        self._thread.start()
        try:
            self._started.wait()
        except Interrupted:
            self.stop()
            raise
        if self._failure is not None:
            self.stop()
            raise ProcessError(f"cannot start a child process: {self._failure}")

    def stop(self) -> None:
        """Ask every child to end, the last started first, and wait for all of them together.

        A second Ctrl-C kills them at once.
        """
        self._stopping.set()
        try:
            with self._lock:
                for child in reversed(self._children):
                    child.ask_to_end()
                deadline = time.monotonic() + self._grace_seconds
                for child in reversed(self._children):
                    self._await_end(child, deadline)
        finally:
            for child in self._children:
                child.kill_group()
            self._all_ended.set()
            if self._thread is not None:
                self._thread.join()

    def pids(self) -> dict[str, int]:
        """Return the process ids of the children that run now, by name."""
        running = ((child.spec.name, child.process) for child in self._children)
        return {name: process.pid for name, process in running if process is not None}

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

    def _await_end(self, child: _Child, deadline: float) -> None:
        while child.process is not None and child.process.poll() is None:
            if time.monotonic() >= deadline:
                self._say(f"{child.spec.name} did not end within {self._grace_seconds:g} s: killed")
                break
            time.sleep(0.02)
        child.kill_group()

    def _watch(self) -> None:
        try:
            with self._lock:
                for child in self._children:
                    child.start()
        except OSError as error:
            self._failure = error
        self._started.set()
        while not self._stopping.wait(_POLL_SECONDS):
            with self._lock:
                for child in self._children:
                    self._look_after(child)
        self._all_ended.wait()  # ending this thread earlier would end the children by signal

    def _look_after(self, child: _Child) -> None:
        """Start a dead child again once its wait is over."""
        if self._stopping.is_set() or self._failure is not None:
            return
        now = time.monotonic()
        if child.process is None:
            if now >= child.restart_at:
                self._try_start(child)
        elif child.process.poll() is not None:
            ran_seconds = now - child.started_at
            child.deaths = 1 if ran_seconds >= self._restart.healthy_seconds else child.deaths + 1
            cause = _ending(child.process.returncode)
            child.kill_group()
            self._postpone(child, f"{child.spec.name} {cause}")

    def _try_start(self, child: _Child) -> None:
        try:
            child.start()
        except OSError as error:
            child.deaths += 1
            self._postpone(child, f"{child.spec.name} could not be started ({error})")
        else:
            self._say(f"{child.spec.name} runs again")

    def _postpone(self, child: _Child, what: str) -> None:
        wait_seconds = self._restart.wait_seconds(child.deaths)
        child.restart_at = time.monotonic() + wait_seconds
        self._say(f"{what}: starting it again in {wait_seconds:g} s (log: {child.spec.log})")


def _ending(code: int) -> str:
    """Say how a process ended.

    Examples:
        >>> _ending(-9), _ending(1)
        ('was ended by SIGKILL', 'ended with exit code 1')
    """
    if code >= 0:
        return f"ended with exit code {code}"
    try:
        return f"was ended by {signal.Signals(-code).name}"
    except ValueError:
        return f"was ended by signal {-code}"
