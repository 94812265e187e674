"""Real processes: they come back when they die, and nothing outlives their parent."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from workers.processes import ProcessSpec, RestartPolicy, Supervisor

ENVIRONMENT = {"PATH": os.environ.get("PATH", os.defpath)}
QUICK = RestartPolicy(first_seconds=0.05, longest_seconds=0.1)

# A child as the product's are: it leads a group, ends with its parent and has a child of its own.
POOL = """
import subprocess, sys, time
from workers.tether import die_with_parent
die_with_parent()
inner = subprocess.Popen(["sleep", "300"])
print("inner", inner.pid, flush=True)
time.sleep(300)
"""

PARENT = """
import sys, time
from pathlib import Path
from workers.interrupts import Interrupted, interruptible
from workers.processes import ProcessSpec, Supervisor

folder, pool, path = Path(sys.argv[1]), sys.argv[2], sys.argv[3]
specs = [
    ProcessSpec(name=name, argv=argv, environment={"PATH": path}, log=folder / f"{name}.log")
    for name, argv in {
        "plain": ("sleep", "300"),
        "pool": (sys.executable, "-c", pool),
    }.items()
]
try:
    with interruptible(), Supervisor(specs, say=print) as supervisor:
        print(*supervisor.pids().values(), flush=True)
        time.sleep(300)
except Interrupted:
    print("stopped", flush=True)
"""


CELERY = """
import sys
from workers.tether import die_with_parent
die_with_parent()
from workers.app import make_app
app = make_app(sys.argv[1], "fast")
app.worker_main(["worker", "--pool=prefork", "--concurrency=2", "--loglevel=INFO"])
"""

OWNER = """
import sys, time
from pathlib import Path
from workers.processes import ProcessSpec, Supervisor

argv = tuple(sys.argv[2:])
spec = ProcessSpec(name="worker", argv=argv, environment={}, log=Path(sys.argv[1]))
with Supervisor([spec], say=print) as supervisor:
    print(supervisor.pids()["worker"], flush=True)
    time.sleep(300)
"""


IMPATIENT = """
import sys, time
from pathlib import Path
from workers.interrupts import Interrupted, interruptible
from workers.processes import ProcessSpec, Supervisor

argv = tuple(sys.argv[2:])
path = "/usr/bin:/bin"
spec = ProcessSpec(name="one", argv=argv, environment={"PATH": path}, log=Path(sys.argv[1]))
try:
    with interruptible(), Supervisor([spec], say=print, grace_seconds=60) as supervisor:
        print(supervisor.pids()["one"], flush=True)
        time.sleep(300)
except Interrupted:
    sys.exit(0)
