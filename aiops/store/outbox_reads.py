"""What the outbox tells without changing anything."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy import Engine, func, select

from aiops.domain.incidents import IncidentState
from aiops.domain.notifications import DeliveryAction, DeliveryState
from aiops.domain.pacing import Standing
from aiops.store.columns import is_one_of
from aiops.store.deliveries import WAITING, DeliveryRecord, record_of, reference_of
from aiops.store.engine import reading
from aiops.store.outbox_tables import OUTBOX, SINK_REFERENCES
from aiops.store.sinks import standings
from aiops.store.tables import INCIDENTS

_CALLS = 2
"""The urgency of what calls people at the least: P1 and P2."""

_TELLS = 4
"""The urgency of what tells people of an incident at the least; a picture alone does not."""


class OutboxReads:
    """Reads the outbox: what waits, what became of it, and how the sinks stand."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def standings(self) -> Mapping[str, Standing]:
        """Return how every sink stands that was told anything, by name."""
        with reading(self._engine) as connection:
            return standings(connection)

    def reference(self, incident_id: str, episode: int, sink: str) -> Mapping[str, str] | None:
        """Return what a sink calls an incident's episode, or None when it was never told."""
        with reading(self._engine) as connection:
            return reference_of(connection, incident_id, episode, sink)

    def told(self, incident_id: str, episode: int) -> tuple[str, ...]:
        """Return the sinks that were told of an incident's episode, sorted."""
        table = SINK_REFERENCES.c
        query = select(table.sink).where(table.incident_id == incident_id, table.episode == episode)
        with reading(self._engine) as connection:
            return tuple(sorted(connection.scalars(query)))

    def counts(self) -> dict[DeliveryState, int]:
        """Return how many notifications there are in each state."""
        query = select(OUTBOX.c.state, func.count()).group_by(OUTBOX.c.state)
        with reading(self._engine) as connection:
            found = {DeliveryState(state): count for state, count in connection.execute(query)}
        return {state: found.get(state, 0) for state in DeliveryState}

    def oldest_due(self) -> datetime | None:
        """Return since when the longest waiting notification is due, None when none waits."""
        query = select(func.min(OUTBOX.c.next_attempt_at)).where(is_one_of(OUTBOX.c.state, WAITING))
        with reading(self._engine) as connection:
            oldest: datetime | None = connection.scalar(query)
        return oldest

    def unheard(self, before: datetime, since: datetime) -> tuple[str, datetime] | None:
        """Return the first open incident that people were to be called for and no sink was told of.

        What is over by now is nobody's any more, and what somebody acknowledged is known.

        Args:
            before: calls that were due by then, by the product's clock.
            since: calls that were decided before that are left out.

        Returns:
            Its id and since when its call is due; None where every call was heard by somebody.
        """
        table, other = OUTBOX.c, OUTBOX.alias()
        is_heard = (
            select(other.c.id)
            .where(
                other.c.incident_id == table.incident_id,
                other.c.episode == table.episode,
                other.c.state == DeliveryState.DELIVERED,
                other.c.urgency <= _TELLS,
            )
            .exists()
        )
        query = (
            select(table.incident_id, func.min(table.not_before))
            .where(
                is_one_of(table.state, (*WAITING, DeliveryState.DEAD)),
                table.action == DeliveryAction.TRIGGER,
                table.urgency <= _CALLS,
                table.held.is_(False),
                table.not_before <= before,
                table.created_at >= since,
                INCIDENTS.c.id == table.incident_id,
                INCIDENTS.c.state == IncidentState.OPEN,
                ~is_heard,
            )
            .group_by(table.incident_id)
            .order_by(func.min(table.not_before), table.incident_id)
            .limit(1)
        )
        with reading(self._engine) as connection:
            found = connection.execute(query).first()
        return None if found is None else (str(found[0]), found[1])

    def records(
        self, states: Sequence[DeliveryState], limit: int = 100
    ) -> tuple[DeliveryRecord, ...]:
        """Return the notifications in some states, newest first; dead ones say why they are."""
        query = select(OUTBOX).where(is_one_of(OUTBOX.c.state, states))
        with reading(self._engine) as connection:
            rows = connection.execute(query.order_by(OUTBOX.c.id.desc()).limit(limit)).all()
        return tuple(record_of(row) for row in rows)

    def of_incident(self, incident_id: str) -> tuple[DeliveryRecord, ...]:
        """Return every notification of an incident, in the order they were decided."""
        query = select(OUTBOX).where(OUTBOX.c.incident_id == incident_id).order_by(OUTBOX.c.id)
        with reading(self._engine) as connection:
            rows = connection.execute(query).all()
        return tuple(record_of(row) for row in rows)
