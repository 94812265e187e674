"""What logs and traces come down to as rows."""

from collections.abc import Mapping, Sequence
from typing import Any

import orjson
from sqlalchemy import Connection, Table, case

from aiops.clues.digest import Kept
from aiops.domain.clues import LogTemplate, ServiceCall, TraceExample
from aiops.domain.symptoms import Origin
from aiops.store.clue_tables import LOG_MINUTES, LOG_TEMPLATES, SERVICE_CALLS, TRACE_MINUTES
from aiops.store.codec import encode, encode_all
from aiops.store.upsert import Row, insert

_KEYS: Mapping[Table, tuple[str, ...]] = {
    LOG_TEMPLATES: ("env", "service", "number"),
    LOG_MINUTES: ("env", "service", "minute"),
    TRACE_MINUTES: ("env", "service", "minute"),
}


def rows_of(changed: Kept, origin: Origin) -> dict[Table, list[Row]]:
    """Return what has changed as rows by table; encoded before the transaction begins."""
    templates = [one for some in changed.templates.values() for one in some]
    return {
        LOG_TEMPLATES: [
            {
                "env": one.env,
                "service": one.service,
                "number": one.number,
                "last_seen": one.last_seen,
                "doc": encode(LogTemplate, one),
                "origin": origin,
            }
            for one in templates
        ],
        LOG_MINUTES: [
            {
                "env": env,
                "service": service,
                "minute": int(minute.timestamp()),
                "counts": orjson.dumps(sorted(counts.items())).decode(),
                "origin": origin,
            }
            for (env, service, minute), counts in changed.counts.items()
        ],
        TRACE_MINUTES: [
            {
                "env": env,
                "service": service,
                "minute": int(minute.timestamp()),
                "doc": encode_all(TraceExample, examples),
                "origin": origin,
            }
            for (env, service, minute), examples in changed.traces.items()
        ],
    }


def write_rows(connection: Connection, rows: Mapping[Table, Sequence[Row]]) -> None:
    """Write rows; one that is there already is replaced."""
    for table, some in rows.items():
        if some:
            statement = insert(connection, table)
            keys = _KEYS[table]
            set_ = {
                name: statement.excluded[name] for name in some[0] if name not in (*keys, "origin")
            }
            connection.execute(
                statement.on_conflict_do_update(index_elements=list(keys), set_=set_), list(some)
            )


def write_calls(connection: Connection, calls: Sequence[ServiceCall], origin: Origin) -> None:
    """Add calls to those that are known."""
    if not calls:
        return
    statement = insert(connection, SERVICE_CALLS)
    old, new = SERVICE_CALLS.c, statement.excluded
    set_: dict[str, Any] = {
        "count": old.count + new.count,
        "seen_at": case((new.seen_at > old.seen_at, new.seen_at), else_=old.seen_at),
    }
    upsert = statement.on_conflict_do_update(index_elements=["env", "caller", "callee"], set_=set_)
    connection.execute(
        upsert,
        [
            {
                "env": one.env,
                "caller": one.caller,
                "callee": one.callee,
                "count": one.count,
                "seen_at": one.seen_at,
                "origin": origin,
            }
            for one in calls
        ],
    )
