"""Incidents and where each environment stands: one commit per step of correlation."""

import json
from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import Engine, Select, func, or_, select

from aiops.domain.environment import EnvState
from aiops.domain.errors import StaleStateError
from aiops.domain.incidents import Decision, Incident, IncidentState
from aiops.domain.notifications import Notification
from aiops.domain.symptoms import Origin, SymptomFact
from aiops.pipeline import Advance
from aiops.store.audit import AuditEntry, write_entry
from aiops.store.codec import Recall, decode
from aiops.store.columns import is_one_of
from aiops.store.deliveries import add_notifications, hasten, withdraw_untold
from aiops.store.digests import hold_back
from aiops.store.engine import reading, writing
from aiops.store.environment_rows import (
    decode_symptoms,
    environment_columns,
    move_version,
    read_environment,
)
from aiops.store.incident_rows import revision_rows, write_incidents, written
from aiops.store.origins import LIVE_ONLY, among
from aiops.store.symptoms import mark_correlated
from aiops.store.tables import ENVIRONMENTS, INCIDENT_REVISIONS, INCIDENTS
from aiops.store.upsert import insert_missing

EnvStep = Callable[[EnvState], Advance]
"""A pure step a person takes over an environment: as it stands → what the step did to it."""

_ATTEMPTS = 20
_FIRST_NUMBER = 1001


