"""`aiops bench deliver`: how soon sinks are told, below their rate limit and above it.

Notifications are written as correlation writes them, in the transaction of their incident, and go
through the processes of `aiops up` to loopback receivers that refuse whatever is above the
vendor's rate.
"""

import json
import re
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from typing import Any

from aiops.domain.environment import EnvState
from aiops.domain.incidents import Severity
from aiops.domain.notifications import DeliveryAction, Notification
from aiops.domain.pacing import Rate
from aiops.notify import pagerduty as pages
from aiops.notify import slack as chat
from aiops.receivers import pagerduty, slack
from aiops.receivers.faults import Fault, FaultKind, FaultPlan
from aiops.receivers.ledger import Ledger
from aiops.receivers.server import serve
from workers.bench.feed import wait_until
from workers.bench.installation import make_installation, quantiles
from workers.local import running
from workers.trial import trial
from workers.wiring import Parts

KEY, TOKEN, CHANNEL = "B" * 32, "xoxb-benchmark", "C0BENCH"
NOW = datetime(2026, 1, 5, 12, tzinfo=UTC)
RATES: Mapping[str, Rate] = {"pagerduty": pages.RATE, "slack": chat.RATE}
URGENT_EVERY = 10

_HANG_SECONDS = 20.0
"""Longer than a sender waits for an answer."""

_HANGING = 10

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """One incident a sink was told of: how urgent it was, and when it was decided and taken."""

    severity: Severity
    decided: float
    taken: float

    @property
    def seconds(self) -> float:
        """Return how long it took."""
        return self.taken - self.decided


def bench_deliver(seconds: int, say: Say) -> dict[str, Any]:
    """Return the figures of this machine.

    Args:
        seconds: how long each phase goes on.
        say: is told how far it is.
    """
    ledgers: dict[str, Ledger] = {
        "pagerduty": pagerduty.PagerDutyLedger(
            routing_keys={KEY}, clock=_now, per_minute=RATES["pagerduty"].per_minute
        ),
        "slack": slack.SlackLedger(
            tokens={TOKEN: "B1"}, channels={CHANNEL: "bench"}, clock=_now, rate_limited=True
        ),
    }
    faults = FaultPlan()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="aiops-bench-")))
        environ, settings = make_installation(
            folder, NOW, step_seconds=60, **_sinks(stack, ledgers, faults)
        )
        secrets = {"AIOPS_PAGERDUTY_ROUTING_KEY": KEY, "AIOPS_SLACK_BOT_TOKEN": TOKEN}
        own = stack.enter_context(running(settings, {**environ, **secrets}, say))
        parts = Parts(replace(settings, redis_url=own.redis_url), "client")
        own.start_beat()
        sender = Sender(parts, ledgers)
        sender.send("pagerduty", 1, 0)
        sender.send("slack", 1, 0)
        sender.wait()
        say(f"at half the rate, {seconds} s …")
        figures: dict[str, Any] = {"half": sender.at_half_the_rate(seconds)}
        say(f"PagerDuty hangs, Slack at half the rate, {seconds} s …")
        faults.add(Fault(kind=FaultKind.HANG, seconds=_HANG_SECONDS, times=1000))
        figures["beside_a_hang"] = {"slack": sender.beside_a_hang(seconds)}
        faults.clear()
        sender.wait()
        say(f"three times what may be sent, {seconds} s …")
        return figures | {"above": sender.above_the_rate(seconds)}


