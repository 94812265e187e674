"""What tools tell of changes: read, led to services by `changes.map`, and stored."""

import hashlib
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

import orjson

from aiops.domain.change_reports import ChangeReport
from aiops.domain.changes import Change
from aiops.domain.errors import InputError
from aiops.domain.words import Passed
from aiops.ingest.change_reports import Mapped, mapped
from aiops.ingest.changes import meet
from aiops.ingest.registry import ingester_named
from aiops.settings import ChangeSourceSettings
from aiops.store.accepted import REFUSED, AcceptedBody
from workers.wiring import Parts

MEET_SPAN = timedelta(days=7)
"""An end reported alone is looked for among the changes that began so long before it."""

BODY_SOURCE = "changes:"
"""What the `source` of refused bodies begins with; the source's name follows."""


def receive(
    parts: Parts, source: ChangeSourceSettings, body: bytes, headers: Mapping[str, str]
) -> Mapping[str, object]:
    """Store the changes a body tells of; the same body again changes nothing.

    Args:
        parts: of this installation.
        source: whose it is.
        body: as it came.
        headers: those that say what it is, by name in lower case.

    Returns:
        How many changes were accepted, and what led to no service, as the sender is answered.

    Raises:
        InputError: it cannot be read; its beginning is kept beside what was accepted.
        StoreError: nothing was stored.
    """
    now = parts.clock.now()
    try:
        found = read(parts, source, body, headers, now)
    except InputError as error:
        _refuse(parts, source, body, headers, error)
        raise
    parts.feed_counter.count(source.name, parts.settings.default_env)
    if isinstance(found, Passed):
        return {"accepted": 0, "why": found.why}
    record(parts, found.changes)
    unmapped = [one.words for one in found.unmapped]
    return {"accepted": len(found.changes)} | ({"unmapped": unmapped} if unmapped else {})


def record(parts: Parts, found: Sequence[Change]) -> None:
    """Store changes durably, all or none; an end reported alone joins the start it belongs to.

    Storing one again changes nothing, so a sender that got no answer may repeat them all.
    """
    now = parts.clock.now()
    met: list[Change] = []
    for env in sorted({one.env for one in found}):
        own = [one for one in found if one.env == env]
        since = min(one.started_at for one in own) - MEET_SPAN
        met += meet(own, parts.changes.known(env, since, now))
    parts.changes.record_all(met, received_at=now, origin=parts.settings.origin)


def read(
    parts: Parts,
    source: ChangeSourceSettings,
    body: bytes,
    headers: Mapping[str, str],
    at: datetime,
) -> Mapped | Passed:
    """Return what a body tells of, with the services it is about.

    Raises:
        InputError: it cannot be read.
    """
    reports = ingester_named(source.kind)(body, headers, at)
    return reports if isinstance(reports, Passed) else led(parts, source, reports)


def led(parts: Parts, source: ChangeSourceSettings, reports: Sequence[ChangeReport]) -> Mapped:
    """Return the changes that reports tell of, each led to its services."""
    knowledge = parts.knowledge()
    return mapped(
        reports,
        parts.settings.change_map,
        services=knowledge.graph.services,
        environments=knowledge.policies.paging.known_environments,
        default_env=parts.settings.default_env,
        source=source.name,
    )


def headers_of(content_type: str) -> Mapping[str, str]:
    """Return the headers that are kept with a refused body, as parameters of its type."""
    _, _, told = content_type.partition(";")
    return dict(orjson.loads(told)) if told else {}


def _refuse(
    parts: Parts,
    source: ChangeSourceSettings,
    body: bytes,
    headers: Mapping[str, str],
    error: InputError,
) -> None:
    digest = hashlib.sha256(body).hexdigest()
    refused = AcceptedBody(
        idempotency_key=f"{BODY_SOURCE}{source.name}{REFUSED}{digest}",
        source=f"{BODY_SOURCE}{source.name}",
        content_type=f"application/json;{orjson.dumps(dict(headers)).decode()}",
        received_at=parts.clock.now(),
        body=body,
        traceparent=parts.telemetry.traceparent(),
        origin=parts.settings.origin,
    )
    parts.bodies.refuse(refused, str(error))
    parts.telemetry.fault("changes", f"{source.name}: {error}")
