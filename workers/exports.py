"""Exports of OTLP and JSON logs as the web takes them: masked, counted, stored, acknowledged."""

import hashlib
import logging
from collections.abc import Mapping
from dataclasses import replace

from redis.exceptions import RedisError

from aiops.domain.clues import TelemetryBatch
from aiops.domain.labels import rules_for
from aiops.ingest.json_logs import ReadLogs
from aiops.ingest.otlp import Parsed
from aiops.ingest.registry import ingester_named
from aiops.settings import OTLP_TRACES, LogSourceSettings
from aiops.store.accepted import AcceptedBody
from aiops.store.codec import encode
from workers.stages.digest import FLAG
from workers.wiring import Parts

_LOG = logging.getLogger(__name__)

COMMIT_SECONDS = 10.0
"""How long a sender waits for the database at most; then it is told to come again."""


def take_export(parts: Parts, signal: str, body: bytes, content_type: str) -> tuple[int, str]:
    """Store what an export comes down to; return how many records were not taken, and why.

    The body itself is never stored: it may hold secrets. One sent again counts once.

    Raises:
        InputError: it cannot be read; nothing was stored.
        StoreError: it cannot be stored now.
    """
    now, settings = parts.clock.now(), parts.settings
    source = f"otlp_{signal}"
    declared = settings.policies.paging.known_environments
    rules = rules_for(settings.normalize, source)
    parsed = ingester_named(source)(
        body, content_type, now, settings.default_env, declared, rules=rules
    )
    if not any(one.kind == OTLP_TRACES for one in settings.sources):
        parsed = replace(parsed, batch=replace(parsed.batch, counts=()))  # nobody asks for them
    _store(parts, source, source, body, parsed)
    return parsed.rejected, parsed.why


def take_logs(parts: Parts, source: LogSourceSettings, body: bytes) -> Mapping[str, object]:
    """Store what JSON lines come down to; return what their sender is answered.

    As an export of OpenTelemetry, the body itself is never stored, and one sent again counts once.

    Raises:
        InputError: nothing of it can be taken; nothing was stored.
        StoreError: it cannot be stored now.
    """
    settings = parts.settings
    declared = settings.policies.paging.known_environments
    read: ReadLogs = ingester_named(source.kind)(
        body, source, parts.clock.now(), settings.default_env, declared
    )
    parsed = read.parsed
    _store(parts, source.kind, source.name, body, parsed)
    answer: dict[str, object] = {
        "accepted": sum(parsed.taken.values()),
        "refused": parsed.rejected,
    }
    if parsed.why:
        answer["why"] = parsed.why
    if read.told:
        answer["reasons"] = [{"place": place, "why": why} for place, why in read.told]
    return answer


def _store(parts: Parts, kind: str, feed: str, body: bytes, parsed: Parsed) -> None:
    """Store what a body came down to, and have it digested; count it for its feed."""
    batch: TelemetryBatch = parsed.batch
    if not _is_news(parts, batch):
        _count(parts, feed, parsed.taken)
        return
    name = kind if kind == feed else f"{kind}:{feed}"
    accepted = AcceptedBody(
        idempotency_key=f"{name}:{hashlib.sha256(body).hexdigest()}",
        source=kind,
        content_type="application/json",
        received_at=parts.clock.now(),
        body=encode(TelemetryBatch, batch).encode(),
        traceparent=parts.telemetry.traceparent(),
        origin=parts.settings.origin,
    )
    parts.intake.accept(accepted).result(COMMIT_SECONDS)
    _count(parts, feed, parsed.taken)
    parts.heard_environments.update(env for env, _ in batch.heard)
    try:
        if parts.flags.raise_flag(FLAG):
            parts.queue.enqueue("ingest.digest")
    except RedisError as error:
        _LOG.warning("stored, but nobody could be told (%s); the next sweep digests it", error)


def _count(parts: Parts, source: str, taken: Mapping[str, int]) -> None:
    for env, records in taken.items():
        parts.feed_counter.count(source, env, records)


def _is_news(parts: Parts, batch: TelemetryBatch) -> bool:
    """Return whether a batch says more than that an environment known to be heard still is."""
    if batch.lines or batch.traces or batch.calls:
        return True
    return any(env not in parts.heard_environments for env, _ in batch.heard)
