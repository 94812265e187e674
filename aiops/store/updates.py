"""Status updates that people sent, each stored with its notification and its audit entry."""

from sqlalchemy import Connection, Engine, insert, select

from aiops.domain.status_updates import UPDATE_PREFIX, StatusUpdate
from aiops.store.codec import decode, encode
from aiops.store.engine import reading
from aiops.store.update_tables import STATUS_UPDATES


class StatusUpdateStore:
    """Reads what people sent; `WordStore.take` stores it."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def get(self, update_id: str, revision: int) -> StatusUpdate | None:
        """Return an update by what the outbox calls it, as in UPD-INC-1001 and 5, or None."""
        table = STATUS_UPDATES.c
        query = select(table.doc).where(
            table.incident_id == update_id.removeprefix(UPDATE_PREFIX), table.revision == revision
        )
        with reading(self._engine) as connection:
            doc = connection.scalar(query)
        return None if doc is None else decode(StatusUpdate, doc)


def write_update(connection: Connection, update: StatusUpdate) -> None:
    """Store an update inside the transaction of the incident's revision that tells of it."""
    connection.execute(
        insert(STATUS_UPDATES).values(
            incident_id=update.incident_id,
            revision=update.revision,
            doc=encode(StatusUpdate, update),
            origin=update.origin,
        )
    )
