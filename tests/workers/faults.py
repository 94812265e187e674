"""An installation whose processes die, whose sinks have bad days and whose queue forgets."""

from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from random import Random
from typing import Any

import httpx

from aiops.domain.environment import EnvState
from aiops.domain.errors import StoreError
from aiops.domain.incidents import Incident, IncidentState, Severity
from aiops.domain.notifications import (
    DeliveryAction,
    DeliveryState,
    Notification,
    address,
    page_of,
)
from aiops.notify.pagerduty import PagerDuty
from aiops.notify.pagerduty_notes import PagerDutyNotes
from aiops.notify.pagerduty_updates import PagerDutyUpdates
from aiops.notify.slack import Slack
from aiops.notify.slack_pictures import SlackPictures
from aiops.notify.slack_updates import SlackUpdates
from aiops.receivers.asgi import answer_under
from aiops.receivers.faults import FaultKind, FaultPlan
from aiops.receivers.ledger import Ledger
from aiops.receivers.pagerduty import PagerDutyLedger
from aiops.receivers.pagerduty_incidents import PagerDutyIncidents
from aiops.receivers.slack import SlackLedger
from aiops.store.audit import AuditEntry
from tests.notify.stories import incident, resolved
from tests.workers.installation import Installation
from workers.stages.contents import Contents
from workers.stages.deliver import Deliver
from workers.tasks import WORK

KEY, TOKEN = "K" * 32, "xoxb-loopback"
SINKS = ("pagerduty", "slack")
BOT = "aiops@shop.example"

Change = tuple[Incident, DeliveryAction]


class KilledError(BaseException):
    """The process is gone: nothing that stands behind this is done."""


class Mortal:
    """Something that works as `target` does, unless the process dies just before or after."""

    def __init__(self, target: Any, dies: Callable[[], bool]) -> None:
        self._target = target
        self._dies = dies

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._target, name)

        def call(*args: Any, **kwargs: Any) -> Any:
            if self._dies():
                raise KilledError
            result = method(*args, **kwargs)
            if self._dies():
                raise KilledError
            return result

        return call


