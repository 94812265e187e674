"""Plays the story: lets the time run, and reports each change when its moment comes."""

import heapq
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import httpx

from aiops.demo.shop import Story
from aiops.domain.changes import Change
from workers.clock import FastClock, write_clock
from workers.demo.stage import RATE, Stage

LONGEST = timedelta(minutes=90)
"""How long time runs on after the story's end, so that incidents can be told as over."""

LOOK_SECONDS = 0.05
AGAIN_SECONDS = 0.2


def start_time(stage: Stage, rate: float = RATE, longest: timedelta = LONGEST) -> None:
    """Let the time of every process run, from the moment the live part begins.

    Args:
        stage: whose.
        rate: product seconds per real second.
        longest: so long after the story's end it stops, in product time.
    """
    story = stage.story
    write_clock(
        stage.clock_path,
        FastClock(
            started_at=time.time(),
            origin=story.live_from,
            rate=rate,
            ends_at=story.ends_at + longest,
        ),
    )


class Reporter:
    """Posts the story's changes, logs and traces to the product, as others would.

    Args:
        stage: where it plays.
        stopping: set to end it early.
    """

    def __init__(self, stage: Stage, stopping: threading.Event) -> None:
        self._stage = stage
        self._stopping = stopping
        self.refused: list[str] = []

    def start(self) -> threading.Thread:
        """Report in a thread of its own."""
        thread = threading.Thread(target=self._run, name="reporter", daemon=True)
        thread.start()
        return thread

    def _run(self) -> None:
        with httpx.Client(timeout=10) as client:
            for at, path, body in reports(self._stage.story):
                while self._stage.clock.now() < at:
                    if self._stopping.wait(LOOK_SECONDS):
                        return
                self._post(client, path, body)

    def _post(self, client: httpx.Client, path: str, body: dict[str, Any]) -> None:
        """Post until it is taken or refused for good: the web server may be down for a while."""
        while not self._stopping.is_set():
            try:
                answer = client.post(f"{self._stage.console}{path}", json=body)
            except httpx.TransportError:
                self._stopping.wait(AGAIN_SECONDS)
                continue
            if answer.status_code < 400:
                return
            if answer.status_code < 500:
                what = body.get("ref", path)
                self.refused.append(f"{what}: {answer.status_code} {answer.text}")
                return
            self._stopping.wait(AGAIN_SECONDS)


def reports(story: Story) -> Iterator[tuple[datetime, str, dict[str, Any]]]:
    """Yield when to post what where: changes, logs and traces, in order of time."""
    changes = ((at, "/ingest/changes", body) for at, body in bodies(story.events))
    exports = ((one.at, f"/v1/{one.signal}", one.body) for one in story.exports())
    yield from heapq.merge(changes, exports, key=lambda one: one[0])


def bodies(changes: tuple[Change, ...]) -> Iterator[tuple[datetime, dict[str, Any]]]:
    """Yield when to report what: the start of every change and, where it has one, its end."""
    moments = [(change.started_at, replace(change, ended_at=None)) for change in changes]
    moments += [(change.ended_at, change) for change in changes if change.ended_at is not None]
    for at, change in sorted(moments, key=lambda one: (one[0], one[1].id)):
        yield at, _body(change)


def _body(change: Change) -> dict[str, Any]:
    attributes = {
        "rollback": True if change.is_rollback else None,
        "reverts": change.reverts,
        "percentage": change.percentage,
        "until": change.ended_at.isoformat() if change.ended_at else None,
    }
    body = {
        "timestamp": change.started_at.isoformat(),
        "kind": change.kind.value,
        "service": change.service,
        "ref": change.ref,
        "env": change.env,
        "region": change.region,
        "segment": change.segment,
        "status": change.status or None,
        "description": change.description or None,
        "actor": change.actor or None,
        "attributes": {name: value for name, value in attributes.items() if value is not None},
    }
    return {name: value for name, value in body.items() if value not in (None, {})}
