"""Where detection of a shard stands, in one small question; what is large is asked for by need."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Connection, Engine, bindparam, func, select

from aiops.domain.errors import InputError
from aiops.domain.time import utc
from aiops.store.engine import reading
from aiops.store.history_tables import CHECKPOINTS, PROFILES, SHARDS, STATES
from aiops.store.upsert import insert


class Standing(NamedTuple):
    """How far detection has come with a shard.

    Args:
        shard_id: of which shard.
        step_seconds: distance between two of its ticks.
        cursor: the last tick worked through, None before the first.
        saved: the tick the stored state is of: the cursor, or some ticks before it.
        profile_version: of the profile the state is under, 0 before the first fit.
        late: number of the last late row that is judged.
        shard_version: counts up with every change of the shard's series.
        newest_profile: version of the newest profile, 0 before the first fit.
    """

    shard_id: str
    step_seconds: int
    cursor: datetime | None
    saved: datetime | None
    profile_version: int
    late: int
    shard_version: int
    newest_profile: int


class Progress(NamedTuple):
    """How far detection has come with a shard.

    `cursor` is the last tick worked through, None before the first; `state` the running state it
    left there or some ticks before, under the profile of `profile_version` (0 before the first
    fit); `late` the number of the last late row judged (`aiops.store.late`).
    """

    cursor: datetime | None
    state: bytes | None
    profile_version: int
    late: int = 0


_NEWEST = select(func.max(PROFILES.c.version)).where(PROFILES.c.shard_id == SHARDS.c.id)
STANDING = (
    select(
        SHARDS.c.step_seconds,
        STATES.c.cursor,
        STATES.c.saved,
        STATES.c.profile_version,
        STATES.c.late,
        SHARDS.c.version,
        func.coalesce(_NEWEST.scalar_subquery(), 0),
    )
    .join(SHARDS, SHARDS.c.id == STATES.c.shard_id)
    .where(STATES.c.shard_id == bindparam("shard"))
)
"""Gives the row of `standing_of`; built once, since every task asks."""


def standing_of(shard_id: str, row: Sequence[Any] | None) -> Standing:
    """Return how far detection has come with a shard, of the row of `STANDING`.

    Raises:
        InputError: there is no such shard.
    """
    if row is None:
        raise InputError(f"there is no shard {shard_id}")
    step, cursor, saved, *numbers = row
    return Standing(shard_id, step, _optional_utc(cursor), _optional_utc(saved), *numbers)


def read_standing(engine: Engine, shard_id: str) -> Standing:
    """Return how far detection has come with a shard.

    Raises:
        InputError: there is no such shard.
    """
    with reading(engine) as connection:
        row = connection.execute(STANDING, {"shard": shard_id}).one_or_none()
    return standing_of(shard_id, row)


def read_progress(engine: Engine, shard_id: str) -> Progress:
    """Return how far detection has come with a shard, and the state that is stored of it.

    Raises:
        InputError: there is no such shard.
    """
    table = STATES.c
    query = (
        select(table.cursor, CHECKPOINTS.c.blob, table.profile_version, table.late)
        .outerjoin_from(STATES, CHECKPOINTS, CHECKPOINTS.c.shard_id == table.shard_id)
        .where(table.shard_id == shard_id)
    )
    with reading(engine) as connection:
        row = connection.execute(query).one_or_none()
    if row is None:
        raise InputError(f"there is no shard {shard_id}")
    return Progress(_optional_utc(row.cursor), *row[1:])


def save_checkpoint(connection: Connection, shard_id: str, state: bytes, origin: str) -> None:
    """Keep a running state instead of the one before it.

    It has a table of its own: a row of megabytes costs every reader and writer of what is beside.
    """
    statement = insert(connection, CHECKPOINTS).values(shard_id=shard_id, blob=state, origin=origin)
    connection.execute(
        statement.on_conflict_do_update(
            index_elements=["shard_id"], set_={"blob": statement.excluded.blob}
        )
    )


def _optional_utc(at: int | None) -> datetime | None:
    return None if at is None else utc(at)