class IncidentStore:
    """Keeps incidents with their members, revisions and notifications, all moved together."""

    def __init__(self, engine: Engine, *, origins: Collection[Origin] = LIVE_ONLY) -> None:
        self._engine = engine
        self._origins = origins
        self._recall = Recall()

    def load(self, env: str) -> tuple[EnvState, int]:
        """Return where an environment stands, exactly as last committed, and its version.

        One that was never committed stands at the beginning, with version 0. Numbers of incidents
        are handed out over all environments: the next one is above every one in use.
        """
        with reading(self._engine) as connection:
            highest = connection.scalar(select(func.max(ENVIRONMENTS.c.next_number)))
            row = read_environment(connection, env)
            ids: list[str] = json.loads(row.incident_ids) if row else []
            found = select(INCIDENTS.c.id, INCIDENTS.c.doc).where(INCIDENTS.c.id.in_(ids))
            docs = dict(connection.execute(found).all()) if ids else {}
        number = highest or _FIRST_NUMBER
        if row is None:
            return EnvState(env=env, next_number=number), 0
        incidents = tuple(self._recall.decode(Incident, name, docs[name]) for name in ids)
        state = EnvState(
            env=env,
            at=row.at,
            symptoms=decode_symptoms(env, row.symptoms, incidents, self._recall),
            incidents=incidents,
            next_number=number,
            changes=row.changes,
            settled=row.settled,
        )
        return state, row.version

    def commit(
        self,
        version: int,
        state: EnvState,
        *,
        correlated: Sequence[SymptomFact] = (),
        revisions: Sequence[Incident] = (),
        notifications: Sequence[Notification] = (),
        now: datetime,
        origin: Origin = Origin.LIVE,
        traceparent: str = "",
        entries: Sequence[AuditEntry] = (),
    ) -> tuple[int, ...]:
        """Store what correlation made of an environment, all of it or nothing.

        Args:
            version: from the `load` this was computed from.
            state: where the environment stands now.
            correlated: the facts that went into it; they are not handed out again.
            revisions: incidents that changed, in order, also those that left the state.
            notifications: whom that tells.
            now: the product's clock.
            origin: of the environment's own row; incidents and notifications carry theirs.
            traceparent: W3C trace context, kept with the notifications.
            entries: what the audit log will say.

        Returns:
            The ids of the new notifications, to be enqueued now.

        Raises:
            StaleStateError: somebody else moved the environment first, or took an incident's
                number; load again and repeat.
            StoreError: nothing was written.
        """
        latest = {one.id: one for one in revisions} | {one.id: one for one in state.incidents}
        history = revision_rows(revisions, self._recall)
        rows = [written(incident, self._recall) for incident in latest.values()]
        links = [one.id for one in latest.values() if one.state is IncidentState.MERGED]
        values = environment_columns(state, self._recall)
        with writing(self._engine) as connection:
            if version == 0:
                first = {"env": state.env, "version": 0, "origin": origin, **values}
                insert_missing(connection, ENVIRONMENTS, [first])
            move_version(connection, state.env, version, values)
            write_incidents(connection, rows)
            insert_missing(connection, INCIDENT_REVISIONS, history)
            hold_back(connection, revisions)
            mark_correlated(connection, correlated)
            for entry in entries:
                write_entry(connection, entry)
            told = add_notifications(connection, notifications, now=now, traceparent=traceparent)
            hasten(connection, latest, now)
            withdraw_untold(connection, links)
            return told

    def regroup_by_person(self, env: str, step: EnvStep, entry: AuditEntry) -> tuple[Incident, ...]:
        """Apply a person's step to the incidents of an environment, whatever else moves it.

        The step is computed outside the transaction and repeated when somebody else was faster;
        no work of either side is lost. A step that changes nothing writes nothing.

        Args:
            env: which environment.
            step: pure; may raise to refuse.
            entry: what the audit log will say, of each incident that changed.

        Returns:
            The incidents that changed, as they are now; none where there was nothing to do.

        Raises:
            StaleStateError: others were faster many times in a row.
        """
        for _ in range(_ATTEMPTS):
            before, version = self.load(env)
            advance = step(before)
            if not advance.revisions:
                return ()
            try:
                self.commit(
                    version,
                    advance.state,
                    revisions=advance.revisions,
                    notifications=advance.notifications,
                    now=entry.at,
                    entries=[replace(entry, subject=one.id) for one in advance.revisions],
                )
            except StaleStateError:
                continue
            return advance.revisions
        raise StaleStateError(f"{env} kept changing; {_ATTEMPTS} attempts met others")

    def get(self, incident_id: str) -> Incident | None:
        """Return an incident as it stands, or None."""
        query = select(INCIDENTS.c.doc).where(INCIDENTS.c.id == incident_id)
        return self._one(query)

    def revision(self, incident_id: str, episode: int, revision: int) -> Incident | None:
        """Return an incident as it was when this revision was told, or None."""
        table = INCIDENT_REVISIONS.c
        query = select(table.doc).where(
            table.incident_id == incident_id, table.episode == episode, table.revision == revision
        )
        return self._one(query)

    def revisions(self, incident_id: str) -> tuple[Incident, ...]:
        """Return every stored revision of an incident, oldest first."""
        table = INCIDENT_REVISIONS.c
        query = (
            select(table.doc)
            .where(table.incident_id == incident_id)
            .order_by(table.episode, table.revision)
        )
        with reading(self._engine) as connection:
            docs = connection.scalars(query).all()
        return tuple(decode(Incident, doc) for doc in docs)

    def recent(self, limit: int = 100) -> tuple[Incident, ...]:
        """Return the incidents that began last, newest first, of the store's origins."""
        query = (
            select(INCIDENTS.c.doc)
            .where(among(INCIDENTS, self._origins))
            .order_by(INCIDENTS.c.started_at.desc(), INCIDENTS.c.id.desc())
            .limit(limit)
        )
        with reading(self._engine) as connection:
            docs = connection.scalars(query).all()
        return tuple(decode(Incident, doc) for doc in docs)

    def unacknowledged(self) -> tuple[Incident, ...]:
        """Return the open incidents people were called for, that nobody has acknowledged."""
        table = INCIDENTS.c
        query = (
            select(table.doc)
            .where(
                is_one_of(table.state, [IncidentState.OPEN]),
                table.decision == Decision.PAGE,
                among(INCIDENTS, self._origins),
            )
            .order_by(table.started_at, table.id)
        )
        with reading(self._engine) as connection:
            docs = connection.scalars(query).all()
        return tuple(decode(Incident, doc) for doc in docs)

    def adopting(self) -> tuple[Incident, ...]:
        """Return the incidents that go on and have adopted pages of others."""
        table = INCIDENTS.c
        live = [IncidentState.OPEN, IncidentState.ACKNOWLEDGED]
        query = (
            select(table.doc)
            .where(is_one_of(table.state, live), among(INCIDENTS, self._origins))
            .where(~table.doc.contains('"adopted":[]', autoescape=True))
            .order_by(table.started_at, table.id)
        )
        with reading(self._engine) as connection:
            docs = connection.scalars(query).all()
        found = (decode(Incident, doc) for doc in docs)
        return tuple(one for one in found if one.adopted)

    def since(self, env: str, at: datetime) -> tuple[Incident, ...]:
        """Return the incidents of `env` that went on at `at` or since then, by start."""
        query = (
            select(INCIDENTS.c.doc)
            .where(among(INCIDENTS, self._origins))
            .where(INCIDENTS.c.env == env)
            .where(or_(INCIDENTS.c.updated_at >= at, INCIDENTS.c.ended_at.is_(None)))
            .order_by(INCIDENTS.c.started_at, INCIDENTS.c.id)
        )
        with reading(self._engine) as connection:
            docs = connection.scalars(query).all()
        return tuple(decode(Incident, doc) for doc in docs)

    def reached(self, env: str) -> datetime | None:
        """Return the last tick correlation has worked in `env`, None before the first."""
        query = select(ENVIRONMENTS.c.at).where(ENVIRONMENTS.c.env == env)
        with reading(self._engine) as connection:
            at: datetime | None = connection.scalar(query)
        return at

    def environments(self) -> tuple[str, ...]:
        """Return the environments correlation has worked in, sorted."""
        with reading(self._engine) as connection:
            return tuple(
                connection.scalars(select(ENVIRONMENTS.c.env).order_by(ENVIRONMENTS.c.env))
            )

    def _one(self, query: Select[Any]) -> Incident | None:
        with reading(self._engine) as connection:
            doc = connection.scalar(query)
        return None if doc is None else decode(Incident, doc)
