"""Changes: what somebody did to the system, whichever of its two reports came first."""

from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import datetime

from sqlalchemy import Connection, Engine, literal, or_, select, update

from aiops.domain.changes import CHANGE_PREFIX, Change, ChangeKind
from aiops.domain.maintenance import changes_of
from aiops.domain.symptoms import Origin
from aiops.store.codec import decode, encode
from aiops.store.engine import reading, writing
from aiops.store.maintenance import planned
from aiops.store.outbox_tables import OUTBOX
from aiops.store.tables import CHANGES
from aiops.store.upsert import insert

_OVER = ("finished", "failed", "off")


class ChangeStore:
    """Keeps changes; a start and an end with one id become one change, in either order."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def record(
        self, change: Change, *, received_at: datetime, origin: Origin = Origin.LIVE
    ) -> Change:
        """Store a change, merged with what is known of it; reporting it again changes nothing.

        Args:
            change: as reported, which may be its start, its end or both.
            received_at: when we heard of it, aware UTC; the first time is kept.
            origin: live, demo, drill or replay.

        Returns:
            The change as it is known now.
        """
        (known,) = self.record_all([change], received_at=received_at, origin=origin)
        return known

    def record_all(
        self, changes: Sequence[Change], *, received_at: datetime, origin: Origin = Origin.LIVE
    ) -> tuple[Change, ...]:
        """Store changes as `record` does, all of them or none; return them as known now."""
        with writing(self._engine) as connection:
            return tuple(_record(connection, one, received_at, origin) for one in changes)

    def known(self, env: str, since: datetime, until: datetime) -> tuple[Change, ...]:
        """Return what was reported, and the planned work there is, by start then id.

        What is announced anew, moved or cancelled counts from the next call on.
        """
        with reading(self._engine) as connection:
            windows = planned(connection, env, since, until)
        work = (change for one in windows for change in changes_of(one))
        found = (*self.reported(env, since, until), *work)
        return tuple(sorted(found, key=lambda one: (one.started_at, one.id)))

    def reported(self, env: str, since: datetime, until: datetime) -> tuple[Change, ...]:
        """Return the changes of `env` under way between the two, inclusive, by start then id.

        Under way: begun in between, or begun before and ended (or to end) since then.
        """
        table = CHANGES.c
        query = (
            select(table.doc)
            .where(table.env == env, table.started_at <= until)
            .where(or_(table.started_at >= since, table.ended_at >= since))
            .order_by(table.started_at, table.id)
        )
        with reading(self._engine) as connection:
            docs = connection.scalars(query).all()
        return tuple(decode(Change, doc) for doc in docs)

    def untold(
        self,
        sink: str,
        since: datetime,
        environments: Collection[str],
        kinds: Collection[ChangeKind],
    ) -> tuple[Change, ...]:
        """Return the changes that began since a moment and that a sink was never told of.

        By start, then id; of these environments and kinds.
        """
        table = CHANGES.c
        told = (
            select(OUTBOX.c.id)
            .where(OUTBOX.c.incident_id == literal(CHANGE_PREFIX) + table.id, OUTBOX.c.sink == sink)
            .exists()
        )
        query = (
            select(table.doc)
            .where(table.env.in_(environments), table.started_at >= since)
            .where(table.kind.in_([one.value for one in kinds]), ~told)
            .order_by(table.started_at, table.id)
        )
        with reading(self._engine) as connection:
            docs = connection.scalars(query).all()
        return tuple(decode(Change, doc) for doc in docs)

    def get(self, change_id: str) -> Change | None:
        """Return a change by its id, or None."""
        query = select(CHANGES.c.doc).where(CHANGES.c.id == change_id)
        with reading(self._engine) as connection:
            doc = connection.scalar(query)
        return None if doc is None else decode(Change, doc)

    def told(self, since: datetime, until: datetime) -> tuple[Change, ...]:
        """Return the changes of every environment that began in a stretch, the newest first."""
        table = CHANGES.c
        query = (
            select(table.doc)
            .where(table.started_at >= since, table.started_at <= until)
            .order_by(table.started_at.desc(), table.id)
        )
        with reading(self._engine) as connection:
            docs = connection.scalars(query).all()
        return tuple(decode(Change, doc) for doc in docs)


def _record(
    connection: Connection, change: Change, received_at: datetime, origin: Origin
) -> Change:
    row = _row(change) | {"id": change.id, "received_at": received_at, "origin": origin}
    added = insert(connection, CHANGES).on_conflict_do_nothing().returning(CHANGES.c.id)
    if connection.execute(added, row).one_or_none():
        return change
    known = select(CHANGES.c.doc).where(CHANGES.c.id == change.id).with_for_update()
    merged = merge(decode(Change, connection.scalars(known).one()), change)
    connection.execute(update(CHANGES).where(CHANGES.c.id == change.id).values(_row(merged)))
    return merged


def merge(one: Change, other: Change) -> Change:
    """Return what two reports of one change say together, whichever came first.

    A report that says it is over outranks one that only plans its end; anything else comes from
    the earlier report where that says something, else from the later one.
    """
    first, last = sorted(
        (one, other), key=lambda c: (c.started_at, c.ended_at is not None, encode(Change, c))
    )
    ended = max(
        (first, last),
        key=lambda c: (c.ended_at is not None, c.status in _OVER, c.ended_at or c.started_at),
    )
    return replace(
        first,
        ended_at=ended.ended_at,
        status=ended.status or first.status or last.status,
        service=first.service or last.service,
        region=first.region or last.region,
        segment=first.segment or last.segment,
        percentage=last.percentage if first.percentage is None else first.percentage,
        reverts=first.reverts or (last.reverts if last.reverts is not None else first.reverts),
        description=first.description or last.description,
        actor=first.actor or last.actor,
        source=first.source or last.source,
        about=first.about or last.about,
    )


def _row(change: Change) -> dict[str, object]:
    return {
        "env": change.env,
        "service": change.service,
        "kind": change.kind,
        "ref": change.ref,
        "started_at": change.started_at,
        "ended_at": change.ended_at,
        "doc": encode(Change, change),
    }
