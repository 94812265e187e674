"""How each sink stands: read and kept within the transaction of what it is told."""

from collections.abc import Mapping
from types import MappingProxyType

from sqlalchemy import Connection, select

from aiops.domain.pacing import Standing
from aiops.domain.symptoms import Origin
from aiops.store.outbox_tables import SINKS
from aiops.store.upsert import insert


def standings(connection: Connection) -> Mapping[str, Standing]:
    """Return how every sink stands that was told anything, by name."""
    columns = SINKS.c
    query = select(columns.name, columns.due_at, columns.failures, columns.closed_until)
    rows = connection.execute(query.order_by(columns.name))
    return MappingProxyType(
        {
            row.name: Standing(
                due_at=row.due_at, failures=row.failures, closed_until=row.closed_until
            )
            for row in rows
        }
    )


def held_standing(connection: Connection, sink: str, origin: Origin) -> Standing:
    """Return how a sink stands; nobody else moves that before this transaction ends."""
    fresh = {"name": sink, "origin": origin, **_columns(Standing())}
    connection.execute(insert(connection, SINKS).values(fresh).on_conflict_do_nothing())
    query = select(SINKS.c.due_at, SINKS.c.failures, SINKS.c.closed_until)
    row = connection.execute(query.where(SINKS.c.name == sink).with_for_update()).one()
    return Standing(due_at=row.due_at, failures=row.failures, closed_until=row.closed_until)


def keep_standing(connection: Connection, sink: str, standing: Standing) -> None:
    """Write how a sink stands now; it is held by this transaction."""
    connection.execute(SINKS.update().where(SINKS.c.name == sink).values(**_columns(standing)))


def _columns(standing: Standing) -> dict[str, object]:
    return {
        "due_at": standing.due_at,
        "failures": standing.failures,
        "closed_until": standing.closed_until,
    }
