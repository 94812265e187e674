"""People's words: heard once, stored in one step with what they change, learn and tell."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Connection, Engine, select

from aiops.domain.errors import InputError, StaleStateError
from aiops.domain.incidents import Incident
from aiops.domain.marks import Mark
from aiops.domain.notifications import Notification
from aiops.domain.outcomes import Outcome
from aiops.domain.status_updates import StatusUpdate
from aiops.domain.words import Effect
from aiops.store.accepted import BodyState, finish_body
from aiops.store.audit import AuditEntry, write_entry
from aiops.store.codec import Recall, decode
from aiops.store.columns import is_one_of
from aiops.store.deliveries import add_notifications, withdraw_called, withdraw_untold
from aiops.store.engine import reading, writing
from aiops.store.environment_rows import move_version
from aiops.store.incident_rows import revision_rows, write_incidents, written
from aiops.store.marks import write_marks
from aiops.store.memory import write_outcome
from aiops.store.tables import ACCEPTED_BODIES, ENVIRONMENTS, INCIDENT_REVISIONS, INCIDENTS
from aiops.store.updates import write_update
from aiops.store.upsert import insert_missing

SOURCES: Final = ("pagerduty", "report", "slack")
"""Sources whose accepted bodies are words of people."""

_ATTEMPTS = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Deed:
    """What a person's word comes to, all of it stored or nothing.

    Args:
        incident: as it stands then.
        effect: what the word did.
        entry: what the audit log says.
        notifications: whom it tells.
        outcome: what it says of how the incident ended.
        marks: what it sets on series.
        is_ended: whether the word ended the incident: nobody is called for it any more.
        ended_on: the sink that was ended on itself; telling it more would call people again.
        is_news: False where the word changed nothing: only the audit log hears of it.
        update: what stakeholders are told on a person's word.
    """

    incident: Incident
    effect: Effect
    entry: AuditEntry
    notifications: tuple[Notification, ...] = ()
    outcome: Outcome | None = None
    marks: tuple[Mark, ...] = ()
    is_ended: bool = False
    ended_on: str = ""
    is_news: bool = True
    update: StatusUpdate | None = None


class WordStore:
    """Takes people's words into incidents, whatever correlation does meanwhile."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._recall = Recall()

    def take(
        self,
        incident_id: str,
        step: Callable[[Incident], Deed],
        *,
        body_id: int | None = None,
        traceparent: str = "",
    ) -> Deed:
        """Apply a person's word to an incident as it stands.

        The step is computed outside the transaction and repeated when somebody else was faster;
        no work of either side is lost.

        Args:
            incident_id: which incident.
            step: pure; may raise to refuse.
            body_id: of the accepted body that brought the word: it is done in the same
                transaction, so however often it is worked it is heard once.
            traceparent: W3C trace context, kept with the notifications.

        Returns:
            What the word came to.

        Raises:
            InputError: there is no such incident.
            StaleStateError: others were faster many times in a row, or the body is done already.
        """
        for _ in range(_ATTEMPTS):
            before, version = self._held(incident_id)
            deed = step(before)
            try:
                self._commit(version, deed, body_id, traceparent)
            except StaleStateError:
                if body_id is not None and not self._is_waiting(body_id):
                    raise
                continue
            return deed
        raise StaleStateError(f"{incident_id} kept changing; {_ATTEMPTS} attempts met others")

    def waiting(self, limit: int = 200) -> tuple[int, ...]:
        """Return the ids of bodies with words that nobody has heard yet, oldest first."""
        table = ACCEPTED_BODIES.c
        query = (
            select(table.id)
            .where(is_one_of(table.state, [BodyState.ACCEPTED]), table.source.in_(SOURCES))
            .order_by(table.id)
            .limit(limit)
        )
        with reading(self._engine) as connection:
            return tuple(connection.scalars(query))

    def _held(self, incident_id: str) -> tuple[Incident, int]:
        query = (
            select(INCIDENTS.c.doc, ENVIRONMENTS.c.version)
            .join(ENVIRONMENTS, ENVIRONMENTS.c.env == INCIDENTS.c.env)
            .where(INCIDENTS.c.id == incident_id)
        )
        with reading(self._engine) as connection:
            row = connection.execute(query).one_or_none()
        if row is None:
            raise InputError(f"there is no incident {incident_id}")
        return decode(Incident, row.doc), row.version

    def _is_waiting(self, body_id: int) -> bool:
        table = ACCEPTED_BODIES.c
        query = select(table.id).where(table.id == body_id, table.state == BodyState.ACCEPTED)
        with reading(self._engine) as connection:
            return connection.execute(query).one_or_none() is not None

    def _commit(self, version: int, deed: Deed, body_id: int | None, traceparent: str) -> None:
        after, origin = deed.incident, deed.incident.origin
        told, row = revision_rows([after], self._recall), written(after, self._recall)
        with writing(self._engine) as connection:
            if body_id is not None and not finish_body(connection, body_id):
                raise StaleStateError(f"body {body_id} was heard already")
            if deed.is_news:
                move_version(connection, after.env, version, {"settled": False})
                write_incidents(connection, [row])
                insert_missing(connection, INCIDENT_REVISIONS, told)
                _tell(connection, deed, traceparent)
                if deed.update is not None:
                    write_update(connection, deed.update)
            if deed.outcome is not None:
                write_outcome(connection, deed.outcome, origin)
            write_marks(connection, deed.marks, origin)
            write_entry(connection, deed.entry)


def _tell(connection: Connection, deed: Deed, traceparent: str) -> None:
    add_notifications(connection, deed.notifications, now=deed.entry.at, traceparent=traceparent)
    if deed.is_ended:
        withdraw_untold(connection, [deed.incident.id])
        if deed.ended_on:
            withdraw_called(connection, deed.incident, deed.ended_on, deed.entry.at)
