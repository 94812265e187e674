"""Symptoms and the facts they are made of: appended by detection, read by correlation."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Engine,
    and_,
    bindparam,
    false,
    or_,
    select,
    update,
)

from aiops.domain.symptoms import FactKind, Symptom, SymptomFact, SymptomState
from aiops.store.codec import decode, encode
from aiops.store.engine import reading, writing
from aiops.store.prune import delete_in_steps
from aiops.store.tables import INCIDENT_MEMBERS, SYMPTOM_FACTS, SYMPTOMS
from aiops.store.upsert import Row, insert_missing_at_once, upsert_at_once

_RANK = {kind: rank for rank, kind in enumerate(FactKind)}
"""Of two facts at one tick the later kind holds: ended after opened, withdrawn after all."""


class SymptomStore:
    """Keeps symptoms: appending the same facts again, or in another order, changes nothing."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def append_facts(
        self, facts: Sequence[SymptomFact], traceparent: str = "", *, outside: bool = False
    ) -> None:
        """Store facts as not yet correlated, and their symptoms as the newest fact left them.

        A fact is known by (symptom, at, kind): one that is there already stays as it is,
        correlated or not.

        Args:
            facts: of any environments, in any order.
            traceparent: W3C trace context of the work that found them.
            outside: whether somebody else found them: then they wait for no tick of ours.

        Raises:
            StoreError: nothing was written.
        """
        if facts:
            rows = rows_of_facts(facts, traceparent, outside=outside)
            with writing(self._engine) as connection:
                write_facts(connection, rows)

    def uncorrelated(self, env: str, up_to: datetime | None) -> tuple[SymptomFact, ...]:
        """Return the facts of ticks correlation has not seen, until `up_to` inclusive, by tick."""
        return self._waiting(env, _of_ticks(up_to))

    def from_outside(self, env: str) -> tuple[SymptomFact, ...]:
        """Return the facts from outside that correlation has not seen, by time."""
        return self._waiting(env, SYMPTOM_FACTS.c.outside)

    def _waiting(self, env: str, condition: ColumnElement[bool]) -> tuple[SymptomFact, ...]:
        table = SYMPTOM_FACTS
        query = (
            select(table.c.doc)
            .where(table.c.uncorrelated, table.c.env == env, condition)
            .order_by(table.c.at, table.c.symptom_id, table.c.id)
        )
        with reading(self._engine) as connection:
            docs = connection.scalars(query).all()
        return tuple(decode(SymptomFact, doc) for doc in docs)

    def has_uncorrelated(self, env: str, up_to: datetime | None) -> bool:
        """Return whether there are facts for correlation to see: see `uncorrelated`, or outside."""
        table = SYMPTOM_FACTS.c
        is_due = or_(_of_ticks(up_to), table.outside)
        waiting = select(table.id).where(table.uncorrelated, table.env == env, is_due)
        with reading(self._engine) as connection:
            return connection.execute(waiting.limit(1)).first() is not None

    def envs_with_uncorrelated(self) -> tuple[str, ...]:
        """Return the environments with facts correlation has not seen, sorted."""
        query = select(SYMPTOM_FACTS.c.env).where(SYMPTOM_FACTS.c.uncorrelated).distinct()
        with reading(self._engine) as connection:
            return tuple(sorted(connection.scalars(query)))

    def traceparent(self, env: str) -> str:
        """Return the trace context of the oldest uncorrelated fact that has one, or ""."""
        table = SYMPTOM_FACTS
        query = (
            select(table.c.traceparent)
            .where(table.c.uncorrelated, table.c.env == env, table.c.traceparent != "")
            .order_by(table.c.at)
            .limit(1)
        )
        with reading(self._engine) as connection:
            return connection.scalar(query) or ""

    def open_symptoms(self, env: str, service: str | None = None) -> tuple[Symptom, ...]:
        """Return the symptoms that are going on by the newest facts, by onset then id.

        Args:
            env: the environment.
            service: only of this one; None: of all.
        """
        table = SYMPTOMS
        going_on = (SymptomState.PENDING, SymptomState.ACTIVE)
        query = (
            select(table.c.doc)
            .where(table.c.env == env, table.c.state.in_(going_on))
            .order_by(table.c.onset, table.c.id)
        )
        if service is not None:
            query = query.where(table.c.service == service)
        with reading(self._engine) as connection:
            docs = connection.scalars(query).all()
        return tuple(decode(Symptom, doc) for doc in docs)

    def facts_of(self, incident_ids: Collection[str]) -> tuple[SymptomFact, ...]:
        """Return the facts about every symptom that ever belonged to some incidents, by tick."""
        members = select(INCIDENT_MEMBERS.c.symptom_id).where(
            INCIDENT_MEMBERS.c.incident_id.in_(sorted(incident_ids))
        )
        query = select(SYMPTOM_FACTS.c.doc).where(SYMPTOM_FACTS.c.symptom_id.in_(members))
        with reading(self._engine) as connection:
            docs = connection.scalars(query).all()
        facts = (decode(SymptomFact, doc) for doc in docs)
        return tuple(sorted(facts, key=lambda one: (one.at, one.symptom.id, _RANK[one.kind])))

    def prune(self, before: datetime) -> int:
        """Delete correlated facts of ticks before then; symptoms stay. Return how many."""
        table = SYMPTOM_FACTS
        over = and_(~table.c.uncorrelated, table.c.at < before)
        return delete_in_steps(self._engine, table, over)


