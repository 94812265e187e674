"""Memory: ended incidents by their signature, judged by what is known to have fixed them."""

from collections.abc import Collection, Iterable
from dataclasses import replace

from sqlalchemy import Connection, Engine, and_, func, insert, select, update

from aiops.domain.incidents import IncidentState
from aiops.domain.outcomes import Outcome, PastIncident
from aiops.domain.symptoms import Origin
from aiops.store.codec import decode, encode
from aiops.store.engine import reading, writing
from aiops.store.origins import LIVE_ONLY, among
from aiops.store.tables import INCIDENTS, MEMORY, OUTCOMES
from aiops.store.upsert import insert_missing


class MemoryStore:
    """Keeps past incidents and outcomes; gives out those of the origins it was built for."""

    def __init__(self, engine: Engine, *, origins: Collection[Origin] = LIVE_ONLY) -> None:
        self._engine = engine
        self._origins = origins

    def remember(self, past: PastIncident, *, origin: Origin) -> None:
        """Store an ended incident; a second ending (a later episode) replaces the first."""
        row = {
            "incident_id": past.incident_id,
            "ended_at": past.ended_at,
            "doc": encode(PastIncident, past),
            "origin": origin,
        }
        with writing(self._engine) as connection:
            connection.execute(MEMORY.delete().where(MEMORY.c.incident_id == past.incident_id))
            connection.execute(insert(MEMORY), row)

    def judge(self, outcome: Outcome, *, origin: Origin) -> None:
        """Store a judgement; the same one again changes nothing."""
        with writing(self._engine) as connection:
            write_outcome(connection, outcome, origin)

    def outcomes(self, incident_id: str) -> tuple[Outcome, ...]:
        """Return the judgements of one incident, oldest first."""
        query = (
            select(OUTCOMES.c.doc)
            .where(OUTCOMES.c.incident_id == incident_id, among(OUTCOMES, self._origins))
            .order_by(OUTCOMES.c.at, OUTCOMES.c.id)
        )
        with reading(self._engine) as connection:
            docs = connection.scalars(query).all()
        return tuple(decode(Outcome, doc) for doc in docs)

    def words_of_people(self) -> tuple[Outcome, ...]:
        """Return what people said of incidents, oldest first."""
        query = (
            select(OUTCOMES.c.doc)
            .where(OUTCOMES.c.judged_by != "", among(OUTCOMES, self._origins))
            .order_by(OUTCOMES.c.at, OUTCOMES.c.id)
        )
        with reading(self._engine) as connection:
            docs = connection.scalars(query).all()
        return tuple(decode(Outcome, doc) for doc in docs)

    def unremembered(self, limit: int = 100) -> tuple[str, ...]:
        """Return incidents that ended without a judgement of that ending, by id.

        The judgement is stored last: where it is, the memory is too.
        """
        judged = (
            select(OUTCOMES.c.id)
            .where(OUTCOMES.c.incident_id == INCIDENTS.c.id)
            .where(OUTCOMES.c.at == INCIDENTS.c.updated_at, OUTCOMES.c.judged_by == "")
            .exists()
        )
        over = (IncidentState.MITIGATED, IncidentState.RESOLVED)
        query = (
            select(INCIDENTS.c.id)
            .where(INCIDENTS.c.state.in_(over), ~judged, among(INCIDENTS, self._origins))
            .order_by(INCIDENTS.c.id)
            .limit(limit)
        )
        with reading(self._engine) as connection:
            return tuple(connection.scalars(query))

    def judged(self) -> tuple[int, int]:
        """Return the number of the last judgement, and how many there are: both grow with each."""
        query = select(func.max(OUTCOMES.c.id), func.count()).where(among(OUTCOMES, self._origins))
        with reading(self._engine) as connection:
            last, count = connection.execute(query).one()
        return last or 0, count

    def recall(self, limit: int = 1000, *, since: int = 0) -> tuple[PastIncident, ...]:
        """Return the newest ended incidents, newest last, as their last judgement left them.

        A person's judgement outranks what was read from the record; an incident judged not to
        be one is remembered as that.

        Args:
            limit: at most so many.
            since: only what was judged after the judgement of this number; 0 for all.
        """
        newest = select(MEMORY.c.incident_id, MEMORY.c.doc).where(among(MEMORY, self._origins))
        late = select(OUTCOMES.c.incident_id).where(OUTCOMES.c.id > since)
        if since:
            newest = newest.where(MEMORY.c.incident_id.in_(late))
        newest = newest.order_by(MEMORY.c.ended_at.desc(), MEMORY.c.incident_id.desc())
        judged = select(OUTCOMES.c.incident_id, OUTCOMES.c.doc).where(
            among(OUTCOMES, self._origins)
        )
        if since:
            judged = judged.where(OUTCOMES.c.incident_id.in_(late))
        with reading(self._engine) as connection:
            docs = connection.execute(newest.limit(limit)).all()
            judgements = connection.execute(judged).all()
        kept = {name for name, _ in docs}
        verdicts = _verdicts(decode(Outcome, doc) for name, doc in judgements if name in kept)
        past = (decode(PastIncident, doc) for _, doc in reversed(docs))
        return tuple(_judged(one, verdicts.get(one.incident_id, ())) for one in past)


