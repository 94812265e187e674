"""What the terminal shows: progress, and each thing people would get, as it happens."""

import hashlib
import hmac
import json
import time
from datetime import datetime, timedelta
from types import TracebackType
from typing import Self
from urllib.parse import urlencode

import httpx
from rich.console import Console
from rich.panel import Panel
from rich.progress import BarColumn, Progress, TextColumn
from rich.text import Text

from aiops.domain.changes import Change
from aiops.domain.incidents import Incident
from aiops.domain.time import clock_time
from aiops.notify.phrases import clue_words
from workers.demo.stage import Stage
from workers.demo.verdict import Verdict
from workers.wiring import Parts

FULL_STORY = timedelta(minutes=5)
"""An incident is shown once its loss is known, or this long after it was found; it is told at
once in any case."""

FIRST_PICTURE = timedelta(minutes=1)
"""… but not before this: what else fell ill within it belongs to the first picture people get."""


class Show:
    """Prints the demo; asks the product and the receivers what is new and shows it once."""

    def __init__(self, stage: Stage, console: Console) -> None:
        self._stage = stage
        self._console = console
        self._progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            console=console,
            transient=True,
            disable=not console.is_terminal,
        )
        self._bar = self._progress.add_task("starting", total=None)
        self._shown: set[tuple[str, str]] = set()

    def __enter__(self) -> Self:
        """Say what is about to be seen, and show that something is going on."""
        self._console.print(
            "A simulated shop, its metrics on a loopback Prometheus; PagerDuty and Slack are "
            "played by local receivers. Nothing leaves this machine."
        )
        self._progress.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.end()

    def end(self) -> None:
        """Take the progress bar away; nothing more is waited for."""
        if not self._progress.disable:
            self._progress.stop()

    def say(self, line: str) -> None:
        """Print one line of plain text."""
        self._console.print(Text(line))

    def wait_for(self, what: str) -> None:
        """Show what is being waited for."""
        self._progress.update(self._bar, description=what)

    def look(self, parts: Parts) -> None:
        """Show what is new since the last look."""
        story, now = self._stage.story, self._stage.clock.now()
        done = (now - story.live_from) / (story.ends_at - story.live_from)
        self._progress.update(
            self._bar, description=f"shop time {clock_time(now)}", total=1.0, completed=min(done, 1)
        )
        self._show_changes(now)
        for incident in reversed(parts.incidents.recent(20)):
            self._show_incident(incident, parts)

    def _show_changes(self, now: datetime) -> None:
        for change in self._stage.story.events:
            is_live = self._stage.story.live_from <= change.started_at <= now
            if is_live and self._first("change", change.id):
                self.say(f"{clock_time(change.started_at)}  {_words(change)}")

    def _show_incident(self, incident: Incident, parts: Parts) -> None:
        key = incident.dedup_key
        is_told = ("told", key) not in self._shown and self._is_told(incident)
        if is_told and _is_full(incident, parts):
            self._show_page(_first_full(incident, parts))
        page = self._stage.pagerduty.of(key)
        is_over = not incident.is_live and bool(page) and not page[-1].is_open
        if is_over and self._first("over", key):
            at = clock_time(self._stage.clock.now())
            self.say(f"{at}  {incident.id} is over: resolved at PagerDuty")

    def _is_told(self, incident: Incident) -> bool:
        return bool(self._stage.pagerduty.of(incident.dedup_key)) and bool(self._messages(incident))

    def _show_page(self, incident: Incident) -> None:
        link = f"{self._stage.console}/incidents/{incident.id}"
        page = self._stage.pagerduty.of(incident.dedup_key)[0]
        rows = [
            ("", incident.story),
            ("Logs and traces", clue_words(incident)),
            ("Slack", self._messages(incident)[0]),
            ("PagerDuty", json.dumps(_without_details(page.events[0].body), ensure_ascii=False)),
        ]
        if incident.runbook_id:
            try:
                answer = self._slash(f"/runbook {incident.runbook_id}")
            except httpx.TransportError:
                return  # the web server is being started again; the next look shows it all
            rows.append((f"/runbook {incident.runbook_id}", answer))
        self._first("told", incident.dedup_key)
        rows.append(("Page", link))
        body = Text()
        for title, text in rows:
            if text:
                body.append(f"{title}\n" if title else "", style="bold")
                body.append(f"{text}\n\n")
        body.rstrip()
        heading = f"{incident.id} ({incident.severity.value}) {incident.title}"
        self._console.print(Panel(body, title=Text(heading), title_align="left"))

    def _messages(self, incident: Incident) -> list[str]:
        found = []
        for message in self._stage.slack.messages:
            payload = (message.content.metadata or {}).get("event_payload", {})
            if payload.get("incident") == incident.id and message.thread_ts is None:
                found.append(message.revisions[0].content.text)
        return found

    def _slash(self, command: str) -> str:
        """Type a slash command, as Slack would send it, and return the answer's text."""
        name, _, text = command.partition(" ")
        form = {"command": name, "text": text, "user_id": "U0001", "channel_id": "C0001"}
        body = urlencode(form)
        stamp = str(int(time.time()))
        signed = f"v0:{stamp}:{body}".encode()
        secret = self._stage.signing_secret.encode()
        signature = "v0=" + hmac.new(secret, signed, hashlib.sha256).hexdigest()
        answer = httpx.post(
            f"{self._stage.console}/slack/commands",
            content=body,
            headers={
                "Content-Type": "application/x-www-form-urlencoded",
                "X-Slack-Request-Timestamp": stamp,
                "X-Slack-Signature": signature,
            },
            timeout=10,
        )
        return str(answer.json().get("text", answer.text))

    def verdict(self, verdict: Verdict) -> None:
        """Print the judgement of the receivers' records."""
        if verdict.passed:
            self.say("As it should be: each incident told once, its culprit named, and resolved.")
        for problem in verdict.problems:
            self.say(f"not as it should be: {problem}")

    def stay(self) -> None:
        """Say that everything stays up."""
        self.say(f"Everything stays up: {self._stage.console}  (Ctrl-C ends)")

    def _first(self, kind: str, key: str) -> bool:
        if (kind, key) in self._shown:
            return False
        self._shown.add((kind, key))
        return True


def _is_full(incident: Incident, parts: Parts) -> bool:
    """Return whether the first picture of an incident is complete, by the ticks worked so far."""
    reached = parts.incidents.reached(incident.env) or incident.detected_at
    patience = FIRST_PICTURE if incident.impacts else FULL_STORY
    return not incident.is_live or reached >= incident.detected_at + patience


def _first_full(incident: Incident, parts: Parts) -> Incident:
    """Return the first picture of an incident, however late we look: one that knows the loss."""
    known_of = parts.incidents.revisions(incident.id)
    revisions = [one for one in known_of if one.episode == incident.episode]
    known = next((one for one in revisions if one.impacts), incident)
    until = max(known.updated_at, incident.detected_at + FIRST_PICTURE)
    return next((one for one in reversed(revisions) if one.updated_at <= until), incident)


def _words(change: Change) -> str:
    """Return a change in one line."""
    words = [change.kind.value, change.ref, "on", change.service, change.status]
    if change.reverts:
        words.append(f"(takes back {change.reverts})")
    return " ".join(word for word in words if word)


def _without_details(event: object) -> object:
    """Return an event without its long details and its key, for the terminal."""
    assert isinstance(event, dict)  # noqa: S101 - receivers keep objects
    payload = {name: value for name, value in event["payload"].items() if name != "custom_details"}
    return {**event, "payload": payload, "routing_key": "…"}
