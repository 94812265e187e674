"""Pictures of incidents: which are wanted, and each stored together with whom it is shown to."""

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Engine, and_, delete, func, or_, select, update

from aiops.domain.incidents import Incident, IncidentState
from aiops.domain.notifications import DeliveryAction, Notification
from aiops.domain.pictures import PICTURES, IncidentPicture
from aiops.domain.symptoms import Origin
from aiops.store.codec import decode
from aiops.store.columns import is_one_of
from aiops.store.deliveries import add_notifications
from aiops.store.engine import reading, writing
from aiops.store.origins import LIVE_ONLY, among
from aiops.store.outbox_tables import SINK_REFERENCES
from aiops.store.picture_tables import PICTURES_TABLE
from aiops.store.tables import INCIDENTS
from aiops.store.upsert import insert

MOST_ATTEMPTS = 3
"""A picture that was begun this often and never drawn is given up."""

LOOK_AGAIN = timedelta(minutes=10)
"""Whether there is something else to show is looked at again after so long."""

_LEAST_URGENT = 8
_LIVE = (IncidentState.OPEN, IncidentState.ACKNOWLEDGED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """An incident that may want a picture.

    Args:
        incident: as it stands.
        number: of the last picture that was begun in this episode; 0 for none.
        subject: what that one shows.
        is_drawn: whether it was drawn, or given up.
    """

    incident: Incident
    number: int = 0
    subject: str = ""
    is_drawn: bool = True


class PictureStore:
    """Keeps the pictures of incidents, of the origins it was built for."""

    def __init__(self, engine: Engine, *, origins: Collection[Origin] = LIVE_ONLY) -> None:
        self._engine = engine
        self._origins = origins

    def wanted(self, sinks: Collection[str], now: datetime, limit: int) -> tuple[Wanted, ...]:
        """Return live incidents some sinks show that have no picture, or may have another.

        Args:
            sinks: names of those that show pictures.
            now: the product's clock.
            limit: so many at most, the worst first.
        """
        table, shown = PICTURES_TABLE.c, SINK_REFERENCES.c
        last = (
            select(table.incident_id, table.episode, func.max(table.number).label("number"))
            .group_by(table.incident_id, table.episode)
            .subquery()
        )
        is_last = (table.incident_id == last.c.incident_id, table.episode == last.c.episode)
        newest = (
            select(PICTURES_TABLE)
            .join(last, and_(*is_last, table.number == last.c.number))
            .subquery()
        )
        is_drawn = or_(newest.c.png.is_not(None), newest.c.attempts >= MOST_ATTEMPTS)
        may_be_other = and_(
            newest.c.looked_at <= now - LOOK_AGAIN, INCIDENTS.c.updated_at > newest.c.looked_at
        )
        is_shown = (
            select(shown.sink)
            .where(
                shown.incident_id == INCIDENTS.c.id,
                shown.episode == INCIDENTS.c.episode,
                shown.sink.in_(sorted(sinks)),
            )
            .exists()
        )
        mine = and_(newest.c.incident_id == INCIDENTS.c.id, newest.c.episode == INCIDENTS.c.episode)
        query = (
            select(INCIDENTS.c.doc, newest.c.number, newest.c.subject, is_drawn.label("is_drawn"))
            .outerjoin(newest, mine)
            .where(
                is_one_of(INCIDENTS.c.state, _LIVE),
                among(INCIDENTS, self._origins),
                is_shown,
                or_(newest.c.number.is_(None), ~is_drawn, may_be_other),
            )
            .order_by(INCIDENTS.c.severity, INCIDENTS.c.started_at, INCIDENTS.c.id)
            .limit(limit)
        )
        with reading(self._engine) as connection:
            rows = connection.execute(query).all()
        return tuple(
            Wanted(
                incident=decode(Incident, row.doc),
                number=row.number or 0,
                subject=row.subject or "",
                is_drawn=bool(row.number is None or row.is_drawn),
            )
            for row in rows
        )

    def begin(self, incident: Incident, number: int, subject: str, *, now: datetime) -> None:
        """Note that a picture is about to be drawn: who dies of it does so three times at most."""
        row = {
            **_key(incident, number),
            "subject": subject,
            "words": "",
            "png": None,
            "attempts": 1,
            "looked_at": now,
            "origin": incident.origin,
        }
        with writing(self._engine) as connection:
            statement = insert(connection, PICTURES_TABLE).values(row)
            again = {"attempts": PICTURES_TABLE.c.attempts + 1, "looked_at": now}
            connection.execute(
                statement.on_conflict_do_update(
                    index_elements=["incident_id", "episode", "number"], set_=again
                )
            )

    def give_up(self, incident: Incident, number: int) -> None:
        """Note that there is nothing to be drawn, until there is something else to show."""
        self._change(incident, number, {"attempts": MOST_ATTEMPTS})

    def looked(self, incident: Incident, number: int, *, now: datetime) -> None:
        """Note that the last picture still shows what there is to be shown."""
        self._change(incident, number, {"looked_at": now})

    def keep(
        self, picture: IncidentPicture, incident: Incident, sinks: Sequence[str], *, now: datetime
    ) -> tuple[int, ...]:
        """Store a picture, and show it in each sink that told of its incident, in one step.

        Returns:
            The ids of the deliveries; none where another worker has drawn it.
        """
        table, shown = PICTURES_TABLE.c, SINK_REFERENCES.c
        drawn = (
            update(PICTURES_TABLE)
            .where(*_is(incident, picture.number), table.png.is_(None))
            .values(png=picture.png, words=picture.words, subject=picture.subject, looked_at=now)
        )
        told = select(shown.sink, shown.reference).where(
            shown.incident_id == incident.id,
            shown.episode == incident.episode,
            shown.sink.in_(sorted(sinks)),
        )
        with writing(self._engine) as connection:
            if connection.execute(drawn).rowcount != 1:
                return ()
            threads = [row.sink for row in connection.execute(told) if _has_message(row.reference)]
            notes = [_showing(picture, incident, sink, now) for sink in sorted(threads)]
            return add_notifications(connection, notes, now=now, traceparent="")

    def get(self, incident_id: str, episode: int, number: int) -> IncidentPicture | None:
        """Return a picture, None where it was not drawn or is forgotten."""
        table = PICTURES_TABLE.c
        query = select(PICTURES_TABLE).where(
            table.incident_id == incident_id, table.episode == episode, table.number == number
        )
        with reading(self._engine) as connection:
            row = connection.execute(query).one_or_none()
        if row is None or row.png is None:
            return None
        return IncidentPicture(
            incident_id=incident_id,
            episode=episode,
            number=number,
            subject=row.subject,
            words=row.words,
            png=row.png,
        )

    def prune(self, before: datetime) -> int:
        """Delete the pictures that were not looked at since then; return how many."""
        with writing(self._engine) as connection:
            old = delete(PICTURES_TABLE).where(PICTURES_TABLE.c.looked_at < before)
            return connection.execute(old).rowcount

    def _change(self, incident: Incident, number: int, values: Mapping[str, object]) -> None:
        with writing(self._engine) as connection:
            statement = update(PICTURES_TABLE).where(*_is(incident, number))
            connection.execute(statement.values(**values))


def _key(incident: Incident, number: int) -> dict[str, str | int]:
    return {"incident_id": incident.id, "episode": incident.episode, "number": number}


def _is(incident: Incident, number: int) -> list[ColumnElement[bool]]:
    return [PICTURES_TABLE.c[name] == value for name, value in _key(incident, number).items()]


def _has_message(reference: str) -> bool:
    """Return whether a sink has a message a picture can follow: it may have told a digest."""
    return bool(json.loads(reference).get("ts"))


def _showing(
    picture: IncidentPicture, incident: Incident, sink: str, now: datetime
) -> Notification:
    return Notification(
        incident_id=incident.id,
        episode=incident.episode,
        revision=picture.number,
        sink=sink + PICTURES,
        action=DeliveryAction.TRIGGER,
        not_before=now,
        reason=picture.words,
        urgency=_LEAST_URGENT,
        origin=incident.origin,
    )
