"""What became of pulses: rows of the outbox that belong to no incident."""

from datetime import datetime

from sqlalchemy import Engine, and_, func, select

from aiops.domain.notifications import DeliveryState
from aiops.domain.pulses import PULSE_ID
from aiops.store.columns import is_one_of
from aiops.store.deliveries import WAITING
from aiops.store.engine import reading
from aiops.store.outbox_tables import OUTBOX
from aiops.store.prune import delete_in_steps


class PulseStore:
    """Looks after the pulses in the outbox."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def last(self) -> datetime | None:
        """Return when the outside monitor last heard of one, None where it never did."""
        came = (OUTBOX.c.incident_id == PULSE_ID, OUTBOX.c.state == DeliveryState.DELIVERED)
        with reading(self._engine) as connection:
            at: datetime | None = connection.scalar(
                select(func.max(OUTBOX.c.delivered_at)).where(*came)
            )
        return at

    def prune(self, before: datetime) -> int:
        """Delete those decided before then that no longer wait; return how many."""
        over = and_(
            OUTBOX.c.incident_id == PULSE_ID,
            OUTBOX.c.created_at < before,
            ~is_one_of(OUTBOX.c.state, WAITING),
        )
        return delete_in_steps(self._engine, OUTBOX, over)