@dataclass(frozen=True, slots=True, kw_only=True)
class FactRows:
    """Facts as they are stored: made before the transaction, in which other writers wait.

    Args:
        facts: in the order of all writers.
        symptoms: as they stand after them.
    """

    facts: Sequence[Row]
    symptoms: Sequence[Row]


def rows_of_facts(facts: Sequence[SymptomFact], traceparent: str, *, outside: bool) -> FactRows:
    """Return facts as they are stored; see `SymptomStore.append_facts`."""
    # One order for all writers: two batches with common symptoms cannot lock each other out.
    ordered = sorted(facts, key=lambda fact: (fact.symptom.id, fact.at, _RANK[fact.kind]))
    newest = {fact.symptom.id: fact for fact in ordered}
    return FactRows(
        facts=[{**_fact_row(one, traceparent), "outside": outside} for one in ordered],
        symptoms=[_symptom_row(one) for one in newest.values()],
    )


def write_facts(connection: Connection, rows: FactRows) -> None:
    """Store facts inside a transaction; see `SymptomStore.append_facts`."""
    insert_missing_at_once(connection, SYMPTOM_FACTS, rows.facts)
    _keep_newest(connection, rows.symptoms)


def _of_ticks(up_to: datetime | None) -> ColumnElement[bool]:
    """Return the condition that a fact is of a tick until then; None: of none."""
    table = SYMPTOM_FACTS.c
    return false() if up_to is None else and_(~table.outside, table.at <= up_to)


def mark_correlated(connection: Connection, facts: Sequence[SymptomFact]) -> None:
    """Take the facts off what waits for correlation, inside the transaction that used them."""
    if not facts:
        return
    table = SYMPTOM_FACTS
    statement = (
        update(table)
        .where(
            table.c.symptom_id == bindparam("fact_symptom"),
            table.c.at == bindparam("fact_at"),
            table.c.kind == bindparam("fact_kind"),
        )
        .values(uncorrelated=False)
    )
    keys = [{"fact_symptom": f.symptom.id, "fact_at": f.at, "fact_kind": f.kind} for f in facts]
    connection.execute(statement, keys)


def _fact_row(fact: SymptomFact, traceparent: str) -> Row:
    return {
        "symptom_id": fact.symptom.id,
        "env": fact.symptom.series.key.env,
        "at": fact.at,
        "kind": str(fact.kind),
        "doc": encode(SymptomFact, fact),
        "uncorrelated": True,
        "traceparent": traceparent,
        "origin": str(fact.symptom.origin),
    }


def _symptom_row(fact: SymptomFact) -> dict[str, Any]:
    symptom = fact.symptom
    return {
        "id": symptom.id,
        "env": symptom.series.key.env,
        "service": symptom.service,
        "state": str(symptom.state),
        "onset": symptom.onset,
        "fact_at": fact.at,
        "fact_rank": _RANK[fact.kind],
        "doc": encode(Symptom, symptom),
        "origin": str(symptom.origin),
    }


def _keep_newest(connection: Connection, rows: Sequence[Row]) -> None:
    upsert_at_once(
        connection,
        SYMPTOMS,
        rows,
        changed=("state", "onset", "fact_at", "fact_rank", "doc"),
        where="excluded.fact_at > symptoms.fact_at OR (excluded.fact_at = symptoms.fact_at"
        " AND excluded.fact_rank > symptoms.fact_rank)",
    )
