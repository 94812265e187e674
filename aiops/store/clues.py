"""Logs and traces as they are kept: templates, counts per minute, a few examples, calls."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, Engine, and_, delete, func, select, update

from aiops.clues.digest import Kept
from aiops.clues.needs import ClueNeeds
from aiops.domain.clues import (
    ClueWindow,
    ServiceCall,
    TelemetryBatch,
)
from aiops.domain.errors import StaleStateError
from aiops.domain.symptoms import Origin
from aiops.store.accepted import BodyState
from aiops.store.clue_reads import batch_of, counted, known, seen_templates, traces_since
from aiops.store.clue_record import recorded_lines, recorded_traces
from aiops.store.clue_rows import rows_of, write_calls, write_rows
from aiops.store.clue_tables import (
    LISTENING,
    LOG_MINUTES,
    LOG_TEMPLATES,
    SERVICE_CALLS,
    SPAN_COUNTS,
    TRACE_MINUTES,
)
from aiops.store.columns import is_one_of
from aiops.store.engine import reading, writing
from aiops.store.prune import delete_in_steps
from aiops.store.span_counts import write_counts
from aiops.store.tables import ACCEPTED_BODIES
from aiops.store.upsert import insert_missing
from topology.discover import Call, edges_from_calls
from topology.graph import Edge

SOURCES: Final = ("otlp_logs", "otlp_traces", "json_logs")
"""Sources whose accepted bodies are telemetry batches."""

MOST_RECORDED: Final = 100_000
"""Groups of lines, and examples of traces, that one recording takes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """Accepted batches to be digested, and what is known of what they touch.

    Args:
        ids: of their bodies.
        batches: in the order they were accepted.
        broken: bodies that are no batches, with why.
        kept: all there is of the services and spots they touch.
        versions: of each environment they touch; 0 where it is new.
    """

    ids: tuple[int, ...]
    batches: tuple[TelemetryBatch, ...]
    broken: tuple[tuple[int, str], ...]
    kept: Kept
    versions: dict[str, int]


