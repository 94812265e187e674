"""Bodies of outside monitors: kept durably, then taken into what is known of their alerts."""

import hashlib
import logging
from collections import defaultdict
from collections.abc import Mapping
from concurrent.futures import Future
from dataclasses import replace
from datetime import datetime, timedelta

from redis.exceptions import RedisError

from aiops.detect.alerts import take
from aiops.domain.alerts import Alert, AlertReport
from aiops.domain.errors import BusyError, InputError, StaleStateError, StoreError
from aiops.domain.pulses import PULSE_SOURCE
from aiops.domain.symptoms import SymptomFact
from aiops.ingest.alert_bodies import Received
from aiops.ingest.pulse import PULSE_RULES
from aiops.ingest.registry import ingester_named
from aiops.settings import AlertSourceSettings
from aiops.store.accepted import REFUSED, AcceptedBody
from aiops.store.alerts import BODY_SOURCE, Known
from workers.leases import kept
from workers.outside_symptoms import wake
from workers.wiring import Parts

FLAG = "(alerts)"
"""Raised when alerts were accepted; no environment is called so."""

BODIES_AT_ONCE = 200

REPORTS_AT_ONCE = 2000
"""Alerts in one commit, and the rest of the last body: a task of five seconds is given away."""

LEASE_SECONDS = 3.0
"""After a kill, another worker takes over in so long; renewed while a group takes longer."""

_LOG = logging.getLogger(__name__)


def receive(parts: Parts, source: str, body: bytes, at: datetime) -> "Future[None]":
    """Hand a body over to be kept; the future is done once it is durable.

    One that cannot be read is kept as a dead letter; then the future fails with the InputError.

    Args:
        parts: of this installation.
        source: its source, as `aiops.yaml` names it.
        body: as it came, without secrets.
        at: when it arrived, by the product's clock. The same body at another time is another one:
            an alert may fire, end and fire again in the same words.

    Raises:
        BusyError: too many wait; nothing was taken.
        StoreError: nothing is taken any more.
    """
    digest = hashlib.sha256(body).hexdigest()
    known = f"{BODY_SOURCE}{source}"
    body_as_it_came = AcceptedBody(
        # The time first: keys that come in order fill one page of the index after the other.
        idempotency_key=f"{known}:{at.timestamp():.6f}:{digest}",
        source=known,
        content_type="application/json",
        received_at=at,
        body=body,
        traceparent=parts.telemetry.traceparent(),
        origin=parts.settings.origin,
    )
    try:
        parse(parts, source, body, at)
    except InputError as error:
        parts.telemetry.fault("alerts", f"{source}: {error}")
        key = f"{known}{REFUSED}{digest}"
        return _refused(
            parts, replace(body_as_it_came, idempotency_key=key, refused=str(error)), error
        )
    if source != PULSE_SOURCE:
        parts.feed_counter.count(source, parts.settings.default_env)
    try:
        parts.backlog.add()
        return parts.intake.accept(body_as_it_came)
    except BusyError:
        parts.backlog.shed(source)
        raise


def _refused(parts: Parts, body: AcceptedBody, error: InputError) -> "Future[None]":
    """Keep a body that cannot be read; return what fails with the reason once it is kept."""
    told: Future[None] = Future()

    def tell(kept: "Future[None]") -> None:
        told.set_exception(kept.exception() or error)

    parts.intake.accept(body).add_done_callback(tell)
    return told


def announce(parts: Parts) -> None:
    """Have the bodies worked that were accepted; without Redis the next sweep does."""
    try:
        if parts.flags.raise_flag(FLAG):
            parts.queue.enqueue("ingest.alerts")
        parts.backlog.look()
    except StoreError as error:
        _LOG.warning("nobody knows how many bodies wait (%s)", error)
    except RedisError as error:
        _LOG.warning("stored, but nobody could be told (%s); the next sweep reads it", error)


