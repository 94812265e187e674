"""Incidents as rows: the incident itself, its members, its revisions."""

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import Connection, select, update

from aiops.domain.errors import StaleStateError
from aiops.domain.incidents import Incident, IncidentState
from aiops.store.codec import Recall
from aiops.store.tables import INCIDENT_MEMBERS, INCIDENTS
from aiops.store.upsert import insert

_OVER = (IncidentState.RESOLVED, IncidentState.MERGED)

IncidentRows = tuple[dict[str, Any], list[dict[str, Any]]]
"""The row of an incident, and those of its members."""


def written(incident: Incident, recall: Recall) -> IncidentRows:
    """Return an incident and its members as rows; encoded before the transaction begins."""
    row = {
        "id": incident.id,
        "env": incident.env,
        "episode": incident.episode,
        "revision": incident.revision,
        "state": incident.state,
        "severity": incident.severity,
        "decision": incident.decision,
        "started_at": incident.started_at,
        "updated_at": incident.updated_at,
        "ended_at": _ended_at(incident),
        "doc": recall.encode(Incident, incident.id, incident),
        "origin": incident.origin,
    }
    members = [
        {
            "incident_id": incident.id,
            "symptom_id": symptom.id,
            "is_open": incident.is_live,
            "origin": incident.origin,
        }
        for symptom in incident.symptoms
    ]
    return row, members


def revision_rows(incidents: Iterable[Incident], recall: Recall) -> list[dict[str, Any]]:
    """Return the rows of the revisions these incidents are at; the first of each number holds."""
    rows: dict[tuple[str, int, int], dict[str, Any]] = {}
    for incident in incidents:
        key = (incident.id, incident.episode, incident.revision)
        if key not in rows:
            rows[key] = {
                "incident_id": incident.id,
                "episode": incident.episode,
                "revision": incident.revision,
                "at": incident.updated_at,
                "doc": recall.encode(Incident, incident.id, incident),
                "origin": incident.origin,
            }
    return list(rows.values())


def write_incidents(connection: Connection, incidents: Sequence[IncidentRows]) -> None:
    """Write the incidents that differ from what is stored, and who belongs to them.

    Raises:
        StaleStateError: another environment has taken the number of a new incident.
    """
    ids = [row["id"] for row, _ in incidents]
    known = select(INCIDENTS.c.id, INCIDENTS.c.doc).where(INCIDENTS.c.id.in_(ids))
    docs = dict(connection.execute(known).all()) if ids else {}
    changed = [one for one in incidents if docs.get(one[0]["id"]) != one[0]["doc"]]
    for row, _ in changed:
        _write_incident(connection, row)
    if changed:
        _write_members(connection, changed)


def _write_incident(connection: Connection, row: dict[str, Any]) -> None:
    statement = insert(connection, INCIDENTS)
    set_ = {name: statement.excluded[name] for name in row if name not in ("id", "env", "origin")}
    upsert = statement.on_conflict_do_update(
        index_elements=["id"], set_=set_, where=INCIDENTS.c.env == statement.excluded.env
    ).returning(INCIDENTS.c.id)
    if connection.execute(upsert, row).one_or_none() is None:
        raise StaleStateError(f"{row['id']} belongs to another environment by now")


def _write_members(connection: Connection, changed: Sequence[IncidentRows]) -> None:
    """Write the members that differ: what leaves first, for a symptom is in one open incident."""
    table = INCIDENT_MEMBERS
    ids = [row["id"] for row, _ in changed]
    query = select(table.c.incident_id, table.c.symptom_id, table.c.is_open).where(
        table.c.incident_id.in_(ids)
    )
    before = {(one, symptom): is_open for one, symptom, is_open in connection.execute(query)}
    after = {(m["incident_id"], m["symptom_id"]): m for _, members in changed for m in members}
    left = [key for key in before if before[key] and not after.get(key, {}).get("is_open")]
    for incident_id, symptom_id in left:
        connection.execute(
            update(table)
            .where(table.c.incident_id == incident_id, table.c.symptom_id == symptom_id)
            .values(is_open=False)
        )
    new = [
        member
        for key, member in after.items()
        if key not in before or (member["is_open"] and not before[key])
    ]
    if new:
        statement = insert(connection, table)
        connection.execute(
            statement.on_conflict_do_update(
                index_elements=["incident_id", "symptom_id"],
                set_={"is_open": statement.excluded.is_open},
            ),
            new,
        )


def _ended_at(incident: Incident) -> object:
    if incident.resolved_at is not None:
        return incident.resolved_at
    return incident.updated_at if incident.state in _OVER else None
