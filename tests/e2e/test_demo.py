"""`aiops demo` as people run it: the whole story, interrupted, killed, and twice in a row."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from threading import Thread
from typing import Any

import httpx
import pytest

from tests.e2e.stack import environment, eventually, processes_of

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("demo")]

FIRST_PAGE_SECONDS = 60
"""What the issue allows on a machine of its own; ours may be busy, and is far below it."""

WHOLE_SECONDS = 90


@dataclass
class Demo:
    """A demo that runs, and each line it printed with the second it came in."""

    process: subprocess.Popen[str]
    directory: Path
    lines: list[tuple[float, str]] = field(default_factory=list)

    @property
    def text(self) -> str:
        return "".join(line for _, line in self.lines)

    def wait_for(self, words: str, seconds: float = WHOLE_SECONDS) -> float:
        """Wait until a line holds these words; return after how many seconds it came."""
        eventually(lambda: words in self.text, seconds, f"{words!r} in:\n{self.text}")
        return next(at for at, line in self.lines if words in line)

    def interrupt(self, number: signal.Signals = signal.SIGINT) -> tuple[int, float]:
        """Send a signal; return the exit code and how many seconds the end took."""
        began = time.monotonic()
        self.process.send_signal(number)
        code = self.process.wait(timeout=20)
        return code, time.monotonic() - began


@contextmanager
def demo(directory: Path, *arguments: str, **further: str) -> Iterator[Demo]:
    """Start `aiops demo`; whatever is left of it at the end is killed."""
    began = time.monotonic()
    command = [sys.executable, "-P", "-m", "workers", "demo", "--directory", str(directory)]
    with subprocess.Popen(
        [*command, *arguments],
        cwd=directory.parent,
        env={**environment(), "PYTHONUNBUFFERED": "1", **further},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    ) as process:
        running = Demo(process, directory)
        reader = Thread(target=_read, args=(running, began), daemon=True)
        reader.start()
        try:
            yield running
        finally:
            process.kill()
            for pid in processes_of(directory):
                os.kill(pid, signal.SIGKILL)
            process.wait()
            reader.join(5)


def _read(running: Demo, began: float) -> None:
    assert running.process.stdout is not None
    for line in running.process.stdout:
        running.lines.append((time.monotonic() - began, line))


def events(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def opened(records: list[dict[str, Any]]) -> dict[str, list[str]]:
    """Return what PagerDuty was told of each incident, in order."""
    told: dict[str, list[str]] = {}
    for record in records:
        assert record["accepted"], record
        told.setdefault(record["body"]["dedup_key"], []).append(record["body"]["event_action"])
    return told


def assert_each_opened_once_and_resolved(told: Mapping[str, list[str]]) -> None:
    assert len(told) == 2
    for actions in told.values():
        assert actions[-1] == "resolve"
        assert set(actions[:-1]) == {"trigger"}


def assert_readable(text: str) -> None:
    """What goes into a pipe has no colours, no cursor movements and fits 80 columns."""
    assert "\x1b" not in text
    assert "\r" not in text
    assert "Traceback" not in text
    assert max(len(line) for line in text.splitlines()) <= 80


def test_the_story_is_shown_recorded_and_stays_up_until_ctrl_c(tmp_path: Path) -> None:
    record = tmp_path / "record"
    with demo(tmp_path / "demo", "--record", str(record)) as running:
        assert running.wait_for("INC-1001 (P1)") < FIRST_PAGE_SECONDS
        assert running.wait_for("Everything stays up") < WHOLE_SECONDS
        console = running.text.rpartition("Everything stays up: ")[2].split()[0]
        assert "payment-service" in httpx.get(f"{console}/incidents/INC-1001").text
        code, seconds = running.interrupt()
        assert code == 0
        assert seconds < 10
        assert processes_of(running.directory) == {}
    _assert_the_story_of_the_readme(running.text)
    assert_readable(running.text)
    assert_each_opened_once_and_resolved(opened(events(record / "pagerduty.jsonl")))
    incidents = json.loads((record / "incidents.json").read_text())
    assert [incident["id"] for incident in incidents] == ["INC-1001", "INC-1002"]
    assert all(one["accepted"] for one in events(record / "slack.jsonl"))


def _assert_the_story_of_the_readme(text: str) -> None:
    words = " ".join(text.replace("│", " ").split())
    for said in (
        "At 10:03 UTC, error rate on `/checkout` in EU jumped from 0.3% to 7.2%.",
        "One deployment to `payment-service` occurred at 10:01 UTC.",
        "revenue per minute in EU down 24%",
        "I've created incident INC-1001 (P1). Likely owner: Payments team. Suggested runbook: "
        "RB-17 (Payment gateway errors). Type `/runbook RB-17` to see steps.",
        '"event_action": "trigger"',
        "*RB-17: Payment gateway errors*",
        "/incidents/INC-1001",
        "INC-1001 is over: resolved at PagerDuty",
        "INC-1002 is over: resolved at PagerDuty",
        "As it should be",
    ):
        assert said in words
    assert "2026.03" not in text  # what was changed weeks ago is known and not shown
    assert "2026.04.17-3" not in text


def test_another_shop_twice_in_one_directory_ends_by_itself(tmp_path: Path) -> None:
    record = tmp_path / "record"
    with demo(tmp_path / "demo") as killed:
        killed.wait_for("fetching")
        pids = processes_of(killed.directory)
        assert len(pids) >= 5
        killed.process.kill()
        eventually(lambda: not processes_of(killed.directory), 5, "all children have ended")
    with demo(tmp_path / "demo", "--exit", "--seed", "1", "--record", str(record)) as running:
        running.wait_for("INC-1001 (")
        running.wait_for("As it should be")
        assert running.process.wait(timeout=20) == 0
        assert processes_of(running.directory) == {}
    assert_readable(running.text)
    assert_each_opened_once_and_resolved(opened(events(record / "pagerduty.jsonl")))


MOMENTS: dict[str, Callable[[Demo], object]] = {
    "before anything is said": lambda running: eventually(
        (running.directory / "lock").exists, 20, "it has begun"
    ),
    "while processes start": lambda running: running.wait_for("Nothing leaves"),
    "while history is fetched": lambda running: running.wait_for("fetching"),
    "while time runs": lambda running: running.wait_for("10:00 UTC"),
}


@pytest.mark.parametrize("moment", MOMENTS)
def test_ctrl_c_at_any_moment_leaves_no_process_behind(tmp_path: Path, moment: str) -> None:
    with demo(tmp_path / "demo", "--exit") as running:
        MOMENTS[moment](running)
        code, seconds = running.interrupt()
        assert code == 130, running.text
        assert seconds < 10
        assert processes_of(running.directory) == {}
    assert running.text.endswith("stopped\n")
    assert "Traceback" not in running.text


def test_a_configured_database_is_refused(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/of-somebody.db"
    with demo(tmp_path / "demo", "--exit", AIOPS_DATABASE_URL=url) as running:
        assert running.process.wait(timeout=20) == 1
    assert "AIOPS_DATABASE_URL is set" in running.text
    assert not (tmp_path / "of-somebody.db").exists()


def test_two_demos_in_one_directory_are_refused_the_first_goes_on(tmp_path: Path) -> None:
    with demo(tmp_path / "demo", "--exit") as first:
        first.wait_for("Nothing leaves")
        with demo(tmp_path / "demo", "--exit") as second:
            assert second.process.wait(timeout=20) == 1
            assert f"is in use by process {first.process.pid}" in " ".join(second.text.split())
            # In here: the end of this block kills whatever runs in the directory.
            assert first.process.poll() is None