"""


def spec(folder: Path, name: str, *argv: str) -> ProcessSpec:
    return ProcessSpec(name=name, argv=argv, environment=ENVIRONMENT, log=folder / f"{name}.log")


def eventually(condition: Callable[[], bool], seconds: float = 10.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.02)


def is_running(pid: int) -> bool:
    """A process without a parent that waits for it may stay a zombie: that is ended, too."""
    shown = subprocess.run(
        ["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, text=True, check=False
    )
    return shown.stdout.strip() not in {""} and not shown.stdout.startswith("Z")


def children_of(pid: int) -> list[int]:
    shown = subprocess.run(
        ["ps", "-o", "pid=", "--ppid", str(pid)], capture_output=True, text=True, check=False
    )
    return [int(word) for word in shown.stdout.split()]


def inner_pid(log: Path) -> int:
    eventually(lambda: log.exists() and "inner" in log.read_text())
    return int(log.read_text().split()[1])


@pytest.fixture
def parent(tmp_path: Path) -> Iterator[tuple[subprocess.Popen[str], list[int]]]:
    """A process with two children, one of which has a child; and the ids of these three."""
    argv = [sys.executable, "-c", PARENT, str(tmp_path), POOL, ENVIRONMENT["PATH"]]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        pids = [int(pid) for pid in process.stdout.readline().split()]
        pids.append(inner_pid(tmp_path / "pool.log"))
        yield process, pids
        process.kill()
        for pid in filter(is_running, pids):
            os.kill(pid, signal.SIGKILL)


def test_children_and_their_children_end_when_the_parent_is_killed(
    parent: tuple[subprocess.Popen[str], list[int]],
) -> None:
    process, pids = parent
    assert len(pids) == 3
    assert all(is_running(pid) for pid in pids)
    process.kill()
    process.wait()
    eventually(lambda: not any(is_running(pid) for pid in pids), seconds=5)


@pytest.mark.e2e
def test_the_pool_of_a_real_celery_worker_ends_when_the_parent_is_killed(
    tmp_path: Path, empty_broker_url: str
) -> None:
    log = tmp_path / "worker.log"
    worker = [sys.executable, "-c", CELERY, empty_broker_url]
    argv = [sys.executable, "-c", OWNER, str(log), *worker]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, text=True) as owner:
        assert owner.stdout is not None
        pid = int(owner.stdout.readline())
        eventually(lambda: log.exists() and " ready." in log.read_text(), seconds=30)
        pids = [pid, *children_of(pid)]
        owner.kill()
    assert len(pids) == 3
    eventually(lambda: not any(is_running(pid) for pid in pids), seconds=5)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_stops_the_parent_and_leaves_nothing_behind(
    parent: tuple[subprocess.Popen[str], list[int]], number: signal.Signals
) -> None:
    process, pids = parent
    process.send_signal(number)
    output, _ = process.communicate(timeout=10)
    assert output == "stopped\n"
    assert process.returncode == 0
    assert not any(is_running(pid) for pid in pids)


def test_a_second_ctrl_c_does_not_wait_for_a_child_that_will_not_end(tmp_path: Path) -> None:
    log = tmp_path / "stubborn.log"
    stubborn = ["sh", "-c", "trap '' TERM; echo set; sleep 300"]
    argv = [sys.executable, "-c", IMPATIENT, str(log), *stubborn]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, text=True) as owner:
        assert owner.stdout is not None
        pid = int(owner.stdout.readline())
        eventually(lambda: "set" in log.read_text())
        owner.send_signal(signal.SIGINT)
        time.sleep(0.3)
        assert is_running(pid)
        owner.send_signal(signal.SIGINT)
        assert owner.wait(timeout=5) == 0
    assert not is_running(pid)


def test_a_killed_child_comes_back_and_its_death_is_told(tmp_path: Path) -> None:
    lines: list[str] = []
    sleeper = spec(tmp_path, "sleeper", "sleep", "300")
    with Supervisor([sleeper], say=lines.append, restart=QUICK) as supervisor:
        first = supervisor.pids()["sleeper"]
        os.kill(first, signal.SIGKILL)
        eventually(lambda: supervisor.pids().get("sleeper", first) != first)
        eventually(lambda: lines[-1:] == ["sleeper runs again"])
    assert lines[0].startswith("sleeper was ended by SIGKILL: starting it again in 0.05 s")
    assert supervisor.pids() == {}


def test_the_orphans_of_a_killed_child_end_before_it_comes_back(tmp_path: Path) -> None:
    pool = spec(tmp_path, "pool", sys.executable, "-c", POOL)
    with Supervisor([pool], say=lambda _line: None, restart=QUICK) as supervisor:
        orphan = inner_pid(tmp_path / "pool.log")
        os.kill(supervisor.pids()["pool"], signal.SIGKILL)
        eventually(lambda: (tmp_path / "pool.log").read_text().count("inner") == 2)
        assert not is_running(orphan)


def test_a_program_that_does_not_exist_is_told_and_tried_again(tmp_path: Path) -> None:
    lines: list[str] = []
    missing = spec(tmp_path, "missing", "no-such-program")
    with Supervisor([missing], say=lines.append, restart=QUICK):
        eventually(lambda: len(lines) >= 3)
    assert "missing ended with exit code 1" in lines[0]
    assert "cannot start no-such-program" in (tmp_path / "missing.log").read_text()


def test_a_child_that_ignores_the_request_is_killed_after_the_grace(tmp_path: Path) -> None:
    lines: list[str] = []
    stubborn = spec(tmp_path, "stubborn", "sh", "-c", "trap '' TERM; echo set; sleep 300")
    with Supervisor([stubborn], say=lines.append, grace_seconds=0.2) as supervisor:
        eventually(lambda: "set" in (tmp_path / "stubborn.log").read_text())
        pid = supervisor.pids()["stubborn"]
    assert lines == ["stubborn did not end within 0.2 s: killed"]
    assert not is_running(pid)


def test_children_end_side_by_side(tmp_path: Path) -> None:
    slow_to_end = "trap 'sleep 1; exit' TERM; echo set; while :; do sleep 0.05; done"
    children = [
        spec(tmp_path, name, "sh", "-c", slow_to_end) for name in ("first", "second", "third")
    ]
    with Supervisor(children, say=lambda _line: None):
        for child in children:
            eventually(lambda log=child.log: "set" in log.read_text())  # type: ignore[misc]
        began = time.monotonic()
    assert 1 <= time.monotonic() - began < 2.5


def test_a_child_outlives_the_thread_that_asked_for_it(tmp_path: Path) -> None:
    supervisor = Supervisor([spec(tmp_path, "sleeper", "sleep", "300")], say=lambda _line: None)
    starter = threading.Thread(target=supervisor.start)
    starter.start()
    starter.join()
    try:
        pid = supervisor.pids()["sleeper"]
        time.sleep(0.3)
        assert is_running(pid)
        assert supervisor.pids() == {"sleeper": pid}
    finally:
        supervisor.stop()


def test_a_child_gets_its_own_environment_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PASSWORD_OF_OURS", "must not leak")
    shown = tmp_path / "env.log"
    with Supervisor([spec(tmp_path, "env", "sh", "-c", "env; sleep 9")], say=lambda _line: None):
        eventually(lambda: "PATH=" in shown.read_text())
    assert "PASSWORD_OF_OURS" not in shown.read_text()


def test_waits_between_restarts_double_up_to_the_longest() -> None:
    policy = RestartPolicy(first_seconds=1, longest_seconds=5)
    assert [policy.wait_seconds(deaths) for deaths in (1, 2, 3, 4, 5000)] == [1, 2, 4, 5, 5]
