"""Alerts of outside monitors: what is known of each, moved on together with their symptoms."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, Engine, and_, select

from aiops.domain.alerts import Alert
from aiops.domain.errors import StaleStateError
from aiops.domain.symptoms import Origin, SymptomFact
from aiops.store.accepted import BodyState, finish_bodies
from aiops.store.alert_tables import ALERTS
from aiops.store.codec import decode, encode
from aiops.store.columns import is_one_of
from aiops.store.engine import reading, writing
from aiops.store.origins import LIVE_ONLY, among
from aiops.store.prune import delete_in_steps
from aiops.store.symptoms import rows_of_facts, write_facts
from aiops.store.tables import ACCEPTED_BODIES
from aiops.store.upsert import Row, upsert_at_once

BODY_SOURCE: Final = "alert/"
"""What the `source` of accepted bodies with alerts begins with; the source's name follows."""

_KEYS_AT_ONCE = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """An alert as it was read, and its version; 0 where nothing was known of it."""

    alert: Alert
    version: int


class AlertStore:
    """Keeps what outside monitors report; gives out what is of the origins it was built for."""

    def __init__(self, engine: Engine, *, origins: Collection[Origin] = LIVE_ONLY) -> None:
        self._engine = engine
        self._origins = origins

    def waiting(self, limit: int) -> tuple[int, ...]:
        """Return the ids of accepted bodies with alerts nobody has worked yet, oldest first."""
        table = ACCEPTED_BODIES.c
        query = (
            select(table.id)
            .where(is_one_of(table.state, [BodyState.ACCEPTED]))
            .where(table.source.startswith(BODY_SOURCE, autoescape=True))
            .order_by(table.id)
            .limit(limit)
        )
        with reading(self._engine) as connection:
            return tuple(connection.scalars(query))

    def load(self, source: str, keys: Collection[str]) -> Mapping[str, Known]:
        """Return what is known of some alerts of a source, by their key."""
        with reading(self._engine) as connection:
            rows = _read(connection, [alert_id(source, key) for key in sorted(keys)])
        found = [Known(alert=decode(Alert, row.doc), version=row.version) for row in rows]
        return {one.alert.key: one for one in found}

    def commit(
        self,
        moved: Sequence[Known],
        facts: Sequence[SymptomFact],
        bodies: Mapping[int, str],
        origin: Origin,
        traceparent: str = "",
    ) -> None:
        """Store what some bodies tell, all of it or nothing.

        Args:
            moved: the alerts as they stand now, with the versions they were read at.
            facts: the news that makes.
            bodies: ids of the bodies, each of which is worked once, with what is to be known of it.
            origin: of this installation.
            traceparent: W3C trace context of the work.

        Raises:
            StaleStateError: somebody else was faster; nothing was written, read again and repeat.
        """
        rows = [_row(one, origin) for one in sorted(moved, key=_id_of)]
        news = rows_of_facts(facts, traceparent, outside=True)
        with writing(self._engine) as connection:
            finish_bodies(connection, bodies)
            _move(connection, rows)
            write_facts(connection, news)

    def firing(self) -> tuple[Alert, ...]:
        """Return the alerts that fire, by source and key."""
        return self._all(ALERTS.c.is_firing)

    def unmapped(self) -> tuple[Alert, ...]:
        """Return the alerts no label of which said whose they are, by source and key."""
        return self._all(~ALERTS.c.is_mapped)

    def prune(self, before: datetime) -> int:
        """Forget alerts that are over and were not heard of since; return how many."""
        over = and_(~ALERTS.c.is_firing, ALERTS.c.seen_at < before)
        return delete_in_steps(self._engine, ALERTS, over)

    def _all(self, condition: Any) -> tuple[Alert, ...]:
        query = select(ALERTS.c.doc).where(condition, among(ALERTS, self._origins))
        with reading(self._engine) as connection:
            docs = connection.scalars(query.order_by(ALERTS.c.id)).all()
        return tuple(decode(Alert, doc) for doc in docs)


def alert_id(source: str, key: str) -> str:
    """Return under which id an alert is kept."""
    return f"{source}/{key}"


def _id_of(known: Known) -> str:
    return alert_id(known.alert.source, known.alert.key)


def _read(connection: Connection, ids: Sequence[str]) -> list[Any]:
    """Return rows by their ids."""
    found: list[Any] = []
    for first in range(0, len(ids), _KEYS_AT_ONCE):
        some = ids[first : first + _KEYS_AT_ONCE]
        query = select(ALERTS.c.id, ALERTS.c.version, ALERTS.c.doc).where(ALERTS.c.id.in_(some))
        found += connection.execute(query.order_by(ALERTS.c.id)).all()
    return found


def _move(connection: Connection, rows: Sequence[Row]) -> None:
    """Set the rows whose versions are the next ones, which all of them have to be."""
    changed = [name for name in rows[0] if name not in ("id", "origin")] if rows else []
    is_next = "alerts.version = excluded.version - 1"
    moved = upsert_at_once(connection, ALERTS, rows, changed=changed, where=is_next)
    if moved != len(rows):
        raise StaleStateError(f"{len(rows) - moved} of {len(rows)} alerts have moved on")


def _row(known: Known, origin: Origin) -> Row:
    alert = known.alert
    return {
        "id": _id_of(known),
        "version": known.version + 1,
        "is_firing": alert.is_firing,
        "is_mapped": alert.described is None or alert.described.is_mapped,
        "seen_at": alert.seen_at,
        "doc": encode(Alert, alert),
        "origin": str(origin),
    }
