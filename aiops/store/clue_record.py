"""What is kept of logs and traces over a stretch of time, for a recording."""

from datetime import datetime

import orjson
from sqlalchemy import Connection, select

from aiops.domain.clues import LogExample, LogLines, LogTemplate, TraceExample
from aiops.domain.time import utc
from aiops.store.clue_reads import seen_templates
from aiops.store.clue_tables import LOG_MINUTES, TRACE_MINUTES
from aiops.store.codec import decode_all


def recorded_lines(
    connection: Connection, env: str, since: datetime, until: datetime
) -> tuple[LogLines, ...]:
    """Return the counted lines of an environment in [since, until], by minute and service."""
    table = LOG_MINUTES.c
    query = (
        select(table.service, table.minute, table.counts)
        .where(table.env == env, table.minute.between(*_seconds(since, until)))
        .order_by(table.minute, table.service)
    )
    rows = [
        (row.service, utc(row.minute), number, count)
        for row in connection.execute(query)
        for number, count in orjson.loads(row.counts)
    ]
    seen = sorted({(service, number) for service, _, number, _ in rows})
    known = {(one.service, one.number): one for one in seen_templates(connection, env, seen)}
    return tuple(
        _lines(known[service, number], minute, count)
        for service, minute, number, count in rows
        if (service, number) in known
    )


def recorded_traces(
    connection: Connection, env: str, since: datetime, until: datetime
) -> tuple[TraceExample, ...]:
    """Return the examples of an environment in [since, until], by minute and service."""
    table = TRACE_MINUTES.c
    query = (
        select(table.doc)
        .where(table.env == env, table.minute.between(*_seconds(since, until)))
        .order_by(table.minute, table.service)
    )
    return tuple(one for doc in connection.scalars(query) for one in decode_all(TraceExample, doc))


def _lines(template: LogTemplate, minute: datetime, count: int) -> LogLines:
    """Return the lines of one template and minute, with the example nearest to it."""
    plain = LogExample(minute=minute, text=template.text)
    example = min(
        template.examples or (plain,), key=lambda one: (abs(one.minute - minute), one.text)
    )
    return LogLines(
        env=template.env,
        service=template.service,
        severity=template.severity,
        minute=minute,
        text=template.text,
        count=count,
        example=example.text,
        trace_id=example.trace_id if example.minute == minute else "",
        region=example.region,
        segment=example.segment,
    )


def _seconds(since: datetime, until: datetime) -> tuple[int, int]:
    return int(since.timestamp()), int(until.timestamp())