def write_outcome(connection: Connection, outcome: Outcome, origin: Origin) -> None:
    """Write a judgement inside a transaction; what one person says at one moment is one."""
    table = OUTCOMES.c
    mine = and_(
        table.incident_id == outcome.incident_id,
        table.at == outcome.at,
        table.judged_by == outcome.judged_by,
    )
    known = connection.scalar(select(table.doc).where(mine))
    if known is not None:
        whole = _together(decode(Outcome, known), outcome)
        connection.execute(update(OUTCOMES).where(mine).values(doc=encode(Outcome, whole)))
        return
    row = {
        "incident_id": outcome.incident_id,
        "at": outcome.at,
        "judged_by": outcome.judged_by,
        "doc": encode(Outcome, outcome),
        "origin": origin,
    }
    insert_missing(connection, OUTCOMES, [row])


def _together(first: Outcome, second: Outcome) -> Outcome:
    """Return two judgements of one person and moment as one, whichever came first."""
    fixed_by, action = max((first.fixed_by, first.action), (second.fixed_by, second.action))
    useful = [one.useful for one in (first, second) if one.useful is not None]
    return replace(
        first,
        fixed_by=fixed_by,
        action=action,
        real=first.real and second.real,
        cause_service=max(first.cause_service, second.cause_service),
        useful=min(useful, default=None),
    )


def _verdicts(outcomes: Iterable[Outcome]) -> dict[str, list[Outcome]]:
    """Return what counts of each incident: the last of the record, then each word of people."""
    ordered = sorted(outcomes, key=lambda one: (bool(one.judged_by), one.at))
    verdicts: dict[str, list[Outcome]] = {}
    for one in ordered:
        if one.judged_by:
            verdicts.setdefault(one.incident_id, []).append(one)
        else:
            verdicts[one.incident_id] = [one]
    return verdicts


def _judged(past: PastIncident, verdicts: Iterable[Outcome]) -> PastIncident:
    for verdict in verdicts:
        says_only_useful = verdict.useful is not None and verdict == Outcome(
            incident_id=verdict.incident_id,
            at=verdict.at,
            judged_by=verdict.judged_by,
            useful=verdict.useful,
        )
        past = replace(
            past,
            fixed_by=verdict.fixed_by or past.fixed_by,
            action=verdict.action or (past.action if not verdict.fixed_by else ""),
            real=past.real if says_only_useful else verdict.real,
            cause_service=verdict.cause_service or past.cause_service,
            cause_named=bool(verdict.cause_service) or past.cause_named,
        )
    return past
