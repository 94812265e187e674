"""Where environments stand, as rows: read, and moved on by compare and set."""

import json
from collections.abc import Iterable
from typing import Any, Final

from sqlalchemy import Connection, Row, select, update

from aiops.domain.environment import EnvState
from aiops.domain.errors import StaleStateError, StateFormatError
from aiops.domain.incidents import Incident
from aiops.domain.symptoms import Symptom
from aiops.store.codec import Recall
from aiops.store.tables import ENVIRONMENTS

_KEPT: Final[Any] = str | Symptom
"""A symptom, or the id of one that an incident holds."""


def read_environment(connection: Connection, env: str) -> Row[Any] | None:
    """Return the row of an environment, None where it was never committed."""
    query = select(ENVIRONMENTS).where(ENVIRONMENTS.c.env == env)
    return connection.execute(query).one_or_none()


def environment_columns(state: EnvState, recall: Recall) -> dict[str, Any]:
    """Return the columns of an environment's row that a commit moves on."""
    return {
        "at": state.at,
        "next_number": state.next_number,
        "changes": state.changes,
        "settled": state.settled,
        "symptoms": encode_symptoms(state, recall),
        "incident_ids": json.dumps([incident.id for incident in state.incidents]),
    }


def encode_symptoms(state: EnvState, recall: Recall) -> str:
    """Return the symptoms of an environment as text; see `decode_symptoms`.

    One that an incident holds just so stands there by its id: in a storm there are thousands, and
    each incident is stored with all of its own.
    """
    held = _held(state.incidents)
    kept = tuple(
        one.id if (known := held.get(one.id)) is one or known == one else one
        for one in state.symptoms
    )
    return recall.encode_all(_KEPT, _key(state.env), kept)


def decode_symptoms(
    env: str, text: str, incidents: Iterable[Incident], recall: Recall
) -> tuple[Symptom, ...]:
    """Return the symptoms of an environment; those its incidents hold are the very same objects.

    Raises:
        StateFormatError: the text was not written by `encode_symptoms` beside these incidents.
    """
    held = _held(incidents)
    kept = recall.decode_all(_KEPT, _key(env), text)
    try:
        return tuple(held[one] if isinstance(one, str) else one for one in kept)
    except KeyError as error:
        raise StateFormatError(
            f"symptom {error} of {env} is kept in an incident, but in none that is stored"
        ) from error


def _held(incidents: Iterable[Incident]) -> dict[str, Symptom]:
    """Return what incidents hold, by id; of several copies the one in the last incident."""
    return {symptom.id: symptom for incident in incidents for symptom in incident.symptoms}


def _key(env: str) -> str:
    """Return the key under which the text of an environment's symptoms is remembered."""
    return f"symptoms of {env}"


def move_version(connection: Connection, env: str, version: int, values: dict[str, Any]) -> None:
    """Compare and set; on PostgreSQL this also holds the environment until the commit.

    Raises:
        StaleStateError: somebody else moved it first.
    """
    moved = connection.execute(
        update(ENVIRONMENTS)
        .where(ENVIRONMENTS.c.env == env, ENVIRONMENTS.c.version == version)
        .values(version=version + 1, **values)
    )
    if moved.rowcount != 1:
        raise StaleStateError(f"environment {env} has moved on from version {version}")