def shed(parts: Parts) -> Mapping[str, int]:
    """Return how many bodies of each source were sent away, for too many waited."""
    named = [f"{BODY_SOURCE}{one.name}" for one in parts.settings.alert_sources]
    found = parts.dead_letters.shed(named)
    return {source.removeprefix(BODY_SOURCE): count for source, count in found.items()}


def take_waiting(parts: Parts) -> None:
    """Work the oldest bodies that wait; running it twice changes nothing."""
    parts.flags.lower(FLAG)
    with kept(parts.lease, "alerts", LEASE_SECONDS) as mine:
        if not mine:
            return
        waiting = parts.alerts.waiting(BODIES_AT_ONCE)
        try:
            envs, worked = _take(parts, waiting) if waiting else (set(), 0)
        except StaleStateError:
            return  # another worker has worked some, or the next sweep will
    wake(parts, envs)
    if worked < len(waiting) or worked == BODIES_AT_ONCE:
        announce(parts)


def parse(parts: Parts, source: str, body: bytes, at: datetime) -> Received:
    """Return what a body of a configured source says.

    Raises:
        InputError: it cannot be read, or there is no such source any more.
    """
    rules = rules_of(parts, source)
    if rules is None:
        raise InputError(f"there is no source {source!r} of alerts in aiops.yaml any more")
    read = ingester_named(rules.kind)
    received: Received = read(body, at, rules, parts.settings.default_env)
    return received


def rules_of(parts: Parts, source: str) -> AlertSourceSettings | None:
    """Return the settings of a source of alerts, None where there is none of that name."""
    if source == PULSE_SOURCE:
        return PULSE_RULES
    return next((one for one in parts.settings.alert_sources if one.name == source), None)


def _take(parts: Parts, bodies: tuple[int, ...]) -> tuple[set[str], int]:
    """Take what some bodies say into their alerts, in one commit.

    Returns:
        The environments that concerns, and how many bodies were worked: of large ones a few.
    """
    reports: dict[str, dict[str, list[AlertReport]]] = defaultdict(lambda: defaultdict(list))
    read: dict[int, str] = {}
    count, worked = 0, 0
    for body_id, body in parts.bodies.load_all(bodies):
        if count >= REPORTS_AT_ONCE:
            break
        worked += 1
        source = body.source.removeprefix(BODY_SOURCE)
        try:
            received = parse(parts, source, body.body, body.received_at)
        except InputError as error:
            parts.bodies.rejected(body_id, str(error))
            parts.telemetry.fault("alerts", f"{source}: {error}")
            continue
        for report in received.reports:
            reports[source][report.key].append(report)
        read[body_id] = _note(parts, source, received)
        count += len(received.reports)
    moved: list[Known] = []
    facts: list[SymptomFact] = []
    for source, by_key in sorted(reports.items()):
        for known, news in _moved(parts, source, by_key):
            moved.append(known)
            facts += news
    parts.alerts.commit(moved, facts, read, parts.settings.origin, parts.telemetry.traceparent())
    return {one.symptom.series.key.env for one in facts}, worked


def _moved(
    parts: Parts, source: str, reports: Mapping[str, list[AlertReport]]
) -> list[tuple[Known, tuple[SymptomFact, ...]]]:
    """Return the alerts of a source as they stand after some reports, with the news in them."""
    now = parts.clock.now()
    flap = timedelta(seconds=parts.settings.policies.detect.flap_seconds)
    stored = parts.alerts.load(source, reports)
    found = []
    for key, some in sorted(reports.items()):
        new = Known(alert=Alert(source=source, key=key, seen_at=some[0].at), version=0)
        known = stored.get(key, new)
        alert, facts = take(known.alert, some, now, flap, parts.settings.origin)
        found.append((replace(known, alert=alert), facts))
    return found


def _note(parts: Parts, source: str, received: Received) -> str:
    """Return what is to be known of a body that was read; empty for nothing."""
    if not received.truncated:
        return ""
    note = f"its sender left out {received.truncated} further alerts: raise `max_alerts` there"
    parts.telemetry.fault("alerts", f"{source}: {note}")
    return note
