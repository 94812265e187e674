"""A loopback PagerDuty: the Events API v2 and the incidents its events make."""

import hashlib
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Any, ClassVar

import orjson
from starlette.types import ASGIApp

from aiops.receivers.asgi import receiver_app
from aiops.receivers.faults import FaultPlan
from aiops.receivers.ledger import Answer, Clock, Ledger, Received
from aiops.receivers.pagerduty_rules import (
    MAX_BODY_BYTES,
    Throttle,
    change_errors,
    enqueue_errors,
)

ENQUEUE_PATH = "/v2/enqueue"
CHANGE_PATH = "/v2/change/enqueue"


class IncidentStatus(StrEnum):
    """Where an incident stands, as PagerDuty names it."""

    TRIGGERED = "triggered"
    ACKNOWLEDGED = "acknowledged"
    RESOLVED = "resolved"


@dataclass(frozen=True, slots=True, kw_only=True)
class PagerDutyEvent:
    """One accepted alert event.

    Args:
        seq: of the record it came with.
        at: when it was received.
        action: trigger, acknowledge or resolve.
        body: the event as it was sent.
    """

    seq: int
    at: datetime
    action: str
    body: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class PagerDutyIncident:
    """What a trigger opened and its dedup key's later events changed, until it was resolved.

    Args:
        number: 1 for the first incident of the ledger, then counting.
        routing_key: the integration it came through; dedup keys are unique within one.
        summary, severity, source: of the newest trigger.
        events: all that led to it, in order; the first is the trigger that opened it.
    """

    number: int
    routing_key: str
    dedup_key: str
    status: IncidentStatus
    summary: str
    severity: str
    source: str
    events: tuple[PagerDutyEvent, ...]

    @property
    def is_open(self) -> bool:
        """Return whether it is not resolved."""
        return self.status is not IncidentStatus.RESOLVED

    @property
    def opened_at(self) -> datetime:
        """Return when its first trigger came."""
        return self.events[0].at

    @property
    def resolved_at(self) -> datetime | None:
        """Return when it was resolved; None while it is open."""
        return None if self.is_open else self.events[-1].at

    def count(self, action: str) -> int:
        """Return how many of its events had this action."""
        return sum(event.action == action for event in self.events)

    def after(self, event: PagerDutyEvent) -> "PagerDutyIncident":
        """Return the incident as it is after one more event of its dedup key."""
        events = (*self.events, event)
        if event.action == "resolve":
            return replace(self, status=IncidentStatus.RESOLVED, events=events)
        if event.action == "acknowledge":
            return replace(self, status=IncidentStatus.ACKNOWLEDGED, events=events)
        payload = event.body["payload"]
        return replace(
            self,
            summary=payload["summary"],
            severity=payload["severity"],
            source=payload["source"],
            events=events,
        )

    def to_json(self) -> dict[str, Any]:
        """Return it as JSON values; its events by sequence number and action."""
        return {
            "number": self.number,
            "routing_key": self.routing_key,
            "dedup_key": self.dedup_key,
            "status": self.status,
            "summary": self.summary,
            "severity": self.severity,
            "source": self.source,
            "opened_at": self.opened_at,
            "resolved_at": self.resolved_at,
            "counts": {a: self.count(a) for a in ("trigger", "acknowledge", "resolve")},
            "events": [{"seq": e.seq, "at": e.at, "action": e.action} for e in self.events],
        }