class ClueStore:
    """Keeps what logs and traces come down to.

    Args:
        engine: of the aiops database, where the accepted bodies are: a batch is counted in the
            transaction that says it is done.
        origin: what its rows are marked with.
    """

    def __init__(self, engine: Engine, *, origin: Origin = Origin.LIVE) -> None:
        self._engine = engine
        self._origin = origin

    def waiting(self, limit: int) -> Waiting:
        """Return the oldest accepted batches with what is known of what they touch."""
        table = ACCEPTED_BODIES.c
        query = (
            select(table.id, table.body)
            .where(is_one_of(table.state, [BodyState.ACCEPTED]), table.source.in_(SOURCES))
            .order_by(table.id)
            .limit(limit)
        )
        with reading(self._engine) as connection:
            rows = connection.execute(query).all()
            read = [(row.id, *batch_of(row.body)) for row in rows]
            batches = tuple(batch for _, batch, _ in read if batch is not None)
            kept, versions = known(connection, batches)
        return Waiting(
            ids=tuple(one for one, batch, _ in read if batch is not None),
            batches=batches,
            broken=tuple((one, why) for one, _, why in read if why),
            kept=kept,
            versions=versions,
        )

    def commit(self, waiting: Waiting, changed: Kept) -> None:
        """Store what batches have changed, and that they are done, or nothing.

        Raises:
            StaleStateError: somebody else has digested one of them, or another of the same
                environment, meanwhile; take what waits anew.
        """
        rows = rows_of(changed, self._origin)
        with writing(self._engine) as connection:
            for env, version in sorted(waiting.versions.items()):
                self._claim(connection, env, version, changed.since.get(env))
            table = ACCEPTED_BODIES.c
            mine = (table.id.in_(waiting.ids), table.state == BodyState.ACCEPTED)
            done = update(ACCEPTED_BODIES).where(*mine).values(state=BodyState.DONE, body=b"")
            if connection.execute(done).rowcount != len(waiting.ids):
                raise StaleStateError("another worker has digested these batches")
            for broken, why in waiting.broken:
                reject = update(ACCEPTED_BODIES).where(table.id == broken)
                connection.execute(reject.values(state=BodyState.REJECTED, error=why))
            write_rows(connection, rows)
            write_calls(connection, changed.calls, self._origin)
            write_counts(connection, changed.requests, self._origin)

    def listens(self, env: str) -> bool:
        """Return whether any logs or traces of an environment were ever taken in."""
        with reading(self._engine) as connection:
            query = select(LISTENING.c.version).where(LISTENING.c.env == env)
            return connection.scalar(query) is not None

    def window(self, env: str, needs: ClueNeeds | None, at: datetime) -> ClueWindow | None:
        """Return what is kept of what a tick needs; None where it needs or there is nothing."""
        if needs is None:
            return None
        with reading(self._engine) as connection:
            since = connection.scalar(select(LISTENING.c.since).where(LISTENING.c.env == env))
            if since is None:
                return None
            recent = counted(connection, env, needs.services, [(needs.since, at)])
            seen = {(one.service, number) for one in recent for number, _ in one.counts}
            loud = sorted({service for service, _ in seen})
            return ClueWindow(
                since=since,
                templates=seen_templates(connection, env, sorted(seen)),
                counts=counted(connection, env, loud, needs.stretches),
                traces=traces_since(connection, env, needs, at),
            )

    def recorded(self, env: str, since: datetime, until: datetime) -> tuple[TelemetryBatch, int]:
        """Return what is kept of the logs and traces in [since, until], and how much is left out.

        At most `MOST_RECORDED` groups of lines and as many examples, the earliest; a line is the
        newest example of its template nearest to its minute.
        """
        with reading(self._engine) as connection:
            lines = recorded_lines(connection, env, since, until)
            traces = recorded_traces(connection, env, since, until)
        kept = TelemetryBatch(lines=lines[:MOST_RECORDED], traces=traces[:MOST_RECORDED])
        left_out = max(len(lines) - MOST_RECORDED, 0) + max(len(traces) - MOST_RECORDED, 0)
        return kept, left_out

    def template_counts(self) -> dict[tuple[str, str], int]:
        """Return how many log statements are known, by environment and service."""
        table = LOG_TEMPLATES.c
        query = (
            select(table.env, table.service, func.count())
            .group_by(table.env, table.service)
            .order_by(table.env, table.service)
        )
        with reading(self._engine) as connection:
            return {(env, service): count for env, service, count in connection.execute(query)}

    def calls(self, env: str) -> tuple[ServiceCall, ...]:
        """Return who was seen to call whom, by caller and callee."""
        table = SERVICE_CALLS.c
        told = (table.env, table.caller, table.callee, table.count.label("times"), table.seen_at)
        query = select(*told).where(table.env == env).order_by(table.caller, table.callee)
        with reading(self._engine) as connection:
            rows = connection.execute(query).all()
        return tuple(
            ServiceCall(
                env=row.env,
                caller=row.caller,
                callee=row.callee,
                count=row.times,
                seen_at=row.seen_at,
            )
            for row in rows
        )

    def edges(self, least_calls: int) -> tuple[Edge, ...]:
        """Return the edges between services that traces of any environment tell of.

        Args:
            least_calls: what was seen less often may be a stray probe.
        """
        table = SERVICE_CALLS.c
        times, last = func.sum(table.count), func.max(table.seen_at)
        query = (
            select(table.caller, table.callee, times.label("times"), last.label("seen_at"))
            .group_by(table.caller, table.callee)
            .having(times >= least_calls)
        )
        with reading(self._engine) as connection:
            rows = connection.execute(query).all()
        return edges_from_calls(
            Call(caller=row.caller, callee=row.callee, count=int(row.times), seen_at=row.seen_at)
            for row in rows
        )

    def prune(self, before: datetime) -> int:
        """Delete templates and calls last seen before then; return how many."""
        deleted = 0
        for table, column in ((LOG_TEMPLATES, "last_seen"), (SERVICE_CALLS, "seen_at")):
            with writing(self._engine) as connection:
                old = delete(table).where(table.c[column] < before)
                deleted += connection.execute(old).rowcount
        return deleted

    def prune_minutes(self, before: datetime) -> int:
        """Delete counts and examples of minutes before then, and bodies done; return how many."""
        deleted = 0
        for table in (LOG_MINUTES, TRACE_MINUTES, SPAN_COUNTS):
            with writing(self._engine) as connection:
                old = delete(table).where(table.c.minute < int(before.timestamp()))
                deleted += connection.execute(old).rowcount
        bodies = ACCEPTED_BODIES.c
        over = and_(
            bodies.source.in_(SOURCES),
            bodies.state != BodyState.ACCEPTED,
            bodies.received_at < before,
        )
        return deleted + delete_in_steps(self._engine, ACCEPTED_BODIES, over)

    def _claim(
        self, connection: Connection, env: str, version: int, since: datetime | None
    ) -> None:
        table = LISTENING.c
        if version == 0:
            row = {"env": env, "version": 0, "since": since, "origin": self._origin}
            insert_missing(connection, LISTENING, [row])
        values: dict[str, Any] = {"version": version + 1}
        values |= {"since": since} if since is not None else {}
        mine = (table.env == env, table.version == version)
        if connection.execute(update(LISTENING).where(*mine).values(values)).rowcount != 1:
            raise StaleStateError(f"another worker has digested logs or traces of {env}")
