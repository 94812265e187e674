"""Marks: what people said of series, appended and never changed."""

from collections.abc import Collection, Sequence

from sqlalchemy import Connection, Engine, func, insert, select

from aiops.domain.marks import Mark
from aiops.domain.symptoms import Origin
from aiops.store.audit import AuditEntry, write_entry
from aiops.store.codec import decode, encode
from aiops.store.engine import reading, writing
from aiops.store.origins import LIVE_ONLY, among
from aiops.store.tables import MARKS


class MarkStore:
    """Keeps marks in the order they were set; gives out those of the origins it was built for."""

    def __init__(self, engine: Engine, *, origins: Collection[Origin] = LIVE_ONLY) -> None:
        self._engine = engine
        self._origins = origins

    def append(self, marks: Sequence[Mark], entry: AuditEntry) -> None:
        """Store marks, and in the audit log who set them."""
        with writing(self._engine) as connection:
            write_marks(connection, marks, entry.origin)
            write_entry(connection, entry)

    def version(self) -> int:
        """Return a number that grows with every mark; 0 where there is none."""
        with reading(self._engine) as connection:
            return connection.scalar(select(func.max(MARKS.c.id))) or 0

    def all(self) -> tuple[Mark, ...]:
        """Return every mark, in the order they were set."""
        query = select(MARKS.c.doc).where(among(MARKS, self._origins)).order_by(MARKS.c.id)
        with reading(self._engine) as connection:
            docs = connection.scalars(query).all()
        return tuple(decode(Mark, doc) for doc in docs)


def write_marks(connection: Connection, marks: Sequence[Mark], origin: Origin) -> None:
    """Write marks inside the transaction of the word that sets them."""
    rows = [{"doc": encode(Mark, mark), "origin": origin} for mark in marks]
    if rows:
        connection.execute(insert(MARKS), rows)
