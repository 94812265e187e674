"""Shards and their series as rows: an append-only list of slots."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, bindparam, select, update

from aiops.domain.errors import InputError
from aiops.domain.series import Series
from aiops.domain.ticks import Shard
from aiops.store.codec import decode
from aiops.store.history_tables import SERIES, SHARDS


class ShardRows(NamedTuple):
    """Shards as read, with the docs of their series by slot; decoded outside the transaction."""

    rows: Sequence[Any]
    docs: Mapping[str, Sequence[str]]

    def shards(self) -> tuple[Shard, ...]:
        """Return them as the domain knows them."""
        return tuple(
            Shard(
                id=row.id,
                env=row.env,
                step_seconds=row.step_seconds,
                series=tuple(decode(Series, doc) for doc in self.docs.get(row.id, ())),
            )
            for row in self.rows
        )


def read_shards(connection: Connection, condition: ColumnElement[bool] | None) -> ShardRows:
    """Read the shards that meet a condition, or all, by id."""
    shards = select(SHARDS).order_by(SHARDS.c.id)
    series = select(SERIES.c.shard_id, SERIES.c.doc).order_by(SERIES.c.shard_id, SERIES.c.slot)
    if condition is not None:
        shards = shards.where(condition)
        series = series.join(SHARDS, SHARDS.c.id == SERIES.c.shard_id).where(condition)
    docs: dict[str, list[str]] = {}
    for shard_id, doc in connection.execute(series):
        docs.setdefault(shard_id, []).append(doc)
    return ShardRows(connection.execute(shards).all(), docs)


def add_missing_series(
    connection: Connection, shard: Mapping[str, Any], rows: Mapping[str, Mapping[str, str]]
) -> None:
    """Give the series that have no slot the next ones, and bring the docs of the others up to date.

    Args:
        connection: in a transaction that has made the shard where it was missing.
        shard: its row.
        rows: service and doc by fingerprint, in the order in which slots are to be given.

    Raises:
        InputError: the shard is there with another environment or step.
    """
    # Held until the commit: on PostgreSQL two processes could give one slot twice.
    held = connection.execute(
        select(SHARDS).where(SHARDS.c.id == shard["id"]).with_for_update()
    ).one()
    if (held.env, held.step_seconds) != (shard["env"], shard["step_seconds"]):
        raise InputError(
            f"shard {held.id} holds {held.env} every {held.step_seconds} s,"
            f" not {shard['env']} every {shard['step_seconds']} s"
        )
    query = select(SERIES.c.fingerprint, SERIES.c.doc).where(SERIES.c.shard_id == shard["id"])
    known = dict(connection.execute(query).all())
    new = [name for name in rows if name not in known]
    if new:
        row = {"shard_id": shard["id"], "origin": shard["origin"]}
        connection.execute(
            SERIES.insert(),
            [
                {**row, "slot": slot, "fingerprint": name, **rows[name]}
                for slot, name in enumerate(new, start=len(known))
            ],
        )
    changed = [
        {"of_series": name, "new_doc": one["doc"]}
        for name, one in rows.items()
        if name in known and known[name] != one["doc"]
    ]
    if new or changed:
        of_shard = SHARDS.c.id == shard["id"]
        connection.execute(update(SHARDS).where(of_shard).values(version=SHARDS.c.version + 1))
    if changed:
        of_series = SERIES.c.fingerprint == bindparam("of_series")
        statement = update(SERIES).where(SERIES.c.shard_id == shard["id"], of_series)
        connection.execute(statement.values(doc=bindparam("new_doc")), changed)
