"""What waits for a digest, and the digests: each told once to each sink that takes them."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from datetime import datetime

from sqlalchemy import Connection, Engine, delete, func, select, tuple_, update
from sqlalchemy import insert as plain_insert

from aiops.domain.digests import DIGEST_PREFIX, Digest, HeldBack
from aiops.domain.errors import StaleStateError
from aiops.domain.incidents import Incident, Reason
from aiops.domain.notifications import DeliveryAction, Notification
from aiops.domain.symptoms import Origin
from aiops.store.audit import AuditEntry, write_entry
from aiops.store.codec import decode, encode
from aiops.store.deliveries import add_notifications
from aiops.store.digest_tables import DIGESTS, HELD_BACK
from aiops.store.engine import reading, writing
from aiops.store.origins import LIVE_ONLY, among
from aiops.store.prune import ROWS_AT_ONCE
from aiops.store.upsert import insert_missing

_TOLD_BY_ITSELF = 0
_LEAST_URGENT = 8


class DigestStore:
    """Keeps what was held back and the digests that told of it, of the origins it was built for."""

    def __init__(self, engine: Engine, *, origins: Collection[Origin] = LIVE_ONLY) -> None:
        self._engine = engine
        self._origins = origins

    def waiting(self) -> tuple[HeldBack, ...]:
        """Return what waits for a digest, by owner, the longest held first."""
        table = HELD_BACK.c
        query = (
            select(HELD_BACK)
            .where(table.digest_id.is_(None), among(HELD_BACK, self._origins))
            .order_by(table.owner, table.held_at, table.incident_id)
        )
        with reading(self._engine) as connection:
            rows = connection.execute(query).all()
        return tuple(
            HeldBack(
                incident_id=row.incident_id,
                episode=row.episode,
                owner=row.owner,
                held_at=row.held_at,
            )
            for row in rows
        )

    def tell(
        self,
        held: Sequence[HeldBack],
        digest: Digest | None,
        sinks: Sequence[str],
        *,
        now: datetime,
        origin: Origin,
    ) -> tuple[int, ...]:
        """Store a digest of what was held back, and whom that tells, all of it or nothing.

        Args:
            held: what it was made of; it waits no more.
            digest: None where nothing was left to tell.
            sinks: those that are told.
            now: the product's clock.
            origin: of this installation.

        Returns:
            The ids of the new notifications, to be enqueued now.

        Raises:
            StaleStateError: some of it was told by another worker; nothing was written.
        """
        table = HELD_BACK.c
        keys = [(one.incident_id, one.episode) for one in held]
        mine = tuple_(table.incident_id, table.episode).in_(keys) & table.digest_id.is_(None)
        with writing(self._engine) as connection:
            number = _TOLD_BY_ITSELF if digest is None else store_digest(connection, digest, origin)
            taken = connection.execute(update(HELD_BACK).where(mine).values(digest_id=number))
            if taken.rowcount != len(keys):
                raise StaleStateError("another worker has told of some of it already")
            if digest is None:
                return ()
            digest = replace(digest, id=f"{DIGEST_PREFIX}{number}")
            return announce(connection, digest, sinks, _LEAST_URGENT, now=now, origin=origin)

    def get(self, digest_id: str) -> Digest | None:
        """Return a digest by its id, as in DIG-7, or None."""
        number = int(digest_id.removeprefix(DIGEST_PREFIX))
        with reading(self._engine) as connection:
            doc = connection.scalar(select(DIGESTS.c.doc).where(DIGESTS.c.id == number))
        return None if doc is None else replace(decode(Digest, doc), id=digest_id)

    def prune(self, before: datetime) -> int:
        """Forget the digests that were made before a moment, and what they told of.

        The newest stays: a database would give its number to the next, and the outbox would think
        that it was told. Returns how many rows are gone.
        """
        table = HELD_BACK.c
        told = delete(HELD_BACK).where(table.digest_id.is_not(None), table.held_at < before)
        with writing(self._engine) as connection:
            deleted = connection.execute(told).rowcount
        newest = select(func.max(DIGESTS.c.id)).scalar_subquery()
        oldest = select(DIGESTS.c.id, DIGESTS.c.doc).where(DIGESTS.c.id < newest)
        while True:
            with reading(self._engine) as connection:
                rows = connection.execute(oldest.order_by(DIGESTS.c.id).limit(ROWS_AT_ONCE)).all()
            old = [row.id for row in rows if decode(Digest, row.doc).at < before]
            with writing(self._engine) as connection:
                gone = connection.execute(delete(DIGESTS).where(DIGESTS.c.id.in_(old)))
            deleted += gone.rowcount
            if len(old) < ROWS_AT_ONCE:
                return deleted


def hold_back(connection: Connection, incidents: Iterable[Incident]) -> None:
    """Note what waits for a digest, inside the transaction of its revision."""
    rows = [
        {
            "incident_id": one.id,
            "episode": one.episode,
            "owner": one.owner or "",
            "held_at": one.updated_at,
            "digest_id": None,
            "origin": one.origin,
        }
        for one in incidents
        if one.decision_reason is Reason.BUDGET_SPENT and one.is_live
    ]
    insert_missing(connection, HELD_BACK, rows)


def store_digest(connection: Connection, digest: Digest, origin: Origin) -> int:
    """Store a digest inside the transaction of what it tells of; return its number."""
    statement = plain_insert(DIGESTS).values(doc=encode(Digest, digest), origin=origin)
    return int(connection.execute(statement.returning(DIGESTS.c.id)).scalar_one())


def announce(
    connection: Connection,
    digest: Digest,
    sinks: Sequence[str],
    urgency: int,
    *,
    now: datetime,
    origin: Origin,
) -> tuple[int, ...]:
    """Write whom a stored digest is told to, and that it was made; return the outbox's ids."""
    what = ", ".join(one.incident_id for one in digest.entries)
    write_entry(
        connection,
        AuditEntry(
            at=now, actor="aiops", action="digest", subject=digest.id, detail=what, origin=origin
        ),
    )
    notes = [
        Notification(
            incident_id=digest.id,
            episode=1,
            revision=1,
            sink=sink,
            action=DeliveryAction.TRIGGER,
            not_before=now,
            reason=digest.why,
            urgency=urgency,
            origin=origin,
        )
        for sink in sinks
    ]
    return add_notifications(connection, notes, now=now, traceparent="")