class Sender:
    """Decides notifications, and looks up when the receivers took them."""

    def __init__(self, parts: Parts, ledgers: Mapping[str, Ledger]) -> None:
        self._parts = parts
        self._ledgers = ledgers
        self._decided: dict[str, tuple[str, Severity, float]] = {}
        self._numbers = count(1)

    def send(self, sink: str, number: int, pause_seconds: float) -> None:
        """Decide so many incidents with a pause after each; every tenth, the last too, is a P1."""
        for place in range(number):
            is_urgent = place % URGENT_EVERY == URGENT_EVERY - 1
            self._decide(sink, Severity.P1 if is_urgent else Severity.P3)
            time.sleep(pause_seconds)

    def wait(self) -> None:
        """Wait until everything decided is taken."""
        wait_until(lambda: len(self._taken()) == len(self._decided), "not everything was taken")

    def at_half_the_rate(self, seconds: int) -> dict[str, Any]:
        """Return how long the first delivery takes at half of what each sink takes."""
        found = {}
        for sink, rate in RATES.items():
            before = set(self._decided)
            pause = 120 / rate.per_minute
            self.send(sink, max(int(seconds / pause), 1), pause)
            self.wait()
            found[sink] = quantiles([one.seconds for one in self._told(sink, before)])
        return found

    def beside_a_hang(self, seconds: int) -> dict[str, float]:
        """Return how long the first delivery to Slack takes while PagerDuty answers nobody."""
        before = set(self._decided)
        self.send("pagerduty", _HANGING, 0)
        pause = 120 / RATES["slack"].per_minute
        self.send("slack", max(int(seconds / pause), 1), pause)
        mine = sum(
            sink == "slack" for name, (sink, *_) in self._decided.items() if name not in before
        )
        wait_until(lambda: len(self._told("slack", before)) == mine, "Slack was not told of all")
        return quantiles([one.seconds for one in self._told("slack", before)])

    def above_the_rate(self, seconds: int) -> dict[str, Any]:
        """Return what share of its rate each sink is told at, and how soon what is a P1.

        `told_together` are the incidents that had no message of their own.
        """
        time.sleep(60)  # what was sent before no longer counts in any minute
        before = set(self._decided)
        for sink, rate in RATES.items():
            self.send(sink, 3 * rate.per_minute * seconds // 60, 0)
        began = time.time()  # from here on more waits for both than they take
        time.sleep(max(began + seconds - time.time(), 0))
        figures = {}
        for sink, rate in RATES.items():
            until = began + seconds
            messages = list(_messages(self._ledgers[sink]))
            sent = [at for at, _ in messages if began <= at <= until]
            together = {
                one for at, names in messages if len(names) > 1 and at <= until for one in names
            }
            told = [one for one in self._told(sink, before) if one.taken <= until]
            figures[sink] = {
                "rate_used": round(len(sent) / (rate.per_minute * seconds / 60), 3),
                "decided": 3 * rate.per_minute * seconds // 60,
                "told": len(told),
                "told_together": len(together),
            } | _urgent(told)
        return figures

    def _decide(self, sink: str, severity: Severity) -> None:
        name = f"INC-{1000 + next(self._numbers)}"
        env = f"bench-{name}"
        incident = replace(trial(env, NOW), id=name, severity=severity)
        note = Notification(
            incident_id=name,
            episode=1,
            revision=1,
            sink=sink,
            action=DeliveryAction.TRIGGER,
            not_before=NOW,
            reason="a benchmark",
            urgency=int(severity.value[1]),
            origin=incident.origin,
        )
        _, version = self._parts.incidents.load(env)
        state = EnvState(env=env, at=NOW, incidents=(incident,))
        self._decided[name] = (sink, severity, time.time())
        for row in self._parts.incidents.commit(
            version, state, revisions=[incident], notifications=[note], now=NOW
        ):
            self._parts.queue.enqueue("deliver.send", row)

    def _told(self, sink: str, before: set[str]) -> Sequence[Told]:
        taken = self._taken()
        return [
            Told(severity=severity, decided=decided, taken=taken[name])
            for name, (to, severity, decided) in self._decided.items()
            if to == sink and name not in before and name in taken
        ]

    def _taken(self) -> Mapping[str, float]:
        """Return when each incident was first taken, by its name, in epoch seconds."""
        found: dict[str, float] = {}
        for ledger in self._ledgers.values():
            for at, names in _messages(ledger):
                for name in names:
                    found.setdefault(name, at)
        return found


def _messages(ledger: Ledger) -> Iterator[tuple[float, frozenset[str]]]:
    """Yield when each message was taken, and the incidents it tells of."""
    for record in ledger.records:
        names = frozenset(re.findall(r"INC-\d+", json.dumps(record.body)))
        if record.accepted and names:
            yield record.at.timestamp(), names


def _urgent(told: Sequence[Told]) -> dict[str, Any]:
    urgent = [one.seconds for one in told if one.severity is Severity.P1]
    return {"p1_told": len(urgent), "p1_seconds": quantiles(urgent) if urgent else None}


def _sinks(stack: ExitStack, ledgers: Mapping[str, Ledger], faults: FaultPlan) -> dict[str, Any]:
    page_url = stack.enter_context(serve(pagerduty.create_app(ledgers["pagerduty"], faults)))  # type: ignore[arg-type]
    chat_url = stack.enter_context(serve(slack.create_app(ledgers["slack"])))  # type: ignore[arg-type]
    return {
        "sinks": {
            "pagerduty": {"kind": "pagerduty", "events_url": f"{page_url}/v2/enqueue"},
            "slack": {"kind": "slack", "api_url": f"{chat_url}/api/", "channel": CHANNEL},
        }
    }


def _now() -> datetime:
    return datetime.now(UTC)