class PagerDutyLedger(Ledger):
    """What was sent to PagerDuty, and the incidents it makes of it.

    A trigger opens an incident or updates the open one of its dedup key; a trigger after a
    resolve opens a new one; an acknowledge or resolve without an open incident is accepted and
    has no effect.

    Args:
        routing_keys: the integrations that exist, 32 letters and digits each.
        clock: stamps the requests.
        path: the file that outlives the process, see `Ledger`.
        per_minute: more events of one routing key in any minute answer 429; None for no limit.

    Examples:
        >>> from aiops.domain.time import utc
        >>> ledger = PagerDutyLedger(routing_keys={"R" * 32}, clock=lambda: utc(0))
        >>> ledger.incidents
        ()
    """

    name: ClassVar[str] = "pagerduty"

    def __init__(
        self,
        *,
        routing_keys: Collection[str],
        clock: Clock,
        path: Path | None = None,
        per_minute: int | None = None,
    ) -> None:
        super().__init__(clock=clock, path=path)
        self._routing_keys = frozenset(routing_keys)
        self._incidents: dict[int, PagerDutyIncident] = {}
        self._open: dict[tuple[str, str], int] = {}
        self._changes: tuple[Mapping[str, Any], ...] = ()
        self._without_effect: tuple[PagerDutyEvent, ...] = ()
        self._throttle = Throttle(per_minute) if per_minute else None
        self._reload()

    @property
    def incidents(self) -> tuple[PagerDutyIncident, ...]:
        """Return every incident in the order they were opened."""
        return tuple(self._incidents.values())

    @property
    def open_incidents(self) -> tuple[PagerDutyIncident, ...]:
        """Return those not resolved."""
        return tuple(incident for incident in self.incidents if incident.is_open)

    @property
    def changes(self) -> tuple[Mapping[str, Any], ...]:
        """Return the accepted change events in order."""
        return self._changes

    @property
    def without_effect(self) -> tuple[PagerDutyEvent, ...]:
        """Return the acknowledges and resolves that found no open incident."""
        return self._without_effect

    def of(self, dedup_key: str) -> tuple[PagerDutyIncident, ...]:
        """Return the incidents of one dedup key, oldest first."""
        return tuple(i for i in self.incidents if i.dedup_key == dedup_key)

    def answer(self, received: Received) -> Answer:
        """Check a request as the Events API does, act on it if it passes."""
        checks = {ENQUEUE_PATH: enqueue_errors, CHANGE_PATH: change_errors}
        check = checks.get(received.path)
        if check is None:
            return _error(404, "Not Found", "The requested resource was not found", [])
        if received.method != "POST":
            return _error(405, "Method Not Allowed", f"{received.method} is not allowed", [])
        if len(received.body) > MAX_BODY_BYTES:
            return _invalid([f"The event is too large (maximum is {MAX_BODY_BYTES} bytes)"])
        try:
            event = orjson.loads(received.body)
        except orjson.JSONDecodeError:
            event = None
        if not isinstance(event, Mapping):
            text = "Event object format is unrecognized"
            return _error(400, "Unrecognized object", text, ["JSON parse error"])
        errors = check(event, self._routing_keys)
        if not errors and self._throttle and self._throttle.takes_no(event, received.at):
            return self.refusal(429, 0)
        return _invalid(errors) if errors else self.apply(received)

    def apply(self, received: Received) -> Answer:
        """Act on a valid event."""
        body = orjson.loads(received.body)
        if received.path == CHANGE_PATH:
            self._changes += (body,)
            content = {"status": "success", "message": "Change event processed"}
            return Answer(status=202, content=content, accepted=True)
        dedup_key = body.get("dedup_key") or _new_dedup_key(received)
        self._take(
            dedup_key,
            PagerDutyEvent(
                seq=received.seq, at=received.at, action=body["event_action"], body=body
            ),
        )
        content = {"status": "success", "message": "Event processed", "dedup_key": dedup_key}
        return Answer(status=202, content=content, accepted=True)

    def refusal(self, status: int, retry_after_seconds: int) -> Answer:
        """Return PagerDuty's answer on a bad day; its 429 names no time to wait."""
        texts = {
            429: (
                "throttle exceeded",
                "Requests for this service are arriving too quickly.  Please retry later.",
            )
        }
        short, text = texts.get(status, ("error", "PagerDuty could not process the event"))
        return _error(status, short, text, [])

    def state(self) -> Mapping[str, Any]:
        """Return the incidents and change events as JSON values."""
        return {
            "incidents": [incident.to_json() for incident in self.incidents],
            "changes": list(self._changes),
            "without_effect": [{"seq": e.seq, "action": e.action} for e in self._without_effect],
        }

    def _take(self, dedup_key: str, event: PagerDutyEvent) -> None:
        place = (event.body["routing_key"], dedup_key)
        number = self._open.get(place)
        if number is not None:
            incident = self._incidents[number].after(event)
            self._incidents[number] = incident
            if not incident.is_open:
                del self._open[place]
        elif event.action == "trigger":
            number = len(self._incidents) + 1
            self._incidents[number] = _opened(number, dedup_key, event)
            self._open[place] = number
        else:
            self._without_effect += (event,)


def create_app(ledger: PagerDutyLedger, faults: FaultPlan | None = None) -> ASGIApp:
    """Return the app that answers as events.pagerduty.com does.

    Args:
        ledger: keeps what arrives.
        faults: what goes wrong; a plan of its own when None.
    """
    return receiver_app(ledger, faults if faults is not None else FaultPlan())


def _opened(number: int, dedup_key: str, event: PagerDutyEvent) -> PagerDutyIncident:
    payload = event.body["payload"]
    return PagerDutyIncident(
        number=number,
        routing_key=event.body["routing_key"],
        dedup_key=dedup_key,
        status=IncidentStatus.TRIGGERED,
        summary=payload["summary"],
        severity=payload["severity"],
        source=payload["source"],
        events=(event,),
    )


def _new_dedup_key(received: Received) -> str:
    """Return the key of a trigger that brought none: unique, the same again on reload."""
    return hashlib.sha256(f"{received.seq} {received.at.isoformat()}".encode()).hexdigest()[:32]


def _invalid(errors: list[str]) -> Answer:
    return _error(400, "invalid event", "Event object is invalid", errors)


def _error(status: int, short: str, text: str, errors: list[str]) -> Answer:
    content: dict[str, Any] = {"status": short, "message": text}
    return Answer(status=status, content=content | ({"errors": errors} if errors else {}))