@dataclass(slots=True)
class Town:
    """An installation, and the strict receivers it tells.

    Args:
        parts: the installation.
        random: decides who dies.
        chance: of dying at each point.
    """

    parts: Installation
    random: Random
    chance: float = 0.0
    deaths: int = 0
    faults: FaultPlan = field(default_factory=FaultPlan)
    pages: PagerDutyLedger = field(init=False)
    chat: SlackLedger = field(init=False)
    others: PagerDutyIncidents = field(init=False)

    def __post_init__(self) -> None:
        now = self.parts.hand.now
        self.pages = PagerDutyLedger(routing_keys={KEY}, clock=now)
        self.chat = SlackLedger(tokens={TOKEN: "B1"}, channels={"C1": "x"}, clock=now)
        self.others = PagerDutyIncidents(tokens={TOKEN}, users={BOT: "PBOT"}, clock=now)
        self.parts.deliver = self.worker(Mortal(self.parts.outbox, self._dies))

    def worker(self, outbox: Any) -> Deliver:
        """Return a worker of this installation that knows of the outbox only what it is given."""
        notes = PagerDutyNotes("pagerduty", "http://x", TOKEN, BOT, client=self.wire(self.others))
        pager = PagerDuty(
            "pagerduty", KEY, "http://x/v2/enqueue", "", self.wire(self.pages), notes=notes
        )
        chat = Slack("slack", TOKEN, "C1", "http://x/api/", client=self.wire(self.chat))
        sent = PagerDutyUpdates("pagerduty", "http://x", TOKEN, BOT, client=self.wire(self.others))
        posted = SlackUpdates("slack", TOKEN, "http://x/api/", client=self.wire(self.chat))
        self.parts.update_sinks = {sent.name: sent, posted.name: posted}
        shown = SlackPictures("slack", TOKEN, "http://x/api/", client=self.wire(self.chat))
        parts = self.parts
        return Deliver(
            outbox=outbox,
            incidents=parts.incidents,
            silences=parts.silences,
            pages=parts.pages,
            contents=Contents(
                outbox=outbox,
                incidents=parts.incidents,
                digests=parts.digests,
                pictures=parts.pictures,
                changes=parts.changes,
                updates=parts.status_updates,
                clock=parts.clock,
            ),
            sinks={"pagerduty": pager, "slack": chat, shown.name: shown, **parts.update_sinks},
            fallbacks={},
            queue=parts.tasks,
            clock=parts.clock,
            real_clock=parts.real_clock,
            telemetry=parts.telemetry,
        )

    def wire(self, ledger: Ledger) -> httpx.Client:
        """Return a client whose other end is a receiver, without a socket between."""

        def handle(request: httpx.Request) -> httpx.Response:
            if self._dies():
                raise KilledError
            fault = self.faults.take(request.url.path, request.method)
            received = ledger.stamp(
                method=request.method,
                path=request.url.path,
                query=dict(request.url.params),
                headers=dict(request.headers),
                body=request.content,
            )
            answer = answer_under(fault, ledger, received)
            ledger.keep(received, answer)
            if self._dies():
                raise KilledError
            if fault is not None and fault.kind.cuts:
                raise httpx.ReadError("the connection was cut", request=request)
            if fault is not None and fault.kind is FaultKind.HANG:
                raise httpx.ReadTimeout("no answer in time", request=request)
            return httpx.Response(answer.status, headers=answer.headers, content=answer.encoded())

        return httpx.Client(transport=httpx.MockTransport(handle))

    def tell(self, changes: list[Change]) -> None:
        """Store revisions of incidents with whom they tell, as correlation does."""
        _, version = self.parts.incidents.load("prod")
        now = self.parts.hand.now()
        notes = [
            Notification(
                incident_id=one.id,
                episode=1,
                revision=one.revision,
                sink=sink,
                action=action,
                not_before=now,
                reason="a money KPI is losing",
            )
            for one, action in changes
            for sink in (*SINKS, page_beside(one.id))
        ]
        for one, _ in changes:
            self._open(page_of(page_beside(one.id)))
        state = EnvState(env="prod", at=now, next_number=100_000)
        revisions = [one for one, _ in changes]
        self.parts.incidents.commit(
            version, state, revisions=revisions, notifications=notes, now=now
        )

    def _open(self, page_id: str) -> None:
        """Let another monitor have paged for it."""
        if page_id not in self.others.incidents:
            self.others.open(page_id)

    def second(self) -> None:
        """Let one second pass: beat sweeps, a worker works off the queue; who dies comes again."""
        self.parts.hand.move(1)
        tasks = self.parts.tasks.tasks
        with suppress(KilledError, StoreError):
            self.parts.deliver.sweep()
        for _ in range(len(tasks)):
            name, args = tasks.popleft()
            try:
                WORK[name](self.parts, *args)
            except KilledError:
                tasks.append((name, args))
            except StoreError:
                pass  # the task has failed; the next sweep asks for it again

    def undelivered(self) -> int:
        """Return how many deliveries still wait."""
        counts = self.parts.outbox.counts()
        return counts[DeliveryState.PENDING] + counts[DeliveryState.SENDING]

    def dead(self) -> list[int]:
        """Return the deliveries that were given up."""
        return [one.id for one in self.parts.outbox.records([DeliveryState.DEAD], 100_000)]

    def replay(self) -> None:
        """Let a person try everything again that was given up."""
        now = self.parts.hand.now()
        for one in self.dead():
            entry = AuditEntry(at=now, actor="ann", action="replay", subject=str(one))
            self.parts.outbox.replay(one, now=now, entry=entry)

    def _dies(self) -> bool:
        dies = self.random.random() < self.chance
        self.deaths += dies
        return dies


def page_beside(name: str) -> str:
    """Return the address of the page others sent about an incident."""
    return address("pagerduty", name.replace("INC-", "Q"))


def life(number: int) -> Iterator[Change]:
    """Yield what becomes of an incident: it opens, turns out milder, and ends."""
    name = f"INC-{2000 + number}"
    known: dict[str, Any] = {"id": name, "symptoms": (), "adopted": (page_beside(name),)}
    yield incident(**known), DeliveryAction.TRIGGER
    milder = incident(revision=2, severity=Severity.P2, severity_reason="less is lost", **known)
    yield milder, DeliveryAction.UPDATE
    over = resolved(revision=3, severity=Severity.P2, state=IncidentState.MITIGATED, **known)
    yield over, DeliveryAction.RESOLVE
