"""The audit log: who did what to what, appended and never changed."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, Engine, insert, select

from aiops.domain.symptoms import Origin
from aiops.store.engine import reading, writing
from aiops.store.tables import AUDIT


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditEntry:
    """One thing somebody, or the product, did.

    Args:
        at: when, aware UTC, by the product's clock.
        actor: a person, or the part of the product that did it.
        action: `acknowledge`, `replay`, `migrate` …
        subject: what it was done to: an incident id, a notification id …
        detail: anything else worth keeping, in words.
    """

    at: datetime
    actor: str
    action: str
    subject: str
    detail: str = ""
    origin: Origin = Origin.LIVE


class AuditLog:
    """Keeps audit entries in the order they were written."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def append(self, entry: AuditEntry) -> None:
        """Write one entry."""
        with writing(self._engine) as connection:
            write_entry(connection, entry)

    def entries(self, *, subject: str | None = None, limit: int = 100) -> tuple[AuditEntry, ...]:
        """Return the newest entries, newest first; only those of `subject` where one is named."""
        query = select(AUDIT).order_by(AUDIT.c.id.desc()).limit(limit)
        if subject is not None:
            query = query.where(AUDIT.c.subject == subject)
        with reading(self._engine) as connection:
            rows = connection.execute(query).all()
        return tuple(
            AuditEntry(
                at=row.at,
                actor=row.actor,
                action=row.action,
                subject=row.subject,
                detail=row.detail,
                origin=Origin(row.origin),
            )
            for row in rows
        )


def write_entry(connection: Connection, entry: AuditEntry) -> None:
    """Write one entry inside the transaction of what it tells."""
    connection.execute(
        insert(AUDIT).values(
            at=entry.at,
            actor=entry.actor,
            action=entry.action,
            subject=entry.subject,
            detail=entry.detail,
            origin=entry.origin,
        )
    )
