"""The demo from curtain to curtain: set up, let the time run, show, judge, record."""

import json
import os
import threading
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

from rich.console import Console

from aiops.demo.shop import Story
from aiops.incident.export import export_all
from workers.back_fill import fetch_past
from workers.demo.play import LONGEST, Reporter, start_time
from workers.demo.show import Show
from workers.demo.stage import Stage, staged
from workers.demo.verdict import Verdict, judge
from workers.directory_lock import DirectoryLock
from workers.interrupts import Interrupted, interruptible
from workers.local import Stack, running
from workers.wiring import Parts

LOOK_SECONDS = 0.2
_INTERRUPTED = 130
"""What a shell shows for a program that Ctrl-C ended."""


def run_demo(seed: int | None, directory: Path, record: Path | None, *, ends: bool) -> int:
    """Play the demo; return the exit code.

    Args:
        seed: of the story; None for the one of the README.
        directory: where it keeps everything; emptied at the start.
        record: where to leave the receivers' records and incidents.json.
        ends: whether to end with the story, instead of staying up.

    Returns:
        0 when all went as it should, 1 when it did not, 130 when it was interrupted before.
    """
    console = Console(highlight=False)
    try:
        with interruptible(), DirectoryLock(directory):
            return _perform(Story(seed), directory / "run", record, console, ends=ends)
    except Interrupted:
        console.print("stopped")
        return _INTERRUPTED


def _perform(
    story: Story, directory: Path, record: Path | None, console: Console, *, ends: bool
) -> int:
    with ExitStack() as stack:
        stage = stack.enter_context(staged(story, directory, os.environ))
        show = stack.enter_context(Show(stage, console))
        local = stack.enter_context(running(stage.settings, stage.environ, show.say))
        parts = Parts(replace(stage.settings, redis_url=local.redis_url), "client")
        verdict = _play(stage, local, parts, show)
        if record is not None:
            write_records(stage, parts, record)
        show.verdict(verdict)
        if not ends:
            _stay(show)
        return 0 if verdict.passed else 1


def _stay(show: Show) -> None:
    show.stay()
    try:
        threading.Event().wait()
    except Interrupted:
        show.say("stopped")


def _play(stage: Stage, local: Stack, parts: Parts, show: Show) -> Verdict:
    """Play the story to its end and return the judgement of the receivers' records."""
    stopping = threading.Event()
    reporter = Reporter(stage, stopping)
    thread = reporter.start()  # time stands still: what was long ago is reported meanwhile
    try:
        fetch_past(parts, show.say)
        _wait(parts.fit.all_fitted, lambda: show.wait_for("fitting three weeks of history"))
        start_time(stage)
        local.start_beat()
        _wait(lambda: _is_over(stage, parts), lambda: show.look(parts))
    finally:
        stopping.set()
        thread.join(timeout=5)
        show.end()
    return judge(stage.story.expected, stage.pagerduty, stage.slack, reporter.refused)


def _wait(done: Callable[[], bool], meanwhile: Callable[[], None]) -> None:
    pause = threading.Event()
    while not done():
        meanwhile()
        pause.wait(LOOK_SECONDS)
    meanwhile()


def _is_over(stage: Stage, parts: Parts) -> bool:
    """Return whether the story has ended and the sinks know it, or time stands still."""
    now = stage.clock.now()
    if now < stage.story.ends_at:
        return False
    return _all_told(stage, parts) or now >= stage.story.ends_at + LONGEST


def _all_told(stage: Stage, parts: Parts) -> bool:
    told = not stage.pagerduty.open_incidents and parts.outbox.oldest_due() is None
    return told and not any(one.is_live for one in parts.incidents.recent(50))


def write_records(stage: Stage, parts: Parts, folder: Path) -> None:
    """Leave what the receivers got, and the incidents, in a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in ("pagerduty", "slack"):
        source = stage.directory / f"{name}.jsonl"
        (folder / f"{name}.jsonl").write_bytes(source.read_bytes() if source.exists() else b"")
    incidents = export_all(parts.incidents.recent(1000))
    text = json.dumps(incidents, indent=2, ensure_ascii=False)
    (folder / "incidents.json").write_text(text + "\n", encoding="utf-8")
