"""Reading what logs and traces come down to, inside a caller's snapshot."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

import orjson
from sqlalchemy import Connection, or_, select, tuple_

from aiops.clues.digest import Kept, Spot, spots
from aiops.clues.needs import ClueNeeds
from aiops.clues.templates import Place
from aiops.domain.clues import LogTemplate, MinuteCounts, TelemetryBatch, TraceExample
from aiops.domain.errors import StateFormatError
from aiops.domain.time import utc
from aiops.store.clue_tables import LISTENING, LOG_MINUTES, LOG_TEMPLATES, TRACE_MINUTES
from aiops.store.codec import decode, decode_all

_KEYS_AT_ONCE: Final = 300


def batch_of(body: bytes) -> tuple[TelemetryBatch | None, str]:
    """Return the batch in a body, or why there is none."""
    try:
        return decode(TelemetryBatch, body.decode()), ""
    except (StateFormatError, UnicodeDecodeError) as error:
        return None, str(error)


def known(connection: Connection, batches: Sequence[TelemetryBatch]) -> tuple[Kept, dict[str, int]]:
    """Return what is known of what batches touch, and the version of each environment."""
    touched = spots(batches)
    envs = sorted({env for env, _, _ in touched} | {env for one in batches for env, _ in one.heard})
    found = connection.execute(select(LISTENING).where(LISTENING.c.env.in_(envs))).all()
    kept = Kept(
        since={row.env: row.since for row in found},
        templates=_templates(connection, sorted({spot[:2] for spot in touched})),
        counts={
            spot: _counts(text) for spot, text in _minutes(connection, LOG_MINUTES, touched).items()
        },
        traces={
            spot: decode_all(TraceExample, text)
            for spot, text in _minutes(connection, TRACE_MINUTES, touched).items()
        },
    )
    return kept, dict.fromkeys(envs, 0) | {row.env: row.version for row in found}


def _templates(
    connection: Connection, places: Sequence[Place]
) -> dict[Place, tuple[LogTemplate, ...]]:
    table = LOG_TEMPLATES.c
    found: defaultdict[Place, list[LogTemplate]] = defaultdict(list)
    for start in range(0, len(places), _KEYS_AT_ONCE):
        some = tuple_(table.env, table.service).in_(places[start : start + _KEYS_AT_ONCE])
        query = select(table.doc).where(some).order_by(table.env, table.service, table.number)
        for doc in connection.scalars(query):
            one = decode(LogTemplate, doc)
            found[one.env, one.service].append(one)
    return {place: tuple(some) for place, some in found.items()}


def seen_templates(
    connection: Connection, env: str, seen: Sequence[tuple[str, int]]
) -> tuple[LogTemplate, ...]:
    """Return some templates by service and number: what was not seen lately is no clue."""
    table = LOG_TEMPLATES.c
    found: list[LogTemplate] = []
    for start in range(0, len(seen), _KEYS_AT_ONCE):
        some = tuple_(table.service, table.number).in_(seen[start : start + _KEYS_AT_ONCE])
        query = select(table.doc).where(table.env == env, some)
        docs = connection.scalars(query.order_by(table.service, table.number))
        found += [decode(LogTemplate, doc) for doc in docs]
    return tuple(found)


def counted(
    connection: Connection,
    env: str,
    services: Sequence[str],
    stretches: Sequence[tuple[datetime, datetime]],
) -> tuple[MinuteCounts, ...]:
    """Return the counts of some services in some stretches of time, by service and minute."""
    table = LOG_MINUTES.c
    inside = or_(
        *(
            table.minute.between(int(first.timestamp()), int(last.timestamp()))
            for first, last in stretches
        )
    )
    query = select(table.service, table.minute, table.counts).where(
        table.env == env, table.service.in_(services), inside
    )
    return tuple(
        MinuteCounts(
            service=row.service,
            minute=utc(row.minute),
            counts=tuple(map(tuple, orjson.loads(row.counts))),
        )
        for row in connection.execute(query.order_by(table.service, table.minute))
    )


def _minutes(connection: Connection, table: Any, touched: Sequence[Spot]) -> dict[Spot, str]:
    """Return the text kept of each spot that has one."""
    content = table.c.counts if table is LOG_MINUTES else table.c.doc
    key = (table.c.env, table.c.service, table.c.minute)
    found: dict[Spot, str] = {}
    for start in range(0, len(touched), _KEYS_AT_ONCE):
        some = [
            (env, service, int(minute.timestamp()))
            for env, service, minute in touched[start : start + _KEYS_AT_ONCE]
        ]
        for env, service, minute, text in connection.execute(
            select(*key, content).where(tuple_(*key).in_(some))
        ):
            found[env, service, utc(minute)] = text
    return found


def traces_since(
    connection: Connection, env: str, needs: ClueNeeds, at: datetime
) -> tuple[TraceExample, ...]:
    """Return the examples of the services a tick needs, by service and minute."""
    table = TRACE_MINUTES.c
    query = (
        select(table.doc)
        .where(table.env == env, table.service.in_(needs.services))
        .where(table.minute.between(int(needs.since.timestamp()), int(at.timestamp())))
        .order_by(table.service, table.minute)
    )
    return tuple(one for doc in connection.scalars(query) for one in decode_all(TraceExample, doc))


def _counts(text: str) -> dict[int, int]:
    return dict(orjson.loads(text))
