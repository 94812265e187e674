"""What the terminal shows: progress, and each thing people would get, as it happens."""

import hashlib
import hmac
import json
import time
from datetime import datetime
from urllib.parse import urlencode

import httpx
from rich.console import Console
from rich.panel import Panel
from rich.progress import BarColumn, Progress, TextColumn
from rich.text import Text

from aiops.domain.incidents import Incident, IncidentState
from aiops.domain.time import clock_time
from workers.demo.stage import Stage
from workers.demo.verdict import Verdict
from workers.wiring import Parts


class Show:
    """Prints the demo; asks the product and the receivers what is new and shows it once."""

    def __init__(self, stage: Stage, console: Console) -> None:
        self._stage = stage
        self._console = console
        self._progress = Progress(
            TextColumn("{task.description}"), BarColumn(), console=console, transient=True
        )
        self._bar = self._progress.add_task("starting", total=None)
        self._shown: set[tuple[str, str]] = set()

    def begin(self) -> None:
        """Say what is about to be seen."""
        self._console.print(
            "A simulated shop, its metrics on a loopback Prometheus; PagerDuty and Slack are "
            "played by local receivers. Nothing leaves this machine."
        )
        self._progress.start()

    def end(self) -> None:
        """Take the progress bar away."""
        self._progress.stop()

    def say(self, line: str) -> None:
        """Print one line of plain text."""
        self._console.print(Text(line))

    def tick(self) -> None:
        """Show that something is being waited for."""
        self._progress.update(self._bar, description="fitting three weeks of history")

    def look(self, parts: Parts) -> None:
        """Show what is new since the last look."""
        story, now = self._stage.story, self._stage.clock.now()
        done = (now - story.live_from) / (story.ends_at - story.live_from)
        self._progress.update(
            self._bar, description=f"shop time {clock_time(now)}", total=1.0, completed=min(done, 1)
        )
        self._show_changes(now)
        for incident in reversed(parts.incidents.recent(20)):
            self._show_incident(incident)

    def _show_changes(self, now: datetime) -> None:
        for change in self._stage.story.events:
            if change.started_at <= now and self._first("change", change.id):
                what = f"{change.kind.value} {change.ref} on {change.service} {change.status}"
                self.say(f"{clock_time(change.started_at)}  {what.strip()}")

    def _show_incident(self, incident: Incident) -> None:
        key = incident.dedup_key
        if self._told(incident) and self._first("told", key):
            self._show_page(incident)
        if incident.state is IncidentState.MITIGATED and self._first("over", key):
            page = self._stage.pagerduty.of(key)
            state = "resolved at PagerDuty" if page and not page[-1].is_open else "mitigated"
            self.say(f"{clock_time(incident.updated_at)}  {incident.id} is over: {state}")

    def _told(self, incident: Incident) -> bool:
        return bool(self._stage.pagerduty.of(incident.dedup_key)) and bool(self._messages(incident))

    def _show_page(self, incident: Incident) -> None:
        link = f"{self._stage.console}/incidents/{incident.id}"
        page = self._stage.pagerduty.of(incident.dedup_key)[0]
        rows = [
            ("", incident.story),
            ("Slack", self._messages(incident)[0]),
            ("PagerDuty", json.dumps(_without_details(page.events[0].body), ensure_ascii=False)),
        ]
        if incident.runbook_id:
            answer = self._slash(f"/runbook {incident.runbook_id}")
            rows.append((f"/runbook {incident.runbook_id}", answer))
        rows.append(("Page", link))
        body = Text()
        for title, text in rows:
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


def _without_details(event: object) -> object:
    """Return an event without its long details and its key, for the terminal."""
    assert isinstance(event, dict)  # noqa: S101 - receivers keep objects
    payload = {name: value for name, value in event["payload"].items() if name != "custom_details"}
    return {**event, "payload": payload, "routing_key": "…"}
